insert into {table} (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status,
    payment_status, fulfillment_status, return_status, total, open_units, backordered_units, skus, tags,
    hold_reasons, facts, placed_at, confirmed_at, ship_by, due_at, due_hold, archived_at, updated_at, version,
    position)
select tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status,
       payment_status, fulfillment_status, return_status, total, open_units, backordered_units, skus::text[],
       tags::text[], hold_reasons::text[], facts, placed_at, confirmed_at, ship_by, due_at, due_hold, archived_at,
       updated_at, version, position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[],
    $18::text[], $19::bytea[], $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[],
    $24::uuid[], $25::timestamptz[], $26::timestamptz[], $27::bigint[], $28::bigint[]
) as f (
    tenant_id, order_id, order_number, external_id, channel, currency, customer_id, country, status,
    payment_status, fulfillment_status, return_status, total, open_units, backordered_units, skus, tags,
    hold_reasons, facts, placed_at, confirmed_at, ship_by, due_at, due_hold, archived_at, updated_at, version,
    position)
