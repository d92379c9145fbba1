insert into {table} as t (
    tenant_id, reservation_id, status, customer_id, reference, lines, expires_at, order_id, reason, made_at, updated_at,
    version, position)
select tenant_id, reservation_id, status, customer_id, reference, lines::json, expires_at, order_id, reason, made_at,
       updated_at, version, position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[]
) as f (
    tenant_id, reservation_id, status, customer_id, reference, lines, expires_at, order_id, reason, made_at, updated_at,
    version, position)
on conflict (tenant_id, reservation_id) do update
set status = excluded.status, expires_at = excluded.expires_at, order_id = excluded.order_id, reason = excluded.reason,
    updated_at = excluded.updated_at, version = excluded.version, position = excluded.position
