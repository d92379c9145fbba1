select t.tenant_id, t.order_id, t.status, t.total, t.released, t.credited, t.units, t.units_canceled, t.units_to_ship,
       t.units_delivered, t.units_returned, t.payments, t.placed_at, t.confirmed_at, t.completed_at, t.canceled_at,
       t.expires_at, t.updated_at
from unnest($1::text[], $2::uuid[]) as f (tenant_id, order_id)
join {table} as t on t.tenant_id = f.tenant_id and t.order_id = f.order_id
