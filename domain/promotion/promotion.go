// Package promotion counts the uses of one discount that has a usage limit, so that a limit of one hundred means one
// hundred under any concurrency: an order that gets the discount appends its use to the discount's stream together with
// its own placing, and of two appends that saw the same count only one succeeds.
//
// A promotion is the fold of its events. It remembers the order of every use that was not given back, so that redeeming
// or giving back again does no harm: some 30 bytes an order, so a discount with 100,000 uses keeps about 3 MB. The limit
// itself comes with the command, as it is in the settings then; lowering it takes no use away. Nothing here is safe for
// concurrent changes; reading a state is.
package promotion

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
)

// StreamType is the type of every promotion's stream.
const StreamType = "discount"

// StreamID returns the id of the stream that counts the uses of a tenant's discount. Ids differ by case.
func StreamID(tenant, discountID string) uuid.UUID {
	return streamid.New(tenant, StreamType, discountID)
}

// Promotion is the state of one discount's uses. Its zero value is a discount that was never used.
type Promotion struct {
	DiscountID string                 `json:"discount_id"`
	Orders     map[uuid.UUID]struct{} `json:"orders,omitempty"` // those that have a use now
}

// Exists reports whether the discount was ever used.
func (p *Promotion) Exists() bool { return p.DiscountID != "" }

// Used returns how many orders have a use now.
func (p *Promotion) Used() int64 { return int64(len(p.Orders)) }

// UsedUp reports whether an order that has no use yet cannot get one. A limit of 0 is none.
func (p *Promotion) UsedUp(limit int64) bool { return limit > 0 && p.Used() >= limit }

// Apply moves p on by one event, in place. It checks nothing: the event has already happened.
func (p *Promotion) Apply(e Event) {
	switch e := e.(type) {
	case Redeemed:
		p.DiscountID = e.DiscountID
		if p.Orders == nil {
			p.Orders = make(map[uuid.UUID]struct{})
		}
		p.Orders[e.OrderID] = struct{}{}
	case GivenBack:
		if delete(p.Orders, e.OrderID); len(p.Orders) == 0 {
			p.Orders = nil // as it is after a round trip through JSON
		}
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Promotion {
	var p Promotion
	for _, e := range events {
		p.Apply(e)
	}
	return p
}

// Clone returns a copy that later changes of p do not reach. It takes time in proportion to the uses.
func (p *Promotion) Clone() Promotion {
	c := *p
	c.Orders = maps.Clone(p.Orders)
	return c
}

// Command asks for a change of one discount's uses. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(p *Promotion) ([]Event, error)
}

// Decide returns the events that cmd causes in state p, or a *rule.Violation. It changes nothing. No events and no
// error means that the wish is already met.
func Decide(p *Promotion, cmd Command) ([]Event, error) { return cmd.decide(p) }

// Redeem uses the discount for an order. An order that has a use keeps it, even if the limit was lowered since.
type Redeem struct {
	DiscountID string
	Code       string // what the customer entered, for a refusal; empty for an automatic discount
	OrderID    uuid.UUID
	Limit      int64  // most orders that may have a use; 0: any number
	Pointer    string // the code's place in the request, for a refusal
	At         time.Time
}

// GiveBack returns the use of an order that was canceled or expired. An order without a use has nothing to give back.
type GiveBack struct {
	DiscountID string
	OrderID    uuid.UUID
	Reason     string // such as canceled, expired
	At         time.Time
}

func (c Redeem) decide(p *Promotion) ([]Event, error) {
	if _, has := p.Orders[c.OrderID]; has {
		return nil, nil
	}
	used := p.Used()
	if p.UsedUp(c.Limit) {
		v := rule.New(rule.DiscountInvalid, "discount %s is used up: %d of %d uses are taken", c.name(), used, c.Limit)
		meta := map[string]any{"discount_id": c.DiscountID, "limit": c.Limit, "used": used, "requested": int64(1), "available": int64(0)}
		if c.Code != "" {
			meta["code"] = c.Code
		}
		v.Details = []rule.Detail{{Pointer: c.Pointer, Code: v.Code, Message: v.Message, Meta: meta}}
		return nil, v
	}
	return []Event{Redeemed{DiscountID: c.DiscountID, OrderID: c.OrderID, Limit: c.Limit, Used: used + 1, RedeemedAt: instant(c.At)}}, nil
}

// name returns what the customer knows the discount by.
func (c Redeem) name() string {
	if c.Code != "" {
		return "code " + c.Code
	}
	return c.DiscountID
}

func (c GiveBack) decide(p *Promotion) ([]Event, error) { //nolint:unparam // Command asks for an error that this one never has
	if _, has := p.Orders[c.OrderID]; !has {
		return nil, nil
	}
	return []Event{GivenBack{DiscountID: p.DiscountID, OrderID: c.OrderID, Reason: c.Reason, Used: p.Used() - 1, GivenBackAt: instant(c.At)}}, nil
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
