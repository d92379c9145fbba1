package order_test

import (
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// linesOf draws lines with prices, discounts and taxes that fit.
func linesOf(t *rapid.T) ([]order.NewLine, []order.Discount) {
	lines := make([]order.NewLine, rapid.IntRange(1, 4).Draw(t, "lines"))
	subtotals := make([]int64, len(lines))
	var sum int64
	for i := range lines {
		lines[i] = order.NewLine{
			LineID: uuid.UUID{0: 1, 15: byte(i)}, SKU: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "sku"),
			Quantity: rapid.Int64Range(1, 7).Draw(t, "quantity"), UnitPrice: rapid.Int64Range(0, 999).Draw(t, "price"),
			RequiresShipping: rapid.Bool().Draw(t, "shipping"),
		}
		subtotals[i] = lines[i].Quantity * lines[i].UnitPrice
		sum += subtotals[i]
	}
	var discounts []order.Discount
	if off := rapid.Int64Range(0, sum).Draw(t, "discount"); off > 0 {
		discounts = []order.Discount{{DiscountID: "d", Amount: off}}
		for i, part := range money.Allocate(off, subtotals) {
			lines[i].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: part}}
			subtotals[i] -= part
		}
	}
	for i := range lines {
		lines[i].TaxLines = []order.TaxLine{taxOf(t, subtotals[i])}
	}
	return lines, discounts
}

// taxOf draws a tax on a base, inside or on top of it.
func taxOf(t *rapid.T, base int64) order.TaxLine {
	rate := rapid.Int64Range(0, 250_000).Draw(t, "rate")
	inclusive := rapid.Bool().Draw(t, "inclusive")
	tax, err := money.ApplyRate(base, rate, money.HalfUp)
	if inclusive {
		tax, err = money.IncludedTax(base, rate, money.HalfUp)
	}
	if err != nil {
		t.Fatal(err)
	}
	return order.TaxLine{Code: "vat", Rate: rate, Amount: tax, Inclusive: inclusive}
}

func placeOf(t *rapid.T) order.Place {
	lines, discounts := linesOf(t)
	return order.Place{
		OrderID: orderID, Channel: "web", Currency: rapid.SampledFrom([]string{"JPY", "EUR", "KWD"}).Draw(t, "currency"),
		PII: order.PII(`{"c":"c2VhbGVk"}`), Lines: lines, Discounts: discounts,
		ShippingLines: []order.ShippingLine{{Method: "post", Amount: rapid.Int64Range(0, 500).Draw(t, "post")}},
		PaymentPolicy: rapid.SampledFrom([]order.PaymentPolicy{"", order.PolicyOnAccount}).Draw(t, "policy"),
		ExpiresAt:     noon.Add(time.Hour), At: noon.Add(123456789 * time.Nanosecond),
	}
}

func importOf(t *rapid.T) order.Import {
	p := placeOf(t)
	return order.Import{
		OrderID: p.OrderID, Source: "books", Channel: "import", Currency: p.Currency, Lines: p.Lines,
		Discounts: p.Discounts, PlacedAt: noon, At: later,
	}
}

func draftOf(t *rapid.T) order.Draft {
	p := placeOf(t)
	return order.Draft{
		OrderID: p.OrderID, Channel: "web", Currency: p.Currency, Lines: p.Lines, Discounts: p.Discounts, ShippingLines: p.ShippingLines,
		Wishes: order.Wishes{ShippingMethod: "post"}, At: noon,
	}
}

// some draws units of some lines, of one that is not there, or none at all.
func (m *model) some(t *rapid.T) []order.LineQuantity {
	var lines []order.LineQuantity
	for i := range m.state.Lines {
		if n := rapid.Int64Range(-1, 5).Draw(t, "units"); n > 0 {
			lines = append(lines, order.LineQuantity{LineID: m.state.Lines[i].LineID, Quantity: n})
		}
	}
	return lines
}

// one draws one of some things that are there, or the zero id.
func one[T any](t *rapid.T, list []T, id func(*T) uuid.UUID) uuid.UUID {
	if len(list) == 0 {
		return uuid.Nil
	}
	return id(&list[rapid.IntRange(0, len(list)-1).Draw(t, "which")])
}

// any draws one of several commands and sends it.
func (m *model) any(t *rapid.T, cmds ...order.Command) {
	m.do(t, cmds[rapid.IntRange(0, len(cmds)-1).Draw(t, "command")])
}

