package write

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// placeOrder places an order, or begins a draft.
func (s *server) placeOrder(ctx context.Context, r *request) (answer, error) {
	in, err := decode[contract.NewOrder](r)
	if err != nil {
		return answer{}, err
	}
	place, err := r.placing(in)
	if err != nil {
		return s.answered(ctx, r, err)
	}
	if p := personal(in); !p.Empty() {
		if place.PII, err = r.seal(ctx, place.CustomerID, place.OrderID, p); err != nil {
			return s.answered(ctx, r, err)
		}
	}
	r.order = place.OrderID
	if value(in.Draft, false) {
		return s.execute(ctx, r, commands.DraftOrder{Order: place}, created(r))
	}
	return s.execute(ctx, r, place, created(r))
}

// placing returns what is asked for of a new order, without personal data.
func (r *request) placing(in *contract.NewOrder) (commands.PlaceOrder, error) {
	place := commands.PlaceOrder{
		OrderID: r.fresh, ExternalID: value(in.ExternalId, ""), Channel: value(in.Channel, "web"), Currency: in.Currency,
		Locale: canonicalLocale(value(in.Locale, "")), Lines: orderLines(in.Lines), ShippingMethod: value(in.ShippingMethod, ""),
		DiscountCodes: value(in.DiscountCodes, nil), ReservationID: value(in.ReservationId, uuid.Nil), ExpectedTotal: amount(in.ExpectedTotal),
		ExpiresAt: r.expires(), At: r.at,
	}
	canonical(in.BillingAddress)
	if canonical(in.ShippingAddress) != nil {
		place.Country = value(in.ShippingAddress.Country, "")
	}
	var err error
	if place.CustomerID, err = customerOf(&r.Identity, in); err != nil {
		return place, err
	}
	if in.QuoteToken != nil {
		return place, r.quoted(&place, *in.QuoteToken)
	}
	return place, nil
}

// expires returns when an order of now expires, if the tenant's limits say nothing; zero: after the usual time.
func (r *request) expires() time.Time {
	if r.server.Expiry <= 0 {
		return time.Time{}
	}
	return r.at.Add(r.server.Expiry)
}

func orderLines(in contract.NewOrderLines) []commands.OrderLine {
	out := make([]commands.OrderLine, len(in))
	for i, l := range in {
		out[i] = commands.OrderLine{SKU: l.Sku, Quantity: l.Quantity}
	}
	return out
}

// customerOf returns whose order it becomes: a shopper's own, or the one that is named.
func customerOf(id *httpx.Identity, in *contract.NewOrder) (string, error) {
	named := ""
	if in.Customer != nil {
		named = value(in.Customer.Id, "")
	}
	subject, own := id.Customer()
	if !own {
		return named, nil
	}
	if named != "" && named != subject {
		return "", invalid("/customer/id", "a customer orders for itself only; leave it out")
	}
	return subject, nil
}

func confirmOrder(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.change(order.Confirm{At: r.at})
}

func holdOrder(ctx context.Context, r *request, in *contract.NewHold) (commands.Command, error) {
	hold := order.PlaceHold{
		HoldID: r.fresh, LineIDs: value(in.LineIds, nil), Reason: order.HoldReason(value(in.Reason, "")), Note: value(in.Note, ""),
		Until: value(in.Until, time.Time{}), By: r.by(), At: r.at,
	}
	var err error
	if hold.Private, err = r.texts(ctx, map[string]*string{"note": &hold.Note}); err != nil {
		return nil, err
	}
	return r.change(hold)
}

func releaseHold(_ context.Context, r *request, in *contract.HoldRelease) (commands.Command, error) {
	return r.change(order.ReleaseHold{HoldID: in.HoldId, By: r.by(), At: r.at})
}

// cancelOrder cancels an order. What is said about it is sealed, a customer's own words apart from staff's.
func cancelOrder(ctx context.Context, r *request, in *contract.Cancellation) (commands.Command, error) {
	cancel := commands.CancelOrder{OrderID: r.order, Reason: order.CancelReason(value(in.Reason, "customer")), Note: value(in.Note, ""), At: r.at}
	var err error
	if customer, own := r.Identity.Customer(); own {
		cancel.PII, err = r.words(ctx, customer, cancel.Note)
		cancel.Note = ""
		return cancel, err
	}
	cancel.Private, err = r.texts(ctx, map[string]*string{"note": &cancel.Note})
	return cancel, err
}

