insert into {table} (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status, payment_status,
    fulfillment_status, return_status, total, released, credited, amount_due, amount_owed, line_count, units,
    units_canceled, units_to_ship, units_delivered, units_returned, skus, payments, placed_at, confirmed_at, completed_at,
    canceled_at, expires_at, updated_at, version, position)
select tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status, payment_status,
       fulfillment_status, return_status, total, released, credited, amount_due, amount_owed, line_count, units,
       units_canceled, units_to_ship, units_delivered, units_returned, skus::text[], payments::json, placed_at,
       confirmed_at, completed_at, canceled_at, expires_at, updated_at, version, position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],
    $18::integer[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::text[], $25::text[],
    $26::timestamptz[], $27::timestamptz[], $28::timestamptz[], $29::timestamptz[], $30::timestamptz[],
    $31::timestamptz[], $32::bigint[], $33::bigint[]
) as f (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status, payment_status,
    fulfillment_status, return_status, total, released, credited, amount_due, amount_owed, line_count, units,
    units_canceled, units_to_ship, units_delivered, units_returned, skus, payments, placed_at, confirmed_at, completed_at,
    canceled_at, expires_at, updated_at, version, position)
