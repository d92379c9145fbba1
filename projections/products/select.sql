select t.tenant_id, t.sku, t.name, t.prices, t.tax_class, t.requires_shipping, t.sellable, t.weight_grams, t.channels,
       t.listed_at, t.updated_at, t.version, t.position
from {table} as t
