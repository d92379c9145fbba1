package order_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// large is what an order of a thousand lines goes through: every step names all lines, last line first.
type large struct {
	name  string
	given events
	when  order.Command
}

func largeOrders() []large {
	const lines = order.MaxLines
	id := func(i int) uuid.UUID { return uuid.UUID{0: 1, 14: byte(i >> 8), 15: byte(i)} }
	cmd := place(func(c *order.Place) {
		c.Lines, c.PaymentPolicy = nil, order.PolicyOnAccount
		for i := range lines {
			c.Lines = append(c.Lines, order.NewLine{
				LineID: id(i), SKU: "X", Quantity: 5, UnitPrice: 199, RequiresShipping: true,
				TaxLines: []order.TaxLine{{Code: "vat", Rate: 190_000, Amount: 189}},
			})
		}
	})
	back := func(n int64) []order.LineQuantity {
		all := make([]order.LineQuantity, 0, lines)
		for i := range slices.Backward(cmd.Lines) {
			all = append(all, order.LineQuantity{LineID: id(i), SKU: "X", Quantity: n})
		}
		return all
	}
	given := did(cmd, order.Confirm{At: later})
	begun := then(given, begin())
	commit := order.CommitEdit{EditID: editID, At: later}
	for n, l := range back(1) {
		change := order.EditChange{ChangeID: uuid.UUID{0: 4, 14: byte(n >> 8), 15: byte(n)}, Kind: order.EditSetQuantity, LineID: l.LineID, SKU: "X", Quantity: 7, From: 5}
		begun = append(begun, order.EditStaged{About: about(), EditID: editID, Change: change, StagedAt: later})
		commit.Prices.Added = append(commit.Prices.Added, order.Addition{Quantity: 2, TaxLines: []order.TaxLine{{Code: "vat", Amount: 76}}})
	}
	ids := make([]uuid.UUID, 0, lines)
	requested := make([]order.RequestedLine, 0, lines)
	for _, l := range back(1) {
		ids = append(ids, l.LineID)
		requested = append(requested, order.RequestedLine{LineID: l.LineID, Quantity: 2})
	}
	packed := then(given, pack(back(5)...))
	away := then(packed, ship(back(5)...))
	held := order.PlaceHold{HoldID: holdID, LineIDs: ids, At: later}
	there := then(away, deliver(back(5)...))
	paidFor := byHand(there, markPaid())
	asked := then(there, order.RequestReturn{ReturnID: backID, Lines: requested, At: later}, order.ApproveReturn{ReturnID: backID, At: later})
	return []large{
		{"place", nil, cmd},
		{"cancel", given, order.Cancel{At: later}},
		{"cancel lines", given, cancelLines(back(2)...)},
		{"cancel packed lines", packed, cancelLines(back(2)...)},
		{"stage", begun, order.StageEditChange{EditID: editID, Change: order.EditChange{ChangeID: gone, Kind: order.EditSetQuantity, LineID: id(0), Quantity: 2}}},
		{"commit edit", begun, commit},
		{"hold", given, held},
		{"pack", given, pack(back(5)...)},
		{"pack what is half held", then(given, order.PlaceHold{HoldID: holdID, LineIDs: ids[500:], At: later}), pack()},
		{"ship", packed, ship(back(5)...)},
		{"deliver", away, deliver(back(5)...)},
		{"request return", there, order.RequestReturn{ReturnID: backID, Lines: requested, At: later}},
		{"receive return", asked, order.ReceiveReturn{ReturnID: backID, At: later}},
		{"resolve return", then(asked, order.ReceiveReturn{ReturnID: backID, At: later}), order.ResolveReturn{ReturnID: backID, At: later}},
		{"complete", paidFor, order.Complete{At: later}},
	}
}

// perform decides a command on a state, applies what happens to a copy and derives everything from that.
func perform(tb testing.TB, state *order.Order, cmd order.Command) {
	tb.Helper()

	happened, err := decide(state, cmd)
	if err != nil || len(happened) == 0 {
		tb.Fatalf("%T: %v, %v", cmd, happened, err)
	}
	after := state.Clone()
	for _, e := range happened {
		after.Apply(e)
	}
	if after.AllowedActions() == nil || after.FulfillmentStatus() == "" || after.PaymentStatus() == "" {
		tb.Fatal("an order without a status")
	}
}

// Every command works on an order of a thousand lines, named in the worst sequence; what it takes is BenchmarkLargeOrder's.
func TestLargeOrder(t *testing.T) {
	t.Parallel()

	for _, tt := range largeOrders() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			state := order.Replay(tt.given...)
			perform(t, &state, tt.when)
		})
	}
}

func BenchmarkLargeOrder(b *testing.B) {
	for _, tt := range largeOrders() {
		b.Run(tt.name, func(b *testing.B) {
			state := order.Replay(tt.given...)
			b.ReportAllocs()
			for b.Loop() {
				perform(b, &state, tt.when)
			}
		})
	}
}
