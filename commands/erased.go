package commands

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

// decide runs a command's own rules, and the one that holds for all of them: nothing new is written about a person who was
// erased. The person's stream is in the read set, so that of an order and an erasure at the same time the log knows which
// came first, whichever processes they come from and whatever keys these still remember.
func decide(v *view, c Command) (decision, error) {
	d, err := c.decide(v)
	if err != nil {
		return d, err
	}
	for i := range d.changes {
		if of := d.changes[i].of; of.kind == orders && personal(d.changes[i].facts) {
			if err := d.notErased(v, of); err != nil {
				return d, err
			}
		}
	}
	return d, nil
}

// personal reports whether events say anything new of a person: that it orders, or what is sealed.
func personal(facts []fact) bool {
	for _, f := range facts {
		if e, ok := f.(order.Event); ok && order.Personal(e) {
			return true
		}
	}
	return false
}

func (d *decision) notErased(v *view, of *aggregate) error {
	o := d.orderOf(of)
	if o.CustomerID == "" && of.version == 0 {
		return nil // a guest who was unknown until now
	}
	return v.person(customer.Person(o.CustomerID, o.ID)).customerState().CheckNotErased()
}

// person is customer for somebody of whom most likely nothing is known: the database is not asked, since the append would
// notice.
func (v *view) person(id string) *aggregate {
	a, r := v.states.find(name{v.tenant, customers, id})
	if a == nil && v.first {
		a = newAggregate(r)
		v.states.put(a)
	}
	return v.see(a, r)
}

// decide lets a customer be held or erased, and so a guest, whose id is that of the order.
func (c ChangeCustomer) decide(v *view) (decision, error) {
	s := v.customer(c.CustomerID)
	w := begin(v, s, c.At, c.CustomerID)
	if id, guest := customer.Guest(c.CustomerID); guest {
		if err := c.ofGuest(v, id); err != nil {
			return w.decision, err
		}
	}
	events, err := customer.Decide(s.customerState(), c.Command)
	if err == nil {
		w.add(s, facts(events)...)
	}
	return w.decision, err
}

// ofGuest makes sure that there is a guest with this order.
func (ChangeCustomer) ofGuest(v *view, id uuid.UUID) error {
	o := v.order(id).orderState()
	switch {
	case !o.Exists():
		return rule.New(rule.CustomerNotFound, "there is no order %s, so it is nobody's", id)
	case o.CustomerID != "":
		return rule.New(rule.CustomerNotFound, "order %s is not a guest's but customer %q's; name that one", id, o.CustomerID)
	}
	return nil
}

// Forgetter forgets destroyed keys; *eventstore.Vault does.
type Forgetter interface {
	Forget(tenant, subject string)
	ForgetAll()
}

// ForgetErased takes note of the erasures among events of the log, which any process may have written.
func ForgetErased(vault Forgetter, events []eventstore.Recorded) {
	for i := range events {
		if e := &events[i]; e.StreamType == customer.StreamType {
			if event, err := customer.Decode(e.Type, e.Data); err == nil { // else it is no erasure that this build knows
				if erased, ok := event.(customer.Erased); ok {
					vault.Forget(e.Tenant, cmp.Or(erased.KeyID, customer.KeyOf(erased.CustomerID)))
				}
			}
		}
	}
}

// FollowErasures is ForgetErased for all events from now on, until ctx ends. Whatever seals or opens personal data runs
// it, so that no key outlives an erasure by more than the log takes to tell of it.
func FollowErasures(ctx context.Context, store *eventstore.Store, vault Forgetter, log *slog.Logger) error {
	return store.EachPast(ctx, "follow erasures", func(ctx context.Context) error { return followErasures(ctx, store, vault, log) })
}

func followErasures(ctx context.Context, store *eventstore.Store, vault Forgetter, log *slog.Logger) error {
	feed := eventstore.NewFeed(store, eventstore.FeedConfig{
		Consumer: "erasures", Marshal: eventstore.LocalMessageOf, Logger: log,
		After: func(ctx context.Context) (eventstore.Position, error) {
			head, _, err := store.Head(ctx)
			vault.ForgetAll() // what was erased before is known to the table of keys
			return head, err
		},
	})
	messages, err := feed.Subscribe(ctx, "log")
	if err != nil {
		return err
	}
	defer feed.Close() // it only waits
	for msg := range messages {
		frame, err := eventstore.FrameOf(msg)
		if err != nil {
			return err
		}
		ForgetErased(vault, frame.Events)
		msg.Ack()
	}
	return nil
}
