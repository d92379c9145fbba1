insert into {table} (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status, payment_status,
    fulfillment_status, return_status, total, added, released, credited, amount_due, amount_owed, line_count, units,
    units_canceled, units_to_ship, units_delivered, units_returned, open_units, backordered_units, skus, tags,
    hold_reasons, payments, lines, life, placed_at, confirmed_at, completed_at, canceled_at, expires_at, ship_by,
    due_at, due_hold, archived_at, updated_at, version, position)
select tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status,
       payment_status, fulfillment_status, return_status, total, added, released, credited, amount_due, amount_owed,
       line_count, units, units_canceled, units_to_ship, units_delivered, units_returned, open_units,
       backordered_units, skus::text[], tags::text[], hold_reasons::text[], payments::json, lines, life::json,
       placed_at, confirmed_at, completed_at, canceled_at, expires_at, ship_by, due_at, due_hold, archived_at,
       updated_at, version, position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
    $18::bigint[], $19::integer[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
    $25::bigint[], $26::bigint[], $27::text[], $28::text[], $29::text[], $30::text[], $31::bytea[], $32::text[],
    $33::timestamptz[], $34::timestamptz[], $35::timestamptz[], $36::timestamptz[], $37::timestamptz[],
    $38::timestamptz[], $39::timestamptz[], $40::uuid[], $41::timestamptz[], $42::timestamptz[], $43::bigint[],
    $44::bigint[]
) as f (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status, payment_status,
    fulfillment_status, return_status, total, added, released, credited, amount_due, amount_owed, line_count, units,
    units_canceled, units_to_ship, units_delivered, units_returned, open_units, backordered_units, skus, tags,
    hold_reasons, payments, lines, life, placed_at, confirmed_at, completed_at, canceled_at, expires_at, ship_by,
    due_at, due_hold, archived_at, updated_at, version, position)
