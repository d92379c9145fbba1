package commands

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
)

// work is a decision in the making: what it has decided so far shows in what it decides next.
type work struct {
	v *view
	decision

	picked bool // whether pick is known
}

func begin(v *view, target *aggregate, at time.Time, resource string) work {
	return work{v: v, decision: decision{target: target, occurred: at, resource: resource}}
}

// order decides a command of an order and everything that follows from it.
func (w *work) order(o *aggregate, cmd order.Command) error {
	events, err := w.decide(o, cmd)
	if err != nil {
		return err
	}
	return pointed(cmd, w.record(o, events))
}

// decide returns what a command of an order comes to on the tenant's terms.
func (w *work) decide(o *aggregate, cmd order.Command) ([]order.Event, error) {
	return order.Decide(w.orderOf(o), cmd, order.Terms{Completes: w.completes, At: w.occurred})
}

// completes reports whether orders of the tenant complete by themselves.
func (w *work) completes() bool {
	return w.v.settings().Limits().Completion == settings.CompletionAutomatic
}

// record takes in events of an order that are decided, and decides what follows from them.
func (w *work) record(o *aggregate, events []order.Event) error {
	if len(events) == 0 {
		return nil
	}
	w.add(o, facts(events)...)
	for _, e := range events {
		if err := w.follow(o, e); err != nil {
			return err
		}
	}
	return nil
}

// stock decides a command of a SKU's stock. Orders whose backorders it fills hear of it in the same step.
func (w *work) stock(sku string, cmd stock.Command) ([]stock.Event, error) {
	s := w.v.stock(sku)
	state := w.stockOf(s)
	var pick stock.PickOrder
	if state.Backordered > 0 || takes(cmd) {
		pick = w.pickOrder()
	}
	events, err := stock.DecideFrom(state, cmd, pick)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	w.add(s, facts(events)...)
	for _, e := range events {
		if filled, ok := e.(stock.BackorderFilled); ok {
			if err := w.filled(&filled); err != nil {
				return nil, err
			}
		}
	}
	return events, nil
}

// takes reports whether a command takes units, so that it matters which locations they may come from, even if nobody
// waits for any.
func takes(cmd stock.Command) bool {
	switch cmd.(type) {
	case stock.Reserve, stock.ReserveMore:
		return true
	}
	return false
}

// pickOrder returns the locations that the tenant's orders take units from.
func (w *work) pickOrder() stock.PickOrder {
	if !w.picked {
		w.pick, w.picked = w.v.settings().PickOrder(), true
	}
	return w.pick
}

// filled tells an order that units it waited for are reserved now.
func (w *work) filled(f *stock.BackorderFilled) error {
	fill := order.FillBackorder{At: w.occurred}
	for _, a := range f.Allocations {
		fill.Lines = append(fill.Lines, order.LineQuantity{LineID: a.LineID, SKU: f.SKU, Quantity: a.Quantity})
	}
	return w.order(w.v.order(f.OrderID), fill)
}

// promotion decides a command of a discount's uses.
func (w *work) promotion(id string, cmd promotion.Command) error {
	p := w.v.promotion(id)
	events, err := promotion.Decide(w.promotionOf(p), cmd)
	if err == nil && len(events) > 0 {
		w.add(p, facts(events)...)
	}
	return err
}

// existing returns an order that must be there.
func existing(v *view, id uuid.UUID) (*aggregate, error) {
	o := v.order(id)
	if !o.orderState().Exists() {
		return o, rule.New(rule.OrderNotFound, "there is no order %s; place it first", id)
	}
	return o, nil
}
