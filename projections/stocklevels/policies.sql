update {stock} as t
set backorder_policy = coalesce(f.policy, t.backorder_policy), backorder_limit = coalesce(f.most, t.backorder_limit),
    untracked = coalesce(f.untracked, t.untracked)
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[]) as f (tenant_id, sku, policy, most, untracked)
where t.tenant_id = f.tenant_id and t.sku = f.sku
