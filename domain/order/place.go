package order

import (
	"cmp"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/iso"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

func (c Place) decide(o *Order) ([]Event, error) {
	draft := o.Status == StatusDraft && o.ID == c.OrderID
	if o.Exists() && !draft {
		v := rule.New(rule.InvalidState, "order %s exists already and is %s; place a new one under another id", o.ID, o.Status)
		v.ExistingID = o.ID.String()
		return nil, v
	}
	var faults rule.Faults
	limitLines(&faults, c.Lines)
	policy := c.PaymentPolicy
	switch policy {
	case "":
		policy = PolicyPaid
	case PolicyPaid, PolicyAuthorized, PolicyOnAccount:
	default:
		faults.Add(rule.ValidationFailed, "/payment_policy", "a payment policy is paid, authorized or on_account, not %q", policy)
	}
	contents := Contents{
		OrderID: c.OrderID, Number: numberOr(cmp.Or(c.Number, o.Number), c.OrderID), ExternalID: c.ExternalID, Channel: c.Channel,
		Currency: c.Currency, CustomerID: c.CustomerID, Country: c.Country, Locale: c.Locale, PII: c.PII,
		ShippingLines: c.ShippingLines, Discounts: c.Discounts, PriceListVersion: c.PriceListVersion,
		TaxProviderRef: c.TaxProviderRef, Rounding: c.Rounding, Risk: c.Risk,
	}
	if draft {
		o.keepsCurrency(&faults, c.Currency)
	}
	needsLines(&faults, c.Lines)
	checkCountry(&faults, c.Country)
	contents.fill(&faults, c.Lines)
	checkBackordered(&faults, contents.Lines, c.Backordered)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := checkExpected(c.ExpectedTotal, &contents, rule.PriceChanged); err != nil {
		return nil, err
	}
	event := Placed{Contents: contents, PaymentPolicy: policy, Backordered: c.Backordered, PlacedAt: instant(c.At)}
	if !c.ExpiresAt.IsZero() {
		event.ExpiresAt = instant(c.ExpiresAt)
	}
	return []Event{event}, nil
}

// needsLines records a fault if there are no lines.
func needsLines(faults *rule.Faults, lines []NewLine) {
	if len(lines) == 0 {
		faults.Add(rule.EmptyOrder, "/lines", "an order needs at least one line")
	}
}

// limitLines records the faults of orders and lines that are too large.
func limitLines(faults *rule.Faults, lines []NewLine) {
	if len(lines) > MaxLines {
		faults.Add(rule.ValidationFailed, "/lines", "an order has at most %d lines, not %d; split it", MaxLines, len(lines))
	}
	for i := range lines {
		if l := &lines[i]; l.Quantity > MaxQuantity {
			faults.Add(rule.QuantityOutOfRange, l.at(i, "/quantity"), "a quantity is 1 to %d, not %d", MaxQuantity, l.Quantity)
		}
	}
}

// checkBackordered holds what is waited for against the lines.
func checkBackordered(faults *rule.Faults, lines []Line, backordered []LineQuantity) {
	if len(backordered) == 0 {
		return
	}
	open := make(map[uuid.UUID]int64, len(lines))
	for i := range lines {
		open[lines[i].LineID] = lines[i].Quantity
	}
	checkWaiting(faults, open, backordered)
}

// checkWaiting holds backordered units against those of each line.
func checkWaiting(faults *rule.Faults, open map[uuid.UUID]int64, backordered []LineQuantity) {
	for i, b := range backordered {
		if b.Quantity < 1 || b.Quantity > open[b.LineID] {
			faults.Add(rule.ValidationFailed, fmt.Sprintf("/backordered/%d", i), "%d units of line %s cannot wait for stock, at most %d can", b.Quantity, b.LineID, open[b.LineID])
		}
		open[b.LineID] -= b.Quantity
	}
}

// checkCountry records a fault unless a new order or address names a country by its code, or none.
func checkCountry(faults *rule.Faults, country string) {
	if country != "" && !iso.IsCountry(country) {
		faults.Add(rule.ValidationFailed, "/country", "a country is a code of ISO 3166-1 alpha-2 in capitals, such as DE, not %q", country)
	}
}

// fill computes the lines and totals of c and records every fault.
func (c *Contents) fill(faults *rule.Faults, lines []NewLine) {
	c.check(faults)
	c.Lines = make([]Line, len(lines))
	seen := make(map[uuid.UUID]struct{}, len(lines))
	for i := range lines {
		c.Lines[i] = lines[i].price(faults, i)
		seen[lines[i].LineID] = struct{}{}
	}
	if len(seen) < len(lines) {
		faults.Add(rule.ValidationFailed, "/lines", "%d of %d lines share their ids; give each its own", len(lines)-len(seen), len(lines))
	}
	c.checkDiscounts(faults)
	var overflow bool
	if c.Totals, overflow = total(c.Lines, c.ShippingLines); overflow {
		faults.Add(rule.ValidationFailed, "/lines", "the order comes to more than %d minor units; order less", int64(money.MaxSum))
	}
}

// check records the faults of everything but lines and sums.
func (c *Contents) check(faults *rule.Faults) {
	if c.OrderID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/order_id", "an order needs an id")
	}
	if !money.Known(c.Currency) {
		faults.Add(rule.CurrencyUnsupported, "/currency", "%q is not an ISO 4217 currency code such as EUR", c.Currency)
	}
	text.Identifier.Check(faults, "/external_id", c.ExternalID, 0, MaxKeyLength)
	text.Identifier.Check(faults, "/channel", c.Channel, 1, MaxChannelLength)
	text.Identifier.Check(faults, "/customer_id", c.CustomerID, 0, MaxKeyLength)
	text.Name.Check(faults, "/country", c.Country, 0, MaxKeyLength) // history keeps its own names of countries
	if locale, ok := iso.Locale(c.Locale); c.Locale != "" && (!ok || locale != c.Locale) {
		faults.Add(rule.ValidationFailed, "/locale", "a locale is a language tag (BCP 47), such as de-CH, not %q", c.Locale)
	}
	switch c.Rounding.Scope {
	case "", ScopeLine, ScopeRateGroup, ScopeOrder:
	default:
		faults.Add(rule.ValidationFailed, "/rounding/scope", "a scope is line, rate_group or order, not %q", c.Rounding.Scope)
	}
	if !c.Rounding.Mode.Known() {
		faults.Add(rule.ValidationFailed, "/rounding/mode", "a mode is half_up or half_even, not %q", c.Rounding.Mode)
	}
	checkShipping(faults, c.ShippingLines)
}

