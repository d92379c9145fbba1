package stock

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// What the first byte of a reservation's record says.
const (
	flagCommitted = 1 << iota
	flagSoft
	flagOtherKind // the kind follows
	flagOrder     // the order's id follows; otherwise it is the reservation's
	flagExpires   // the time follows
	flagWaits     // its turn and what it waits for follow
	flagChanges   // the ids of changes follow
)

// The smallest sizes of parts of a record, to bound how many there can be in what is left.
const (
	sizeAllocation = 16 + 1 + 1
	sizeLine       = 16 + 1
	sizeChange     = 16
)

// appendReservation appends a record. Equal reservations have equal records.
func appendReservation(b []byte, id uuid.UUID, r *Reservation) []byte {
	b = append(b, flagsOf(id, r))
	if r.Kind != KindOrder && r.Kind != KindSoft {
		b = appendText(b, string(r.Kind))
	}
	if r.OrderID != id {
		b = append(b, r.OrderID[:]...)
	}
	b = appendTime(b, r.PlacedAt)
	if !r.ExpiresAt.IsZero() {
		b = appendTime(b, r.ExpiresAt)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Allocations)))
	for i := range r.Allocations {
		b = appendAllocation(b, &r.Allocations[i])
	}
	if len(r.Backordered) > 0 {
		b = binary.AppendUvarint(b, r.turn)
		b = binary.AppendUvarint(b, uint64(len(r.Backordered)))
		for _, l := range r.Backordered {
			b = binary.AppendVarint(append(b, l.LineID[:]...), l.Quantity)
		}
	}
	if len(r.changes) > 0 {
		b = binary.AppendUvarint(b, uint64(len(r.changes)))
		for _, change := range r.changes {
			b = append(b, change[:]...)
		}
	}
	return b
}

func flagsOf(id uuid.UUID, r *Reservation) byte {
	var flags byte
	set := func(flag byte, is bool) {
		if is {
			flags |= flag
		}
	}
	set(flagCommitted, r.Committed)
	set(flagSoft, r.Kind == KindSoft)
	set(flagOtherKind, r.Kind != KindSoft && r.Kind != KindOrder)
	set(flagOrder, r.OrderID != id)
	set(flagExpires, !r.ExpiresAt.IsZero())
	set(flagWaits, len(r.Backordered) > 0)
	set(flagChanges, len(r.changes) > 0)
	return flags
}

// appendAllocation appends the line, the location with the untracked bit, and the quantity. The main location is 0; the
// length of any other is counted from 1.
func appendAllocation(b []byte, a *Allocation) []byte {
	b = append(b, a.LineID[:]...)
	var untracked uint64
	if a.Untracked {
		untracked = 1
	}
	if a.LocationID == MainLocation {
		b = binary.AppendUvarint(b, untracked)
	} else {
		b = binary.AppendUvarint(b, uint64(len(a.LocationID)+1)<<1|untracked)
		b = append(b, a.LocationID...)
	}
	return binary.AppendVarint(b, a.Quantity)
}

// readReservation reads a record.
func readReservation(c *cursor, id uuid.UUID) Reservation {
	flags := c.byte()
	r := Reservation{OrderID: id, Kind: KindOrder, Committed: flags&flagCommitted != 0}
	if flags&flagSoft != 0 {
		r.Kind = KindSoft
	}
	if flags&flagOtherKind != 0 {
		r.Kind = Kind(c.text())
	}
	if flags&flagOrder != 0 {
		r.OrderID = c.uuid()
	}
	r.PlacedAt = c.time()
	if flags&flagExpires != 0 {
		r.ExpiresAt = c.time()
	}
	r.Allocations = make([]Allocation, c.count(sizeAllocation))
	for i := range r.Allocations {
		r.Allocations[i] = readAllocation(c)
	}
	if flags&flagWaits != 0 {
		r.turn = c.uvarint()
		r.Backordered = make([]LineQuantity, c.count(sizeLine))
		for i := range r.Backordered {
			r.Backordered[i] = LineQuantity{LineID: c.uuid(), Quantity: c.varint()}
		}
	}
	if flags&flagChanges != 0 {
		r.changes = make([]uuid.UUID, c.count(sizeChange))
		for i := range r.changes {
			r.changes[i] = c.uuid()
		}
	}
	return r
}

func readAllocation(c *cursor) Allocation {
	a := Allocation{LineID: c.uuid(), LocationID: MainLocation}
	where := c.uvarint()
	if length := where >> 1; length > 0 {
		a.LocationID = string(c.bytes(length - 1))
	}
	a.Untracked = where&1 != 0
	a.Quantity = c.varint()
	return a
}

// skipReservation goes past a record, as readReservation does, without keeping anything of it.
func skipReservation(c *cursor) {
	flags := c.byte()
	if flags > flagChanges<<1-1 {
		c.fail()
	}
	if flags&flagOtherKind != 0 {
		c.bytes(c.uvarint())
	}
	if flags&flagOrder != 0 {
		c.uuid()
	}
	c.time()
	if flags&flagExpires != 0 {
		c.time()
	}
	for range c.count(sizeAllocation) {
		c.uuid()
		if length := c.uvarint() >> 1; length > 0 {
			c.bytes(length - 1)
		}
		c.varint()
	}
	if flags&flagWaits != 0 {
		c.uvarint()
		for range c.count(sizeLine) {
			c.uuid()
			c.varint()
		}
	}
	if flags&flagChanges != 0 {
		c.bytes(uint64(c.count(sizeChange)) * sizeChange)
	}
}
