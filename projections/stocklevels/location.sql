select t.sku, t.location_id, t.on_hand, t.reserved, t.committed, t.incoming, t.damaged, t.quality_control, t.safety_stock
from {stock_locations} as t
where t.tenant_id = $1 and t.location_id = $2
