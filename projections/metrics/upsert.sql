insert into {metrics} as t (
    tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
    captured, paid_back, orders_placed, orders_confirmed, orders_canceled, orders_expired, orders_completed, units,
    units_canceled, units_returned)
select tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
       captured, paid_back, orders_placed, orders_confirmed, orders_canceled, orders_expired, orders_completed, units,
       units_canceled, units_returned
from unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[]
) as f (
    tenant_id, bucket_start, currency, channel, gross_sales, discounts, tax, shipping, cancellations, refunds,
    captured, paid_back, orders_placed, orders_confirmed, orders_canceled, orders_expired, orders_completed, units,
    units_canceled, units_returned)
on conflict (tenant_id, bucket_start, currency, channel) do update
set gross_sales = t.gross_sales + excluded.gross_sales, discounts = t.discounts + excluded.discounts,
    tax = t.tax + excluded.tax, shipping = t.shipping + excluded.shipping,
    cancellations = t.cancellations + excluded.cancellations, refunds = t.refunds + excluded.refunds,
    captured = t.captured + excluded.captured, paid_back = t.paid_back + excluded.paid_back,
    orders_placed = t.orders_placed + excluded.orders_placed,
    orders_confirmed = t.orders_confirmed + excluded.orders_confirmed,
    orders_canceled = t.orders_canceled + excluded.orders_canceled,
    orders_expired = t.orders_expired + excluded.orders_expired,
    orders_completed = t.orders_completed + excluded.orders_completed, units = t.units + excluded.units,
    units_canceled = t.units_canceled + excluded.units_canceled,
    units_returned = t.units_returned + excluded.units_returned
