package modeltest

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

func catalogPrices(w *world) []money.Amount {
	prices := []money.Amount{{Minor: int64(w.pick("price", 0, 5000)), Currency: "EUR"}}
	if w.flip("yen") {
		prices = append(prices, money.Amount{Minor: int64(w.pick("price", 0, 5000)), Currency: "JPY"})
	}
	return prices
}

func (w *world) place(s *shop, pii order.PII) {
	lines, discounts := w.lines()
	w.decideOrder(s, &order.Order{}, order.Place{
		OrderID: w.id(), ExternalID: w.external(s), Channel: pickOf(w, "channel", "web", "pos"),
		Currency: pickOf(w, "currency", "EUR", "JPY"), CustomerID: pickOf(w, "customer", "", "c-1", "c-2"),
		Country: pickOf(w, "country", "", "DE", "EIRE"), PII: pii, Lines: lines, Discounts: discounts, ShippingLines: w.shipping(),
		PaymentPolicy: pickOf(w, "policy", order.PolicyPaid, order.PolicyOnAccount), ExpiresAt: w.now.Add(time.Hour), At: w.now,
	}, w.now)
}

func (w *world) importOrder(s *shop, pii order.PII) {
	lines, discounts := w.lines()
	at := w.now.Add(-time.Duration(w.pick("days ago", 0, 40)) * 13 * time.Hour)
	w.decideOrder(s, &order.Order{}, order.Import{
		OrderID: w.id(), ExternalID: w.external(s), Source: "books", Channel: "import", Currency: "EUR",
		CustomerID: pickOf(w, "customer", "", "c-1"), Country: "EIRE", PII: pii, Lines: lines, Discounts: discounts,
		ShippingLines: w.shipping(), PlacedAt: at, At: w.now,
	}, at)
}

// change sends a command to an order that is there.
func (w *world) change(s *shop) {
	if len(s.orders) == 0 {
		return
	}
	o := s.orders[w.pick("order", 0, len(s.orders)-1)]
	switch w.pick("change", 0, 3) {
	case 0:
		w.decideOrder(s, o, order.MarkPaid{PaymentID: w.id(), Method: "cash", By: "staff", At: w.now}, w.now)
	case 1:
		w.decideOrder(s, o, order.Confirm{At: w.now}, w.now)
	case 2:
		w.decideOrder(s, o, order.Cancel{CancellationID: w.id(), At: w.now}, w.now)
	default:
		var lines []order.ReturnLine
		for i := range o.Lines {
			c := &o.Lines[i].Counters
			if open := c.Delivered - c.ReturnRequested; open > 0 && w.flip("returned") {
				lines = append(lines, order.ReturnLine{LineID: o.Lines[i].LineID, Quantity: int64(w.pick("back", 1, int(open)))})
			}
		}
		w.decideOrder(s, o, order.ImportReturn{ReturnID: w.id(), Source: "books", Lines: lines, ReturnedAt: w.now, At: w.now}, w.now)
	}
}

func (w *world) decideOrder(s *shop, o *order.Order, cmd order.Command, occurred time.Time) {
	byItself := func() bool { return !w.byHand && o.ID[15]%2 == 0 } // with some orders, whatever else is drawn
	events, err := order.Decide(o, cmd, order.Terms{Completes: byItself, At: w.now})
	if err != nil {
		return // refused: no event
	}
	isNew := !o.Exists()
	var id uuid.UUID
	for _, e := range events {
		switch e := e.(type) {
		case order.Drafted:
			id = e.OrderID
		case order.Placed:
			id = e.OrderID
		case order.Imported:
			id = e.OrderID
		default:
			id = o.ID
		}
		data, err := order.Encode(e)
		o.Apply(record[order.Event](w, s, order.StreamType, id, e, data, err, occurred))
	}
	if isNew {
		s.orders = append(s.orders, o)
	}
}

// external returns an external id that no other order of the shop has, or none.
func (w *world) external(s *shop) string {
	if w.flip("external id") {
		return "web-" + time.Duration(len(s.orders)).String()
	}
	return ""
}

func (w *world) shipping() []order.ShippingLine {
	if w.flip("free shipping") {
		return nil
	}
	amount := int64(w.pick("shipping", 0, 900))
	return []order.ShippingLine{{Method: "standard", Amount: amount, TaxLines: w.taxes(amount)}}
}

func (w *world) taxes(base int64) []order.TaxLine {
	rate := int64(pickOf(w, "rate", 0, 70_000, 190_000))
	if rate == 0 {
		return nil
	}
	inclusive := w.flip("inclusive")
	compute := money.ApplyRate
	if inclusive {
		compute = money.IncludedTax
	}
	amount, err := compute(base, rate, money.HalfUp)
	if err != nil {
		w.t.Fatal(err)
	}
	return []order.TaxLine{{Code: "vat", Rate: rate, Amount: amount, Inclusive: inclusive}}
}

func (w *world) lines() ([]order.NewLine, []order.Discount) {
	lines := make([]order.NewLine, w.pick("lines", 1, 4))
	var discount int64
	discounted := w.flip("discounted")
	for i := range lines {
		l := &lines[i]
		*l = order.NewLine{
			LineID: w.id(), SKU: pickOf(w, "sku", SKUs...), Quantity: int64(w.pick("quantity", 1, 5)),
			UnitPrice: int64(w.pick("unit price", 0, 2500)), RequiresShipping: w.flip("requires shipping"),
		}
		base := l.Quantity * l.UnitPrice
		if off := base / 7; discounted && off > 0 {
			l.DiscountAllocations = []order.DiscountAllocation{{DiscountID: "spring", Amount: off}}
			base, discount = base-off, discount+off
		}
		l.TaxLines = w.taxes(base)
	}
	if discount == 0 {
		return lines, nil
	}
	return lines, []order.Discount{{DiscountID: "spring", Amount: discount}}
}