func checkShipping(faults *rule.Faults, lines []ShippingLine) {
	for i := range lines {
		s, pointer := &lines[i], fmt.Sprintf("/shipping_lines/%d", i)
		if s.Amount < 0 {
			faults.Add(rule.ShippingMethodInvalid, pointer, "shipping costs 0 or more, not %d", s.Amount)
		}
		checkTaxes(faults, s.TaxLines, s.Amount, pointer)
	}
}

// at returns the line's place in the request.
func (l *NewLine) at(index int, field string) string {
	if l.Pointer != "" {
		return l.Pointer + field
	}
	return fmt.Sprintf("/lines/%d%s", index, field)
}

// price computes the line's sums.
func (l *NewLine) price(faults *rule.Faults, index int) Line {
	line := Line{
		LineID: l.LineID, SKU: l.SKU, ProductName: l.ProductName, Quantity: l.Quantity, UnitPrice: l.UnitPrice,
		DiscountAllocations: l.DiscountAllocations, TaxLines: l.TaxLines,
		RequiresShipping: l.RequiresShipping, BackorderPolicy: l.BackorderPolicy, TaxClass: l.TaxClass,
	}
	if l.LineID == uuid.Nil {
		faults.Add(rule.ValidationFailed, l.at(index, ""), "a line needs an id")
	}
	if fault := text.Name.Fault(l.SKU, 1, MaxKeyLength); fault != "" {
		faults.Add(rule.ValidationFailed, l.at(index, "/sku"), "%s", fault)
	}
	if !utf8.ValidString(l.ProductName) {
		faults.Add(rule.ValidationFailed, l.at(index, "/sku"), "the product's name is no UTF-8")
	}
	if l.Quantity < 1 {
		faults.Add(rule.QuantityOutOfRange, l.at(index, "/quantity"), "a quantity is 1 to %d, not %d", MaxQuantity, l.Quantity)
		return line
	}
	if l.UnitPrice < 0 {
		faults.Add(rule.ValidationFailed, l.at(index, "/unit_price"), "a price is 0 or more, not %d", l.UnitPrice)
		return line
	}
	var err error
	if line.Subtotal, err = money.MulWithin(l.UnitPrice, l.Quantity); err != nil {
		faults.Add(rule.ValidationFailed, l.at(index, "/quantity"), "%d units at %d come to more than %d minor units, the most that an order may come to; order less", l.Quantity, l.UnitPrice, int64(money.MaxSum))
		return line
	}
	discounted := line.Subtotal
	for _, d := range l.DiscountAllocations {
		if d.Amount < 0 || d.Amount > discounted {
			faults.Add(rule.DiscountInvalid, l.at(index, ""), "discount %q takes %d off a line that is worth %d", d.DiscountID, d.Amount, discounted)
			return line
		}
		discounted -= d.Amount
	}
	exclusive, ok := checkTaxes(faults, l.TaxLines, discounted, l.at(index, ""))
	if line.Total, err = money.AddWithin(discounted, exclusive); err != nil && ok {
		faults.Add(rule.ValidationFailed, l.at(index, "/quantity"), "the line comes to more than %d minor units, the most that an order may come to; order less", int64(money.MaxSum))
	}
	return line
}

