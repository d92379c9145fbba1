package modeltest

import (
	"bytes"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/projections"
)

// Requoted draws orders that are placed and taxed anew, up to three times, and beside them the same orders placed at
// their last taxes, which stay. What happens afterwards is the same. Where net values are concerned, a read model must
// make the same rows of both histories.
func Requoted(t *rapid.T) (requoted, placed []projections.Event) {
	moved, stayed := &life{world: newWorld(t)}, &life{world: newWorld(t)}
	moved.byHand, stayed.byHand = true, true
	for range rapid.IntRange(1, 4).Draw(t, "orders") {
		at := moved.pick("shop", 0, len(moved.shops)-1)
		s, twin := moved.shops[at], stayed.shops[at]
		moved.now = moved.now.Add(time.Duration(moved.pick("minutes", 0, 400)) * time.Minute)
		stayed.now = moved.now
		cmd, taxings := moved.untaxed()
		var o, same order.Order
		moved.must(s, &o, taxings[0].of(cmd))
		stayed.must(twin, &same, taxings[len(taxings)-1].of(cmd))
		for i, next := range taxings[1:] {
			country := []string{"AT", "FR", "JP"}[i]
			moved.must(s, &o, next.address(&o, country, moved.now))
			stayed.must(twin, &same, order.ChangeShippingAddress{Country: country, At: stayed.now})
		}
		for range moved.pick("afterwards", 0, 12) {
			cmd := moved.command(&o)
			moved.decideOrder(s, &o, cmd, moved.now)
			stayed.decideOrder(twin, &same, cmd, stayed.now)
		}
	}
	return moved.history, stayed.history
}

// Undone draws orders that are placed, taxed anew, and then canceled, left to expire or sent back, in parts or as a
// whole, until nothing of them is left and all is paid back but the shipping.
func Undone(t *rapid.T) []projections.Event {
	l := &life{world: newWorld(t)}
	l.byHand = true
	for range rapid.IntRange(1, 4).Draw(t, "orders") {
		s := l.turn()
		cmd, taxings := l.untaxed()
		o := &order.Order{}
		l.must(s, o, taxings[0].of(cmd))
		back := l.flip("comes back")
		if back && l.flip("paid first") {
			l.settle(s, o)
		}
		for i, next := range taxings[1:] {
			l.must(s, o, next.address(o, []string{"AT", "FR", "JP"}[i], l.now))
		}
		if back {
			l.sendBack(s, o)
		} else {
			l.giveUp(s, o)
		}
	}
	return l.history
}

// taxing is the taxes of an order's lines and of its shipping lines.
type taxing struct{ lines, shipping [][]order.TaxLine }

// untaxed draws an order without its taxes, and two to four taxings of it.
func (l *life) untaxed() (order.Place, []taxing) {
	lines, discounts := l.lines()
	cmd := order.Place{
		OrderID: l.id(), Channel: "web", Currency: pickOf(l.world, "currency", "EUR", "JPY", "KWD"), Country: "DE", Lines: lines,
		CustomerID: pickOf(l.world, "customer", "c-1", "c-2", ""), Discounts: discounts,
		ShippingLines: slices.Concat(l.shipping(), l.shipping()),
		PaymentPolicy: pickOf(l.world, "policy", order.PolicyPaid, order.PolicyOnAccount), ExpiresAt: l.now.Add(time.Hour), At: l.now,
	}
	for i := range lines {
		lines[i].LineID[0] = byte(i)
	}
	taxings := make([]taxing, l.pick("taxings", 2, 4))
	for i := range taxings {
		for n := range lines {
			base := lines[n].UnitPrice * lines[n].Quantity
			for _, d := range lines[n].DiscountAllocations {
				base -= d.Amount
			}
			taxings[i].lines = append(taxings[i].lines, l.anyTaxes(base))
		}
		for n := range cmd.ShippingLines {
			taxings[i].shipping = append(taxings[i].shipping, l.anyTaxes(cmd.ShippingLines[n].Amount))
		}
	}
	return cmd, taxings
}

