insert into {stock_locations} as t (
    tenant_id, location_id, sku, on_hand, reserved, committed, incoming, damaged, quality_control, safety_stock)
select tenant_id, location_id, sku, on_hand, reserved, committed, incoming, damaged, quality_control, 0
from unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]
) as f (tenant_id, location_id, sku, on_hand, reserved, committed, incoming, damaged, quality_control)
on conflict (tenant_id, location_id, sku) do update
set on_hand = t.on_hand + excluded.on_hand, reserved = t.reserved + excluded.reserved,
    committed = t.committed + excluded.committed, incoming = t.incoming + excluded.incoming,
    damaged = t.damaged + excluded.damaged, quality_control = t.quality_control + excluded.quality_control
