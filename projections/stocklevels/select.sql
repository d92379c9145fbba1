select s.sku, s.backordered, s.backorder_policy, s.backorder_limit, s.untracked, s.version, s.position, s.updated_at,
       l.location_id is not null, coalesce(l.location_id, ''), coalesce(l.on_hand, 0), coalesce(l.reserved, 0),
       coalesce(l.committed, 0), coalesce(l.incoming, 0), coalesce(l.damaged, 0), coalesce(l.quality_control, 0),
       coalesce(l.safety_stock, 0)
from {stock} as s
left join {stock_locations} as l on l.tenant_id = s.tenant_id and l.sku = s.sku
where s.tenant_id = $1 and s.sku = any ($2)
order by s.sku, l.location_id <> $3, l.location_id
