package stock

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// SnapshotFormat is the first byte of every snapshot and names both its layout and the fold it was made by. Raise it
// whenever Apply makes another state of the same events (a new field of Stock, Levels, Location or Reservation, another
// meaning of an event) or the layout changes: what an older build has stored is then folded anew. TestSnapshot_golden
// fails if it was forgotten.
const SnapshotFormat = 1

// ErrSnapshot means that bytes are no snapshot of this build's format. The state has to be folded from the events.
var ErrSnapshot = errors.New("stock: not a snapshot of this format")

// SnapshotFingerprint names the format among those of all kinds of states.
func SnapshotFingerprint() [sha256.Size]byte {
	return sha256.Sum256([]byte{'s', 't', 'o', 'c', 'k', ' ', SnapshotFormat})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendSnapshot appends the state as ReadSnapshot reads it. Equal states have equal bytes, whichever way they came
// about. It takes time in proportion to the live reservations, less for those that are as they were read.
func (s *Stock) AppendSnapshot(b []byte) []byte {
	s = s.flat()
	begin := len(b)
	b = append(b, SnapshotFormat)
	b = s.appendLevels(b)
	b = binary.AppendUvarint(b, uint64(len(s.transfers)))
	for _, t := range s.transfers {
		b = append(b, t.ID[:]...)
		b = binary.AppendVarint(appendText(appendText(b, t.From), t.To), t.Quantity)
	}
	b = binary.AppendUvarint(b, s.waiting.turns)
	b = binary.AppendUvarint(b, uint64(len(s.waiting.places)))
	for _, p := range s.waiting.places {
		b = append(binary.AppendUvarint(binary.AppendVarint(b, p.placed), p.turn), p.id[:]...)
	}
	b = s.appendReservations(b)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

func (s *Stock) appendLevels(b []byte) []byte {
	b = appendText(b, s.SKU)
	b = binary.AppendUvarint(b, uint64(len(s.Locations)))
	for i := range s.Locations {
		at := &s.Locations[i]
		b = appendText(b, at.ID)
		for _, n := range [...]int64{at.OnHand, at.Reserved, at.Committed, at.Incoming, at.Damaged, at.QualityControl, at.SafetyStock} {
			b = binary.AppendVarint(b, n)
		}
	}
	b = binary.AppendVarint(b, s.Backordered)
	b = appendText(b, string(s.BackorderPolicy))
	b = binary.AppendVarint(b, s.BackorderLimit)
	if s.Untracked {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendReservations appends the entries of all reservations and then their records. Those that are as they were read
// are copied.
func (s *Stock) appendReservations(b []byte) []byte {
	changed := slices.SortedFunc(maps.Keys(s.Reservations), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	n := s.Live()
	b = binary.AppendUvarint(b, uint64(n))
	var records []byte
	entry := func(id uuid.UUID) {
		b = binary.LittleEndian.AppendUint32(append(b, id[:]...), uint32(len(records)))
	}
	old := 0
	before := func(limit *uuid.UUID) { // copies the old ones up to limit
		for ; old < s.read.len(); old++ {
			id := s.read.id(old)
			if limit != nil && bytes.Compare(id[:], limit[:]) >= 0 {
				return
			}
			if _, gone := s.hidden[id]; !gone {
				entry(id)
				records = append(records, s.read.record(old)...)
			}
		}
	}
	b = slices.Grow(b, n*entrySize)
	records = make([]byte, 0, len(s.read.records)+len(changed)*48)
	for _, id := range changed {
		before(&id)
		entry(id)
		r := s.Reservations[id]
		records = appendReservation(records, id, &r)
	}
	before(nil)
	b = binary.AppendUvarint(b, uint64(len(records)))
	return append(b, records...)
}

// flat returns s, or if it is a scratch's a stock that has all for itself.
func (s *Stock) flat() *Stock {
	if s.below == nil {
		return s
	}
	f := *s
	f.Reservations, f.hidden, f.below = maps.Collect(s.All()), nil, nil
	f.waiting = queue{turns: s.waiting.turns}
	for p := range s.waiting.all() {
		if r, ok := f.Reservations[p.id]; ok && r.turn == p.turn {
			f.waiting.places = append(f.waiting.places, p)
		}
	}
	return &f
}

// ReadSnapshot reads what AppendSnapshot has written. It keeps b, which must not be written to any more: reservations
// are decoded when they are asked for. It fails with ErrSnapshot if b is of another format or damaged.
//
// A state that was read this way is smaller than one that was folded, so a holder of many may replace a state by its
// snapshot read again.
func ReadSnapshot(b []byte) (Stock, error) {
	if len(b) < 5 || b[0] != SnapshotFormat {
		return Stock{}, fmt.Errorf("%w: %d bytes", ErrSnapshot, len(b))
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if got := crc32.Checksum(body, castagnoli); got != sum {
		return Stock{}, fmt.Errorf("%w: checksum %08x, not %08x", ErrSnapshot, got, sum)
	}
	c := cursor{rest: body[1:]}
	var s Stock
	readLevels(&c, &s.Levels)
	if n := c.count(16 + 3); n > 0 {
		s.transfers = make([]Transfer, n)
	}
	for i := range s.transfers {
		s.transfers[i] = Transfer{ID: c.uuid(), From: c.text(), To: c.text(), Quantity: c.varint()}
	}
	s.waiting = readQueue(&c)
	s.read.entries = c.bytes(uint64(c.count(entrySize)) * entrySize)
	s.read.records = c.bytes(c.uvarint())
	if c.bad || len(c.rest) > 0 || !s.read.check() {
		return Stock{}, fmt.Errorf("%w: damaged", ErrSnapshot)
	}
	return s, nil
}

func readLevels(c *cursor, l *Levels) {
	l.SKU = c.text()
	if n := c.count(1 + 7); n > 0 {
		l.Locations = make([]Location, n)
	}
	for i := range l.Locations {
		l.Locations[i] = Location{
			ID: c.text(), OnHand: c.varint(), Reserved: c.varint(), Committed: c.varint(), Incoming: c.varint(), Damaged: c.varint(),
			QualityControl: c.varint(), SafetyStock: c.varint(),
		}
	}
	l.Backordered = c.varint()
	l.BackorderPolicy = BackorderPolicy(c.text())
	l.BackorderLimit = c.varint()
	switch c.byte() {
	case 0:
	case 1:
		l.Untracked = true
	default:
		c.fail()
	}
}

func readQueue(c *cursor) queue {
	q := queue{turns: c.uvarint()}
	if q.turns > 1<<62 {
		c.fail()
	}
	if n := c.count(1 + 1 + 16); n > 0 {
		q.places = make([]place, n)
	}
	for i := range q.places {
		q.places[i] = place{placed: c.varint(), turn: c.uvarint(), id: c.uuid()}
		if turn := q.places[i].turn; turn < 1 || turn > q.turns || i > 0 && byTurn(q.places[i-1], q.places[i]) >= 0 {
			c.fail()
		}
	}
	return q
}
