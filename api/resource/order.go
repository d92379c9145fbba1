package resource

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// orderShape is an order as clients see it. The id must stay first and what depends on the viewer last: Reveal depends
// on both.
type orderShape struct {
	ID                uuid.UUID               `json:"id"`
	Number            string                  `json:"order_number"`
	Version           eventstore.Version      `json:"version"`
	ExternalID        string                  `json:"external_id,omitempty"`
	Channel           string                  `json:"channel"`
	Currency          string                  `json:"currency"`
	Country           string                  `json:"country,omitempty"`
	Locale            string                  `json:"locale,omitempty"`
	Source            string                  `json:"source,omitempty"`
	Status            order.Status            `json:"status"`
	PaymentStatus     order.PaymentStatus     `json:"payment_status"`
	FulfillmentStatus order.FulfillmentStatus `json:"fulfillment_status"`
	ReturnStatus      order.ReturnStatus      `json:"return_status"`
	InspectionPending bool                    `json:"inspection_pending,omitempty"`
	Holds             *[]hold                 `json:"holds,omitempty"` // nil: at the end
	Backordered       int64                   `json:"backordered,omitempty"`
	Totals            totals                  `json:"totals"`
	Lines             []line                  `json:"lines"`
	ShippingLines     []shippingLine          `json:"shipping_lines,omitempty"`
	Discounts         []discount              `json:"discounts,omitempty"`
	ShippingMethod    string                  `json:"shipping_method,omitempty"`
	DiscountCodes     []string                `json:"discount_codes,omitempty"`
	PaymentPolicy     order.PaymentPolicy     `json:"payment_policy,omitempty"`
	Payments          []payment               `json:"payments,omitempty"` // nil: at the end, if there are some
	Invoices          []invoice               `json:"invoices,omitempty"` // so too
	Cancellation      *cancellation           `json:"cancellation,omitempty"`
	PlacedAt          Time                    `json:"placed_at"`
	ConfirmedAt       Time                    `json:"confirmed_at,omitzero"`
	CompletedAt       Time                    `json:"completed_at,omitzero"`
	CanceledAt        Time                    `json:"canceled_at,omitzero"`
	ExpiresAt         Time                    `json:"expires_at,omitzero"`
	ExpiredAt         Time                    `json:"expired_at,omitzero"`
	ArchivedAt        Time                    `json:"archived_at,omitzero"`
	DraftedAt         Time                    `json:"drafted_at,omitzero"`
	ImportedAt        Time                    `json:"imported_at,omitzero"`
	UpdatedAt         Time                    `json:"updated_at"`
	AllowedActions    []order.Action          `json:"allowed_actions"`
	Links             links                   `json:"_links"`
	Customer          *customerRef            `json:"customer,omitempty"`
	Sealed            *sealed                 `json:"pii,omitempty"`
}

type links struct {
	Events string `json:"events"`
	Self   string `json:"self"`
}

type customerRef struct {
	ID string `json:"id"`
}

// sums are what a list of lines comes to.
type sums struct {
	Subtotal money.Amount `json:"subtotal"`
	Discount money.Amount `json:"discount"`
	Shipping money.Amount `json:"shipping"`
	Tax      money.Amount `json:"tax"`
	Total    money.Amount `json:"total"`
}

type totals struct {
	sums                      // of the lines and the shipping lines
	CurrentTotal money.Amount `json:"current_total"` // after edits, cancellations and returns
	Paid         money.Amount `json:"paid"`
	Refunded     money.Amount `json:"refunded"`
	AmountDue    money.Amount `json:"amount_due"`
	AmountOwed   money.Amount `json:"amount_owed_to_customer"`
}

type line struct {
	ID               uuid.UUID    `json:"id"`
	SKU              string       `json:"sku"`
	Name             string       `json:"name,omitempty"`
	Quantity         int64        `json:"quantity"`
	UnitPrice        money.Amount `json:"unit_price"`
	Subtotal         money.Amount `json:"subtotal"`
	Discount         money.Amount `json:"discount"`
	Tax              money.Amount `json:"tax"`
	Taxes            []tax        `json:"taxes,omitempty"`
	Discounts        []discount   `json:"discounts,omitempty"`
	Total            money.Amount `json:"total"`
	RequiresShipping bool         `json:"requires_shipping"`
	Current          current      `json:"current"`
	Counters         counters     `json:"counters"`
}

// current is what the live units of a line cost, batch by batch.
type current struct {
	Quantity int64        `json:"quantity"`
	Tax      money.Amount `json:"tax"`
	Total    money.Amount `json:"total"`
}

// counters are order.Counters with every one of them present.
type counters struct {
	Ordered          int64 `json:"ordered"`
	Canceled         int64 `json:"canceled"`
	Reserved         int64 `json:"reserved"`
	Backordered      int64 `json:"backordered"`
	Fulfilled        int64 `json:"fulfilled"`
	Shipped          int64 `json:"shipped"`
	Delivered        int64 `json:"delivered"`
	ReturnRequested  int64 `json:"return_requested"`
	Returned         int64 `json:"returned"`
	Restocked        int64 `json:"restocked"`
	WrittenOff       int64 `json:"written_off"`
	RefundedQuantity int64 `json:"refunded_quantity"`
}

type tax struct {
	Code      string       `json:"code"`
	Rate      int64        `json:"rate"` // parts per million
	Amount    money.Amount `json:"amount"`
	Inclusive bool         `json:"inclusive"`
}

type shippingLine struct {
	Method string       `json:"method"`
	Amount money.Amount `json:"amount"`
	Taxes  []tax        `json:"taxes,omitempty"`
	Total  money.Amount `json:"total"` // with its taxes
}

