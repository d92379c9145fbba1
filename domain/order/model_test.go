package order_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
)

// model is an order that any sequence of commands is sent to, with all that must hold afterwards.
type model struct {
	state    order.Order
	stored   order.Order // the same, but stored as JSON after every event
	history  events
	charged  int64 // what the events say that the customer owes in all
	captured int64 // Σ changes of the payments
	refunded int64
	serial   uint16
	byHand   bool // staff complete orders
	decide   func(*order.Order, order.Command) (events, error)
}

func TestOrder_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		m := &model{decide: decide, byHand: rapid.IntRange(0, 3).Draw(t, "by hand") == 0}
		if m.byHand {
			m.decide = decideByHand
		}
		m.do(t, rapid.SampledFrom([]order.Command{placeOf(t), draftOf(t), importOf(t)}).Draw(t, "first"))
		m.do(t, rapid.SampledFrom([]order.Command{
			order.Confirm{At: later}, order.MarkPaid{PaymentID: m.id(), Method: "cash", At: later}, placeOf(t),
		}).Draw(t, "second"))
		t.Repeat(map[string]func(*rapid.T){
			"life": m.life, "pay": m.pay, "hold": m.hold, "begin edit": m.begin, "stage": m.stage, "commit": m.commit,
			"cancel": m.cancel, "pack": m.pack, "ship": m.ship, "return": m.giveBack, "detail": m.detail,
			"": m.check,
		})
	})
}

func (m *model) id() uuid.UUID {
	m.serial++
	return uuid.UUID{0: 9, 14: byte(m.serial >> 8), 15: byte(m.serial)}
}

// do sends a command. A refused one must leave the state as it was; accepted events come through storage.
func (m *model) do(t *rapid.T, cmd order.Command) events {
	before := m.state.Clone()
	happened, err := m.decide(&m.state, cmd)
	if !reflect.DeepEqual(m.state, before) || err != nil && happened != nil {
		t.Fatalf("%+v: deciding left %+v and %v; want %+v", cmd, m.state, happened, before)
	}
	if err != nil && rule.CodeOf(err) == "" {
		t.Fatalf("%+v fails: %v", cmd, err)
	}
	for _, event := range happened {
		data, err := order.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		read, err := order.Decode(event.EventType(), data)
		if err != nil || !reflect.DeepEqual(read, event) {
			t.Fatalf("%+v comes back as %+v, %v", event, read, err)
		}
		if m.state.Status.Terminal() && !afterwards(event) {
			t.Fatalf("%+v: %s happens to an order that is %s", cmd, event.EventType(), m.state.Status)
		}
		m.count(event)
		clone := m.state.Clone()
		clone.Apply(event)
		if before := order.Replay(m.history...); !reflect.DeepEqual(m.state, before) {
			t.Fatalf("applying %s to a clone changed the original to %+v; want %+v", event.EventType(), m.state, before)
		}
		m.history = append(m.history, event)
		m.state.Apply(event)
		m.stored.Apply(read)
		m.store(t)
	}
	return happened
}

// afterwards reports whether an event may happen to an order that is over.
func afterwards(event order.Event) bool {
	switch event.(type) {
	case order.PaymentUpdated, order.Archived, order.ReturnImported, order.ReturnRequested, order.ReturnApproved,
		order.ReturnDeclined, order.ReturnCanceled, order.ReturnReceived, order.ReturnResolved, order.NoteAdded, order.NoteEdited,
		order.NoteRemoved, order.TagsChanged, order.MetadataChanged, order.InvoiceIssued, order.CreditNoteIssued,
		order.TrackingUpdated, order.ShipmentDelivered, order.DeliveryFailed:
		return true
	default:
		return false
	}
}

// count keeps the books that the state must agree with.
func (m *model) count(event order.Event) {
	switch e := event.(type) {
	case order.Drafted:
		m.charged = e.Totals.Total
	case order.DraftUpdated:
		m.charged = e.Totals.Total
	case order.Placed:
		m.charged = e.Totals.Total
	case order.Imported:
		m.charged, m.captured = e.Totals.Total, e.Captured
	case order.EditCommitted:
		m.charged += e.AmountDelta
	case order.ShippingAddressChanged:
		if e.Requote != nil {
			m.charged += e.Requote.AmountDelta
		}
	case order.LinesCanceled:
		m.charged -= e.AmountReleased
	case order.Canceled:
		if m.charged -= e.AmountReleased; e.PreviousStatus == order.StatusDraft {
			m.charged = 0
		}
	case order.Expired:
		m.charged -= e.AmountReleased
	case order.ReturnImported:
		m.charged -= e.Refund
		m.refunded += e.Refund
	case order.ReturnResolved:
		m.charged -= e.Refund + e.TakenOffDue
	case order.PaymentUpdated:
		m.captured += e.CapturedChange
		m.refunded += e.RefundedChange
	default: // moves no money
	}
}

