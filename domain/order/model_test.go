package order_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// model is an order that any sequence of commands is sent to, with all that must hold afterwards.
type model struct {
	state   order.Order
	stored  order.Order // the same, but stored as JSON after every event
	history events
	refunds int64 // Σ refunds of the returns that were accepted
	serial  byte
}

func TestOrder_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		m := &model{}
		if rapid.Bool().Draw(t, "imported") {
			m.do(t, importOf(t))
		}
		t.Repeat(map[string]func(*rapid.T){
			"place": func(t *rapid.T) { m.do(t, placeOf(t)) },
			"pay": func(t *rapid.T) {
				m.do(t, order.MarkPaid{PaymentID: m.id(), Method: "cash", By: "staff-1", At: later})
			},
			"confirm": func(t *rapid.T) { m.do(t, order.Confirm{At: later}) },
			"cancel": func(t *rapid.T) {
				reason := rapid.SampledFrom([]order.CancelReason{"", "staff", "mood"}).Draw(t, "reason")
				m.do(t, order.Cancel{CancellationID: m.id(), Reason: reason, Note: "n", At: later})
			},
			"return": m.giveBack,
			"":       m.check,
		})
	})
}

func (m *model) id() uuid.UUID {
	m.serial++
	return uuid.UUID{0: 9, 15: m.serial}
}

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
		rate := rapid.Int64Range(0, 250_000).Draw(t, "rate")
		inclusive := rapid.Bool().Draw(t, "inclusive")
		tax, err := money.ApplyRate(subtotals[i], rate, money.HalfUp)
		if inclusive {
			tax, err = money.IncludedTax(subtotals[i], rate, money.HalfUp)
		}
		if err != nil {
			t.Fatal(err)
		}
		lines[i].TaxLines = []order.TaxLine{{Code: "vat", Rate: rate, Amount: tax, Inclusive: inclusive}}
	}
	return lines, discounts
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

func (m *model) giveBack(t *rapid.T) {
	cmd := order.ImportReturn{ReturnID: m.id(), CreditNumber: "C1", ReturnedAt: noon.Add(time.Second), At: later}
	for i := range m.state.Lines {
		if n := rapid.Int64Range(0, 4).Draw(t, "units"); n > 0 {
			cmd.Lines = append(cmd.Lines, order.ReturnLine{LineID: m.state.Lines[i].LineID, Quantity: n})
		}
	}
	for _, event := range m.do(t, cmd) {
		if returned, ok := event.(order.ReturnImported); ok {
			m.refunds += returned.Refund
		}
	}
}

// do sends a command. A refused one must leave the state as it was; accepted events come through storage.
func (m *model) do(t *rapid.T, cmd order.Command) events {
	before := m.state.Clone()
	happened, err := order.Decide(&m.state, cmd)
	if !reflect.DeepEqual(m.state, before) || err != nil && happened != nil {
		t.Fatalf("%+v: deciding left %+v and %v; want %+v", cmd, m.state, happened, before)
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
		m.history = append(m.history, event)
		m.state.Apply(event)
		m.stored.Apply(read)
		m.store(t)
	}
	return happened
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
	f := o.Funds()
	if f.Refunded != m.refunds || f.Refunded > f.Captured || o.Credited != m.refunds {
		t.Fatalf("refunded %d of %d, credited %d; want %d", f.Refunded, f.Captured, o.Credited, m.refunds)
	}
	if due := o.AmountDue(); o.Exists() && due+f.Captured-f.Refunded-o.AmountOwedToCustomer() != o.Total() {
		t.Fatalf("total %d, due %d, owed %d, funds %+v do not balance", o.Total(), due, o.AmountOwedToCustomer(), f)
	}
	var gone, live bool
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		live = live || c.Live() > c.Returned
		gone = gone || c.Returned > 0
		if c.Delivered > c.Shipped || c.Shipped > c.Fulfilled || c.Fulfilled > c.Live() || c.Live() > c.Ordered ||
			c.Returned > c.ReturnRequested || c.ReturnRequested > c.Delivered || c.Canceled < 0 {
			t.Fatalf("line %d counts %+v", i, *c)
		}
	}
	if gone && !live && o.Total() != 0 {
		t.Fatalf("everything came back and %d is still charged", o.Total())
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
		happened, err := order.Decide(&over, cmd)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range happened {
			over.Apply(event)
		}
	}
	for name, o := range map[string]order.Order{"canceled": over, "returned": order.Replay(imported(), returned())} {
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
