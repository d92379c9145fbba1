package order_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// goodsModel is a confirmed order whose goods go out and come back in any sequence of commands.
type goodsModel struct {
	state   order.Order
	history events
	stored  order.Order // the same, through JSON after every command
	value   int64       // Σ values of the shipments
	serial  byte
	now     time.Time
	decide  func(*order.Order, order.Command) (events, error)
}

func TestGoods_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		m := &goodsModel{now: noon, decide: decide}
		if rapid.Bool().Draw(t, "by hand") {
			m.decide = decideByHand
		}
		place := placeOf(t)
		if place.PaymentPolicy == order.PolicyOnAccount && rapid.Bool().Draw(t, "unpaid") {
			m.do(t, place)
			m.do(t, order.Confirm{At: m.now})
		} else {
			m.do(t, place)
			m.do(t, order.MarkPaid{PaymentID: m.id(), Method: "cash", At: m.now})
		}
		m.advance(t)
		t.Repeat(map[string]func(*rapid.T){
			"plan": func(t *rapid.T) {
				m.do(t, order.PlanFulfillment{FulfillmentID: m.pickFulfillment(t), LocationID: m.location(t), Lines: m.some(t), At: m.now})
			},
			"move": func(t *rapid.T) {
				m.do(t, order.MoveFulfillment{FulfillmentID: m.pickFulfillment(t), LocationID: m.location(t), At: m.now})
			},
			"pack": func(t *rapid.T) {
				m.do(t, order.CreateFulfillment{FulfillmentID: m.pickFulfillment(t), Lines: m.some(t), At: m.now})
			},
			"unpack": func(t *rapid.T) {
				m.do(t, order.CancelFulfillment{FulfillmentID: m.pickFulfillment(t), At: m.now})
			},
			"ship": func(t *rapid.T) {
				m.do(t, order.Ship{ShipmentID: m.id(), FulfillmentID: m.pickFulfillment(t), Lines: m.some(t), At: m.now})
			},
			"deliver": func(t *rapid.T) {
				m.do(t, order.RecordDelivery{
					FulfillmentID: m.pickFulfillment(t), Lines: m.some(t), At: m.now,
				})
			},
			"fail": func(t *rapid.T) {
				m.do(t, order.RecordDeliveryFailure{FulfillmentID: m.pickFulfillment(t), Reason: "rain", At: m.now})
			},
			"request": m.request,
			"approve": func(t *rapid.T) { m.do(t, order.ApproveReturn{ReturnID: m.pickReturn(t), At: m.now}) },
			"decline": func(t *rapid.T) { m.do(t, order.DeclineReturn{ReturnID: m.pickReturn(t), At: m.now}) },
			"give up": func(t *rapid.T) { m.do(t, order.CancelReturn{ReturnID: m.pickReturn(t), At: m.now}) },
			"receive": m.receive,
			"resolve": m.resolve,
			"pay back": func(t *rapid.T) {
				m.do(t, order.MarkRefunded{Method: "cash", At: m.now})
			},
			"pay": func(t *rapid.T) {
				m.do(t, order.MarkPaid{PaymentID: m.id(), Method: "cash", At: m.now})
			},
			"cancel": func(t *rapid.T) {
				m.do(t, order.CancelLines{CancellationID: m.id(), Lines: m.some(t), At: m.now})
			},
			"": m.check,
		})
	})
}

// advance lets the order begin where there is something to do: with all packed, shipped, delivered or asked back.
func (m *goodsModel) advance(t *rapid.T) {
	pack, back := m.id(), m.id()
	steps := []order.Command{
		order.CreateFulfillment{FulfillmentID: pack, AllowUnpaid: true, At: m.now},
		order.Ship{ShipmentID: m.id(), FulfillmentID: pack, At: m.now},
		order.RecordDelivery{FulfillmentID: pack, At: m.now.Add(time.Hour)},
		order.RequestReturn{ReturnID: back, Lines: m.all(), At: m.now.Add(time.Hour)},
		order.ApproveReturn{ReturnID: back, At: m.now.Add(time.Hour)},
		order.ReceiveReturn{ReturnID: back, Lines: m.one(), At: m.now.Add(time.Hour)},
	}
	for _, cmd := range steps[:rapid.IntRange(0, len(steps)).Draw(t, "begun")] {
		m.do(t, cmd)
	}
}

