package orderlist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// A row keeps in one column, facts, what nobody filters or sorts by: each column more costs a rebuild as much as dozens
// of bytes do, in the server as here. The bytes are numbers as encoding/binary's varints, texts and bytes with their
// length before them, and ids as they are.

// factsFormat begins the bytes. Whoever changes them changes it, and the model's table with it: that has the list built
// anew.
const factsFormat = 1

var errFacts = errors.New("order list: stored facts that this release cannot read")

// appendFacts appends the row's facts as they are stored.
func (r *row) appendFacts(buf []byte, d *derived) []byte {
	buf = append(buf, factsFormat)
	for _, n := range [...]int64{
		r.added, r.released, r.credited, d.due, d.owed, int64(r.lines), r.units, r.unitsCanceled, r.unitsToShip, r.unitsDelivered, r.unitsReturned,
	} {
		buf = binary.AppendVarint(buf, n)
	}
	for _, at := range [...]time.Time{r.completedAt, r.canceledAt, r.expiresAt} {
		buf = appendTime(buf, at)
	}
	buf = binary.AppendUvarint(buf, uint64(len(r.payments)))
	for i := range r.payments {
		p := &r.payments[i]
		buf = append(buf, p.PaymentID[:]...)
		buf = appendText(appendText(appendText(buf, p.Method), p.Reference), string(p.State))
		for _, sum := range [...]int64{p.Authorized, p.Captured, p.Refunded, p.Voided} {
			buf = binary.AppendVarint(buf, sum)
		}
	}
	return appendText(appendText(buf, r.open), d.life)
}

// appendTime appends a time in microseconds after a 1, or 0 for none.
func appendTime(buf []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(buf, 0)
	}
	return binary.AppendVarint(append(buf, 1), at.UnixMicro())
}

func appendText[T ~string | ~[]byte](buf []byte, v T) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(v))), v...)
}

// readFacts fills in what appendFacts has written, and returns the part of it that follows from the row: the amounts due
// and owed, and life. It keeps parts of stored.
func (r *row) readFacts(stored []byte) (derived, error) {
	var d derived
	f := factsReader{rest: stored}
	f.failed = len(f.take(1)) == 0 || stored[0] != factsFormat
	r.added, r.released, r.credited, d.due, d.owed = f.int(), f.int(), f.int(), f.int(), f.int()
	r.lines = int32(f.int()) //nolint:gosec // as it was
	r.units, r.unitsCanceled, r.unitsToShip, r.unitsDelivered, r.unitsReturned = f.int(), f.int(), f.int(), f.int(), f.int()
	r.completedAt, r.canceledAt, r.expiresAt = f.time(), f.time(), f.time()
	for n := f.count(); n > 0 && !f.failed; n-- {
		var p order.Payment
		copy(p.PaymentID[:], f.take(len(uuid.UUID{})))
		p.Method, p.Reference, p.State = string(f.text()), string(f.text()), order.PaymentState(f.text())
		p.Authorized, p.Captured, p.Refunded, p.Voided = f.int(), f.int(), f.int(), f.int()
		r.payments = append(r.payments, p)
	}
	r.open, d.life = f.text(), f.text()
	if f.failed || len(f.rest) > 0 {
		return d, fmt.Errorf("order %s: %w", r.id, errFacts)
	}
	return d, nil
}

// factsReader takes stored facts apart. Once something is missing it returns zeros.
type factsReader struct {
	rest   []byte
	failed bool
}

func (f *factsReader) take(n int) []byte {
	if f.failed || len(f.rest) < n {
		f.failed = true
		return nil
	}
	taken := f.rest[:n:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *factsReader) int() int64 {
	n, size := binary.Varint(f.rest)
	f.take(max(size, 0))
	f.failed = f.failed || size <= 0
	return n
}

// count reads a number of things of at least a byte each.
func (f *factsReader) count() int {
	n, size := binary.Uvarint(f.rest)
	f.take(max(size, 0))
	if f.failed = f.failed || size <= 0 || n > uint64(len(f.rest)); f.failed {
		return 0
	}
	return int(n) //nolint:gosec // no more than there are bytes
}

// text reads a text or bytes, nil if there are none.
func (f *factsReader) text() []byte {
	if n := f.count(); n > 0 {
		return f.take(n)
	}
	return nil
}

func (f *factsReader) time() time.Time {
	if there := f.take(1); len(there) == 0 || there[0] == 0 {
		return time.Time{}
	}
	return time.UnixMicro(f.int()).UTC()
}
