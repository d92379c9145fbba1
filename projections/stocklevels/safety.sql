update {stock_locations} as t
set safety_stock = f.safety_stock
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as f (tenant_id, location_id, sku, safety_stock)
where t.tenant_id = f.tenant_id and t.location_id = f.location_id and t.sku = f.sku
