insert into {metrics} as t (
    tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
    refunds_shipping, goodwill, captured, paid_back, orders_placed, orders_confirmed, orders_canceled, orders_expired,
    orders_completed, units, units_canceled, units_returned)
select tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
       refunds_shipping, goodwill, captured, paid_back, orders_placed, orders_confirmed, orders_canceled,
       orders_expired, orders_completed, units, units_canceled, units_returned
from unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[]::numeric[], $6::text[]::numeric[],
    $7::text[]::numeric[], $8::text[]::numeric[], $9::text[]::numeric[], $10::text[]::numeric[],
    $11::text[]::numeric[], $12::text[]::numeric[], $13::text[]::numeric[], $14::text[]::numeric[],
    $15::text[]::numeric[], $16::text[]::numeric[], $17::text[]::numeric[], $18::text[]::numeric[],
    $19::text[]::numeric[], $20::text[]::numeric[], $21::text[]::numeric[], $22::text[]::numeric[]
) as f (
    tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
    refunds_shipping, goodwill, captured, paid_back, orders_placed, orders_confirmed, orders_canceled, orders_expired,
    orders_completed, units, units_canceled, units_returned)
on conflict (tenant_id, bucket_start, currency, channel) do update
set gross_sales = t.gross_sales + excluded.gross_sales, discounts = t.discounts + excluded.discounts, tax = t.tax +
    excluded.tax, shipping = t.shipping + excluded.shipping, cancellations = t.cancellations + excluded.cancellations,
    refunds = t.refunds + excluded.refunds, refunds_shipping = t.refunds_shipping + excluded.refunds_shipping,
    goodwill = t.goodwill + excluded.goodwill, captured = t.captured + excluded.captured, paid_back = t.paid_back +
    excluded.paid_back, orders_placed = t.orders_placed + excluded.orders_placed, orders_confirmed =
    t.orders_confirmed + excluded.orders_confirmed, orders_canceled = t.orders_canceled + excluded.orders_canceled,
    orders_expired = t.orders_expired + excluded.orders_expired, orders_completed = t.orders_completed +
    excluded.orders_completed, units = t.units + excluded.units, units_canceled = t.units_canceled +
    excluded.units_canceled, units_returned = t.units_returned + excluded.units_returned
