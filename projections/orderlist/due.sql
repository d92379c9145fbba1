select t.tenant_id, t.order_id, t.due_at, t.due_hold
from {table} as t
where t.due_at <= $1
order by t.due_at, t.tenant_id, t.order_id
limit $2
