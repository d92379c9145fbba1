package commands

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// DueKind says what is due.
type DueKind string

// What can be due.
const (
	DueOrder       DueKind = "order"       // a pending order whose time is up
	DueHold        DueKind = "hold"        // a hold that ends by itself
	DueReservation DueKind = "reservation" // a soft reservation whose time is up
)

// Due is something whose time has come, as a read model knows it. The commands decide on the truth: what is not due
// after all, or no longer there, stays as it is.
type Due struct {
	Tenant string
	Kind   DueKind
	ID     uuid.UUID // of the order or the reservation
	HoldID uuid.UUID // of a hold
}

// SweeperConfig says what a sweeper works with. Do and Due are needed.
type SweeperConfig struct {
	Do     func(context.Context, Request) (Response, error)                   // Engine.Do
	Due    func(ctx context.Context, now time.Time, limit int) ([]Due, error) // what is due, the longest overdue first
	Now    func() time.Time                                                   // default time.Now
	Every  time.Duration                                                      // pause between two looks, default 1 s
	Logger *slog.Logger                                                       // default: nothing is logged
}

// Sweeper lets orders and reservations expire and holds end. Several may run at once, in one process or in many: each
// command is decided on the truth, so whoever comes second finds nothing to do, and none has to wait for another that
// has died.
type Sweeper struct {
	config SweeperConfig
	tried  map[Due]attempt // for as long as it is said to be due
}

// attempt is one at something that is still said to be due: the read model has not noticed yet, or it cannot be done.
type attempt struct {
	next  time.Time // when it is tried again
	pause time.Duration
}

// Bounds of a sweeper.
const (
	sweepFresh    = 200    // things in one go, beside those that were tried
	sweepMost     = 10_000 // things that are looked at
	sweepAtOnce   = 16     // commands under way
	sweepTimeout  = 30 * time.Second
	sweepRest     = 30 * time.Second // the longest pause while nothing can be looked up
	sweepPatience = 10 * time.Second // before the same is tried again, at first
	sweepForgo    = 5 * time.Minute  // and at last
)

// NewSweeper returns a sweeper. It does nothing before Run.
func NewSweeper(config SweeperConfig) *Sweeper {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	config.Every = cmp.Or(config.Every, time.Second)
	return &Sweeper{config: config, tried: make(map[Due]attempt)}
}

// Run sweeps until ctx ends. It returns nil. It must not run twice at a time.
func (s *Sweeper) Run(ctx context.Context) error {
	timer := time.NewTimer(s.config.Every)
	defer timer.Stop()
	for pause := s.config.Every; ; timer.Reset(pause) {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		more, err := s.sweep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(2*max(pause, s.config.Every), max(sweepRest, s.config.Every))
			s.config.Logger.WarnContext(ctx, "what is due cannot be looked up; it is tried again", "in", pause, "error", err)
		case more:
			pause = 0
		default:
			pause = s.config.Every
		}
	}
}

// sweep works off what is due now, and reports whether there is likely to be more.
func (s *Sweeper) sweep(ctx context.Context) (more bool, err error) {
	now := s.config.Now()
	due, err := s.config.Due(ctx, now, min(sweepFresh+len(s.tried), sweepMost))
	if err != nil {
		return false, err
	}
	var group errgroup.Group
	group.SetLimit(sweepAtOnce)
	tried, sent := make(map[Due]attempt, len(due)), 0
	for _, d := range due {
		if _, twice := tried[d]; twice {
			continue
		}
		a, again := s.tried[d]
		if again && now.Before(a.next) {
			tried[d] = a
			continue
		}
		a.pause = min(max(2*a.pause, sweepPatience), sweepForgo)
		a.next = now.Add(a.pause)
		tried[d] = a
		sent++
		group.Go(func() error {
			s.end(ctx, d, now)
			return nil
		})
	}
	s.tried = tried
	return sent >= sweepFresh, group.Wait()
}

// end sends the command that ends what is due.
func (s *Sweeper) end(ctx context.Context, d Due, now time.Time) {
	bounded, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	response, err := s.config.Do(bounded, d.request(now))
	switch {
	case ctx.Err() != nil: // whoever sweeps next finds it
	case err != nil:
		s.config.Logger.WarnContext(ctx, "not ended; it is tried again", "kind", d.Kind, "id", d.ID, "tenant", d.Tenant, "error", err)
	case response.Refused:
		s.config.Logger.WarnContext(ctx, "not ended; it is tried again", "kind", d.Kind, "id", d.ID, "tenant", d.Tenant, "refused", string(response.Answer.Body))
	}
}

// request returns the command that ends what is due. It has no key: its own state says whether it was ended before.
func (d Due) request(now time.Time) Request {
	r := Request{
		Tenant: d.Tenant, Actor: Actor{Type: "system", ID: "sweeper"},
		Cause: Cause{CorrelationID: fmt.Sprintf("due:%s:%s", d.Kind, d.ID)}, Answer: refusal,
	}
	switch d.Kind {
	case DueOrder:
		r.Command = ChangeOrder{OrderID: d.ID, Command: order.Expire{At: now}, At: now}
	case DueHold:
		r.Command = EndHold{OrderID: d.ID, HoldID: d.HoldID, At: now}
	case DueReservation:
		r.Command = EndReservation{ReservationID: d.ID, Expire: true, At: now}
	}
	return r
}

// refusal answers with the reason of a refusal.
func refusal(o Outcome) eventstore.Answer {
	if o.Refused == nil {
		return eventstore.Answer{}
	}
	return eventstore.Answer{Body: []byte(o.Refused.Error())}
}

// EndHold releases a hold whose time is up, as its timer does. If it has no end, or another one by now, or is not there
// any more, nothing happens and nothing is refused. State: *order.Order.
type EndHold struct {
	OrderID uuid.UUID
	HoldID  uuid.UUID
	At      time.Time
}

// decide releases the hold, and confirms the order if it waited for nothing else.
func (c EndHold) decide(v *view) (decision, error) {
	o := v.order(c.OrderID)
	w := begin(v, o, c.At, c.OrderID.String())
	state := o.orderState()
	if state.Status.Terminal() {
		return w.decision, nil
	}
	for i := range state.Holds {
		h := &state.Holds[i]
		if h.HoldID == c.HoldID && !h.Until.IsZero() && !c.At.Before(h.Until) {
			err := w.order(o, order.ReleaseHold{HoldID: c.HoldID, By: "timer", At: c.At})
			return w.decision, err
		}
	}
	return w.decision, nil
}