// anyTaxes draws up to two taxes, each inside or on top of the base. Each may be one more or less than its rate says, as
// when an order is rounded as one sum.
func (l *life) anyTaxes(base int64) []order.TaxLine {
	taxes := make([]order.TaxLine, l.pick("taxes", 0, 2))
	contained := base
	for i := range taxes {
		tax := &taxes[i]
		*tax = order.TaxLine{Code: "vat", Rate: pickOf[int64](l.world, "rate", 190_000, 70_000, 255_000), Inclusive: l.flip("inclusive")}
		compute := money.ApplyRate
		if tax.Inclusive {
			compute = money.IncludedTax
		}
		amount, err := compute(base, tax.Rate, money.HalfUp)
		if err != nil {
			l.t.Fatal(err)
		}
		tax.Amount = max(0, amount+int64(l.pick("rounded", -1, 1)))
		if tax.Inclusive {
			tax.Amount = min(tax.Amount, contained)
			contained -= tax.Amount
		}
	}
	return taxes
}

// of returns the order with these taxes.
func (x *taxing) of(p order.Place) order.Place {
	p.Lines = slices.Clone(p.Lines)
	for i := range p.Lines {
		p.Lines[i].TaxLines = x.lines[i]
	}
	p.ShippingLines = x.shipped(p.ShippingLines)
	return p
}

func (x *taxing) shipped(lines []order.ShippingLine) []order.ShippingLine {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].TaxLines = x.shipping[i]
	}
	return lines
}

// address sends a placed order to another country, where it has these taxes.
func (x *taxing) address(o *order.Order, country string, at time.Time) order.Command {
	return order.ChangeShippingAddress{Country: country, Requote: quote(o, x.lines, x.shipped(o.ShippingLines)), At: at}
}

// quote returns the order at other taxes: those of each line, and other shipping lines unless they are nil.
func quote(o *order.Order, lines [][]order.TaxLine, shipping []order.ShippingLine) *order.Requote {
	q := &order.Requote{Shipping: shipping, TotalsBefore: o.LiveTotals()}
	if shipping == nil {
		shipping = o.ShippingLines
	}
	q.ShippingNetChange = o.ShippingNetChange(shipping)
	q.TotalsAfter = order.Totals{Subtotal: q.TotalsBefore.Subtotal, Discount: q.TotalsBefore.Discount}
	for i := range shipping {
		q.TotalsAfter.Shipping += shipping[i].Amount
		q.TotalsAfter.Tax += pricing.TaxTotal(shipping[i].TaxLines)
		q.TotalsAfter.Total += shipping[i].Total()
	}
	for i := range o.Lines {
		l := o.Lines[i].Retax(lines[i], o.Rounding.Mode)
		q.Lines = append(q.Lines, l)
		q.TotalsAfter.Tax += pricing.TaxTotal(l.TaxLines)
		q.TotalsAfter.Total += l.Total
	}
	q.AmountDelta = q.TotalsAfter.Total - q.TotalsBefore.Total
	return q
}

// must sends a command that is not refused.
func (l *life) must(s *shop, o *order.Order, cmd order.Command) {
	if _, err := order.Decide(o, cmd, order.Terms{At: l.now}); err != nil {
		l.t.Fatalf("%+v: %v", cmd, err)
	}
	l.decideOrder(s, o, cmd, l.now)
}

// settle pays for the order, or confirms it on account.
func (l *life) settle(s *shop, o *order.Order) {
	if o.AmountDue() > 0 && o.PaymentPolicy == order.PolicyPaid {
		l.must(s, o, order.MarkPaid{PaymentID: l.id(), Method: "cash", By: "staff", At: l.now})
	}
	if o.Status == order.StatusPending {
		l.must(s, o, order.Confirm{At: l.now})
	}
}

