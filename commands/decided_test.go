package commands_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// refusedAt wants a command to be refused with a code at a place of its request.
func (s *shop) refusedAt(c commands.Command, code rule.Code, pointer string) {
	s.Helper()
	if v := s.refusal(c); v.Code != code || len(v.Details) != 1 || v.Details[0].Pointer != pointer {
		s.Errorf("%T: %v at %+v; want %s at %s", c, v, v.Details, code, pointer)
	}
}

// What a draft is asked for is honoured or refused, never forgotten.
func TestDecided_drafts(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.priced("A", 1000, true)
	held := id()
	s.must(commands.MakeReservation{Reservation: reservationOf(held, "A", 2)})
	draft := place(commands.OrderLine{SKU: "A", Quantity: 2})
	draft.ReservationID = held
	s.refusedAt(commands.DraftOrder{Order: draft}, rule.ValidationFailed, "/reservation_id")
	draft.ReservationID, draft.ExpectedTotal = uuid.Nil, &money.Amount{Minor: 1999, Currency: "EUR"}
	s.refusedAt(commands.DraftOrder{Order: draft}, rule.PriceChanged, "/expected_total")
	draft.ExpectedTotal.Minor = 2000
	s.must(commands.DraftOrder{Order: draft})
	s.must(commands.PlaceDraft{OrderID: draft.OrderID, ReservationID: held, At: noon})

	strange := place(commands.OrderLine{SKU: "A", Quantity: 1})
	strange.Currency = "EUX"
	for _, c := range []commands.Command{strange, commands.DraftOrder{Order: strange}, commands.QuoteOrder{Order: strange}} {
		s.refusedAt(c, rule.CurrencyUnsupported, "/currency")
	}
}

// A reservation is never made shorter, and says so.
func TestDecided_reservations(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.priced("A", 1000, true)
	held := id()
	s.must(commands.MakeReservation{Reservation: reservationOf(held, "A", 2)})
	ends := s.reservationOf(held).ExpiresAt
	sooner := commands.ExtendReservation{ReservationID: held, ExpiresAt: ends.Add(-time.Second), At: noon}
	s.refusedAt(sooner, rule.ValidationFailed, "/expires_at")
	sooner.Pointer = "/expires_in_seconds"
	s.refusedAt(sooner, rule.ValidationFailed, "/expires_in_seconds")
	s.must(commands.ExtendReservation{ReservationID: held, ExpiresAt: ends, At: noon})
	if got := s.reservationOf(held).ExpiresAt; !got.Equal(ends) {
		t.Errorf("it ends at %s; want %s still", got, ends)
	}
}

// An added line has the order's discounts on its SKU, and shipping can be taken off.
func TestDecided_edits(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	for _, sku := range []string{"A", "B", "C"} {
		s.priced(sku, 1000, true)
	}
	s.set(settings.PutDiscount{At: noon, Discount: pricing.DiscountRule{
		ID: "ab", Code: "AB", Kind: pricing.DiscountPercentage, Scope: pricing.ScopeSKUs, SKUs: []string{"A", "B"}, Rate: 100_000,
	}})
	s.set(settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
		ID: "post", Name: "Post", Kind: pricing.ShippingFlat, Prices: []money.Amount{{Minor: 500, Currency: "EUR"}},
	}})
	p := place(commands.OrderLine{SKU: "A", Quantity: 1})
	p.DiscountCodes, p.ShippingMethod = []string{"AB"}, "post"
	s.must(p)
	cost := int64(900 + 500)
	for _, step := range []struct {
		change order.EditChange
		more   int64
	}{
		{order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "A", Quantity: 1}, 900},
		{order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "B", Quantity: 1}, 900},
		{order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "C", Quantity: 1}, 1000},
		{order.EditChange{Kind: order.EditNoShipping}, -500},
		{order.EditChange{Kind: order.EditSetShipping, ShippingMethod: "post"}, 500},
	} {
		edit := s.edit(p.OrderID, step.change)
		s.must(commands.CommitEdit{OrderID: p.OrderID, Commit: order.CommitEdit{EditID: edit, At: noon}})
		cost += step.more
		if o := s.orderOf(p.OrderID); o.Total() != cost || o.Totals.Total != cost || (len(o.ShippingLines) == 0) != (step.change.Kind == order.EditNoShipping) {
			t.Errorf("%+v: costs %d, totals %+v, shipping %+v; want %d", step.change, o.Total(), o.Totals, o.ShippingLines, cost)
		}
	}
	s.set(settings.RemoveDiscount{ID: "ab", At: noon})
	edit := s.edit(p.OrderID, order.EditChange{Kind: order.EditAddLine, LineID: id(), SKU: "A", Quantity: 1})
	s.must(commands.CommitEdit{OrderID: p.OrderID, Commit: order.CommitEdit{EditID: edit, At: noon}})
	if o := s.orderOf(p.OrderID); o.Total() != cost+900 {
		t.Errorf("costs %d with another of a SKU that has the discount; want %d", o.Total(), cost+900)
	}
}
