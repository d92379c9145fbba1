insert into {stock} as t (
    tenant_id, sku, backordered, backorder_policy, backorder_limit, untracked, version, position, updated_at)
select tenant_id, sku, backordered, '', 0, false, version, position, updated_at
from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
    as f (tenant_id, sku, backordered, version, position, updated_at)
on conflict (tenant_id, sku) do update
set backordered = t.backordered + excluded.backordered, version = excluded.version, position = excluded.position,
    updated_at = excluded.updated_at