// giveUp cancels the order, at first in parts perhaps, or lets it expire.
func (l *life) giveUp(s *shop, o *order.Order) {
	for range l.pick("parts", 0, 3) {
		if l.must(s, o, order.CancelLines{CancellationID: l.id(), Lines: l.liveUnits(o), At: l.now}); o.Status.Terminal() {
			return
		}
	}
	if o.Status == order.StatusPending && l.flip("expires") {
		l.must(s, o, order.Expire{At: o.ExpiresAt})
		return
	}
	l.must(s, o, order.Cancel{CancellationID: l.id(), At: l.now})
}

// sendBack delivers the order, or what is left of it, and has all of it come back.
func (l *life) sendBack(s *shop, o *order.Order) {
	l.settle(s, o)
	if l.flip("canceled in part") {
		l.must(s, o, order.CancelLines{CancellationID: l.id(), Lines: l.liveUnits(o), At: l.now})
	}
	if o.Status.Terminal() {
		return
	}
	pack := order.CreateFulfillment{FulfillmentID: l.id(), AllowUnpaid: true, At: l.now}
	l.must(s, o, pack)
	l.must(s, o, order.Ship{ShipmentID: l.id(), FulfillmentID: pack.FulfillmentID, At: l.now})
	l.must(s, o, order.RecordDelivery{FulfillmentID: pack.FulfillmentID, At: l.now})
	for {
		cmd := order.RequestReturn{ReturnID: l.id(), At: l.now}
		for i := range o.Lines {
			c := &o.Lines[i].Counters
			if open := c.Live() - c.ReturnRequested; open > 0 && (len(cmd.Lines) == 0 || l.flip("too")) {
				cmd.Lines = append(cmd.Lines, order.RequestedLine{LineID: o.Lines[i].LineID, Quantity: int64(l.pick("back", 1, int(open)))})
			}
		}
		if len(cmd.Lines) == 0 {
			return
		}
		l.must(s, o, cmd)
		l.must(s, o, order.ApproveReturn{ReturnID: cmd.ReturnID, At: l.now})
		l.must(s, o, order.ReceiveReturn{ReturnID: cmd.ReturnID, At: l.now})
		l.must(s, o, order.ResolveReturn{ReturnID: cmd.ReturnID, At: l.now})
	}
}

// liveUnits draws units of one of the lines that have any.
func (l *life) liveUnits(o *order.Order) []order.LineQuantity {
	var live []order.LineQuantity
	for i := range o.Lines {
		if n := o.Lines[i].Counters.Live(); n > 0 {
			live = append(live, order.LineQuantity{LineID: o.Lines[i].LineID, Quantity: n})
		}
	}
	one := live[l.pick("line", 0, len(live)-1)]
	one.Quantity = int64(l.pick("units", 1, int(one.Quantity)))
	return []order.LineQuantity{one}
}

// Same folds both histories and fails unless they leave the same rows.
func Same(t *rapid.T, m projections.Model, got, want []projections.Event) {
	left, err := Fold(m, got, 1)
	if err != nil {
		t.Fatal(err)
	}
	right, err := Fold(m, want, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range right {
		have, wanted := fieldsOf(left[i]), fieldsOf(right[i])
		if !slices.EqualFunc(have, wanted, bytes.Equal) {
			t.Fatalf("%s of %q holds %x; want %x", left[i].Name, left[i].Columns, have, wanted)
		}
	}
}

// fieldsOf returns a table's fields, row by row.
func fieldsOf(table projections.Table) (fields [][]byte) {
	for row := range table.Rows {
		for _, f := range row.Fields() {
			fields = append(fields, bytes.Clone(f))
		}
	}
	return fields
}

// Column returns the values of a table's column of whole numbers.
func Column(t *rapid.T, table projections.Table, name string) (values []int64) {
	at := slices.Index(table.Columns, name)
	if at < 0 {
		t.Fatalf("%s has no column %s", table.Name, name)
	}
	for row := range table.Rows {
		var n pgtype.Numeric
		if err := pgtype.NewMap().Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, row.Fields()[at], &n); err != nil {
			t.Fatal(err)
		}
		value, err := n.Int64Value()
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value.Int64)
	}
	return values
}
