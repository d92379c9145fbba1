select t.tenant_id, t.order_id, t.status, t.total, t.tags, t.facts, t.placed_at, t.confirmed_at, t.archived_at,
       t.updated_at, case when f.whole then t.skus end
from unnest($1::text[], $2::uuid[], $3::boolean[]) as f (tenant_id, order_id, whole)
join {table} as t on t.tenant_id = f.tenant_id and t.order_id = f.order_id