func (m *model) life(t *rapid.T) {
	p := placeOf(t)
	if m.state.Exists() {
		p.Currency = m.state.Currency
	}
	for i := range p.Lines {
		if n := rapid.Int64Range(0, p.Lines[i].Quantity).Draw(t, "waiting"); n > 0 {
			p.Backordered = append(p.Backordered, order.LineQuantity{LineID: p.Lines[i].LineID, Quantity: n})
		}
	}
	d := draftOf(t)
	d.Currency = p.Currency
	m.any(
		t, p, d, order.UpdateDraft{Draft: d}, order.Confirm{At: later}, order.Expire{At: later}, order.FillBackorder{Lines: m.some(t), At: later},
		order.FillBackorder{Lines: m.some(t), At: later}, order.Complete{By: "s", At: later}, order.Archive{At: later},
	)
}

func (m *model) pay(t *rapid.T) {
	sum := func(name string) int64 { return rapid.Int64Range(0, 3000).Draw(t, name) }
	p := order.Payment{
		PaymentID: one(t, m.state.Payments, func(p *order.Payment) uuid.UUID { return p.PaymentID }), Method: "card",
		State:      rapid.SampledFrom([]order.PaymentState{"authorized", "captured", "voided", "failed", "initiated"}).Draw(t, "state"),
		Authorized: sum("authorized"), Captured: sum("captured"), Refunded: sum("refunded"), Voided: sum("voided"),
	}
	if p.PaymentID == uuid.Nil {
		p.PaymentID = m.id()
	}
	m.any(
		t, order.MarkPaid{PaymentID: m.id(), Method: "cash", By: "staff-1", At: later},
		order.RecordPayment{Payment: p, At: later}, order.MarkRefunded{At: later},
		order.MarkRefunded{Amount: sum("back"), Method: "cash", At: later},
	)
}

func (m *model) hold(t *rapid.T) {
	hold := order.PlaceHold{HoldID: m.id(), At: later}
	if rapid.Bool().Draw(t, "line") {
		hold.LineIDs = []uuid.UUID{one(t, m.state.Lines, func(l *order.LineState) uuid.UUID { return l.LineID })}
	}
	release := order.ReleaseHold{HoldID: one(t, m.state.Holds, func(h *order.Hold) uuid.UUID { return h.HoldID }), At: later}
	m.any(t, hold, release, release)
}

func (m *model) begin(t *rapid.T) {
	m.any(t, order.BeginEdit{EditID: m.id(), BaseVersion: int64(len(m.history)), At: later}, order.DiscardEdit{EditID: m.editID(), At: later})
}

func (m *model) editID() uuid.UUID {
	if m.state.Edit == nil {
		return uuid.Nil
	}
	return m.state.Edit.EditID
}

func (m *model) stage(t *rapid.T) {
	change := order.EditChange{
		ChangeID: m.id(), Kind: rapid.SampledFrom([]order.EditKind{"set_quantity", "set_quantity", "add_line", "set_shipping", "remove_shipping"}).Draw(t, "kind"),
		LineID: one(t, m.state.Lines, func(l *order.LineState) uuid.UUID { return l.LineID }), Quantity: rapid.Int64Range(0, 9).Draw(t, "quantity"),
		ShippingMethod: "post",
	}
	if change.Kind == order.EditAddLine {
		change.LineID, change.SKU = uuid.UUID{0: 2, 15: byte(rapid.IntRange(0, 3).Draw(t, "added"))}, "C"
	}
	m.do(t, order.StageEditChange{EditID: m.editID(), Change: change, At: later})
}

