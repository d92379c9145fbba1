package resource

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// orderShape is an order as clients see it. The id must stay first and the personal data last: Reveal depends on both.
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
	Holds             []order.Hold            `json:"holds"`
	Totals            totals                  `json:"totals"`
	Lines             []line                  `json:"lines"`
	ShippingLines     []shippingLine          `json:"shipping_lines,omitempty"`
	Discounts         []discount              `json:"discounts,omitempty"`
	Payments          []payment               `json:"payments,omitempty"`
	Returns           []returned              `json:"returns,omitempty"`
	Cancellation      *cancellation           `json:"cancellation,omitempty"`
	PlacedAt          Time                    `json:"placed_at"`
	ConfirmedAt       Time                    `json:"confirmed_at,omitzero"`
	CompletedAt       Time                    `json:"completed_at,omitzero"`
	CanceledAt        Time                    `json:"canceled_at,omitzero"`
	ExpiresAt         Time                    `json:"expires_at,omitzero"`
	ImportedAt        Time                    `json:"imported_at,omitzero"`
	UpdatedAt         Time                    `json:"updated_at"`
	AllowedActions    []order.Action          `json:"allowed_actions"`
	Links             map[string]string       `json:"_links"`
	Customer          *customer               `json:"customer,omitempty"`
	PII               *sealed                 `json:"pii,omitempty"`
}

type customer struct {
	ID string `json:"id"`
}

type totals struct {
	Subtotal     money.Amount `json:"subtotal"`
	Discount     money.Amount `json:"discount"`
	Shipping     money.Amount `json:"shipping"`
	Tax          money.Amount `json:"tax"`
	Total        money.Amount `json:"total"`         // as placed
	CurrentTotal money.Amount `json:"current_total"` // after cancellations and returns
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
	Total            money.Amount `json:"total"`
	RequiresShipping bool         `json:"requires_shipping"`
	Counters         counters     `json:"counters"`
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

type shippingLine struct {
	Method string       `json:"method"`
	Amount money.Amount `json:"amount"`
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

type returned struct {
	ID           uuid.UUID      `json:"id"`
	CreditNumber string         `json:"credit_number,omitempty"`
	Source       string         `json:"source,omitempty"`
	Lines        []returnedLine `json:"lines"`
	Refund       money.Amount   `json:"refund"`
	ReturnedAt   Time           `json:"returned_at"`
}

type returnedLine struct {
	LineID   uuid.UUID    `json:"line_id"`
	SKU      string       `json:"sku"`
	Quantity int64        `json:"quantity"`
	Amount   money.Amount `json:"amount"`
}

type cancellation struct {
	Reason order.CancelReason `json:"reason"`
	Note   string             `json:"note,omitempty"`
}

// sealed is the personal data at the end of a sealed order.
type sealed struct {
	CustomerID   string          `json:"customer_id,omitempty"`
	Order        json.RawMessage `json:"order,omitempty"`
	Cancellation json.RawMessage `json:"cancellation,omitempty"`
}

// Order renders an order in its sealed form.
func Order(o *order.Order, version eventstore.Version) []byte {
	m := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: o.Currency} }
	out := orderShape{
		ID: o.ID, Number: o.Number, Version: version, ExternalID: o.ExternalID, Channel: o.Channel, Currency: o.Currency,
		Country: o.Country, Locale: o.Locale, Source: o.Source, Status: o.Status, PaymentStatus: o.PaymentStatus(),
		FulfillmentStatus: o.FulfillmentStatus(), ReturnStatus: o.ReturnStatus(), Holds: o.Holds, Totals: totalsOf(o, m),
		Lines: make([]line, len(o.Lines)), PlacedAt: Time(o.PlacedAt), ConfirmedAt: Time(o.ConfirmedAt),
		CompletedAt: Time(o.CompletedAt), CanceledAt: Time(o.CanceledAt), ExpiresAt: Time(o.ExpiresAt),
		ImportedAt: Time(o.ImportedAt), UpdatedAt: Time(o.UpdatedAt), AllowedActions: o.AllowedActions(),
		Links: map[string]string{"self": "/v1/orders/" + o.ID.String(), "events": "/v1/orders/" + o.ID.String() + "/events"},
	}
	if out.Holds == nil {
		out.Holds = []order.Hold{}
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		out.Lines[i] = line{
			ID: l.LineID, SKU: l.SKU, Name: l.ProductName, Quantity: l.Quantity, UnitPrice: m(l.UnitPrice), Subtotal: m(l.Subtotal),
			Discount: m(l.DiscountTotal()), Tax: m(l.TaxTotal()), Total: m(l.Total), RequiresShipping: l.RequiresShipping,
			Counters: counters(l.Counters),
		}
	}
	out.settlements(o, m)
	if o.PII != nil || o.CancelPII != nil {
		out.PII = &sealed{CustomerID: o.CustomerID, Order: o.PII, Cancellation: o.CancelPII}
	} else if o.CustomerID != "" {
		out.Customer = &customer{o.CustomerID}
	}
	return marshal(out)
}

func totalsOf(o *order.Order, m func(int64) money.Amount) totals {
	funds := o.Funds()
	return totals{
		Subtotal: m(o.Totals.Subtotal), Discount: m(o.Totals.Discount), Shipping: m(o.Totals.Shipping), Tax: m(o.Totals.Tax),
		Total: m(o.Totals.Total), CurrentTotal: m(o.Total()), Paid: m(funds.Captured), Refunded: m(funds.Refunded),
		AmountDue: m(o.AmountDue()), AmountOwed: m(o.AmountOwedToCustomer()),
	}
}

// settlements fills in what was added to and taken off the lines.
func (out *orderShape) settlements(o *order.Order, m func(int64) money.Amount) {
	for i := range o.ShippingLines {
		s := &o.ShippingLines[i]
		out.ShippingLines = append(out.ShippingLines, shippingLine{s.Method, m(s.Amount), m(s.Total())})
	}
	for _, d := range o.Discounts {
		out.Discounts = append(out.Discounts, discount{d.DiscountID, d.Code, m(d.Amount)})
	}
	for _, p := range o.Payments {
		out.Payments = append(out.Payments, payment{
			p.PaymentID, p.Method, p.Reference, p.State, m(p.Authorized), m(p.Captured), m(p.Refunded), m(p.Voided),
		})
	}
	for _, r := range o.Returns {
		back := returned{r.ReturnID, r.CreditNumber, r.Source, make([]returnedLine, len(r.Lines)), m(r.Refund), Time(r.ReturnedAt)}
		for i, l := range r.Lines {
			back.Lines[i] = returnedLine{l.LineID, l.SKU, l.Quantity, m(l.Amount + l.Tax)}
		}
		out.Returns = append(out.Returns, back)
	}
	if o.CancelReason != "" {
		out.Cancellation = &cancellation{o.CancelReason, o.CancelNote}
	}
}
