package commands

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
)

// basket is what is to be priced: lines at the catalogue's prices, with the tenant's taxes, shipping and discounts.
type basket struct {
	orderID  uuid.UUID
	channel  string
	currency string
	country  string
	lines    []OrderLine
	method   string
	codes    []string
	at       time.Time
}

// priced is a basket with its prices.
type priced struct {
	lines []order.NewLine
	pricing.Output
}

// price prices a basket. Every fault of every line is told at once.
func (b *basket) price(w *work) (priced, error) {
	s := w.v.settings()
	limits := s.Limits()
	var faults rule.Faults
	if !money.Known(b.currency) {
		faults.Add(rule.CurrencyUnsupported, "/currency", "%q is not an ISO 4217 currency code such as EUR", b.currency)
		return priced{}, faults.Err()
	}
	if most := int(limits.MaxLines); len(b.lines) > most {
		faults.Add(rule.ValidationFailed, "/lines", "an order has at most %d lines, not %d; split it", most, len(b.lines))
	}
	in := pricing.Input{
		Currency: b.currency, Country: b.country, Lines: make([]pricing.Item, len(b.lines)), Method: b.method, Codes: b.codes,
		Rules: &s.Rules, Rounding: s.Rounding, MaxQuantity: limits.MaxQuantity, At: b.at,
	}
	out := priced{lines: make([]order.NewLine, len(b.lines))}
	for i, line := range b.lines {
		out.lines[i], in.Lines[i] = b.line(w, i, line, &faults)
	}
	if err := faults.Err(); err != nil {
		return priced{}, err
	}
	if len(b.lines) == 0 {
		return out, nil
	}
	var err error
	if out.Output, err = b.calculate(w, in); err != nil {
		return priced{}, err
	}
	for i := range out.lines {
		out.lines[i].DiscountAllocations, out.lines[i].TaxLines = out.Lines[i].Allocations, out.Lines[i].TaxLines
	}
	return out, nil
}

// line looks up what is to be known of a line.
func (b *basket) line(w *work, i int, line OrderLine, faults *rule.Faults) (order.NewLine, pricing.Item) {
	p := w.v.product(line.SKU).productState()
	pointer := "/lines/" + strconv.Itoa(i)
	price, err := p.Offer(line.SKU, b.channel, b.currency)
	if err != nil {
		faults.AddError(pointer+"/sku", err)
	}
	id := line.LineID
	if id == uuid.Nil {
		id = lineID(b.orderID, i)
	}
	wanted := order.NewLine{
		LineID: id, SKU: line.SKU, ProductName: p.Name, Quantity: line.Quantity, UnitPrice: price.Minor,
		RequiresShipping: p.RequiresShipping, Pointer: pointer, TaxClass: classOf(p),
	}
	return wanted, pricing.Item{
		SKU: line.SKU, Quantity: line.Quantity, UnitPrice: price.Minor, TaxClass: p.TaxClass,
		RequiresShipping: p.RequiresShipping, Weight: p.Weight, Pointer: pointer,
	}
}

// classOf returns the tax class that a line of a product keeps, whatever becomes of the product.
func classOf(p *catalog.Product) string { return cmp.Or(p.TaxClass, pricing.StandardClass) }

// calculate computes the sums. Automatic discounts that are used up are left out, as if they did not exist.
func (b *basket) calculate(w *work, in pricing.Input) (pricing.Output, error) {
	for {
		out, err := pricing.Calculate(in)
		if err != nil {
			return pricing.Output{}, err
		}
		i := slices.IndexFunc(out.Uses, func(u pricing.Use) bool {
			return u.Code == "" && w.promotionOf(w.v.promotion(u.DiscountID)).UsedUp(u.Limit)
		})
		if i < 0 {
			return out, nil
		}
		in.Without = append(in.Without, out.Uses[i].DiscountID)
	}
}

// redeem uses the discounts up that an order gets, as far as their uses are counted.
func (w *work) redeem(orderID uuid.UUID, uses []pricing.Use) error {
	var faults rule.Faults
	for _, u := range uses {
		faults.AddError(u.Pointer, w.promotion(u.DiscountID, promotion.Redeem{
			DiscountID: u.DiscountID, Code: u.Code, OrderID: orderID, Limit: u.Limit, Pointer: u.Pointer, At: w.occurred,
		}))
	}
	return faults.Err()
}

// policy returns what orders of the tenant wait for.
func policy(s *settings.Settings) order.PaymentPolicy { return order.PaymentPolicy(s.Payment().Policy) }
