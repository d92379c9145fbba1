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
		r.guest = r.guest || customerID == "" && id == r.fresh
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

// texts seals what was written about the order that the path names, each text by the name under which it is shown; nothing
// for no texts. About a person who was erased nothing new is recorded: what is asked for happens without its texts.
func (r *request) texts(ctx context.Context, named map[string]*string) (order.PII, error) {
	said := make(map[string]string, len(named))
	for name, text := range named {
		if *text != "" {
			said[name] = *text
		}
	}
	if len(said) == 0 {
		return nil, nil
	}
	sealed, err := r.sealTexts(ctx, said)
	if errors.Is(err, eventstore.ErrErased) {
		for _, text := range named {
			*text = ""
		}
		return nil, nil
	}
	return sealed, err
}

// sealTexts seals texts for whoever the order is of that the path names. Only a draft's customer can change, so there the
// version guards it.
func (r *request) sealTexts(ctx context.Context, said map[string]string) (order.PII, error) {
	o, version, err := r.server.load(ctx, r.Identity.Tenant, r.order)
	if err != nil {
		return nil, err
	}
	if o.Status == order.StatusDraft && r.expect == nil {
		r.expect = []eventstore.Version{version}
	}
	return r.seal(ctx, o.CustomerID, o.ID, said)
}

// opened returns the personal data of an order in clear.
func (r *request) opened(ctx context.Context, o *order.Order) (resource.Personal, error) {
	if o.PII == nil {
		return resource.Personal{}, nil
	}
	return unseal[resource.Personal](ctx, r, o.PII, o.ID)
}

// unseal returns what was sealed of an order.
func unseal[T any](ctx context.Context, r *request, sealed order.PII, id uuid.UUID) (T, error) {
	var out T
	plain, err := r.server.Vault.Open(ctx, r.Identity.Tenant, sealed, id)
	switch {
	case err == nil:
		return out, json.Unmarshal(plain, &out)
	case errors.Is(err, eventstore.ErrErased), ctx.Err() != nil:
		return out, err
	default:
		return out, unreachable("The order's personal data cannot be read right now; nothing was done.", err)
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
