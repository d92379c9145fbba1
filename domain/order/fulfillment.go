package order

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Units of a confirmed order go from planned to packed to shipped to delivered. A unit that is packed stays reserved
// until it is shipped. Plans are promises and bind nobody: they may name units that are packed elsewhere in the end.

// Limits of fulfilments.
const (
	MaxLocationLength = 64   // characters of a location's id
	MaxPackages       = 1000 // of one fulfilment
	mainLocation      = "main"
)

// demand is units of one line that a command names.
type demand struct {
	line     int // position in the order
	quantity int64
	named    int // position in the command, or -1
}

// at returns the demand's place in the request.
func (d *demand) at(field string) string {
	if d.named < 0 {
		return ""
	}
	return fmt.Sprintf("/lines/%d%s", d.named, field)
}

// demands reads the lines of a command into the order's sequence and records what is wrong with them.
func (o *Order) demands(faults *rule.Faults, lines []LineQuantity) []demand {
	all := make([]demand, 0, len(lines))
	at := o.finder()
	for n := range lines {
		d := demand{line: at.find(lines[n].LineID), quantity: lines[n].Quantity, named: n}
		if o.nameable(faults, &d, lines[n].LineID, lines[n].SKU) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b demand) int {
		return cmp.Or(a.line-b.line, a.named-b.named)
	})
	for n := 1; n < len(all); n++ {
		if all[n].line == all[n-1].line {
			faults.Add(rule.ValidationFailed, all[n].at("/line_id"), "line %s is named twice; name it once, with all its units",
				o.Lines[all[n].line].LineID)
		}
	}
	return all
}

// nameable reports whether a command names units that can exist, and records why not.
func (o *Order) nameable(faults *rule.Faults, d *demand, id uuid.UUID, sku string) bool {
	switch {
	case d.line < 0:
		faults.AddDetail(o.unknownLine(d.at("/line_id"), id))
	case sku != "" && sku != o.Lines[d.line].SKU:
		faults.Add(rule.ValidationFailed, d.at("/sku"), "line %s is SKU %q, not %q", id, o.Lines[d.line].SKU, sku)
	case d.quantity < 1:
		faults.AddDetail(o.Lines[d.line].fault(rule.QuantityOutOfRange, d.at("/quantity"), d.quantity, o.Lines[d.line].Counters.Live(),
			"a quantity is 1 or more, not %d", d.quantity))
	default:
		return true
	}
	return false
}

// quantities writes demands as events name them.
func (o *Order) quantities(demands []demand) []LineQuantity {
	lines := make([]LineQuantity, len(demands))
	for n, d := range demands {
		l := &o.Lines[d.line]
		lines[n] = LineQuantity{LineID: l.LineID, SKU: l.SKU, Quantity: d.quantity}
	}
	return lines
}

// places returns, for every line of the order, where it stands in lines: its position there and 1, or 0.
func (o *Order) places(lines []FulfillmentLine) []int {
	places, at := make([]int, len(o.Lines)), o.finder()
	for n := range lines {
		if i := at.find(lines[n].LineID); i >= 0 {
			places[i] = n + 1
		}
	}
	return places
}

// movable returns the rule that keeps the order's goods from being planned, packed and shipped.
func (o *Order) movable() error {
	switch o.Status {
	case StatusConfirmed:
		return nil
	case StatusDraft, StatusPending:
		return rule.New(rule.InvalidState, "order %s is %s; confirm it before its goods move", o.Number, o.Status)
	case StatusCompleted, StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s; its goods move no more", o.Number, o.Status)
	default:
		return notFound()
	}
}

// followable returns the rule that keeps the order's shipments from being followed until they arrive.
func (o *Order) followable() error {
	if o.Status == StatusCompleted {
		return nil
	}
	return o.movable()
}

// fulfillment returns a fulfilment, or nil. Later ones are asked for more often.
func (o *Order) fulfillment(id uuid.UUID) *Fulfillment {
	for i := len(o.Fulfillments) - 1; i >= 0; i-- {
		if o.Fulfillments[i].FulfillmentID == id {
			return &o.Fulfillments[i]
		}
	}
	return nil
}

// knownFulfillment returns a fulfilment or the refusal of a command that names none.
func (o *Order) knownFulfillment(id uuid.UUID) (*Fulfillment, error) {
	if f := o.fulfillment(id); f != nil {
		return f, nil
	}
	return nil, rule.New(rule.FulfillmentNotFound, "order %s has no fulfilment %s", o.Number, id)
}

// taken returns the refusal of an id that is in use for something else.
func (o *Order) taken(what string, id uuid.UUID, state string) error {
	v := rule.New(rule.InvalidState, "%s %s of order %s exists already with other content and is %s; use another id", what, id, o.Number, state)
	v.ExistingID = id.String()
	return v
}

// same reports whether the fulfilment is of these units. None mean whatever it is of.
func (f *Fulfillment) same(lines []LineQuantity) bool { return sameUnits(f.Lines, lines) }

func sameUnits(have []FulfillmentLine, want []LineQuantity) bool {
	if len(want) == 0 {
		return true
	}
	if len(have) != len(want) {
		return false
	}
	units := make(map[uuid.UUID]int64, len(have))
	for i := range have {
		units[have[i].LineID] = have[i].Quantity
	}
	for _, l := range want {
		if l.Quantity < 1 || units[l.LineID] != l.Quantity {
			return false
		}
		delete(units, l.LineID)
	}
	return true
}

// unshipped reports whether nothing of the fulfilment has left.
func (f *Fulfillment) unshipped() bool { return len(f.Shipments) == 0 }

// advance moves a packed fulfilment on once all its units have left, or have arrived.
func (f *Fulfillment) advance() {
	left, arrived := true, true
	for i := range f.Lines {
		l := &f.Lines[i]
		left, arrived = left && l.Shipped == l.Quantity, arrived && l.Delivered == l.Quantity
	}
	switch {
	case arrived:
		f.State = FulfillmentStateDelivered
	case left:
		f.State = FulfillmentStateShipped
	}
}

// locationOr returns the location that a command names, or the main one.
func locationOr(id string) string {
	if id == "" {
		return mainLocation
	}
	return id
}

// checkLocation records a fault unless id can be a location's.
func checkLocation(faults *rule.Faults, id string) {
	text.Key.Check(faults, "/location_id", id, 1, MaxLocationLength)
}

// checkID records a fault if an id is missing.
func checkID(faults *rule.Faults, pointer, what string, id uuid.UUID) {
	if id == uuid.Nil {
		faults.Add(rule.ValidationFailed, pointer, "a %s needs an id", what)
	}
}
