insert into {table} as t (
    tenant_id, sku, name, prices, tax_class, requires_shipping, sellable, weight_grams, channels, listed_at, updated_at,
    version, position)
select tenant_id, sku, name, prices::json, tax_class, requires_shipping, sellable, weight_grams,
       array(select json_array_elements_text(channels::json)), listed_at, updated_at, version, position
from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::bigint[], $9::text[],
    $10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::bigint[]
) as f (
    tenant_id, sku, name, prices, tax_class, requires_shipping, sellable, weight_grams, channels, listed_at, updated_at,
    version, position)
on conflict (tenant_id, sku) do update
set name = excluded.name, prices = excluded.prices, tax_class = excluded.tax_class,
    requires_shipping = excluded.requires_shipping, sellable = excluded.sellable, weight_grams = excluded.weight_grams,
    channels = excluded.channels, updated_at = excluded.updated_at, version = excluded.version,
    position = excluded.position
