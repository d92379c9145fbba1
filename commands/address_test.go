package commands_test

import (
	"testing"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// What was sold keeps its tax class, goods and shipping alike: whatever became of the product and of the shipping method,
// another country taxes them as what they were.
func TestChangeShippingAddress_keepsClasses(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	for _, rate := range []pricing.TaxRate{
		{Country: "DE", Code: "de", Rate: 190_000},
		{Country: "AT", Code: "at", Rate: 200_000},
		{TaxClass: "reduced", Country: "DE", Code: "de-r", Rate: 70_000},
		{TaxClass: "reduced", Country: "AT", Code: "at-r", Rate: 100_000},
		{TaxClass: "none", Code: "none"},
	} {
		s.set(settings.PutTaxRate{Rate: rate, At: noon})
	}
	method := func(id, class string) {
		s.set(settings.PutShippingMethod{At: noon, Method: pricing.ShippingMethod{
			ID: id, Name: id, Kind: pricing.ShippingFlat, TaxClass: class, Prices: []money.Amount{{Minor: 500, Currency: "EUR"}},
		}})
	}
	product := func(class string) {
		s.must(commands.ListProduct{Product: catalog.List{
			SKU: "A", Name: "A", Prices: []money.Amount{{Minor: 1000, Currency: "EUR"}}, TaxClass: class, RequiresShipping: true, Sellable: true, At: noon,
		}})
	}
	product("")
	s.receiveAt("A", "main", 20)
	for id, sold := range map[string]struct {
		class          string
		inDE, inAT     int64
		remove, change bool
	}{
		"removed":         {"", 595, 600, true, false},
		"removed-reduced": {"reduced", 535, 550, true, false},
		"changed":         {"", 595, 600, false, true},
		"changed-reduced": {"reduced", 535, 550, false, true},
	} {
		method(id, sold.class)
		product("")
		p := place(commands.OrderLine{SKU: "A", Quantity: 1})
		p.Country, p.ShippingMethod = "DE", id
		s.must(p)
		if o := s.orderOf(p.OrderID); o.Total() != 1190+sold.inDE {
			t.Fatalf("%s: costs %d in Germany; want 1190 and %d", id, o.Total(), sold.inDE)
		}
		product("none")
		if sold.change {
			method(id, "none")
		}
		if sold.remove {
			s.set(settings.RemoveShippingMethod{ID: id, At: noon})
		}
		s.must(commands.ChangeShippingAddress{OrderID: p.OrderID, Change: order.ChangeShippingAddress{Country: "AT", At: noon}})
		o := s.orderOf(p.OrderID)
		if o.Total() != 1200+sold.inAT || o.Totals.Total != o.Total() || o.Totals.Tax != 200+sold.inAT-500 || o.Totals.Shipping != 500 {
			t.Errorf("%s: costs %d in Austria, totals %+v; want 1200 and %d", id, o.Total(), o.Totals, sold.inAT)
		}
	}
}
