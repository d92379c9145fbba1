insert into {table} as t (
    tenant_id, sku, name, prices, tax_class, requires_shipping, sellable, listed_at, updated_at, version, position)
select tenant_id, sku, name, prices::json, tax_class, requires_shipping, sellable, listed_at, updated_at, version, position
from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::timestamptz[],
    $9::timestamptz[], $10::bigint[], $11::bigint[]
) as f (tenant_id, sku, name, prices, tax_class, requires_shipping, sellable, listed_at, updated_at, version, position)
on conflict (tenant_id, sku) do update
set name = excluded.name, prices = excluded.prices, tax_class = excluded.tax_class,
    requires_shipping = excluded.requires_shipping, sellable = excluded.sellable, updated_at = excluded.updated_at,
    version = excluded.version, position = excluded.position
