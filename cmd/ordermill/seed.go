package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	shopsettings "github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

const (
	seedClient   = "ordermill-seed"
	seedDone     = "done"
	seedInFlight = 24
)

// seeder fills the demo tenant through the command engine. Every command has a key that is the same each time, so
// seeding again, or going on after it was broken off, does nothing twice.
type seeder struct {
	engine *commands.Engine
	store  *eventstore.Store
	vault  *eventstore.Vault
	now    time.Time
	ttl    time.Duration
}

// run seeds and returns how many commands that took; none if it was done before.
func (s *seeder) run(ctx context.Context) (int, error) {
	_, done, err := s.store.Known(ctx, demoTenant, seedKey(seedDone))
	if err != nil || done {
		return 0, err
	}
	orders := planDemo(s.now, s.ttl)
	count := 0
	for _, step := range []func() []seedAction{
		s.products, s.locations, s.receipts,
		func() []seedAction { return s.orders(orders) },
		func() []seedAction { return s.last() },
	} {
		actions := step()
		count += len(actions)
		if err := s.do(ctx, actions); err != nil {
			return count, fmt.Errorf("seed: %w", err)
		}
	}
	return count, nil
}

// seedAction is one command of the demo shop's past. Actions of the same order come one after the other.
type seedAction struct {
	name    string
	at      time.Time
	actor   commands.Actor
	command func(ctx context.Context) (commands.Command, error)
	done    func(commands.Response) error
	after   *seedAction // must have ended before; nil: nothing
	ended   chan struct{}
}

var seedStaff = commands.Actor{Type: "staff", ID: "demo"}

func (s *seeder) begin() time.Time {
	return s.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -demoDays).Add(-15 * time.Hour)
}

func (s *seeder) products() []seedAction {
	var actions []seedAction
	for i, p := range demoProducts {
		at := s.begin().Add(time.Duration(i) * time.Minute)
		list := catalog.List{SKU: p.sku, Name: p.name, RequiresShipping: !p.digital, Sellable: true, At: at}
		for _, currency := range []string{"EUR", "USD", "GBP", "JPY"} {
			list.Prices = append(list.Prices, money.Amount{Minor: p.price(currency), Currency: currency})
		}
		actions = append(actions, fixed("product/"+p.sku, at, commands.ListProduct{Product: list}))
	}
	return actions
}

// locations are the places of the shop's stock: orders take units from the main one first.
func (s *seeder) locations() []seedAction {
	var actions []seedAction
	for i, l := range []shopsettings.Location{{ID: stock.MainLocation, Name: "Main warehouse"}, {ID: "north", Name: "North"}} {
		at := s.begin().Add(time.Hour + time.Duration(i)*time.Minute)
		l.Priority, l.Pickable = int64(i), true
		actions = append(actions, fixed("location/"+l.ID, at, commands.ChangeSettings{Command: shopsettings.PutLocation{Location: l, At: at}, At: at}))
	}
	return actions
}

// receipts are two deliveries: a large one at the main location and a small one elsewhere.
func (s *seeder) receipts() []seedAction {
	var actions []seedAction
	for i, p := range demoProducts {
		at := s.begin().Add(2*time.Hour + time.Duration(i)*time.Minute)
		actions = append(actions, fixed("stock/"+p.sku, at, commands.ReceiveStock{SKU: p.sku, LocationID: stock.MainLocation, Quantity: p.stock, Reference: "PO-1001", At: at}))
		if !p.digital {
			actions = append(actions, fixed("stock/north/"+p.sku, at, commands.ReceiveStock{SKU: p.sku, LocationID: "north", Quantity: p.stock / 4, Reference: "PO-1002", At: at}))
		}
	}
	return actions
}

// last marks the seeding as done, by a command that changes nothing.
func (s *seeder) last() []seedAction {
	actions := s.products()[:1]
	actions[0].name = seedDone
	return actions
}

func fixed(name string, at time.Time, command commands.Command) seedAction {
	return seedAction{name: name, at: at, actor: seedStaff, command: func(context.Context) (commands.Command, error) { return command, nil }}
}

