select t.order_id, t.order_number, t.external_id, t.channel, t.currency, t.customer_id, t.country, t.status,
       t.payment_status, t.fulfillment_status, t.return_status, t.total, t.total + t.added - t.released - t.credited,
       t.amount_due, t.amount_owed, t.line_count, t.units, t.units_canceled, t.units_returned, t.units_to_ship,
       t.open_units, t.backordered_units, t.skus, t.tags, t.hold_reasons, t.placed_at, t.confirmed_at, t.completed_at,
       t.canceled_at, t.expires_at, t.ship_by, t.due_at, t.due_hold, t.archived_at, t.updated_at, t.version,
       t.position
from {table} as t
