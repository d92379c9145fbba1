package stock

import (
	"time"

	"github.com/google/uuid"
)

// Limits of a stock.
const (
	MaxReceipt         = 1_000_000_000         // units of one receipt, adjustment, count, return or transfer
	MaxOnHand          = 1_000_000_000_000_000 // units of one SKU at all locations and on their way; exact in JSON numbers
	MaxLocationLength  = 64                    // characters of a location's id
	MaxReferenceLength = 255                   // characters of a reference or a reason
)

// Command asks for a change of one SKU's stock. Its unexported method seals the set and is the rule itself. Where a
// command has a SKU it names the stock that may not exist yet; an empty LocationID means MainLocation; At becomes the
// time of its events.
//
// Commands that make units available also decide who of those waiting gets them: their event is followed by a
// BackorderFilled for each reservation served.
type Command interface {
	decide(s *Stock, pick PickOrder) ([]Event, error)
}

// Decide returns the events that cmd causes in state s, or a *rule.Violation. It changes nothing. No events and no
// error means that the wish is already met, so that sending a command twice does no harm. It takes time in proportion to
// what the command touches, not to the live reservations. Units are taken from any location: DecideFrom says which.
func Decide(s *Stock, cmd Command) ([]Event, error) { return cmd.decide(s, nil) }

// DecideFrom is Decide for a shop that says which locations orders take units from.
func DecideFrom(s *Stock, cmd Command, pick PickOrder) ([]Event, error) { return cmd.decide(s, pick) }

// Receive adds delivered units.
type Receive struct {
	SKU        string
	LocationID string
	Quantity   int64 // 1 to MaxReceipt
	Reference  string
	At         time.Time
}

// Adjust corrects what is on hand by a difference. What is left must still hold the damaged units and those in quality
// control; it may be less than what is promised, and then nothing is available.
type Adjust struct {
	SKU              string
	LocationID       string
	Delta            int64 // -MaxReceipt to MaxReceipt, not 0
	Reason           string
	ExpectedQuantity *int64 // refused with quantity_mismatch unless this is on hand there
	At               time.Time
}

// DeductSold takes units off the main location that were sold without a reservation, such as by an imported order: what
// is available there, and with Force all of them. Then less than nothing may be on hand, until somebody counts.
type DeductSold struct {
	SKU      string
	Quantity int64 // 1 to MaxReceipt
	Force    bool
	Reason   string
	At       time.Time
}

// Count sets what is on hand to what was counted, damaged units and those in quality control included.
type Count struct {
	SKU              string
	LocationID       string
	Counted          int64  // 0 to MaxReceipt
	ExpectedQuantity *int64 // refused with quantity_mismatch unless this is on hand there
	Reference        string
	At               time.Time
}

// Demand is what one order line asks for.
type Demand struct {
	LineID   uuid.UUID
	Quantity int64  // at least 1
	Pointer  string // the line's place in the request, for a refusal; may be empty
}

// Reserve sets units aside for an order or a shopper, for all of its lines with this SKU at once. Units are taken from
// the locations of the pick order, for one line after the other. What is missing is backordered if the SKU's policy lets it; otherwise all demands are met or none. A
// reservation that is already there stays as it is. Soft reservations are never backordered.
type Reserve struct {
	SKU           string
	ReservationID uuid.UUID // the order's id, unless the reservation is a soft one
	OrderID       uuid.UUID
	Kind          Kind // empty: KindOrder
	Demands       []Demand
	Convert       uuid.UUID // a soft reservation to release first, so that its units go to this one; may be absent
	PlacedAt      time.Time // when the order was placed, its place in the queue of backorders; zero: At
	ExpiresAt     time.Time // of a soft reservation, after At
	At            time.Time
}

// ReserveMore adds units to a reservation, such as for an edit of its order, and may give others of it back first: what
// one line gives, another can have before anybody who waits. Units of a committed reservation are committed at once. If
// the reservation is not there (any more) it begins anew, with the fields below that say how. The same change again
// changes nothing as long as the reservation lives.
type ReserveMore struct {
	SKU           string
	ReservationID uuid.UUID
	ChangeID      uuid.UUID
	Release       []LineQuantity // as Release gives them back; may be empty
	Spare         []LineLocation // as Release spares them
	Reason        string         // of the release
	Demands       []Demand

	OrderID   uuid.UUID // of a new reservation; zero: the reservation's id
	Committed bool      // whether a new reservation is committed at once: its order is confirmed
	PlacedAt  time.Time // of a new reservation: when its order was placed; zero: At

	At time.Time
}

