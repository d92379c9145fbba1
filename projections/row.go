package projections

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ordermill/ordermill/domain/money"
)

// Row is a row of a table, put together value by value in the sequence of the columns, in the bytes that COPY's binary
// format has for it: a rebuild writes millions of them. It is for one goroutine; its zero value is an empty row.
//
//	row.Begin()
//	row.Text(tenant)
//	row.Int64(units)
type Row struct {
	buf   []byte // as COPY has it
	types []uint32
	ends  []int // of the values in buf
}

const postgresEpoch = 946684800_000000 // 2000-01-01 UTC in microseconds of Unix time

// Begin empties the row.
func (r *Row) Begin() { r.buf, r.types, r.ends = append(r.buf[:0], 0, 0), r.types[:0], r.ends[:0] }

// Fields returns the values as the server has them in binary format; nil is null. They are valid until Begin.
func (r *Row) Fields() [][]byte {
	fields, at := make([][]byte, len(r.ends)), 2
	for i, end := range r.ends {
		if int32(binary.BigEndian.Uint32(r.buf[at:])) >= 0 { //nolint:gosec // two's complement
			fields[i] = r.buf[at+4 : end : end]
		}
		at = end
	}
	return fields
}

// Copied returns the row as a tuple of COPY's binary format. It is valid until Begin.
func (r *Row) Copied() []byte { return r.buf }

func (r *Row) end(oid uint32) {
	r.types, r.ends = append(r.types, oid), append(r.ends, len(r.buf))
	binary.BigEndian.PutUint16(r.buf, uint16(len(r.ends))) //nolint:gosec // a table has few columns
}

func (r *Row) size(n int) { r.buf = binary.BigEndian.AppendUint32(r.buf, uint32(n)) } //nolint:gosec // far below the limit

// Null appends a value that is not there.
func (r *Row) Null() {
	r.buf = append(r.buf, 0xff, 0xff, 0xff, 0xff)
	r.end(0)
}

// Text appends a text.
func (r *Row) Text(v string) {
	r.size(len(v))
	r.buf = append(r.buf, v...)
	r.end(pgtype.TextOID)
}

// JSON appends a json, which the server keeps as it is.
func (r *Row) JSON(v []byte) {
	r.size(len(v))
	r.buf = append(r.buf, v...)
	r.end(pgtype.JSONOID)
}

// Bytes appends a bytea.
func (r *Row) Bytes(v []byte) {
	r.size(len(v))
	r.buf = append(r.buf, v...)
	r.end(pgtype.ByteaOID)
}

// UUID appends a uuid.
func (r *Row) UUID(v uuid.UUID) {
	r.buf = append(append(r.buf, 0, 0, 0, 16), v[:]...)
	r.end(pgtype.UUIDOID)
}

// Int64 appends a bigint.
func (r *Row) Int64(v int64) {
	r.int64(v)
	r.end(pgtype.Int8OID)
}

// Total appends a numeric without decimals.
func (r *Row) Total(v money.Total) {
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, 12)...) // length, then number of digits, weight, sign, decimals
	negative := false
	if n, ok := v.Int64(); ok && n != math.MinInt64 {
		negative = n < 0
		r.digits(uint64(max(n, -n))) //nolint:gosec // at least 0
	} else {
		n := v.Big()
		negative = n.Sign() < 0
		r.bigDigits(n.Abs(n))
	}
	count := (len(r.buf) - start - 12) / 2
	weight := max(0, count-1)
	for count > 0 && r.buf[len(r.buf)-1] == 0 && r.buf[len(r.buf)-2] == 0 { // zeros at the end are not written
		r.buf, count = r.buf[:len(r.buf)-2], count-1
	}
	head := r.buf[start:]
	binary.BigEndian.PutUint32(head, uint32(len(head)-4)) //nolint:gosec // at most 8 + 2 × 10
	binary.BigEndian.PutUint16(head[4:], uint16(count))   //nolint:gosec // at most 10
	binary.BigEndian.PutUint16(head[6:], uint16(weight))  //nolint:gosec // at most 9
	if negative {
		binary.BigEndian.PutUint16(head[8:], numericNegative)
	}
	r.end(pgtype.NumericOID)
}

const (
	numericBase     = 10_000 // of a numeric's digits
	numericNegative = 0x4000 // its sign
)

// digits appends those of a number, the highest first.
func (r *Row) digits(n uint64) {
	var digits [5]uint16
	i := len(digits)
	for ; n > 0; n /= numericBase {
		i--
		digits[i] = uint16(n % numericBase) //nolint:gosec // below the base
	}
	for _, d := range digits[i:] {
		r.buf = binary.BigEndian.AppendUint16(r.buf, d)
	}
}

// bigDigits is digits of a number that needs more than 64 bits, which it uses up.
func (r *Row) bigDigits(n *big.Int) {
	var digits []uint16
	base, rest := big.NewInt(numericBase), new(big.Int)
	for n.Sign() > 0 {
		n.QuoRem(n, base, rest)
		digits = append(digits, uint16(rest.Uint64())) //nolint:gosec // below the base
	}
	for _, d := range slices.Backward(digits) {
		r.buf = binary.BigEndian.AppendUint16(r.buf, d)
	}
}

func (r *Row) int64(v int64) {
	r.buf = binary.BigEndian.AppendUint64(append(r.buf, 0, 0, 0, 8), uint64(v)) //nolint:gosec // two's complement
}

// Int32 appends an integer.
func (r *Row) Int32(v int32) {
	r.buf = binary.BigEndian.AppendUint32(append(r.buf, 0, 0, 0, 4), uint32(v)) //nolint:gosec // two's complement
	r.end(pgtype.Int4OID)
}

// Int16 appends a smallint.
func (r *Row) Int16(v int16) {
	r.buf = binary.BigEndian.AppendUint16(append(r.buf, 0, 0, 0, 2), uint16(v)) //nolint:gosec // two's complement
	r.end(pgtype.Int2OID)
}

// Bool appends a boolean.
func (r *Row) Bool(v bool) {
	var b byte
	if v {
		b = 1
	}
	r.buf = append(r.buf, 0, 0, 0, 1, b)
	r.end(pgtype.BoolOID)
}

// Time appends a timestamptz, cut to microseconds.
func (r *Row) Time(v time.Time) {
	r.int64(v.UnixMicro() - postgresEpoch)
	r.end(pgtype.TimestamptzOID)
}

// TimeOrNull is Time, and Null for the zero time.
func (r *Row) TimeOrNull(v time.Time) {
	if v.IsZero() {
		r.Null()
		return
	}
	r.Time(v)
}

// Texts appends a text[]; without elements it is empty, not null.
func (r *Row) Texts(v []string) {
	start := len(r.buf)
	dimensions := uint32(0)
	if len(v) > 0 {
		dimensions = 1
	}
	r.size(0)
	r.buf = binary.BigEndian.AppendUint32(r.buf, dimensions)
	r.buf = append(r.buf, 0, 0, 0, 0) // no element is null
	r.buf = binary.BigEndian.AppendUint32(r.buf, pgtype.TextOID)
	if dimensions > 0 {
		r.size(len(v))
		r.buf = append(r.buf, 0, 0, 0, 1) // the first element is number 1
	}
	for _, element := range v {
		r.size(len(element))
		r.buf = append(r.buf, element...)
	}
	binary.BigEndian.PutUint32(r.buf[start:], uint32(len(r.buf)-start-4)) //nolint:gosec // far below the limit
	r.end(pgtype.TextArrayOID)
}
