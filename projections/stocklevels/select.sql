select t.sku, t.location_id, t.on_hand, t.reserved, t.committed, t.incoming, t.damaged, t.quality_control, t.safety_stock,
       t.version, t.position, t.updated_at
from {table} as t
where t.tenant_id = $1 and t.sku = any ($2)
order by t.sku, t.location_id <> $3, t.location_id
