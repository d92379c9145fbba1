package commands_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Those who wait get no units that are packed, neither by a cancellation nor by an edit.
func TestEdges_packedUnitsAreNotGivenAway(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 2)
	s.receiveAt("A", "north", 4)
	s.must(commands.ChangeStock{SKU: "A", Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderAllow, At: noon}, At: noon})
	o := s.paid(place(commands.OrderLine{SKU: "A", Quantity: 6})) // 2 at main, then 4 at north
	f := s.pack(&o, "north", 4)
	waits := place(commands.OrderLine{SKU: "A", Quantity: 5})
	s.must(waits)
	s.must(change(o.ID, order.CancelLines{CancellationID: id(), Lines: []order.LineQuantity{{LineID: o.Lines[0].LineID, Quantity: 1}}, At: noon}))
	s.agree(o.ID)
	edit := s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 4})
	s.must(commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}})
	s.agree(o.ID)
	s.agree(waits.OrderID)
	s.ship(&o, f)
	s.agree(o.ID)
	if other := s.orderOf(waits.OrderID); other.Lines[0].Counters.Reserved != 2 || other.Lines[0].Counters.Backordered != 3 {
		t.Errorf("the order that waits has %+v; want 2 reserved, 3 to come", other.Lines[0].Counters)
	}
	if st := s.stockOf("A"); st.At("north").OnHand != 0 || st.At("main").Reserved != 2 {
		t.Errorf("stock %+v; want none left at north, and both units at main reserved", st.Locations)
	}
}

// What is wrong with an edit is said of the change that the order has.
func TestEdges_editFaults(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 3)
	s.sell("B", 3)
	p := place(commands.OrderLine{SKU: "A", Quantity: 1}, commands.OrderLine{SKU: "B", Quantity: 1})
	s.must(p)
	o := s.orderOf(p.OrderID)
	added := id()
	edit := s.edit(o.ID, order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[1].LineID, Quantity: 2},
		order.EditChange{Kind: order.EditSetQuantity, LineID: o.Lines[0].LineID, Quantity: 9},
		order.EditChange{Kind: order.EditAddLine, LineID: added, SKU: "B", Quantity: 1})
	commit := commands.CommitEdit{OrderID: o.ID, Commit: order.CommitEdit{EditID: edit, At: noon}}
	says := func(code rule.Code, pointer string, line uuid.UUID, requested, available int64) {
		t.Helper()
		v := s.refusal(commit)
		d := v.Details[0]
		if v.Code != code || d.Pointer != pointer || d.Meta["line_id"] != line.String() || d.Meta["requested"] != requested || d.Meta["available"] != available {
			t.Errorf("commit: %v, %+v; want %s at %s, line %s, %d asked, %d possible", v, v.Details, code, pointer, line, requested, available)
		}
	}
	says(rule.InsufficientStock, "/edit/changes/1/quantity", o.Lines[0].LineID, 8, 2)
	unsold := false
	s.must(commands.UpdateProduct{SKU: "B", Change: catalog.Update{Sellable: &unsold, At: noon}})
	says(rule.SKUNotSellable, "/edit/changes/2/sku", added, 1, 0)
	s.must(change(o.ID, order.CancelLines{CancellationID: id(), Lines: []order.LineQuantity{{LineID: o.Lines[1].LineID, Quantity: 1}}, At: noon}))
	says(rule.EditStale, "/edit/changes/0/quantity", o.Lines[1].LineID, 1, 0)
}