// store puts the second state through JSON.
func (m *model) store(t *rapid.T) {
	data, err := json.Marshal(&m.stored)
	if err != nil {
		t.Fatal(err)
	}
	m.stored = order.Order{}
	if err := json.Unmarshal(data, &m.stored); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(&m.stored); err != nil || !bytes.Equal(again, data) {
		t.Fatalf("stored as %s, then as %s, %v", data, again, err)
	}
}

func (m *model) check(t *rapid.T) {
	o := &m.state
	if replayed := order.Replay(m.history...); !reflect.DeepEqual(replayed, *o) {
		t.Fatalf("replayed %+v; want %+v", replayed, *o)
	}
	if len(m.history) > 0 && !sameJSON(t, &m.stored, o) {
		t.Fatalf("stored %+v; want %+v", m.stored, *o)
	}
	m.checkAdvanced(t)
	m.checkMoney(t)
	m.checkInvoices(t)
	for i := range o.Lines {
		m.checkLine(t, &o.Lines[i])
	}
	if err := agrees(o); err != nil {
		t.Fatal(err)
	}
}

// checkAdvanced makes sure that no order waits for nothing.
func (m *model) checkAdvanced(t *rapid.T) {
	o := &m.state
	held := slices.ContainsFunc(o.Holds, func(h order.Hold) bool { return len(h.LineIDs) == 0 })
	if met := o.AmountDue() == 0 || o.PaymentPolicy == order.PolicyOnAccount; o.Status == order.StatusPending && met && !held {
		t.Fatalf("pending, though %d are due under policy %q and nothing holds it", o.AmountDue(), o.PaymentPolicy)
	}
	waits := slices.ContainsFunc(o.Lines, func(l order.LineState) bool { return l.Counters.Backordered > 0 })
	if _, err := decideByHand(o, order.Complete{At: later}); err == nil && o.Status == order.StatusConfirmed && !waits && !m.byHand {
		t.Fatalf("confirmed, though it could be completed: %+v", o)
	}
}

// checkInvoices makes sure that what was billed can always be brought to what the order costs: by crediting what is left of
// the invoices, and by another one if the order costs anything.
func (m *model) checkInvoices(t *rapid.T) {
	o := m.state.Clone()
	send := func(cmd order.Command) error {
		happened, err := decideByHand(&o, cmd)
		for _, event := range happened {
			o.Apply(event)
		}
		return err
	}
	left := make(map[string]int64)
	for _, i := range o.Invoices {
		if i.CreditOf == "" {
			left[i.Number] += i.Amount
			continue
		}
		left[i.CreditOf] -= i.Amount
	}
	open := 0
	for number, rest := range left {
		if rest < 0 {
			t.Fatalf("invoice %s was credited %d beyond what it bills", number, -rest)
		}
		if rest == 0 {
			continue
		}
		open++
		if err := send(order.IssueCreditNote{Number: "credit " + number, Series: "c", InvoiceNumber: number, At: later}); err != nil {
			t.Fatalf("%d of invoice %s is left: %v", rest, number, err)
		}
	}
	if open > 1 {
		t.Fatalf("%d invoices are open: %+v", open, left)
	}
	if o.Total() <= 0 || o.Status != order.StatusConfirmed && o.Status != order.StatusCompleted {
		return // nothing is to be billed, and nothing is
	}
	if err := send(order.IssueInvoice{Number: "anew", Series: "i", At: later}); err != nil || o.Invoices[len(o.Invoices)-1].Amount != o.Total() {
		t.Fatalf("%v: %+v; want an invoice over %d", err, o.Invoices, o.Total())
	}
}

func (m *model) checkMoney(t *rapid.T) {
	o := &m.state
	f := o.Funds()
	if f.Captured != m.captured || f.Refunded != m.refunded {
		t.Fatalf("funds %+v; the events come to %d captured, %d refunded", f, m.captured, m.refunded)
	}
	for _, p := range o.Payments {
		if p.Refunded > p.Captured {
			t.Fatalf("payment %+v gave back more than it took", p)
		}
	}
	var sums order.Totals // as the lines and the shipping say
	for _, l := range o.Lines {
		sums.Subtotal, sums.Discount = sums.Subtotal+l.Subtotal, sums.Discount+l.DiscountTotal()
		sums.Tax, sums.Total = sums.Tax+l.TaxTotal(), sums.Total+l.Total
	}
	for _, s := range o.ShippingLines {
		sums.Shipping, sums.Tax, sums.Total = sums.Shipping+s.Amount, sums.Tax+pricing.TaxTotal(s.TaxLines), sums.Total+s.Total()
	}
	if o.Totals != sums {
		t.Fatalf("totals %+v; lines and shipping come to %+v", o.Totals, sums)
	}
	live := o.LiveTotals()
	if o.Total() != m.charged || o.Total()+o.Credited != live.Total {
		t.Fatalf("total %d, credited %d; the events come to %d, the live units to %+v", o.Total(), o.Credited, m.charged, live)
	}
	if live.Subtotal < 0 || live.Discount < 0 || live.Discount > live.Subtotal || live.Tax < 0 || live.Shipping < 0 {
		t.Fatalf("live totals %+v", live)
	}
	if due, owed := o.AmountDue(), o.AmountOwedToCustomer(); due+f.Captured-f.Refunded-owed != max(0, o.Total()) || due > 0 && owed > 0 {
		t.Fatalf("total %d, due %d, owed %d, funds %+v do not balance", o.Total(), due, owed, f)
	}
	if o.Status == order.StatusCompleted && o.ImportedAt.IsZero() && len(o.Returns) == 0 && m.history[len(m.history)-1].EventType() == "order.completed.v1" &&
		f.Captured-f.Refunded != o.Total() {
		t.Fatalf("completed at a total of %d with %+v", o.Total(), f)
	}
}

