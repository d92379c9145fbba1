select t.customer_id, t.currency, t.orders, t.canceled, t.expired, t.units, t.gross, t.discounts, t.cancellations, t.refunds,
       t.first_order_at, t.first_order_id, t.last_order_at, t.last_order_id, t.pii, t.erased_at, t.position
from {customers} as t