// Units at locations that orders take nothing from are not for sale, and the others give in the sequence of the shop.
func TestEdges_pickOrder(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	for i, location := range []string{"west", "main", "cellar"} {
		s.set(settings.PutLocation{Location: settings.Location{ID: location, Name: location, Priority: int64(i), Pickable: location != "cellar"}, At: noon})
	}
	s.sell("A", 2)
	s.receiveAt("A", "west", 1)
	s.receiveAt("A", "cellar", 9)
	quote := func() commands.QuoteAvailability {
		var q commands.Quote
		r := s.must(commands.QuoteOrder{Order: place(commands.OrderLine{SKU: "A", Quantity: 4})})
		if err := json.Unmarshal(r.Answer.Body, &q); err != nil {
			t.Fatal(err)
		}
		return q.Lines[0]
	}
	if q := quote(); q.Available != 3 || q.Backorderable {
		t.Errorf("quote %+v; want 3 available", q)
	}
	v := s.refusal(place(commands.OrderLine{SKU: "A", Quantity: 4}))
	if v.Code != rule.InsufficientStock || v.Details[0].Meta["available"] != int64(3) {
		t.Errorf("4 units: %v, %+v; want insufficient_stock, 3 available", v, v.Details)
	}
	held := id()
	s.must(commands.MakeReservation{Reservation: reservationOf(held, "A", 2)})
	if st := s.stockOf("A"); st.At("west").Reserved != 1 || st.At("main").Reserved != 1 {
		t.Errorf("stock %+v; want a unit held at west and one at main", st.Locations)
	}
	s.must(commands.ChangeStock{SKU: "A", Command: stock.SetBackorderPolicy{SKU: "A", Policy: stock.BackorderAllow, At: noon}, At: noon})
	waits := place(commands.OrderLine{SKU: "A", Quantity: 4})
	s.must(waits) // one is there
	s.receiveAt("A", "cellar", 1)
	if o := s.orderOf(waits.OrderID); o.Lines[0].Counters.Backordered != 3 {
		t.Errorf("order waits for %+v; want 3 units, whatever the cellar has", o.Lines[0].Counters)
	}
	s.must(commands.EndReservation{ReservationID: held, At: noon})
	s.must(commands.ChangeStock{SKU: "A", At: noon, Command: stock.DispatchTransfer{TransferID: held, From: "cellar", To: "west", Quantity: 4, At: noon}})
	s.must(commands.ChangeStock{SKU: "A", At: noon, Command: stock.ReceiveTransfer{TransferID: held, Quantity: 4, At: noon}})
	if o := s.orderOf(waits.OrderID); o.Lines[0].Counters.Reserved != 4 {
		t.Errorf("order has %+v; want all 4 units", o.Lines[0].Counters)
	}
	s.agree(waits.OrderID)
	if st := s.stockOf("A"); st.At("cellar").Reserved != 0 || st.At("west").Reserved+st.At("main").Reserved != 4 || st.AvailableFrom(stock.PickOrder{"west", "main"}) != 3 {
		t.Errorf("stock %+v; want 4 units reserved at west and main, and 3 available", st.Locations)
	}
}

// An imported order deducts what its stock policy says, in the append that records it, and once.
func TestEdges_importedStock(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 5)
	s.receiveAt("A", "north", 5)
	s.must(place(commands.OrderLine{SKU: "A", Quantity: 2})) // at main
	sold := func(policy order.StockPolicy, skus ...string) commands.ImportOrder {
		in := order.Import{
			OrderID: id(), ExternalID: id().String(), Source: "books", Channel: "import", Currency: "EUR", StockPolicy: policy, PlacedAt: noon.AddDate(0, -1, 0), At: noon,
		}
		for _, sku := range skus {
			in.Lines = append(in.Lines, order.NewLine{LineID: id(), SKU: sku, ProductName: sku, Quantity: 4, UnitPrice: 100})
		}
		return commands.ImportOrder{Order: in}
	}
	s.together(sold(order.StockSkip, "A"), "order.imported")
	s.together(sold(order.StockUpdate, "A", "GONE"), "order.imported stock.adjusted")
	if st := s.stockOf("A"); st.At("main").OnHand != 2 || st.At("north").OnHand != 5 {
		t.Errorf("stock %+v; want the 3 free units at main gone", st.Locations)
	}
	s.together(sold(order.StockUpdate, "A"), "order.imported") // nothing is free there
	if v := s.refusal(sold(order.StockForce, "A", "GONE")); v.Code != rule.SKUUnknown || v.Details[0].Pointer != "/lines/1/sku" {
		t.Errorf("force of an unlisted SKU: %v, %+v; want sku_unknown at /lines/1/sku", v, v.Details)
	}
	force := sold(order.StockForce, "A", "A")
	s.together(force, "order.imported stock.adjusted")
	s.together(force, "") // once
	if st := s.stockOf("A"); st.At("main").OnHand != -6 || st.Available() != 5 {
		t.Errorf("stock %+v; want 8 more units gone from main, and those at north available", st.Locations)
	}
	if o := s.orderOf(force.Order.OrderID); o.StockPolicy != order.StockForce {
		t.Errorf("order has stock policy %q; want force", o.StockPolicy)
	}
}
