insert into {table} as t (
    tenant_id, sku, location_id, on_hand, reserved, committed, incoming, damaged, quality_control, safety_stock, version,
    position, updated_at)
select tenant_id, sku, location_id, on_hand, reserved, committed, incoming, damaged, quality_control, safety_stock,
       version, position, updated_at
from unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::timestamptz[]
) as f (
    tenant_id, sku, location_id, on_hand, reserved, committed, incoming, damaged, quality_control, safety_stock, version,
    position, updated_at)
on conflict (tenant_id, sku, location_id) do update
set on_hand = t.on_hand + excluded.on_hand, reserved = t.reserved + excluded.reserved,
    committed = t.committed + excluded.committed, incoming = t.incoming + excluded.incoming,
    damaged = t.damaged + excluded.damaged, quality_control = t.quality_control + excluded.quality_control,
    safety_stock = t.safety_stock + excluded.safety_stock, version = excluded.version, position = excluded.position,
    updated_at = excluded.updated_at
