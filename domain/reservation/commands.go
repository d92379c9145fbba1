package reservation

import (
	"cmp"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Limits of a reservation, for tenants that set none of their own.
const (
	MaxLines         = 100
	MaxMinutes       = 24 * 60       // from now until it expires
	MaxQuantity      = 1_000_000_000 // units of one line
	MaxSKULength     = 64            // characters
	MaxTextLength    = 255           // characters of a reference, a reason or a customer's id
	shortestDuration = time.Second
)

// Command asks for a change of one reservation. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(r *Reservation) ([]Event, error)
}

// Decide returns the events that cmd causes in state r, or a *rule.Violation. It changes nothing. No events and no error
// means that the wish is already met, so that sending a command twice does no harm.
func Decide(r *Reservation, cmd Command) ([]Event, error) { return cmd.decide(r) }

// Make begins a reservation.
type Make struct {
	ReservationID uuid.UUID
	CustomerID    string
	Reference     string
	Lines         []Line
	ExpiresAt     time.Time
	Pointer       string // of the time in the request; empty: /expires_at
	MaxLines      int    // 0: MaxLines
	MaxMinutes    int    // 0: MaxMinutes
	At            time.Time
}

// Extend makes a reservation last longer. A shorter time is refused, the same one changes nothing.
type Extend struct {
	ReservationID uuid.UUID
	ExpiresAt     time.Time
	Pointer       string // of the time in the request; empty: /expires_at
	MaxMinutes    int    // 0: MaxMinutes
	At            time.Time
}

// Release gives the units back. Releasing what has ended already changes nothing, unless it became an order.
type Release struct {
	ReservationID uuid.UUID
	Reason        string
	At            time.Time
}

// Expire gives the units back if the reservation's time is up. Otherwise it changes nothing.
type Expire struct {
	ReservationID uuid.UUID
	At            time.Time
}

// Convert hands the units over to an order.
type Convert struct {
	ReservationID uuid.UUID
	OrderID       uuid.UUID
	At            time.Time
}

func (c Make) decide(r *Reservation) ([]Event, error) {
	if r.Exists() {
		return nil, nil
	}
	var faults rule.Faults
	limit := cmp.Or(c.MaxLines, MaxLines)
	switch n := len(c.Lines); {
	case n == 0:
		faults.Add(rule.ValidationFailed, "/lines", "a reservation needs at least one line")
	case n > limit:
		faults.AddDetail(rule.Detail{
			Pointer: "/lines", Code: rule.ValidationFailed, Message: fmt.Sprintf("a reservation has at most %d lines, not %d", limit, n),
			Meta: map[string]any{"requested": n, "available": limit},
		})
	default:
		checkLines(&faults, c.Lines)
	}
	text.Identifier.Check(&faults, "/customer_id", c.CustomerID, 0, MaxTextLength)
	text.Identifier.Check(&faults, "/reference", c.Reference, 0, MaxTextLength)
	checkExpiry(&faults, c.Pointer, c.ExpiresAt, c.At, cmp.Or(c.MaxMinutes, MaxMinutes))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{Made{
		ReservationID: c.ReservationID, CustomerID: c.CustomerID, Reference: c.Reference, Lines: c.Lines,
		ExpiresAt: instant(c.ExpiresAt), MadeAt: instant(c.At),
	}}, nil
}

func (c Extend) decide(r *Reservation) ([]Event, error) {
	if err := r.open(c.ReservationID, "extended", c.At); err != nil {
		return nil, err
	}
	var faults rule.Faults
	if checkExpiry(&faults, c.Pointer, c.ExpiresAt, c.At, cmp.Or(c.MaxMinutes, MaxMinutes)); faults.Err() != nil {
		return nil, faults.Err()
	}
	switch at := instant(c.ExpiresAt); {
	case at.Equal(r.ExpiresAt):
		return nil, nil
	case at.Before(r.ExpiresAt):
		faults.Add(rule.ValidationFailed, cmp.Or(c.Pointer, "/expires_at"), "the reservation lasts until %s already and cannot be made shorter; release it instead",
			r.ExpiresAt.Format(time.RFC3339))
		return nil, faults.Err()
	}
	return []Event{Extended{ReservationID: r.ID, ExpiresAt: instant(c.ExpiresAt), ExtendedAt: instant(c.At)}}, nil
}

