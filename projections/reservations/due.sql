select t.tenant_id, t.reservation_id, t.expires_at
from {table} as t
where t.status = 'active' and t.expires_at <= $1
order by t.expires_at, t.tenant_id, t.reservation_id
limit $2