// checkTaxes returns the sum of the exclusive taxes on a base and whether all taxes are sound: none is negative, and
// those that the base contains are no more than the base.
func checkTaxes(faults *rule.Faults, taxes []TaxLine, base int64, pointer string) (exclusive int64, ok bool) {
	contained := base
	for i, t := range taxes {
		at := fmt.Sprintf("%s/tax_lines/%d", pointer, i)
		if t.Amount < 0 || t.Rate < 0 || t.Inclusive && t.Amount > contained {
			faults.Add(rule.ValidationFailed, at, "tax %q of %d at %d ppm does not fit a base of %d", t.Code, t.Amount, t.Rate, base)
			return 0, false
		}
		if t.Inclusive {
			contained -= t.Amount
			continue
		}
		var err error
		if exclusive, err = money.AddWithin(exclusive, t.Amount); err != nil {
			faults.Add(rule.ValidationFailed, at, "the taxes come to more than %d minor units, the most that an order may come to", int64(money.MaxSum))
			return 0, false
		}
	}
	return exclusive, true
}

// checkDiscounts holds every discount against the parts that the lines carry of it.
func (c *Contents) checkDiscounts(faults *rule.Faults) {
	parts := make(map[string]int64, len(c.Discounts))
	for i := range c.Lines {
		for _, d := range c.Lines[i].DiscountAllocations {
			sum, err := money.AddWithin(parts[d.DiscountID], d.Amount)
			if err != nil {
				faults.Add(rule.DiscountInvalid, "/discounts", "the parts of discount %q come to more than %d minor units, the most that an order may come to", d.DiscountID, int64(money.MaxSum))
			}
			parts[d.DiscountID] = sum
		}
	}
	for i, d := range c.Discounts {
		part, ok := parts[d.DiscountID]
		if !ok && d.Amount != 0 || part != d.Amount {
			faults.Add(rule.DiscountInvalid, fmt.Sprintf("/discounts/%d", i), "discount %q is %d, its parts on the lines are %d", d.DiscountID, d.Amount, part)
		}
		delete(parts, d.DiscountID)
	}
	for i := range c.Lines {
		for _, d := range c.Lines[i].DiscountAllocations {
			if _, left := parts[d.DiscountID]; left {
				faults.Add(rule.DiscountInvalid, fmt.Sprintf("/lines/%d", i), "discount %q is not among the order's discounts, or there twice", d.DiscountID)
			}
		}
	}
}

// total sums an order up and reports whether a sum did not fit.
func total(lines []Line, shipping []ShippingLine) (t Totals, overflow bool) {
	add := func(sum *int64, term int64) {
		next, err := money.AddWithin(*sum, term)
		*sum, overflow = next, overflow || err != nil
	}
	for i := range lines {
		l := &lines[i]
		add(&t.Subtotal, l.Subtotal)
		add(&t.Discount, l.DiscountTotal())
		add(&t.Tax, l.TaxTotal())
		add(&t.Total, l.Total)
	}
	for i := range shipping {
		s := &shipping[i]
		add(&t.Shipping, s.Amount)
		for _, tax := range s.TaxLines {
			add(&t.Tax, tax.Amount)
			if !tax.Inclusive {
				add(&t.Total, tax.Amount)
			}
		}
		add(&t.Total, s.Amount)
	}
	return t, overflow
}

// summed is total of what is known to fit.
func summed(lines []Line, shipping []ShippingLine) Totals {
	t, _ := total(lines, shipping)
	return t
}

// plus adds to sums so many times others.
func plus(t, other Totals, times int64) Totals {
	return Totals{
		Subtotal: money.Clamped(t.Subtotal, times*other.Subtotal), Discount: money.Clamped(t.Discount, times*other.Discount),
		Shipping: money.Clamped(t.Shipping, times*other.Shipping), Tax: money.Clamped(t.Tax, times*other.Tax),
		Total: money.Clamped(t.Total, times*other.Total),
	}
}

// checkExpected compares a total that the sender knows with the computed one.
func checkExpected(expected *money.Amount, c *Contents, code rule.Code) error {
	if expected == nil || *expected == (money.Amount{Minor: c.Totals.Total, Currency: c.Currency}) {
		return nil
	}
	now := money.Amount{Minor: c.Totals.Total, Currency: c.Currency}
	v := rule.New(code, "a total of %s was expected, the order comes to %s", expected, now)
	v.Details = []rule.Detail{{
		Pointer: "/expected_total", Code: code, Message: v.Message,
		Meta: map[string]any{"expected_total": *expected, "total": now, "totals": c.Totals, "currency": c.Currency},
	}}
	return v
}

func numberOr(number string, id uuid.UUID) string {
	if number == "" {
		return Number(id)
	}
	return number
}
