update {customers} as t
set orders = t.orders + f.orders, canceled = t.canceled + f.canceled, expired = t.expired + f.expired,
    units = t.units + f.units, gross = t.gross + f.gross, discounts = t.discounts + f.discounts,
    cancellations = t.cancellations + f.cancellations, refunds = t.refunds + f.refunds,
    position = greatest(t.position, f.position)
from unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]::numeric[], $6::text[]::numeric[], $7::text[]::numeric[],
    $8::text[]::numeric[], $9::text[]::numeric[], $10::text[]::numeric[], $11::text[]::numeric[], $12::text[]::numeric[]
) as f (
    tenant_id, customer_id, currency, position, orders, canceled, expired, units, gross, discounts, cancellations, refunds)
where t.tenant_id = f.tenant_id and t.customer_id = f.customer_id and t.currency = f.currency