// ExtendReservation makes a soft reservation last longer. It never makes it shorter.
type ExtendReservation struct {
	ReservationID uuid.UUID
	ExpiresAt     time.Time // after At
	At            time.Time
}

// Release gives a reservation's units back: all, or some of the given lines. Of a line, the units that it waits for go
// first, then those it took last, and spared ones only when nothing else is left. It gives back what is there: releasing
// what is not reserved changes nothing.
type Release struct {
	ReservationID uuid.UUID
	Lines         []LineQuantity // nil: all
	Spare         []LineLocation // units of the lines that are to stay as long as others can go: they are packed there
	Reason        string         // such as customer, payment, expired
	At            time.Time
}

// LineLocation is units of an order line at a location.
type LineLocation struct {
	LineID     uuid.UUID
	LocationID string
	Quantity   int64
}

// Expire gives a soft reservation's units back if its time is up at At. Otherwise, and if it is committed, it changes
// nothing.
type Expire struct {
	ReservationID uuid.UUID
	At            time.Time
}

// Commit promises a reservation's units to its order, which was confirmed. Committing twice changes nothing.
type Commit struct {
	ReservationID uuid.UUID
	At            time.Time
}

// Move makes a reservation take units of its lines from another location than now, where they must be available.
type Move struct {
	ReservationID uuid.UUID
	From          string         // empty: wherever they are, those taken last first
	To            string         // the location
	Lines         []LineQuantity // units that are not yet at To; nil: all of them
	At            time.Time
}

// Deduct takes committed units off a location's shelves, because they were shipped.
type Deduct struct {
	ReservationID uuid.UUID
	LocationID    string
	Lines         []LineQuantity
	ShipmentID    uuid.UUID // may be zero
	At            time.Time
}

// Disposition says what becomes of units that come back.
type Disposition string

// Dispositions of units.
const (
	Restock        Disposition = "restock"         // sold again
	QualityControl Disposition = "quality_control" // on hand, looked at before they are sold again
	Damaged        Disposition = "damaged"         // on hand, not to be sold
	WriteOff       Disposition = "write_off"       // thrown away
)

// Return takes back units that had left.
type Return struct {
	SKU         string
	LocationID  string
	OrderID     uuid.UUID
	ReturnID    uuid.UUID // may be zero
	Lines       []LineQuantity
	Disposition Disposition
	At          time.Time
}

// Inspect says what becomes of units that were in quality control or damaged.
type Inspect struct {
	LocationID  string
	From        Disposition // QualityControl or Damaged
	Disposition Disposition // another one
	Quantity    int64
	Reason      string
	At          time.Time
}

// DispatchTransfer sends available units to another location. The same transfer again changes nothing while it is on
// its way.
type DispatchTransfer struct {
	TransferID uuid.UUID
	From, To   string // locations; an empty one is MainLocation
	Quantity   int64  // 1 to MaxReceipt
	Reference  string
	At         time.Time
}

// ReceiveTransfer takes units of a transfer in at the location they were sent to, and names those that are lost. It may
// come several times until nothing is left on its way.
type ReceiveTransfer struct {
	TransferID uuid.UUID
	Quantity   int64 // arrived; at least 0
	Lost       int64 // never to arrive; at least 0, and 1 or more in all
	LossReason string
	At         time.Time
}

// SetSafetyStock keeps units of a location from being sold.
type SetSafetyStock struct {
	SKU        string
	LocationID string
	Quantity   int64 // 0 to MaxReceipt
	At         time.Time
}

// BackorderPolicy says whether orders may wait for units that are not there.
type BackorderPolicy string

// Policies of backorders.
const (
	BackorderDeny  BackorderPolicy = "deny"  // the default
	BackorderAllow BackorderPolicy = "allow" // any number of units
	BackorderLimit BackorderPolicy = "limit" // up to a number of units of all orders
)

// SetBackorderPolicy says whether orders may wait for units that are not there. What waits already goes on waiting.
type SetBackorderPolicy struct {
	SKU    string
	Policy BackorderPolicy
	Limit  int64 // 0 to MaxReceipt units, for BackorderLimit only
	At     time.Time
}

// SetTracking says whether the SKU's units are counted at all. An untracked SKU, such as a download, is never refused,
// and no reservation of it moves a level.
type SetTracking struct {
	SKU     string
	Tracked bool
	At      time.Time
}
