select count(*), least(sum(o.open_units), 9223372036854775807)::bigint, least(sum(o.backordered_units), 9223372036854775807)::bigint,
       count(*) filter (where o.hold_reasons is not null), o.age
from (
    select t.open_units, t.backordered_units, t.hold_reasons, width_bucket(t.confirmed_at, $2::timestamptz[]) as age
    from {table} as t
    where t.tenant_id = $1 and t.status = 'confirmed' and t.open_units > 0
) as o
group by o.age
