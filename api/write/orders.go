package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// PlaceOrder serves POST /v1/orders.
func (s *server) PlaceOrder(ctx context.Context, request PlaceOrderRequestObject) (PlaceOrderResponseObject, error) {
	call, in := httpx.CallOf(ctx), request.Body
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("order id: %w", err)
	}
	now := s.Now()
	command := commands.PlaceOrder{
		OrderID: id, ExternalID: value(in.ExternalId, ""), Channel: value(in.Channel, "web"), Currency: in.Currency,
		Locale: value(in.Locale, ""), Lines: make([]commands.OrderLine, len(in.Lines)), ExpiresAt: now.Add(s.Expiry), At: now,
	}
	for i, l := range in.Lines {
		command.Lines[i] = commands.OrderLine{SKU: l.Sku, Quantity: l.Quantity}
	}
	if in.ExpectedTotal != nil {
		command.ExpectedTotal = &money.Amount{Minor: in.ExpectedTotal.Amount, Currency: in.ExpectedTotal.Currency}
	}
	if in.ShippingAddress != nil {
		command.Country = value(in.ShippingAddress.Country, "")
	}
	if command.CustomerID, err = customerOf(&call.Identity, in); err != nil {
		return nil, err
	}
	if command.PII, err = s.sealPersonal(ctx, call.Identity.Tenant, &command, in); err != nil {
		return s.answered(ctx, call, err)
	}
	return s.execute(ctx, command, func(o commands.Outcome) rendered {
		out := renderOrder(o)
		out.status, out.location = http.StatusCreated, "/v1/orders/"+id.String()
		return out
	})
}

// customerOf returns whose order it becomes: a shopper's own, or the one that is named.
func customerOf(id *httpx.Identity, in *contract.PlaceOrderJSONRequestBody) (string, error) {
	named := ""
	if in.Customer != nil {
		named = value(in.Customer.Id, "")
	}
	subject, own := id.Customer()
	if !own {
		return named, nil
	}
	if named != "" && named != subject {
		return "", &httpx.Error{
			Code: httpx.CodeValidationFailed, Detail: "/customer/id: a customer orders for itself only; leave it out.",
			Faults: []httpx.Fault{{Pointer: "/customer/id", Code: httpx.CodeValidationFailed, Detail: "is not the token's subject"}},
		}
	}
	return subject, nil
}

// sealPersonal encrypts the personal data of an order for its customer, or for the order alone if that is a guest's.
func (s *server) sealPersonal(ctx context.Context, tenant string, c *commands.PlaceOrder, in *contract.PlaceOrderJSONRequestBody) (order.PII, error) {
	var (
		p   resource.Personal
		err error
	)
	if in.Customer != nil {
		p.Email, p.Phone = value(in.Customer.Email, ""), value(in.Customer.Phone, "")
	}
	if p.ShippingAddress, err = address(in.ShippingAddress, "/shipping_address"); err != nil {
		return nil, err
	}
	if p.BillingAddress, err = address(in.BillingAddress, "/billing_address"); err != nil {
		return nil, err
	}
	if p.Empty() {
		return nil, nil
	}
	return s.seal(ctx, tenant, c.CustomerID, c.OrderID, httpx.Marshal(p))
}

func address(a *contract.Address, pointer string) (json.RawMessage, error) {
	if a == nil {
		return nil, nil
	}
	for _, field := range [...]struct {
		name  string
		value *string
	}{{"name", a.Name}, {"company", a.Company}, {"line1", a.Line1}, {"line2", a.Line2}, {"city", a.City}, {"region", a.Region}} {
		if err := refuseCardNumber(value(field.value, ""), pointer+"/"+field.name); err != nil {
			return nil, err
		}
	}
	return httpx.Marshal(a), nil
}

// seal encrypts for a customer, or for one order of a guest.
func (s *server) seal(ctx context.Context, tenant, customer string, id uuid.UUID, plain []byte) (order.PII, error) {
	subject := "customer:" + customer
	if customer == "" {
		subject = "order:" + id.String()
	}
	sealed, err := s.Vault.Seal(ctx, tenant, subject, id, plain)
	switch {
	case err == nil:
		return sealed, nil
	case errors.Is(err, eventstore.ErrErased), ctx.Err() != nil:
		return nil, err
	default:
		return nil, &httpx.Error{Code: httpx.CodeDependencyUnavailable, Detail: "Personal data cannot be stored safely right now; nothing was done.", Cause: err}
	}
}

// CancelOrder serves POST /v1/orders/{id}/actions/cancel.
func (s *server) CancelOrder(ctx context.Context, request CancelOrderRequestObject) (CancelOrderResponseObject, error) {
	call, in := httpx.CallOf(ctx), contract.Cancellation{}
	if request.Body != nil {
		in = *request.Body
	}
	id, err := orderID(request.Id)
	if err != nil {
		return nil, err
	}
	note := value(in.Note, "")
	if err := refuseCardNumber(note, "/note"); err != nil {
		return nil, err
	}
	command := commands.CancelOrder{OrderID: id, Reason: order.CancelReason(value(in.Reason, "customer")), Note: note, At: s.Now()}
	if customer, own := call.Identity.Customer(); own {
		if err := s.requireOwner(ctx, call.Identity.Tenant, id, customer); err != nil {
			return nil, err
		}
		command.Note = ""
		if note != "" {
			if command.PII, err = s.seal(ctx, call.Identity.Tenant, customer, id, httpx.Marshal(resource.CustomersNote{Note: note})); err != nil {
				return s.answered(ctx, call, err)
			}
		}
	}
	return s.execute(ctx, command, renderOrder)
}

// MarkOrderPaid serves POST /v1/orders/{id}/actions/mark-paid.
func (s *server) MarkOrderPaid(ctx context.Context, request MarkOrderPaidRequestObject) (MarkOrderPaidResponseObject, error) {
	call, in := httpx.CallOf(ctx), contract.ReceivedPayment{}
	if request.Body != nil {
		in = *request.Body
	}
	id, err := orderID(request.Id)
	if err != nil {
		return nil, err
	}
	payment, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("payment id: %w", err)
	}
	return s.execute(ctx, commands.MarkPaid{
		OrderID: id, PaymentID: payment, Method: value(in.Method, "cash"), Reference: value(in.Reference, ""),
		By: actor(&call.Identity).ID, At: s.Now(),
	}, renderOrder)
}

func renderOrder(o commands.Outcome) rendered {
	state, ok := o.State.(*order.Order)
	if !ok || state == nil {
		state = &order.Order{}
	}
	return rendered{status: http.StatusOK, body: resource.Order(state, o.Version)}
}

func noSuchOrder() error {
	return httpx.Errorf(httpx.CodeOrderNotFound, "There is no order with this id.")
}

func orderID(text string) (uuid.UUID, error) {
	id, ok := httpx.ParseID(text)
	if !ok {
		return uuid.Nil, noSuchOrder()
	}
	return id, nil
}

// requireOwner answers a customer who asks for another one's order as if there were none. Whose order it is stands in
// its first event and never changes.
func (s *server) requireOwner(ctx context.Context, tenant string, id uuid.UUID, customer string) error {
	events, err := s.Store.Load(ctx, tenant, id, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	if len(events) == 0 || events[0].StreamType != order.StreamType {
		return noSuchOrder()
	}
	first, err := order.Decode(events[0].Type, events[0].Data)
	if err != nil {
		return err
	}
	if o := order.Replay(first); o.CustomerID != customer {
		return noSuchOrder()
	}
	return nil
}
