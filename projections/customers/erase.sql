with erased as (
    insert into {erasures} (tenant_id, customer_id, erased_at, position)
    select tenant_id, customer_id, erased_at, position
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[]) as f (tenant_id, customer_id, erased_at, position)
    on conflict (tenant_id, customer_id) do nothing
    returning tenant_id, customer_id, erased_at, position
)
update {customers} as t
set pii = null, erased_at = e.erased_at, position = greatest(t.position, e.position)
from erased as e
where t.tenant_id = e.tenant_id and t.customer_id = e.customer_id