type discount struct {
	ID     string       `json:"id"`
	Code   string       `json:"code,omitempty"`
	Amount money.Amount `json:"amount"`
}

type payment struct {
	ID         uuid.UUID          `json:"id"`
	Method     string             `json:"method,omitempty"`
	Reference  string             `json:"reference,omitempty"`
	State      order.PaymentState `json:"state"`
	Authorized money.Amount       `json:"authorized"`
	Captured   money.Amount       `json:"captured"`
	Refunded   money.Amount       `json:"refunded"`
	Voided     money.Amount       `json:"voided"`
}

type invoice struct {
	Number      string       `json:"number"`
	Series      string       `json:"series"`
	CreditOf    string       `json:"credit_of,omitempty"`
	Amount      money.Amount `json:"amount"`
	DocumentRef string       `json:"document_ref,omitempty"`
	IssuedAt    Time         `json:"issued_at"`
}

type cancellation struct {
	Reason order.CancelReason `json:"reason"`
	Note   string             `json:"note,omitempty"`
}

// minor makes amounts of an order's currency.
type minor func(int64) money.Amount

func in(currency string) minor {
	return func(n int64) money.Amount { return money.Amount{Minor: n, Currency: currency} }
}

// Order renders an order in its sealed form.
func Order(o *order.Order, version eventstore.Version) []byte {
	m := in(o.Currency)
	out := orderShape{
		ID: o.ID, Number: o.Number, Version: version, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency,
		Country: o.Country, Locale: o.Locale, Source: o.Source, Status: o.Status, PaymentStatus: o.PaymentStatus(),
		FulfillmentStatus: o.FulfillmentStatus(), ReturnStatus: o.ReturnStatus(), InspectionPending: o.InspectionPending(),
		Totals: totalsOf(o, m), Lines: make([]line, len(o.Lines)), ShippingMethod: o.Wishes.ShippingMethod,
		DiscountCodes: o.Wishes.DiscountCodes, PaymentPolicy: o.PaymentPolicy,
		PlacedAt: Time(o.PlacedAt), ConfirmedAt: Time(o.ConfirmedAt), CompletedAt: Time(o.CompletedAt),
		CanceledAt: Time(o.CanceledAt), ExpiresAt: Time(o.ExpiresAt), ExpiredAt: Time(o.ExpiredAt), ArchivedAt: Time(o.ArchivedAt),
		DraftedAt: Time(o.DraftedAt), ImportedAt: Time(o.ImportedAt), UpdatedAt: Time(o.UpdatedAt), AllowedActions: o.AllowedActions(),
	}
	out.Links.Self = "/v1/orders/" + o.ID.String()
	out.Links.Events = out.Links.Self + "/events"
	for i := range o.Lines {
		out.Lines[i] = lineOf(&o.Lines[i], m)
		out.Backordered += o.Lines[i].Counters.Backordered
	}
	out.settlements(o, m)
	out.seal(o, m)
	return out.render()
}

func lineOf(l *order.LineState, m minor) line {
	out := line{
		ID: l.LineID, SKU: l.SKU, Name: l.ProductName, Quantity: l.Quantity, UnitPrice: m(l.UnitPrice), Subtotal: m(l.Subtotal),
		Discount: m(l.DiscountTotal()), Tax: m(l.TaxTotal()), Taxes: taxes(l.TaxLines, m), Total: m(l.Total),
		RequiresShipping: l.RequiresShipping, Counters: counters(l.Counters),
		Current: current{l.Counters.Live(), m(liveTax(l)), m(l.LiveTotal())},
	}
	for _, a := range l.DiscountAllocations {
		out.Discounts = append(out.Discounts, discount{ID: a.DiscountID, Amount: m(a.Amount)})
	}
	return out
}

// liveTax returns the tax on the line's live units. Of each batch the first units are the live ones.
func liveTax(l *order.LineState) int64 {
	if l.Batches == nil {
		return money.Share(l.TaxTotal(), l.Quantity, 0, l.Counters.Live())
	}
	var tax int64
	for i := range l.Batches {
		b := &l.Batches[i]
		tax += money.Share(b.Tax, b.Quantity, 0, b.Live)
	}
	return tax
}

func taxes(lines []order.TaxLine, m minor) []tax {
	var out []tax
	for _, t := range lines {
		out = append(out, tax{t.Code, t.Rate, m(t.Amount), t.Inclusive})
	}
	return out
}

func sumsOf(t *order.Totals, m minor) sums {
	return sums{m(t.Subtotal), m(t.Discount), m(t.Shipping), m(t.Tax), m(t.Total)}
}

func totalsOf(o *order.Order, m minor) totals {
	funds := o.Funds()
	return totals{
		sums: sumsOf(&o.Totals, m), CurrentTotal: m(o.Total()), Paid: m(funds.Captured), Refunded: m(funds.Refunded),
		AmountDue: m(o.AmountDue()), AmountOwed: m(o.AmountOwedToCustomer()),
	}
}

// settlements fills in what was added to and taken off the lines.
func (out *orderShape) settlements(o *order.Order, m minor) {
	out.ShippingLines, out.Discounts = shippingLines(o.ShippingLines, m), discounts(o.Discounts, m)
}

func shippingLines(lines []order.ShippingLine, m minor) []shippingLine {
	var out []shippingLine
	for i := range lines {
		s := &lines[i]
		out = append(out, shippingLine{s.Method, m(s.Amount), taxes(s.TaxLines, m), m(s.Total())})
	}
	return out
}

func discounts(list []order.Discount, m minor) []discount {
	var out []discount
	for _, d := range list {
		out = append(out, discount{d.DiscountID, d.Code, m(d.Amount)})
	}
	return out
}