// all asks half of all units back, and at least one of each line.
func (m *goodsModel) all() []order.RequestedLine {
	lines := make([]order.RequestedLine, len(m.state.Lines))
	for i := range lines {
		lines[i] = order.RequestedLine{LineID: m.state.Lines[i].LineID, Quantity: (m.state.Lines[i].Quantity + 1) / 2}
	}
	return lines
}

// one is a unit of the first line that came back.
func (m *goodsModel) one() []order.ReceivedLine {
	return []order.ReceivedLine{{LineID: m.state.Lines[0].LineID, Quantity: 1, Disposition: order.DispositionRestock}}
}

func (m *goodsModel) id() uuid.UUID {
	m.serial++
	return uuid.UUID{0: 8, 15: m.serial}
}

// pickFulfillment names one that is there, or none yet.
func (m *goodsModel) pickFulfillment(t *rapid.T) uuid.UUID {
	if n := len(m.state.Fulfillments); n > 0 && rapid.IntRange(0, 3).Draw(t, "known") > 0 {
		return m.state.Fulfillments[rapid.IntRange(0, n-1).Draw(t, "fulfilment")].FulfillmentID
	}
	return m.id()
}

func (m *goodsModel) pickReturn(t *rapid.T) uuid.UUID {
	if n := len(m.state.Returns); n > 0 && rapid.IntRange(0, 5).Draw(t, "known") > 0 {
		return m.state.Returns[rapid.IntRange(0, n-1).Draw(t, "return")].ReturnID
	}
	return m.id()
}

func (m *goodsModel) location(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "north", "a b"}).Draw(t, "location")
}

// some names some units of some lines, or nothing.
func (m *goodsModel) some(t *rapid.T) goods {
	var lines goods
	if rapid.Bool().Draw(t, "all") {
		return nil
	}
	for i := range m.state.Lines {
		if n := rapid.Int64Range(-1, 2).Draw(t, "units"); n > 0 {
			lines = append(lines, order.LineQuantity{LineID: m.state.Lines[i].LineID, Quantity: n})
		}
	}
	return lines
}

func (m *goodsModel) request(t *rapid.T) {
	cmd := order.RequestReturn{
		ReturnID: m.id(), Kind: rapid.SampledFrom([]order.ReturnKind{"", "exchange", "claim"}).Draw(t, "kind"), At: m.now,
	}
	for _, l := range m.some(t) {
		cmd.Lines = append(cmd.Lines, order.RequestedLine{LineID: l.LineID, Quantity: l.Quantity, ReasonCode: "unwanted"})
	}
	m.do(t, cmd)
}

func (m *goodsModel) receive(t *rapid.T) {
	cmd := order.ReceiveReturn{ReturnID: m.pickReturn(t), At: m.now}
	for _, l := range m.some(t) {
		d := rapid.SampledFrom([]order.Disposition{"restock", "quality_control", "damaged", "write_off"}).Draw(t, "disposition")
		cmd.Lines = append(cmd.Lines, order.ReceivedLine{LineID: l.LineID, Quantity: l.Quantity, Disposition: d})
	}
	m.do(t, cmd)
}

func (m *goodsModel) resolve(t *rapid.T) {
	cmd := order.ResolveReturn{
		ReturnID: m.pickReturn(t), Fee: rapid.Int64Range(0, 50).Draw(t, "fee"), StoreCredit: rapid.Int64Range(0, 50).Draw(t, "credit"), At: m.now,
	}
	if rapid.Bool().Draw(t, "explicit") {
		cmd.Refund = ptr(rapid.Int64Range(0, 3000).Draw(t, "refund"))
	}
	m.do(t, cmd)
}

// do sends a command. It must not change the state by itself, and a refusal is always a rule.
func (m *goodsModel) do(t *rapid.T, cmd order.Command) {
	m.now = m.now.Add(time.Minute)
	before, funds := m.state.Clone(), m.state.Funds()
	possible := max(0, funds.Captured-funds.Refunded-m.state.AmountOwedToCustomer())
	happened, err := m.decide(&m.state, cmd)
	if !reflect.DeepEqual(m.state, before) {
		t.Fatalf("%T: deciding left %+v; want %+v", cmd, m.state, before)
	}
	if _, ok := errors.AsType[*rule.Violation](err); err != nil && (!ok || happened != nil) {
		t.Fatalf("%+v: %v with %v; want a rule", cmd, err, happened)
	}
	for _, event := range happened {
		data, err := order.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		read, err := order.Decode(event.EventType(), data)
		if err != nil || !reflect.DeepEqual(read, event) {
			t.Fatalf("%s comes back as %+v, %v; want %+v", data, read, err, event)
		}
		if e, ok := event.(order.ShipmentDispatched); ok {
			m.value += e.Value
		}
		if e, ok := event.(order.ReturnResolved); ok &&
			(e.Refund > possible || e.Refund < 0 || e.TakenOffDue < 0 || e.RefundTax > e.Refund+e.TakenOffDue) {
			t.Fatalf("%+v pays back more than the %d possible", e, possible)
		}
		m.history = append(m.history, event)
		m.state.Apply(event)
		m.stored.Apply(read)
	}
	if again, err := m.decide(&m.state, cmd); err == nil && len(happened) > 0 && !repeatable(cmd) && len(again) > 0 {
		t.Fatalf("%+v sent twice gave %+v, and then %+v", cmd, happened, again)
	}
	m.store(t)
}

