insert into {table} as t (tenant_id, span, currency, bucket_start, sku, units, net)
select tenant_id, span, currency, bucket_start, sku, units, net
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]::numeric[], $7::text[]::numeric[])
    as f (tenant_id, span, currency, bucket_start, sku, units, net)
on conflict (tenant_id, span, currency, bucket_start, sku) do update
set units = t.units + excluded.units, net = t.net + excluded.net