func (m *model) checkLine(t *rapid.T, l *order.LineState) {
	o, c := &m.state, &l.Counters
	if c.Delivered > c.Shipped || c.Shipped > c.Fulfilled || c.Fulfilled > c.Live() || c.Live() > c.Ordered || c.Canceled < 0 ||
		c.Returned > c.ReturnRequested || c.ReturnRequested > c.Live() || l.RequiresShipping && c.ReturnRequested > c.Shipped || c.Reserved < 0 || c.Backordered < 0 ||
		c.Restocked+c.WrittenOff > c.Returned || c.RefundedQuantity > c.ReturnRequested {
		t.Fatalf("line counts %+v", *c)
	}
	placed := o.Status != order.StatusDraft && o.ImportedAt.IsZero()
	if o.Status == order.StatusCompleted && c.Reserved+c.Backordered > 0 {
		t.Fatalf("line counts %+v, though the order is completed", *c)
	}
	handed := o.Status == order.StatusCompleted && !l.RequiresShipping
	if placed && !handed && c.Reserved+c.Backordered+c.Shipped != c.Live() && c.Live() > 0 {
		t.Fatalf("line counts %+v; live units are reserved, waiting or gone", *c)
	}
	var quantity, live int64
	for _, b := range l.Batches {
		quantity, live = quantity+b.Quantity, live+b.Live
		if b.Live < 0 || b.Live > b.Quantity {
			t.Fatalf("batch %+v", b)
		}
	}
	if l.Batches != nil && (quantity != c.Ordered || live != c.Live()) {
		t.Fatalf("batches %+v; want %d ordered, %d live", l.Batches, c.Ordered, c.Live())
	}
	var credited, fulfilled, shipped int64
	for i := range o.Returns {
		for _, back := range o.Returns[i].Lines {
			if back.LineID == l.LineID {
				credited += back.Amount + back.Tax
			}
		}
	}
	if c.RefundedQuantity == c.Live() && credited != l.LiveTotal() {
		t.Fatalf("all units were credited, at %d of %d", credited, l.LiveTotal())
	}
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		for _, part := range f.Lines {
			if part.LineID != l.LineID || f.State == order.FulfillmentStatePlanned || f.State == order.FulfillmentStateCanceled {
				continue
			}
			fulfilled, shipped = fulfilled+part.Quantity, shipped+part.Shipped
		}
	}
	if o.ImportedAt.IsZero() && (fulfilled != c.Fulfilled || shipped != c.Shipped) {
		t.Fatalf("fulfilments hold %d, %d shipped; the line counts %+v", fulfilled, shipped, *c)
	}
}

func sameJSON(t *rapid.T, a, b *order.Order) bool {
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(first, second) && reflect.DeepEqual(*a, *b)
}

// The state is stored by readers, so its JSON is a format of its own.
func TestOrder_golden(t *testing.T) {
	t.Parallel()

	var over order.Order
	for _, cmd := range []order.Command{taxed(), markPaid(), order.Cancel{Reason: order.ReasonStaff, Note: "closed", At: later}} {
		happened, err := decide(&over, cmd)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range happened {
			over.Apply(event)
		}
	}
	edited, commit := commit()
	rest := markPaid()
	rest.PaymentID = gone
	busy := then(edited, commit, rest, pack(units(line1, 2)), ship(units(line1, 1)), cancelLines(units(line2, 1)), begin(), hold(line2),
		order.StageEditChange{EditID: editID, Change: order.EditChange{ChangeID: gone, Kind: order.EditSetQuantity, LineID: line1, Quantity: 3}, At: later})
	for name, o := range map[string]order.Order{
		"canceled": over, "returned": order.Replay(imported(), returned()), "busy": order.Replay(busy...), "draft": order.Replay(drafted()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := json.MarshalIndent(&o, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "states", name+".json")
			if *golden {
				if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(append(got, '\n'), want) {
				t.Errorf("state %s\n%v; want %s", got, err, want)
			}
		})
	}
}

func TestOrder_clone(t *testing.T) {
	t.Parallel()

	o := order.Replay(imported())
	clone, want := o.Clone(), order.Replay(imported())
	o.Apply(returned())
	if !reflect.DeepEqual(clone, want) {
		t.Errorf("the clone became %+v; want %+v", clone, want)
	}
}
