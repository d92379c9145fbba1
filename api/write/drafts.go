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
)

// quoteFor is how long a quote holds.
const quoteFor = 15 * time.Minute

// quoteOrder tells what an order would cost. Nothing is stored, and nothing personal is looked at.
func (s *server) quoteOrder(ctx context.Context, r *request) (answer, error) {
	in, err := decode[contract.NewOrder](r)
	if err != nil {
		return answer{}, err
	}
	in.QuoteToken = nil // a new one takes its place
	place, err := r.placing(in)
	if err != nil {
		return answer{}, err
	}
	show := func(o commands.Outcome) rendered {
		quote := stateOf[commands.Quote](o)
		total := money.Amount{Minor: quote.Order.Totals.Total, Currency: quote.Order.Currency}
		expires := r.at.Add(quoteFor)
		return rendered{status: http.StatusOK, body: resource.Quote(quote, s.Tokens.Quote(r.basis(&place), total, expires), expires)}
	}
	if r.Prefer.DryRun {
		return s.execute(ctx, r, commands.QuoteOrder{Order: place}, show)
	}
	return s.ask(ctx, r, commands.QuoteOrder{Order: place}, show)
}

// basis is all that a quote's total depends on, and who may use it.
func (r *request) basis(place *commands.PlaceOrder) []byte {
	type line struct {
		SKU      string
		Quantity int64
	}
	basis := struct {
		Tenant, Channel, Currency, Country, Customer, Method string
		Codes                                                []string
		Lines                                                []line
	}{r.Identity.Tenant, place.Channel, place.Currency, place.Country, place.CustomerID, place.ShippingMethod, place.DiscountCodes, nil}
	for _, l := range place.Lines {
		basis.Lines = append(basis.Lines, line{l.SKU, l.Quantity})
	}
	return httpx.Marshal(basis)
}

// quoted makes the total of a quote the expected one.
func (r *request) quoted(place *commands.PlaceOrder, token string) error {
	total, err := r.server.Tokens.ParseQuote(r.basis(place), token, r.at)
	if err != nil {
		return err
	}
	if e := place.ExpectedTotal; e != nil && *e != total {
		return invalid("/expected_total", "is not the total of the quote; send one of them")
	}
	place.ExpectedTotal = &total
	return nil
}

func placeDraft(_ context.Context, r *request, in *contract.DraftPlacing) (commands.Command, error) {
	return commands.PlaceDraft{
		OrderID: r.order, ReservationID: value(in.ReservationId, uuid.Nil), ExpectedTotal: amount(in.ExpectedTotal), ExpiresAt: r.expires(), At: r.at,
	}, nil
}