// orders returns the placing, paying and canceling of all orders, in the sequence of their times.
func (s *seeder) orders(orders []demoOrder) []seedAction {
	var actions []*seedAction
	for i := range orders {
		o, id := &orders[i], new(uuid.UUID)
		placed := &seedAction{
			name: o.name, at: o.at, actor: o.actor(),
			command: func(ctx context.Context) (commands.Command, error) { return s.place(ctx, o) },
			done: func(r commands.Response) (err error) { // of an earlier seeding the id may be another one
				*id, err = uuid.Parse(r.Answer.Resource)
				return err
			},
		}
		actions = append(actions, placed)
		if !o.paid.IsZero() {
			actions = append(actions, &seedAction{
				name: o.name + "/paid", at: o.paid, actor: seedStaff, after: placed,
				command: func(context.Context) (commands.Command, error) {
					return commands.MarkPaid{OrderID: *id, PaymentID: uuid.NewSHA1(*id, []byte("payment")), Method: o.method, Reference: "demo " + o.name, By: "demo", At: o.paid}, nil
				},
			})
		}
		if !o.canceled.IsZero() {
			actions = append(actions, &seedAction{
				name: o.name + "/canceled", at: o.canceled, actor: o.actor(), after: placed,
				command: func(context.Context) (commands.Command, error) {
					return commands.CancelOrder{OrderID: *id, Reason: order.ReasonCustomer, At: o.canceled}, nil
				},
			})
		}
	}
	slices.SortStableFunc(actions, func(a, b *seedAction) int { return a.at.Compare(b.at) })
	return linked(actions)
}

// linked copies the actions and keeps what they wait for.
func linked(actions []*seedAction) []seedAction {
	out := make([]seedAction, len(actions))
	for i, a := range actions {
		a.ended = make(chan struct{})
		out[i] = *a
	}
	return out
}

func (o *demoOrder) actor() commands.Actor {
	return commands.Actor{Type: "customer", ID: o.customer}
}

func (s *seeder) place(ctx context.Context, o *demoOrder) (commands.Command, error) {
	id := demoOrderID(o.name, o.at)
	plain, err := json.Marshal(o.person)
	if err != nil {
		return nil, err
	}
	subject := "order:" + id.String()
	if o.customer != "" {
		subject = "customer:" + o.customer
	}
	pii, err := s.vault.Seal(ctx, demoTenant, subject, id, plain)
	if err != nil {
		return nil, err
	}
	return commands.PlaceOrder{
		OrderID: id, Channel: o.channel, Currency: o.market.currency, CustomerID: o.customer, Country: o.market.country,
		Locale: o.market.locale, PII: pii, Lines: o.lines, ExpiresAt: o.expires, At: o.at,
	}, nil
}

// do runs actions, some at once, begun in the given sequence.
func (s *seeder) do(ctx context.Context, actions []seedAction) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(seedInFlight)
	for i := range actions {
		a := &actions[i]
		group.Go(func() error {
			if a.after != nil {
				select {
				case <-a.after.ended:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if err := s.one(ctx, a); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
			if a.ended != nil {
				close(a.ended)
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *seeder) one(ctx context.Context, a *seedAction) error {
	command, err := a.command(ctx)
	if err != nil {
		return err
	}
	key := seedKey(a.name)
	response, err := s.engine.Do(ctx, commands.Request{Tenant: demoTenant, Actor: a.actor, Key: &key, Command: command, Answer: seedAnswer})
	switch {
	case err != nil:
		return err
	case response.Refused:
		return fmt.Errorf("refused: %s", response.Answer.Body)
	case a.done != nil:
		return a.done(response)
	}
	return nil
}

// seedKey is the idempotency key of a command. What it stands for is its name alone: times differ from try to try.
func seedKey(name string) eventstore.Key {
	return eventstore.Key{Client: seedClient, Hash: sha256.Sum256([]byte(name)), Fingerprint: sha256.Sum256([]byte("seed " + name))}
}

func seedAnswer(o commands.Outcome) eventstore.Answer {
	answer := eventstore.Answer{Request: "ordermill dev: seed", Status: 201, Headers: []byte("{}")}
	if o.Refused != nil {
		answer.Status, answer.Body = 422, []byte(errors.Join(o.Refused).Error())
	}
	return answer
}