func (c Release) decide(r *Reservation) ([]Event, error) {
	switch r.Status {
	case StatusActive:
	case StatusReleased, StatusExpired:
		return nil, nil
	case StatusConverted:
		return nil, rule.New(rule.InvalidState, "reservation %s became order %s; cancel the order instead", r.ID, r.OrderID)
	default:
		return nil, notFound(c.ReservationID)
	}
	var faults rule.Faults
	if text.Note.Check(&faults, "/reason", c.Reason, 0, MaxTextLength); faults.Err() != nil {
		return nil, faults.Err()
	}
	return []Event{Released{ReservationID: r.ID, Reason: c.Reason, ReleasedAt: instant(c.At)}}, nil
}

func (c Expire) decide(r *Reservation) ([]Event, error) { //nolint:unparam // the interface's; expiring is never refused
	if r.Status != StatusActive || !r.due(c.At) {
		return nil, nil
	}
	return []Event{Expired{ReservationID: r.ID, ExpiredAt: instant(c.At)}}, nil
}

func (c Convert) decide(r *Reservation) ([]Event, error) {
	if r.Status == StatusConverted && r.OrderID == c.OrderID {
		return nil, nil
	}
	if err := r.open(c.ReservationID, "converted", c.At); err != nil {
		return nil, err
	}
	return []Event{Converted{ReservationID: r.ID, OrderID: c.OrderID, ConvertedAt: instant(c.At)}}, nil
}

// open returns why nothing can be done with the reservation any more. Its time counts even if nobody has noticed yet
// that it is up.
func (r *Reservation) open(id uuid.UUID, what string, at time.Time) error {
	switch {
	case !r.Exists():
		return notFound(id)
	case r.Status == StatusExpired, r.Status == StatusActive && r.due(at):
		return rule.New(rule.ReservationExpired, "reservation %s expired at %s and cannot be %s; make a new one", r.ID, r.ExpiresAt.Format(time.RFC3339), what)
	case r.Status == StatusConverted:
		return rule.New(rule.InvalidState, "reservation %s became order %s and cannot be %s", r.ID, r.OrderID, what)
	case r.Status == StatusReleased:
		return rule.New(rule.InvalidState, "reservation %s was released and cannot be %s; make a new one", r.ID, what)
	}
	return nil
}

func (r *Reservation) due(at time.Time) bool { return !instant(at).Before(r.ExpiresAt) }

func notFound(id uuid.UUID) error {
	return rule.New(rule.ReservationNotFound, "there is no reservation %s", id)
}

func checkLines(faults *rule.Faults, lines []Line) {
	seen := make(map[uuid.UUID]bool, len(lines))
	for i, line := range lines {
		pointer := fmt.Sprintf("/lines/%d", i)
		text.Key.Check(faults, pointer+"/sku", line.SKU, 1, MaxSKULength)
		if line.LineID == uuid.Nil || seen[line.LineID] {
			faults.Add(rule.ValidationFailed, pointer+"/line_id", "each line needs an id of its own, not %s", line.LineID)
		}
		seen[line.LineID] = true
		if line.Quantity < 1 || line.Quantity > MaxQuantity {
			faults.AddDetail(rule.Detail{
				Pointer: pointer + "/quantity", Code: rule.QuantityOutOfRange,
				Message: fmt.Sprintf("a line reserves 1 to %d units, not %d", MaxQuantity, line.Quantity),
				Meta: map[string]any{
					"sku": line.SKU, "line_id": line.LineID.String(), "requested": line.Quantity, "available": int64(MaxQuantity),
				},
			})
		}
	}
}

func checkExpiry(faults *rule.Faults, pointer string, expires, at time.Time, minutes int) {
	expires, at = instant(expires), instant(at)
	latest := at.Add(time.Duration(minutes) * time.Minute)
	if expires.Before(at.Add(shortestDuration)) || expires.After(latest) {
		faults.Add(rule.ValidationFailed, cmp.Or(pointer, "/expires_at"), "a reservation lasts from a second to %d minutes, so until %s at the latest, not %s",
			minutes, latest.Format(time.RFC3339), expires.Format(time.RFC3339))
	}
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
