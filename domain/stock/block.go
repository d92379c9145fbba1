package stock

import (
	"bytes"
	"encoding/binary"
	"iter"

	"github.com/google/uuid"
)

// block has the reservations of a snapshot as the bytes they were stored as. One is decoded when it is asked for, since
// of ten thousand a decision needs one or none.
type block struct {
	entries []byte // of entrySize each, ascending by id
	records []byte
}

// entrySize is the size of an entry: a reservation's id and where its record begins, as a little-endian uint32.
const entrySize = 16 + 4

func (b *block) len() int { return len(b.entries) / entrySize }

func (b *block) id(i int) (id uuid.UUID) {
	copy(id[:], b.entries[i*entrySize:])
	return id
}

func (b *block) start(i int) int {
	return int(binary.LittleEndian.Uint32(b.entries[i*entrySize+16:]))
}

// record returns the bytes of a reservation.
func (b *block) record(i int) []byte {
	if i+1 < b.len() {
		return b.records[b.start(i):b.start(i+1)]
	}
	return b.records[b.start(i):]
}

// index returns where a reservation is, or where it would have to be.
func (b *block) index(id uuid.UUID) (int, bool) {
	low, high := 0, b.len()
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch c := bytes.Compare(b.entries[middle*entrySize:middle*entrySize+16], id[:]); {
		case c == 0:
			return middle, true
		case c < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, false
}

func (b *block) find(id uuid.UUID) (Reservation, bool) {
	i, ok := b.index(id)
	if !ok {
		return Reservation{}, false
	}
	c := cursor{rest: b.record(i)}
	return readReservation(&c, id), true
}

func (b *block) all() iter.Seq2[uuid.UUID, Reservation] {
	return func(yield func(uuid.UUID, Reservation) bool) {
		for i := range b.len() {
			id, c := b.id(i), cursor{rest: b.record(i)}
			if !yield(id, readReservation(&c, id)) {
				return
			}
		}
	}
}

// check reports whether entries ascend and records are whole and leave no gap, so that nothing goes wrong later.
func (b *block) check() bool {
	c := cursor{rest: b.records}
	for i := range b.len() {
		if b.start(i) != len(b.records)-len(c.rest) {
			return false
		}
		if i > 0 && bytes.Compare(b.entries[(i-1)*entrySize:][:16], b.entries[i*entrySize:][:16]) >= 0 {
			return false
		}
		if skipReservation(&c); c.bad {
			return false
		}
	}
	return len(c.rest) == 0
}
