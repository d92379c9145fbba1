insert into {customers} as t (
    tenant_id, customer_id, currency, orders, canceled, expired, units, gross, discounts, cancellations, refunds,
    first_order_at, first_position, first_order_id, last_order_at, last_position, last_order_id, pii, erased_at, position)
select f.tenant_id, f.customer_id, f.currency, f.orders, f.canceled, f.expired, f.units, f.gross, f.discounts,
       f.cancellations, f.refunds, f.first_order_at, f.first_position, f.first_order_id, f.last_order_at, f.last_position,
       f.last_order_id, case when e.erased_at is null then f.pii end, e.erased_at, greatest(f.position, e.position)
from unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]::numeric[], $6::text[]::numeric[], $7::text[]::numeric[],
    $8::text[]::numeric[], $9::text[]::numeric[], $10::text[]::numeric[], $11::text[]::numeric[], $12::text[]::numeric[], $13::timestamptz[], $14::bigint[], $15::uuid[], $16::timestamptz[],
    $17::bigint[], $18::uuid[], $19::bytea[]
) as f (
    tenant_id, customer_id, currency, position, orders, canceled, expired, units, gross, discounts, cancellations, refunds,
    first_order_at, first_position, first_order_id, last_order_at, last_position, last_order_id, pii)
left join {erasures} as e on e.tenant_id = f.tenant_id and e.customer_id = f.customer_id
on conflict (tenant_id, customer_id, currency) do update
set orders = t.orders + excluded.orders, canceled = t.canceled + excluded.canceled, expired = t.expired + excluded.expired,
    units = t.units + excluded.units, gross = t.gross + excluded.gross, discounts = t.discounts + excluded.discounts,
    cancellations = t.cancellations + excluded.cancellations, refunds = t.refunds + excluded.refunds,
    (first_order_at, first_position, first_order_id) = (
        select v.at, v.position, v.id
        from (values (t.first_order_at, t.first_position, t.first_order_id),
                     (excluded.first_order_at, excluded.first_position, excluded.first_order_id)) as v (at, position, id)
        order by v.at, v.position limit 1),
    (last_order_at, last_position, last_order_id, pii) = (
        select v.at, v.position, v.id, v.pii
        from (values (t.last_order_at, t.last_position, t.last_order_id, t.pii),
                     (excluded.last_order_at, excluded.last_position, excluded.last_order_id, excluded.pii)) as v (at, position, id, pii)
        order by v.at desc, v.position desc limit 1),
    position = greatest(t.position, excluded.position)
