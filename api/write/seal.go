package write

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// unsealed stands for personal data in a dry run, which makes no keys.
const unsealed = `{"dry_run":true}`

// seal encrypts for whoever an order is of: a customer, or, if none is named, a guest.
func (r *request) seal(ctx context.Context, customerID string, id uuid.UUID, plain any) (order.PII, error) {
	if r.Prefer.DryRun {
		return order.PII(unsealed), nil
	}
	sealed, err := r.server.Vault.Seal(ctx, r.Identity.Tenant, customer.KeyOf(customer.Person(customerID, id)), id, httpx.Marshal(plain))
	switch {
	case err == nil:
		return sealed, nil
	case errors.Is(err, eventstore.ErrErased), ctx.Err() != nil:
		return nil, err
	default:
		return nil, unreachable("Personal data cannot be stored safely right now; nothing was done.", err)
	}
}

func unreachable(detail string, cause error) error {
	if eventstore.TroubleOf(cause) != eventstore.TroubleNone {
		return cause
	}
	return &httpx.Error{Code: httpx.CodeDependencyUnavailable, Detail: detail, Cause: cause}
}

// words seals what a customer said; nothing for no words.
func (r *request) words(ctx context.Context, person, text string) (order.PII, error) {
	if text == "" {
		return nil, nil
	}
	return r.seal(ctx, person, r.order, resource.CustomersNote{Note: text})
}

// opened returns the personal data of an order in clear.
func (r *request) opened(ctx context.Context, o *order.Order) (resource.Personal, error) {
	var p resource.Personal
	if o.PII == nil {
		return p, nil
	}
	plain, err := r.server.Vault.Open(ctx, r.Identity.Tenant, o.PII, o.ID)
	switch {
	case err == nil:
		return p, json.Unmarshal(plain, &p)
	case errors.Is(err, eventstore.ErrErased), ctx.Err() != nil:
		return p, err
	default:
		return p, unreachable("The order's personal data cannot be read right now; nothing was done.", err)
	}
}

// personal returns what is to be sealed of a new order.
func personal(in *contract.NewOrder) resource.Personal {
	var p resource.Personal
	if in.Customer != nil {
		p.Email, p.Phone = value(in.Customer.Email, ""), value(in.Customer.Phone, "")
	}
	if in.ShippingAddress != nil {
		p.ShippingAddress = httpx.Marshal(in.ShippingAddress)
	}
	if in.BillingAddress != nil {
		p.BillingAddress = httpx.Marshal(in.BillingAddress)
	}
	return p
}