func (m *model) commit(t *rapid.T) {
	cmd := order.CommitEdit{EditID: m.editID(), At: later}
	demands, err := m.state.EditDemands(cmd.EditID)
	if err != nil {
		m.do(t, cmd)
		return
	}
	for _, d := range demands.Added {
		line := order.NewLine{LineID: d.LineID, SKU: d.SKU, Quantity: d.Quantity, UnitPrice: rapid.Int64Range(0, 99).Draw(t, "price"), RequiresShipping: true}
		line.DiscountAllocations, line.TaxLines = m.extras(t, line.Quantity*line.UnitPrice)
		cmd.Prices.Lines = append(cmd.Prices.Lines, line)
	}
	for _, d := range demands.Grown {
		a := order.Addition{Quantity: d.Quantity}
		a.DiscountAllocations, a.TaxLines = m.extras(t, d.Quantity*m.state.LineByID(d.LineID).UnitPrice)
		cmd.Prices.Added = append(cmd.Prices.Added, a)
	}
	for _, d := range append(demands.Added, demands.Grown...) {
		if n := rapid.Int64Range(0, d.Quantity).Draw(t, "waiting"); n > 0 {
			cmd.Backordered = append(cmd.Backordered, order.LineQuantity{LineID: d.LineID, SKU: d.SKU, Quantity: n})
		}
	}
	if demands.ShippingMethod != "" {
		cmd.Prices.Shipping = []order.ShippingLine{{Method: "post", Amount: rapid.Int64Range(0, 900).Draw(t, "post")}}
	}
	happened, err := decide(&m.state, cmd)
	if err != nil {
		t.Fatalf("%+v: %v", cmd, err)
	}
	committed, ok := happened[0].(order.EditCommitted)
	if before := m.state.LiveTotals(); !ok || committed.TotalsBefore != before {
		t.Fatalf("%+v; want totals before of %+v", happened[0], before)
	}
	cmd.ExpectedDelta = &committed.AmountDelta
	m.do(t, cmd)
	if after := m.state.LiveTotals(); committed.TotalsAfter != after {
		t.Fatalf("%+v; want totals after of %+v", committed, after)
	}
}

// extras draws a part of the order's discount, if it has one, and a tax.
func (m *model) extras(t *rapid.T, subtotal int64) ([]order.DiscountAllocation, []order.TaxLine) {
	var off []order.DiscountAllocation
	if len(m.state.Discounts) > 0 {
		part := rapid.Int64Range(0, subtotal).Draw(t, "off")
		off, subtotal = []order.DiscountAllocation{{DiscountID: m.state.Discounts[0].DiscountID, Amount: part}}, subtotal-part
	}
	return off, []order.TaxLine{taxOf(t, subtotal)}
}

func (m *model) cancel(t *rapid.T) {
	reason := rapid.SampledFrom([]order.CancelReason{"", "staff", "mood"}).Draw(t, "reason")
	lines := order.CancelLines{CancellationID: m.id(), Lines: m.some(t), Reason: reason, At: later}
	m.any(t, lines, lines, lines, order.Cancel{CancellationID: m.id(), Reason: reason, Note: "n", At: later})
}

func (m *model) fulfillment(t *rapid.T) uuid.UUID {
	return one(t, m.state.Fulfillments, func(f *order.Fulfillment) uuid.UUID { return f.FulfillmentID })
}

func (m *model) pack(t *rapid.T) {
	anew := order.CreateFulfillment{FulfillmentID: m.id(), Lines: m.some(t), AllowUnpaid: rapid.Bool().Draw(t, "unpaid"), At: later}
	plan := anew
	plan.FulfillmentID = m.fulfillment(t)
	m.any(
		t, anew, anew, plan, order.PlanFulfillment{FulfillmentID: m.id(), LocationID: "berlin", Lines: m.some(t), At: later},
		order.MoveFulfillment{FulfillmentID: m.fulfillment(t), LocationID: "paris", At: later},
		order.CancelFulfillment{FulfillmentID: m.fulfillment(t), At: later},
	)
}

func (m *model) ship(t *rapid.T) {
	ship := order.Ship{ShipmentID: m.id(), FulfillmentID: m.fulfillment(t), Lines: m.some(t), At: later}
	deliver := order.RecordDelivery{FulfillmentID: m.fulfillment(t), Lines: m.some(t), At: later}
	number := "JD014"
	m.any(
		t, ship, ship, deliver, deliver, order.RecordDeliveryFailure{FulfillmentID: m.fulfillment(t), Reason: "nobody there", At: later},
		order.UpdateTracking{FulfillmentID: m.fulfillment(t), TrackingNumber: &number, At: later},
	)
}

