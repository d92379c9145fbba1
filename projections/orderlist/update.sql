update {table} as t
set status = f.status, payment_status = f.payment_status, fulfillment_status = f.fulfillment_status,
    return_status = f.return_status, open_units = f.open_units, backordered_units = f.backordered_units,
    tags = f.tags::text[], hold_reasons = f.hold_reasons::text[], facts = f.facts, confirmed_at = f.confirmed_at,
    ship_by = f.ship_by, due_at = f.due_at, due_hold = f.due_hold, archived_at = f.archived_at,
    updated_at = f.updated_at, version = f.version, position = f.position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[],
    $10::text[], $11::bytea[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[], $15::uuid[],
    $16::timestamptz[], $17::timestamptz[], $18::bigint[], $19::bigint[]
) as f (
    tenant_id, order_id, status, payment_status, fulfillment_status, return_status, open_units, backordered_units,
    tags, hold_reasons, facts, confirmed_at, ship_by, due_at, due_hold, archived_at, updated_at, version, position)
where t.tenant_id = f.tenant_id and t.order_id = f.order_id
