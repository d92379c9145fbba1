update {table} as t
set order_number = coalesce(f.order_number, t.order_number), external_id = coalesce(f.external_id, t.external_id),
    channel = coalesce(f.channel, t.channel), currency = coalesce(f.currency, t.currency),
    customer_id = coalesce(f.customer_id, t.customer_id), country = coalesce(f.country, t.country),
    total = coalesce(f.total, t.total), skus = coalesce(f.skus::text[], t.skus),
    placed_at = coalesce(f.placed_at, t.placed_at)
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
    $10::text[], $11::timestamptz[]
) as f (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, total, skus, placed_at)
where t.tenant_id = f.tenant_id and t.order_id = f.order_id