func cancelLines(ctx context.Context, r *request, in *contract.LineCancellation) (commands.Command, error) {
	cancel := order.CancelLines{
		CancellationID: r.fresh, Lines: lineQuantities(&in.Lines), Reason: order.CancelReason(value(in.Reason, "customer")),
		Note: value(in.Note, ""), RefundPolicy: value(in.RefundPolicy, ""), At: r.at,
	}
	var err error
	if customer, own := r.Identity.Customer(); own {
		cancel.PII, err = r.words(ctx, customer, cancel.Note)
		cancel.Note = ""
	} else {
		cancel.Private, err = r.texts(ctx, map[string]*string{"note": &cancel.Note})
	}
	if err != nil {
		return nil, err
	}
	return r.change(cancel)
}

func completeOrder(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.change(order.Complete{By: r.by(), At: r.at})
}

func archiveOrder(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.change(order.Archive{By: r.by(), At: r.at})
}

func markOrderPaid(ctx context.Context, r *request, in *contract.ReceivedPayment) (commands.Command, error) {
	paid := commands.MarkPaid{
		OrderID: r.order, PaymentID: r.fresh, Method: value(in.Method, "cash"), Reference: value(in.Reference, ""), By: r.by(), At: r.at,
	}
	var err error
	paid.Texts, err = r.texts(ctx, map[string]*string{"reference": &paid.Reference})
	return paid, err
}

func markOrderRefunded(ctx context.Context, r *request, in *contract.PaidBack) (commands.Command, error) {
	back := order.MarkRefunded{Method: value(in.Method, "cash"), Reference: value(in.Reference, ""), By: r.by(), At: r.at}
	if in.Amount != nil {
		if err := r.sameCurrency(ctx, priced{"/amount", in.Amount}); err != nil {
			return nil, err
		}
		if back.Amount = in.Amount.Amount; back.Amount < 1 {
			return nil, invalid("/amount/amount", "1 or more was paid back; leave it out for all that is owed")
		}
	}
	var err error
	if back.Private, err = r.texts(ctx, map[string]*string{"refund_reference": &back.Reference}); err != nil {
		return nil, err
	}
	return r.change(back)
}

// priced is an amount of a body; nil if there is none.
type priced struct {
	pointer string
	amount  *contract.Money
}

// sameCurrency makes sure that amounts are of the order's currency.
func (r *request) sameCurrency(ctx context.Context, amounts ...priced) error {
	var o *order.Order
	for _, a := range amounts {
		if a.amount == nil {
			continue
		}
		if o == nil {
			var err error
			if o, _, err = r.server.load(ctx, r.Identity.Tenant, r.order); err != nil {
				return err
			}
		}
		if a.amount.Currency != o.Currency {
			return &httpx.Error{
				Code: httpx.CodeCurrencyUnsupported, Detail: a.pointer + "/currency: the order is in " + o.Currency + ".",
				Faults: []httpx.Fault{{Pointer: a.pointer + "/currency", Code: httpx.CodeCurrencyUnsupported, Detail: "the order is in " + o.Currency}},
			}
		}
	}
	return nil
}

// amount converts money that may be left out.
func amount(m *contract.Money) *money.Amount {
	if m == nil {
		return nil
	}
	return &money.Amount{Minor: m.Amount, Currency: m.Currency}
}

// lineQuantities converts units of lines; nil if none are named.
func lineQuantities(in *contract.LineQuantities) []order.LineQuantity {
	if in == nil {
		return nil
	}
	out := make([]order.LineQuantity, len(*in))
	for i, l := range *in {
		out[i] = order.LineQuantity{LineID: l.LineId, Quantity: l.Quantity}
	}
	return out
}

func invalid(pointer, detail string) error {
	return &httpx.Error{
		Code: httpx.CodeValidationFailed, Detail: pointer + ": " + detail + ".",
		Faults: []httpx.Fault{{Pointer: pointer, Code: httpx.CodeValidationFailed, Detail: detail}},
	}
}

// changed renders the order after a command.
func changed(*request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		return rendered{status: http.StatusOK, body: resource.Order(stateOf[order.Order](o), o.Version)}
	}
}

// created renders the order with what is new in it.
func created(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		return rendered{http.StatusCreated, "/v1/orders/" + r.order.String(), resource.Order(stateOf[order.Order](o), o.Version)}
	}
}
