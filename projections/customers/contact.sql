update {customers} as t
set pii = f.pii
from unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::bytea[]) as f (tenant_id, customer_id, currency, order_id, pii)
where t.tenant_id = f.tenant_id and t.customer_id = f.customer_id and t.currency = f.currency
  and t.last_order_id = f.order_id and t.erased_at is null