// repeatable reports whether a command means something new when it is sent again: it names units and no id of its own.
func repeatable(cmd order.Command) bool {
	switch c := cmd.(type) {
	case order.RecordDelivery:
		return c.Lines != nil
	case order.ReceiveReturn:
		return c.Lines != nil
	case order.CancelLines, order.MarkPaid, order.MarkRefunded:
		return true
	default:
		return false
	}
}

// store puts the second state through JSON.
func (m *goodsModel) store(t *rapid.T) {
	data, err := json.Marshal(&m.stored)
	if err != nil {
		t.Fatal(err)
	}
	m.stored = order.Order{}
	if err := json.Unmarshal(data, &m.stored); err != nil {
		t.Fatal(err)
	}
	direct, err := json.Marshal(&m.state)
	if err != nil || !bytes.Equal(data, direct) {
		t.Fatalf("stored as %s; want %s, %v", data, direct, err)
	}
}

func (m *goodsModel) check(t *rapid.T) {
	o := &m.state
	if replayed := order.Replay(m.history...); !reflect.DeepEqual(replayed, *o) {
		t.Fatalf("replayed %+v; want %+v", replayed, *o)
	}
	var credits, due int64
	for i := range o.Returns {
		credits, due = credits+o.Returns[i].Refund, due+o.Returns[i].TakenOffDue
	}
	f := o.Funds()
	if credits+due != o.Credited || credits > f.Captured || f.Refunded > f.Captured || o.Total() < 0 {
		t.Fatalf("credited %d as %d and %d, captured %d, refunded %d, total %d", o.Credited, credits, due, f.Captured, f.Refunded, o.Total())
	}
	var allShipped int64
	for i := range o.Lines {
		l := &o.Lines[i]
		m.checkLine(t, l)
		if l.Counters.Shipped == l.Counters.Live() {
			allShipped++
		}
	}
	var shipping int64
	for i := range o.ShippingLines {
		shipping += o.ShippingLines[i].Total()
	}
	if live := o.Total() + o.Credited; allShipped == int64(len(o.Lines)) && o.Status != order.StatusCanceled && m.value != live-shipping {
		t.Fatalf("the shipments were worth %d, the live units cost %d", m.value, live-shipping)
	}
}

func (m *goodsModel) checkLine(t *rapid.T, l *order.LineState) {
	c := &l.Counters
	if c.Delivered > c.Shipped || c.Shipped > c.Fulfilled || c.Fulfilled > c.Live() || c.Live() > c.Ordered || c.Returned > c.ReturnRequested ||
		c.ReturnRequested > c.Live() || l.RequiresShipping && c.ReturnRequested > c.Shipped || c.Restocked+c.WrittenOff > c.Returned || c.RefundedQuantity > c.ReturnRequested ||
		c.Reserved != c.Live()-c.Shipped && (l.RequiresShipping || m.state.Status != order.StatusCompleted || c.Reserved != 0) {
		t.Fatalf("line %s counts %+v", l.LineID, *c)
	}
	var packed, shipped, delivered int64
	for i := range m.state.Fulfillments {
		f := &m.state.Fulfillments[i]
		if f.State == order.FulfillmentStatePlanned || f.State == order.FulfillmentStateCanceled {
			continue
		}
		for _, units := range f.Lines {
			if units.LineID == l.LineID {
				packed, shipped, delivered = packed+units.Quantity, shipped+units.Shipped, delivered+units.Delivered
			}
		}
	}
	if packed != c.Fulfilled || shipped != c.Shipped || delivered != c.Delivered {
		t.Fatalf("line %s counts %+v; its fulfilments %d, %d and %d", l.LineID, *c, packed, shipped, delivered)
	}
}
