package resource

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/customers"
)

// MoneyTotal is a sum over many orders, which may need more than 64 bits.
type MoneyTotal struct {
	Amount   money.Total `json:"amount"`
	Currency string      `json:"currency"`
}

// CustomerFigures is what a customer ordered in one currency.
type CustomerFigures struct {
	CustomerID    string      `json:"customer_id,omitempty"`
	ErasedAt      Time        `json:"erased_at,omitzero"`
	Currency      string      `json:"currency"`
	Orders        money.Total `json:"orders"`
	Canceled      money.Total `json:"canceled_orders"`
	Expired       money.Total `json:"expired_orders"`
	Units         money.Total `json:"units"`
	Gross         MoneyTotal  `json:"gross"`
	Discounts     MoneyTotal  `json:"discounts"`
	Cancellations MoneyTotal  `json:"cancellations"`
	Refunds       MoneyTotal  `json:"refunds"`
	Net           MoneyTotal  `json:"net"`
	FirstOrderAt  Time        `json:"first_order_at"`
	FirstOrderID  uuid.UUID   `json:"first_order_id"`
	LastOrderAt   Time        `json:"last_order_at"`
	LastOrderID   uuid.UUID   `json:"last_order_id"`
}

// Figures renders a summary for a list, in which it has the customer's id.
func Figures(s *customers.Summary) CustomerFigures {
	out := figures(s)
	out.CustomerID, out.ErasedAt = s.CustomerID, Time(s.ErasedAt)
	return out
}

func figures(s *customers.Summary) CustomerFigures {
	m := func(t money.Total) MoneyTotal { return MoneyTotal{t, s.Currency} }
	return CustomerFigures{
		Currency: s.Currency, Orders: s.Orders, Canceled: s.Canceled, Expired: s.Expired, Units: s.Units, Gross: m(s.Gross),
		Discounts: m(s.Discounts), Cancellations: m(s.Cancellations), Refunds: m(s.Refunds), Net: m(s.Net()),
		FirstOrderAt: Time(s.FirstOrderAt), FirstOrderID: s.FirstOrderID, LastOrderAt: Time(s.LastOrderAt), LastOrderID: s.LastOrderID,
	}
}

// CustomerSummary renders a customer: what is known beyond the orders, and what was ordered in each currency. Whoever may
// see personal data sees that of the last order. What cannot be decrypted is left out, and the error then is for the log.
func CustomerSummary(
	ctx context.Context, vault Keys, tenant, id string, c *customer.Customer, version eventstore.Version, sums []customers.Summary, viewer Viewer,
) ([]byte, error) {
	list := make([]CustomerFigures, len(sums))
	var last *customers.Summary
	for i := range sums {
		list[i] = figures(&sums[i])
		if last == nil || sums[i].LastOrderAt.After(last.LastOrderAt) {
			last = &sums[i]
		}
	}
	known := Customer(id, c, version)
	disclosure, err := NothingPersonal, error(nil)
	if c.Erased() {
		var destroyed bool
		if destroyed, err = vault.Destroyed(ctx, tenant, customer.KeyOf(id)); err == nil {
			known = WithKey(known, destroyed)
		}
	}
	out := append(known[:len(known)-1:len(known)-1], member("currencies", marshal(list))...)
	switch {
	case c.Erased():
		disclosure = Erased
	case last == nil || last.PII == nil:
	case !viewer.Personal:
		disclosure = Masked
	default:
		var contact []byte
		if contact, disclosure, err = openContact(ctx, vault, tenant, last); contact != nil {
			out = append(out, member("contact", contact)...)
		}
	}
	if disclosure != NothingPersonal {
		out = append(out, member("personal_data", marshal(disclosure))...)
	}
	return append(out, '}'), err
}

// openContact decrypts the personal data of a customer's last order.
func openContact(ctx context.Context, vault Opener, tenant string, last *customers.Summary) ([]byte, Disclosure, error) {
	plain, err := vault.Open(ctx, tenant, last.PII, last.LastOrderID)
	var person Personal
	if err == nil {
		err = json.Unmarshal(plain, &person)
	}
	switch {
	case errors.Is(err, eventstore.ErrErased):
		return nil, Erased, nil
	case err != nil:
		return nil, Unavailable, err
	}
	return marshal(person), NothingPersonal, nil
}
