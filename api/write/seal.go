package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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

// seal encrypts for a customer, or, if no person is named, for one order of a guest.
func (r *request) seal(ctx context.Context, person string, id uuid.UUID, plain any) (order.PII, error) {
	if r.Prefer.DryRun {
		return order.PII(unsealed), r.notErased(ctx, person)
	}
	subject := subjectOf(person)
	if person == "" {
		subject = "order:" + id.String()
	}
	sealed, err := r.server.Vault.Seal(ctx, r.Identity.Tenant, subject, id, httpx.Marshal(plain))
	switch {
	case err == nil:
		return sealed, nil
	case errors.Is(err, eventstore.ErrErased), ctx.Err() != nil:
		return nil, err
	default:
		return nil, unreachable("Personal data cannot be stored safely right now; nothing was done.", err)
	}
}

// notErased fails as sealing does if the customer was erased.
func (r *request) notErased(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	recorded, err := r.server.Store.Load(ctx, r.Identity.Tenant, customer.StreamID(r.Identity.Tenant, id), 0)
	if err != nil {
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	for i := range recorded {
		event, err := customer.Decode(recorded[i].Type, recorded[i].Data)
		if err != nil {
			return eventstore.Unreadable(&recorded[i], err)
		}
		if _, erased := event.(customer.Erased); erased {
			return eventstore.ErrErased
		}
	}
	return nil
}

// subjectOf names whose key a customer's personal data is sealed with.
func subjectOf(person string) string { return "customer:" + person }

// unreachable is the error of a vault that does not serve, unless it is the database that does not.
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
