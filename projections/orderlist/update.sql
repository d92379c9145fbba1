update {table} as t
set status = f.status, payment_status = f.payment_status, fulfillment_status = f.fulfillment_status,
    return_status = f.return_status, added = f.added, released = f.released, credited = f.credited,
    amount_due = f.amount_due, amount_owed = f.amount_owed, units = f.units, units_canceled = f.units_canceled,
    units_to_ship = f.units_to_ship, units_delivered = f.units_delivered, units_returned = f.units_returned,
    open_units = f.open_units, backordered_units = f.backordered_units, tags = f.tags::text[],
    hold_reasons = f.hold_reasons::text[], payments = f.payments::json, lines = f.lines, life = f.life::json,
    confirmed_at = f.confirmed_at, completed_at = f.completed_at, canceled_at = f.canceled_at,
    expires_at = f.expires_at, ship_by = f.ship_by, due_at = f.due_at, due_hold = f.due_hold,
    archived_at = f.archived_at, updated_at = f.updated_at, version = f.version, position = f.position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
    $17::bigint[], $18::bigint[], $19::text[], $20::text[], $21::text[], $22::bytea[], $23::text[],
    $24::timestamptz[], $25::timestamptz[], $26::timestamptz[], $27::timestamptz[], $28::timestamptz[],
    $29::timestamptz[], $30::uuid[], $31::timestamptz[], $32::timestamptz[], $33::bigint[], $34::bigint[]
) as f (
    tenant_id, order_id, status, payment_status, fulfillment_status, return_status, added, released, credited,
    amount_due, amount_owed, units, units_canceled, units_to_ship, units_delivered, units_returned, open_units,
    backordered_units, tags, hold_reasons, payments, lines, life, confirmed_at, completed_at, canceled_at, expires_at,
    ship_by, due_at, due_hold, archived_at, updated_at, version, position)
where t.tenant_id = f.tenant_id and t.order_id = f.order_id
