package commands

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

// Scopes of claims.
const (
	scopeOrderNumber = "order_number"
	scopeExternalID  = "external_id:" // and the channel
)

// decide places the order and reserves the stock of all its SKUs, all or nothing. Every fault of every line is told at
// once.
func (c PlaceOrder) decide(v *view) (decision, error) {
	o := v.fresh(c.OrderID)
	d := decision{target: o, occurred: c.At, resource: c.OrderID.String()}
	place := order.Place{
		OrderID: c.OrderID, ExternalID: c.ExternalID, Channel: c.Channel, Currency: c.Currency, CustomerID: c.CustomerID,
		Country: c.Country, Locale: c.Locale, PII: c.PII, ExpectedTotal: c.ExpectedTotal, ExpiresAt: c.ExpiresAt, At: c.At,
	}
	var faults rule.Faults
	for i, line := range c.Lines {
		p := v.product(line.SKU)
		priced := order.NewLine{
			LineID: lineID(c.OrderID, i), SKU: line.SKU, ProductName: p.product.Name, Quantity: line.Quantity,
			RequiresShipping: p.product.RequiresShipping, BackorderPolicy: order.BackorderDeny, Pointer: "/lines/" + strconv.Itoa(i),
		}
		price, err := p.product.Price(line.SKU, c.Currency)
		if err != nil {
			faults.AddError(priced.Pointer+"/sku", err)
		}
		priced.UnitPrice = price.Minor
		place.Lines = append(place.Lines, priced)
	}
	if err := faults.Err(); err != nil {
		return d, err
	}
	events, err := order.Decide(o.order, place)
	if err != nil {
		return d, err
	}
	d.changes = append(d.changes, change{o, facts(events)})
	if err := c.reserve(v, &d); err != nil {
		return d, err
	}
	d.claims = orderClaims(o.order, events)
	return d, nil
}

// reserve sets the order's units aside: for each SKU all its lines together, in the sequence of their first lines.
func (c PlaceOrder) reserve(v *view, d *decision) error {
	demands := make(map[string][]stock.Demand, len(c.Lines))
	var skus []string
	for i, line := range c.Lines {
		if demands[line.SKU] == nil {
			skus = append(skus, line.SKU)
		}
		demands[line.SKU] = append(demands[line.SKU], stock.Demand{
			LineID: lineID(c.OrderID, i), Quantity: line.Quantity, Pointer: "/lines/" + strconv.Itoa(i) + "/quantity",
		})
	}
	var faults rule.Faults
	for _, sku := range skus {
		s := v.stock(sku)
		reserved, err := stock.Decide(s.stock, stock.Reserve{SKU: sku, ReservationID: c.OrderID, OrderID: c.OrderID, Demands: demands[sku], At: c.At})
		if err != nil {
			faults.AddError("", err)
			continue
		}
		if len(reserved) > 0 {
			d.changes = append(d.changes, change{s, facts(reserved)})
		}
	}
	return faults.Err()
}

// lineID derives a line's id, so that deciding again gives the same one.
func lineID(orderID uuid.UUID, line int) uuid.UUID {
	return uuid.NewSHA1(orderID, strconv.AppendInt(nil, int64(line), 10))
}

// orderClaims makes an order's number unique in the tenant, and its external id in the channel.
func orderClaims(o *order.Order, events []order.Event) []eventstore.Claim {
	if o.Exists() || len(events) == 0 {
		return nil
	}
	var c *order.Contents
	switch e := events[0].(type) {
	case order.Placed:
		c = &e.Contents
	case order.Imported:
		c = &e.Contents
	default:
		return nil
	}
	claims := []eventstore.Claim{{Scope: scopeOrderNumber, Value: c.Number, Owner: c.OrderID}}
	if c.ExternalID != "" {
		claims = append(claims, eventstore.Claim{Scope: scopeExternalID + c.Channel, Value: c.ExternalID, Owner: c.OrderID})
	}
	return claims
}
