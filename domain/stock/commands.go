package stock

import (
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// Limits of a stock.
const (
	MaxReceipt        = 1_000_000_000         // units of one receipt
	MaxOnHand         = 1_000_000_000_000_000 // units of one SKU at all locations; exact in JSON numbers
	MaxLocationLength = 64                    // characters of a location's id
	MaxReferenceBytes = 255                   // bytes of a receipt's reference
)

// Command asks for a change of one SKU's stock. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(s *Stock) ([]Event, error)
}

// Decide returns the events that cmd causes in state s, or a *rule.Violation. It changes nothing. No events and no
// error means that the wish is already met, so that sending a command twice does no harm.
func Decide(s *Stock, cmd Command) ([]Event, error) { return cmd.decide(s) }

// Receive adds delivered units.
type Receive struct {
	SKU        string
	LocationID string // empty: MainLocation
	Quantity   int64  // 1 to MaxReceipt
	Reference  string
	At         time.Time
}

// Demand is what one order line asks for.
type Demand struct {
	LineID   uuid.UUID
	Quantity int64  // at least 1
	Pointer  string // the line's place in the request, for a refusal; may be empty
}

// Reserve sets units aside for an order, for all of its lines with this SKU at once. Units are taken from the main
// location first, then from the others in the order of their ids, for one line after the other. Either all demands are
// met or none: a part is never reserved. A reservation that is already there stays as it is.
type Reserve struct {
	SKU           string
	ReservationID uuid.UUID // the order's id, unless the reservation is a soft one
	OrderID       uuid.UUID
	Demands       []Demand
	At            time.Time
}

// Release gives a reservation's units back. Releasing what is not reserved changes nothing.
type Release struct {
	ReservationID uuid.UUID
	Reason        string // such as customer, payment, expired
	At            time.Time
}

// Commit promises a reservation's units to its order, which was confirmed. Committing twice changes nothing.
type Commit struct {
	ReservationID uuid.UUID
	At            time.Time
}

func (c Receive) decide(s *Stock) ([]Event, error) {
	location := c.LocationID
	if location == "" {
		location = MainLocation
	}
	var faults rule.Faults
	if !validID(location) {
		faults.Add(rule.ValidationFailed, "/location_id", "a location is 1 to %d visible characters, not %q", MaxLocationLength, location)
	}
	if len(c.Reference) > MaxReferenceBytes || !utf8.ValidString(c.Reference) {
		faults.Add(rule.ValidationFailed, "/reference", "a reference is at most %d bytes of UTF-8, not %d", MaxReferenceBytes, len(c.Reference))
	}
	onHand := s.OnHand()
	switch {
	case c.Quantity < 1 || c.Quantity > MaxReceipt:
		faults.Add(rule.QuantityOutOfRange, "/quantity", "a receipt is 1 to %d units, not %d", int64(MaxReceipt), c.Quantity)
	case c.Quantity > MaxOnHand-onHand:
		faults.Add(rule.QuantityOutOfRange, "/quantity", "%d units are on hand and at most %d can be; receive %d or fewer, not %d",
			onHand, int64(MaxOnHand), MaxOnHand-onHand, c.Quantity)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{Received{
		SKU: c.SKU, LocationID: location, Quantity: c.Quantity, Reference: c.Reference, ReceivedAt: instant(c.At),
	}}, nil
}

func (c Reserve) decide(s *Stock) ([]Event, error) {
	if _, ok := s.Reservations[c.ReservationID]; ok {
		return nil, nil
	}
	available := s.Available()
	requested, err := c.total(available)
	if err != nil {
		return nil, err
	}
	if requested > available {
		return nil, c.insufficient(requested, available)
	}
	return []Event{Reserved{
		SKU: c.SKU, ReservationID: c.ReservationID, OrderID: c.OrderID, Kind: KindOrder,
		Allocations: allocate(s.Locations, c.Demands), ReservedAt: instant(c.At),
	}}, nil
}

// total sums the demands of all lines, before any of them is checked against what there is.
func (c Reserve) total(available int64) (int64, error) {
	var (
		faults rule.Faults
		sum    int64
	)
	if len(c.Demands) == 0 {
		faults.Add(rule.ValidationFailed, "", "a reservation of SKU %q needs at least one line", c.SKU)
	}
	for _, d := range c.Demands {
		if d.Quantity < 1 || d.Quantity > MaxOnHand {
			faults.Add(rule.QuantityOutOfRange, d.Pointer, "a line reserves 1 to %d units, not %d", int64(MaxOnHand), d.Quantity)
			continue
		}
		// Beyond MaxOnHand more makes no difference to the answer, and the sum cannot wrap around.
		sum = min(sum+d.Quantity, max(available, MaxOnHand)+1)
	}
	return sum, faults.Err()
}

func (c Reserve) insufficient(requested, available int64) error {
	v := rule.New(rule.InsufficientStock, "SKU %q: %d requested, %d available", c.SKU, requested, available)
	for _, d := range c.Demands {
		v.Details = append(v.Details, rule.Detail{
			Pointer: d.Pointer, Code: rule.InsufficientStock, Message: v.Message,
			Meta: map[string]any{"sku": c.SKU, "line_id": d.LineID.String(), "requested": requested, "available": available},
		})
	}
	return v
}

// allocate takes each demand in turn from the locations in their order. The locations hold enough for all of them.
func allocate(locations []Location, demands []Demand) []Allocation {
	allocations := make([]Allocation, 0, len(demands))
	at, left := -1, int64(0) // what the current location still has
	for _, d := range demands {
		for want := d.Quantity; want > 0; {
			if left == 0 {
				at++
				left = locations[at].Available()
				continue
			}
			take := min(want, left)
			allocations = append(allocations, Allocation{LineID: d.LineID, LocationID: locations[at].ID, Quantity: take})
			want, left = want-take, left-take
		}
	}
	return allocations
}

func (c Release) decide(s *Stock) ([]Event, error) { //nolint:unparam // the interface's; giving back is never refused
	r, ok := s.Reservations[c.ReservationID]
	if !ok {
		return nil, nil
	}
	return []Event{Released{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, Allocations: r.Allocations,
		Committed: r.Committed, Reason: c.Reason, ReleasedAt: instant(c.At),
	}}, nil
}

func (c Commit) decide(s *Stock) ([]Event, error) {
	r, ok := s.Reservations[c.ReservationID]
	if !ok {
		return nil, rule.New(rule.ReservationExpired, "SKU %q: reservation %s was released or never made; reserve again", s.SKU, c.ReservationID)
	}
	if r.Committed {
		return nil, nil
	}
	return []Event{Committed{
		SKU: s.SKU, ReservationID: c.ReservationID, OrderID: r.OrderID, Allocations: r.Allocations, CommittedAt: instant(c.At),
	}}, nil
}

// validID reports whether id is 1 to MaxLocationLength visible characters.
func validID(id string) bool {
	if n := utf8.RuneCountInString(id); n < 1 || n > MaxLocationLength {
		return false
	}
	for _, r := range id {
		if r == utf8.RuneError || !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
