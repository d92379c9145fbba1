select t.tenant_id, t.reservation_id, t.status, t.customer_id, t.reference, t.lines, t.expires_at, t.order_id, t.reason,
       t.made_at, t.updated_at, t.version, t.position
from {table} as t