func (m *model) giveBack(t *rapid.T) {
	id := one(t, m.state.Returns, func(r *order.Return) uuid.UUID { return r.ReturnID })
	books := order.ImportReturn{ReturnID: m.id(), CreditNumber: "C1", ReturnedAt: later, At: later}
	request := order.RequestReturn{ReturnID: m.id(), Kind: rapid.SampledFrom([]order.ReturnKind{"return", "claim"}).Draw(t, "kind"), At: later}
	receive := order.ReceiveReturn{ReturnID: id, At: later}
	for _, l := range m.some(t) {
		books.Lines = append(books.Lines, order.ReturnLine{LineID: l.LineID, Quantity: l.Quantity})
		request.Lines = append(request.Lines, order.RequestedLine{LineID: l.LineID, Quantity: l.Quantity})
		receive.Lines = append(receive.Lines, order.ReceivedLine{
			LineID: l.LineID, Quantity: l.Quantity, Disposition: rapid.SampledFrom([]order.Disposition{"restock", "write_off", "damaged"}).Draw(t, "disposition"),
		})
	}
	resolve := order.ResolveReturn{ReturnID: id, At: later}
	if rapid.Bool().Draw(t, "deduct") {
		resolve.Fee, resolve.StoreCredit = rapid.Int64Range(0, 50).Draw(t, "fee"), rapid.Int64Range(0, 50).Draw(t, "credit")
	}
	m.any(
		t, books, request, request, order.ApproveReturn{ReturnID: id, At: later}, receive, order.ReceiveReturn{ReturnID: id, At: later}, resolve, resolve,
		order.DeclineReturn{ReturnID: id, Reason: "worn", At: later}, order.CancelReturn{ReturnID: id, At: later},
	)
}

// invoice draws the number of an invoice or a credit note, or of none.
func (m *model) invoice(t *rapid.T) string {
	if len(m.state.Invoices) == 0 {
		return "I-1"
	}
	return m.state.Invoices[rapid.IntRange(0, len(m.state.Invoices)-1).Draw(t, "invoice")].Number
}

// requote draws other taxes for another country.
func (m *model) requote(t *rapid.T) order.ChangeShippingAddress {
	before := m.state.LiveTotals()
	q := &order.Requote{TotalsBefore: before}
	for _, s := range m.state.ShippingLines {
		s.TaxLines = []order.TaxLine{taxOf(t, s.Amount)}
		q.Shipping = append(q.Shipping, s)
		q.TotalsAfter.Tax += s.TaxLines[0].Amount
		q.TotalsAfter.Total += s.Total()
	}
	q.ShippingNetChange = m.state.ShippingNetChange(q.Shipping)
	for i := range m.state.Lines {
		l := &m.state.Lines[i]
		taxes := l.Retax([]order.TaxLine{taxOf(t, l.Subtotal-l.DiscountTotal())}, money.HalfUp)
		q.Lines = append(q.Lines, taxes)
		q.TotalsAfter.Tax += taxes.TaxLines[0].Amount
		q.TotalsAfter.Total += taxes.Total
	}
	q.AmountDelta = q.TotalsAfter.Total - before.Total
	return order.ChangeShippingAddress{Country: "AT", PII: order.PII(`{"c":"eA=="}`), Requote: q, At: later}
}

func (m *model) detail(t *rapid.T) {
	m.any(
		t, m.requote(t), order.ChangeBillingAddress{PII: order.PII(`{"c":"eg=="}`), At: later},
		order.AddNote{NoteID: m.id(), Body: "n", At: later}, order.SetTags{Tags: []string{"b", "a"}, At: later}, order.SetTags{At: later},
		order.SetMetadata{Set: map[string]string{"k": rapid.SampledFrom([]string{"v", "w"}).Draw(t, "value")}, At: later},
		order.ChangeShippingAddress{Country: "FR", PII: order.PII(`{"c":"eA=="}`), At: later},
		order.ChangeContact{PII: order.PII(`{"c":"eQ=="}`), At: later},
		order.IssueInvoice{Number: m.id().String(), Series: "invoice:2026", At: later}, order.IssueInvoice{Number: "I-1", Series: "invoice:2026", At: later},
		order.IssueCreditNote{Number: m.id().String(), Series: "credit:2026", InvoiceNumber: m.invoice(t), Amount: rapid.Int64Range(0, 900).Draw(t, "credited"), At: later},
		order.EditNote{NoteID: one(t, m.state.Notes, func(n *order.Note) uuid.UUID { return n.NoteID }), Body: "m", At: later},
		order.RemoveNote{NoteID: one(t, m.state.Notes, func(n *order.Note) uuid.UUID { return n.NoteID }), At: later},
	)
}
