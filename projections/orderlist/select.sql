select t.order_id, t.order_number, t.external_id, t.channel, t.currency, t.customer_id, t.country, t.status,
       t.payment_status, t.fulfillment_status, t.return_status, t.total, t.open_units, t.backordered_units, t.skus,
       t.tags, t.hold_reasons, t.facts, t.placed_at, t.confirmed_at, t.ship_by, t.due_at, t.due_hold, t.archived_at,
       t.updated_at, t.version, t.position
from {table} as t
