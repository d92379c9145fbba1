package eventstore

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// array builds one array parameter in PostgreSQL's binary format. A batch has thirty of them with a few hundred
// elements each, so they are written without reflection and without an allocation an element.
type array struct {
	buf  []byte
	n    uint32
	home *scratch
	slot int
}

const arrayHeader = 20 // dimensions, null flag, element type, length, lower bound

// scratch is memory for the arrays of one batch after the other. The i-th array of a batch gets that of the i-th array of
// the one before, which has about its size. It is for one batch at a time.
type scratch struct {
	bufs [][]byte
	lent int
}

func newScratch() *scratch { return &scratch{} }

// keptArray is how large an array may be for its memory to be kept.
const keptArray = 1 << 20

// reset takes all memory back: nobody may use the arrays any more.
func (s *scratch) reset() { s.lent = 0 }

// array begins an array with room for some elements.
func (s *scratch) array(elementType uint32, elements, bytesEach int) array {
	size := arrayHeader + elements*(4+bytesEach)
	if s.lent == len(s.bufs) {
		s.bufs = append(s.bufs, nil)
	}
	if cap(s.bufs[s.lent]) < size {
		s.bufs[s.lent] = make([]byte, size)
	}
	buf := s.bufs[s.lent][:arrayHeader]
	clear(buf)
	s.lent++
	binary.BigEndian.PutUint32(buf[0:], 1)
	binary.BigEndian.PutUint32(buf[8:], elementType)
	binary.BigEndian.PutUint32(buf[16:], 1)
	return array{buf: buf, home: s, slot: s.lent - 1}
}

func (a *array) null() {
	binary.BigEndian.PutUint32(a.buf[4:], 1)
	a.buf = append(a.buf, 0xff, 0xff, 0xff, 0xff)
	a.n++
}

func (a *array) int16(v int16) {
	a.buf = append(a.buf, 0, 0, 0, 2)
	a.buf = binary.BigEndian.AppendUint16(a.buf, uint16(v)) //nolint:gosec // the wire's two's complement
	a.n++
}

func (a *array) int32(v int) {
	a.buf = append(a.buf, 0, 0, 0, 4)
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(v)) //nolint:gosec // an ordinal of a bounded batch
	a.n++
}

func (a *array) int64(v int64) {
	a.buf = append(a.buf, 0, 0, 0, 8)
	a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(v)) //nolint:gosec // the wire's two's complement
	a.n++
}

func (a *array) uuid(v uuid.UUID) {
	a.buf = append(a.buf, 0, 0, 0, 16)
	a.buf = append(a.buf, v[:]...)
	a.n++
}

func (a *array) bytes(v []byte) {
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(len(v))) //nolint:gosec // bounded by maxAppendBytes
	a.buf = append(a.buf, v...)
	a.n++
}

func (a *array) text(v string) {
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(len(v))) //nolint:gosec // bounded by maxAppendBytes
	a.buf = append(a.buf, v...)
	a.n++
}

func (a *array) time(v time.Time) { a.int64(v.UnixMicro() - postgresEpoch) }

// param is the parameter's value; an array without elements is sent as null, which the append function tests for.
func (a *array) param() []byte {
	if cap(a.buf) <= keptArray {
		a.home.bufs[a.slot] = a.buf // it may have grown
	} else {
		a.home.bufs[a.slot] = nil
	}
	if a.n == 0 {
		return nil
	}
	binary.BigEndian.PutUint32(a.buf[12:], a.n)
	return a.buf
}

// postgresEpoch is 2000-01-01 UTC in microseconds of Unix time.
const postgresEpoch = 946684800_000000

func wireTime(b []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + postgresEpoch).UTC() //nolint:gosec // two's complement
}

func wireInt64(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) } //nolint:gosec // two's complement

func wireInt16(b []byte) int16 { return int16(binary.BigEndian.Uint16(b)) } //nolint:gosec // two's complement

func wireUUID(b []byte) (id uuid.UUID) {
	copy(id[:], b)
	return id
}

// Element types, by the numbers that the wire uses.
const (
	oidInt2   = pgtype.Int2OID
	oidInt4   = pgtype.Int4OID
	oidInt8   = pgtype.Int8OID
	oidText   = pgtype.TextOID
	oidBytea  = pgtype.ByteaOID
	oidUUID   = pgtype.UUIDOID
	oidMoment = pgtype.TimestamptzOID
)
