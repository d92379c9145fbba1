package order

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// HoldReason says why an order is held.
type HoldReason string

// The reasons of a hold.
const (
	HoldFraudReview    HoldReason = "fraud_review"
	HoldAddressInvalid HoldReason = "address_invalid"
	HoldInventory      HoldReason = "inventory"
	HoldPayment        HoldReason = "payment"
	HoldManual         HoldReason = "manual"
	HoldOther          HoldReason = "other"
)

// MaxHolds is the most holds that an order can have at a time.
const MaxHolds = 50

// PlaceHold keeps an order, or some of its lines, from moving on. The same hold id again changes nothing.
type PlaceHold struct {
	HoldID  uuid.UUID
	LineIDs []uuid.UUID // empty: the whole order
	Reason  HoldReason  // empty: HoldManual
	Note    string
	Private PII       // sealed: note
	Until   time.Time // zero: until it is released
	By      string
	At      time.Time
}

// ReleaseHold ends a hold.
type ReleaseHold struct {
	HoldID uuid.UUID
	By     string
	At     time.Time
}

func (c PlaceHold) decide(o *Order) ([]Event, error) {
	if err := o.holdable(); err != nil {
		return nil, err
	}
	if o.hold(c.HoldID) >= 0 {
		return nil, nil
	}
	var faults rule.Faults
	if c.HoldID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/hold_id", "a hold needs an id")
	}
	if len(o.Holds) >= MaxHolds {
		faults.Add(rule.ValidationFailed, "", "an order has at most %d holds at a time; release one first", MaxHolds)
	}
	reason := c.Reason
	switch reason {
	case "":
		reason = HoldManual
	case HoldFraudReview, HoldAddressInvalid, HoldInventory, HoldPayment, HoldManual, HoldOther:
	default:
		faults.Add(rule.ValidationFailed, "/reason", "a reason is fraud_review, address_invalid, inventory, payment, manual or other, not %q", reason)
	}
	checkNote(&faults, c.Note)
	if !c.Until.IsZero() && !c.Until.After(c.At) {
		faults.Add(rule.ValidationFailed, "/until", "a hold ends in the future, not at %s", stamp(c.Until))
	}
	find, seen := o.finder(), make(map[uuid.UUID]struct{}, len(c.LineIDs))
	for n, id := range c.LineIDs {
		pointer := fmt.Sprintf("/line_ids/%d", n)
		if find.find(id) < 0 {
			faults.AddDetail(o.unknownLine(pointer, id))
		} else if _, twice := seen[id]; twice {
			faults.Add(rule.ValidationFailed, pointer, "line %s is named twice", id)
		}
		seen[id] = struct{}{}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event := Held{About: o.about(), HoldID: c.HoldID, Reason: reason, Note: inClear(c.Note, c.Private), Private: c.Private, HeldBy: c.By, HeldAt: instant(c.At)}
	if len(c.LineIDs) > 0 {
		event.LineIDs = c.LineIDs
	}
	if !c.Until.IsZero() {
		event.Until = instant(c.Until)
	}
	return []Event{event}, nil
}

func (c ReleaseHold) decide(o *Order) ([]Event, error) {
	if err := o.holdable(); err != nil {
		return nil, err
	}
	i := o.hold(c.HoldID)
	if i < 0 {
		return nil, rule.New(rule.HoldNotFound, "order %s has no hold %s; it was released, or never placed", o.Number, c.HoldID)
	}
	h := &o.Holds[i]
	return []Event{HoldReleased{
		About: o.about(), HoldID: h.HoldID, Reason: h.Reason, ReleasedBy: c.By, HeldAt: h.HeldAt, ReleasedAt: instant(c.At),
	}}, nil
}

// holdable returns the rule that keeps the order from being held and released.
func (o *Order) holdable() error {
	switch {
	case !o.Exists():
		return notFound()
	case o.Status.Terminal():
		return rule.New(rule.OrderTerminal, "order %s is %s and is not held any more", o.Number, o.Status)
	}
	return nil
}

// hold returns the index of an open hold, or -1.
func (o *Order) hold(id uuid.UUID) int {
	return slices.IndexFunc(o.Holds, func(h Hold) bool { return h.HoldID == id })
}

// onHold returns the refusal of what a hold forbids.
func (o *Order) onHold(h *Hold) error {
	v := rule.New(rule.OrderOnHold, "order %s is on hold (%s); release hold %s first", o.Number, h.Reason, h.HoldID)
	v.ExistingID = h.HoldID.String()
	return v
}

func (o *Order) applyHeld(e *Held) {
	o.Holds = append(o.Holds, Hold{
		HoldID: e.HoldID, LineIDs: e.LineIDs, Reason: e.Reason, Note: e.Note, Private: e.Private, Until: e.Until, HeldAt: e.HeldAt,
	})
	o.UpdatedAt = e.HeldAt
}

func (o *Order) applyHoldReleased(e *HoldReleased) {
	if i := o.hold(e.HoldID); i >= 0 {
		if o.Holds = slices.Delete(o.Holds, i, i+1); len(o.Holds) == 0 {
			o.Holds = nil
		}
	}
	o.UpdatedAt = e.ReleasedAt
}
