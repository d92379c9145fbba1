package order

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Draft begins an order that is not placed yet, at the prices of the moment. It may have no lines.
type Draft struct {
	OrderID          uuid.UUID
	Number           string // empty: Number(OrderID)
	ExternalID       string
	Channel          string
	Currency         string
	CustomerID       string
	Country          string
	Locale           string
	PII              PII
	Lines            []NewLine
	ShippingLines    []ShippingLine
	Discounts        []Discount
	Wishes           Wishes
	ExpectedTotal    *money.Amount // what the customer was shown; another total is refused
	PriceListVersion string
	Rounding         RoundingRule
	At               time.Time
}

// UpdateDraft states a draft's contents anew: the caller has merged what was given into what there was, and priced it.
// A draft that is the same already stays as it is.
type UpdateDraft struct{ Draft }

func (c Draft) decide(o *Order) ([]Event, error) {
	if o.Exists() {
		v := rule.New(rule.InvalidState, "order %s exists already and is %s; draft a new one under another id", o.ID, o.Status)
		v.ExistingID = o.ID.String()
		return nil, v
	}
	contents, err := c.contents(o)
	if err != nil {
		return nil, err
	}
	return []Event{Drafted{Contents: contents, Wishes: c.Wishes, DraftedAt: instant(c.At)}}, nil
}

func (c UpdateDraft) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	if o.Status != StatusDraft {
		return nil, rule.New(rule.InvalidState, "order %s is %s, no draft; edit it instead", o.Number, o.Status)
	}
	contents, err := c.contents(o)
	if err != nil {
		return nil, err
	}
	changes := o.changes(&contents, c.Wishes)
	if len(changes) == 0 {
		return nil, nil
	}
	return []Event{DraftUpdated{Contents: contents, Wishes: c.Wishes, Changes: changes, UpdatedAt: instant(c.At)}}, nil
}

// contents returns what the draft holds, with its sums.
func (c *Draft) contents(o *Order) (Contents, error) {
	var faults rule.Faults
	limitLines(&faults, c.Lines)
	contents := Contents{
		OrderID: cmp.Or(c.OrderID, o.ID), Number: cmp.Or(c.Number, o.Number), ExternalID: c.ExternalID, Channel: c.Channel,
		Currency: c.Currency, CustomerID: c.CustomerID, Country: c.Country, Locale: c.Locale, PII: c.PII,
		ShippingLines: c.ShippingLines, Discounts: c.Discounts, PriceListVersion: c.PriceListVersion, Rounding: c.Rounding,
	}
	contents.Number = numberOr(contents.Number, contents.OrderID)
	if o.Exists() {
		o.keepsCurrency(&faults, c.Currency)
		if contents.OrderID != o.ID {
			faults.Add(rule.ValidationFailed, "/order_id", "this is order %s, not %s", o.ID, contents.OrderID)
		}
	}
	checkCountry(&faults, c.Country)
	contents.fill(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return contents, err
	}
	return contents, checkExpected(c.ExpectedTotal, &contents, rule.PriceChanged)
}

// keepsCurrency records a fault if a draft is to change its currency.
func (o *Order) keepsCurrency(faults *rule.Faults, currency string) {
	if currency != o.Currency {
		faults.Add(rule.ValidationFailed, "/currency", "order %s was drafted in %s and keeps that currency, not %q; draft another", o.Number, o.Currency, currency)
	}
}

// changes returns the names of what differs in a draft from what it was, sorted.
func (o *Order) changes(c *Contents, wishes Wishes) []string {
	was := o.Lines
	sameLine := func(l LineState, line Line) bool { return reflect.DeepEqual(tidy(l.Line), tidy(line)) }
	sameShipping := func(a, b ShippingLine) bool {
		return a.Method == b.Method && a.Amount == b.Amount && a.TaxClass == b.TaxClass && slices.Equal(a.TaxLines, b.TaxLines)
	}
	var names []string
	for _, field := range [...]struct {
		name string
		same bool
	}{ // by name
		{"channel_id", c.Channel == o.Channel},
		{"country", c.Country == o.Country},
		{"customer_id", c.CustomerID == o.CustomerID},
		{"discounts", slices.Equal(c.Discounts, o.Discounts)},
		{"external_id", c.ExternalID == o.ExternalID},
		{"lines", slices.EqualFunc(was, c.Lines, sameLine)},
		{"locale", c.Locale == o.Locale},
		{"order_number", c.Number == o.Number},
		{"pii", bytes.Equal(c.PII, o.PII)},
		{"price_list_version", c.PriceListVersion == o.PriceListVersion},
		{"rounding", c.Rounding == o.Rounding},
		{"shipping_lines", slices.EqualFunc(c.ShippingLines, o.ShippingLines, sameShipping)},
		{"totals", c.Totals == o.Totals},
		{"wishes", wishes.ShippingMethod == o.Wishes.ShippingMethod && slices.Equal(wishes.DiscountCodes, o.Wishes.DiscountCodes)},
	} {
		if !field.same {
			names = append(names, field.name)
		}
	}
	return names
}

// tidy returns a line whose empty lists are absent.
func tidy(l Line) Line {
	if len(l.DiscountAllocations) == 0 {
		l.DiscountAllocations = nil
	}
	if len(l.TaxLines) == 0 {
		l.TaxLines = nil
	}
	return l
}

func (o *Order) applyDrafted(e *Drafted) {
	o.begin(&e.Contents, e.DraftedAt)
	o.Status, o.Wishes, o.DraftedAt = StatusDraft, e.Wishes, e.DraftedAt
}

func (o *Order) applyDraftUpdated(e *DraftUpdated) {
	o.begin(&e.Contents, o.DraftedAt)
	o.Status, o.Wishes, o.UpdatedAt = StatusDraft, e.Wishes, e.UpdatedAt
}
