package projections

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows travel and are compared as the tuples of COPY's binary format, which are the same in both directions: the number
// of columns, then each value's length and bytes.

const postgresEpoch = 946684800_000000 // 2000-01-01 UTC in microseconds of Unix time

var (
	copyHeader  = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	copyTrailer = []byte{0xff, 0xff}
)

// shape is how a table's rows are encoded.
type shape struct {
	table   string // qualified
	columns []string
	key     int
	types   []uint32
	codecs  *pgtype.Map
}

// shapeOf asks the database for the types of a table's columns.
func shapeOf(ctx context.Context, db queryer, t Table, g Generation) (*shape, error) {
	s := &shape{table: g.Table(t.Name), columns: t.Columns, key: t.Key, codecs: pgtype.NewMap()}
	rows, err := db.Query(ctx, "select "+strings.Join(t.Columns, ", ")+" from "+s.table+" limit 0")
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", s.table, err)
	}
	for _, f := range rows.FieldDescriptions() {
		s.types = append(s.types, f.DataTypeOID)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("columns of %s: %w", s.table, err)
	}
	if t.Key < 1 || t.Key > len(s.types) {
		return nil, fmt.Errorf("table %s: a key of %d columns of %d", s.table, t.Key, len(s.types))
	}
	return s, nil
}

// append adds a row to buf, and returns how many bytes of it, from its begin, hold the key.
func (s *shape) append(buf []byte, row []any) (_ []byte, key int, err error) {
	if len(row) != len(s.types) {
		return nil, 0, fmt.Errorf("%s: %d values for %d columns", s.table, len(row), len(s.types))
	}
	start := len(buf)
	buf = binary.BigEndian.AppendUint16(buf, uint16(len(row))) //nolint:gosec // a table has few columns
	for i, value := range row {
		if buf, err = s.value(buf, s.types[i], value); err != nil {
			return nil, 0, fmt.Errorf("%s.%s: %w", s.table, s.columns[i], err)
		}
		if i == s.key-1 {
			key = len(buf) - start
		}
	}
	return buf, key, nil
}

// value encodes one value. The common types are spelled out: a rebuild writes millions of them.
func (s *shape) value(buf []byte, oid uint32, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(buf, 0xff, 0xff, 0xff, 0xff), nil
	case string:
		if oid == pgtype.TextOID {
			buf = binary.BigEndian.AppendUint32(buf, uint32(len(v))) //nolint:gosec // far below the limit of a value
			return append(buf, v...), nil
		}
	case int64:
		if oid == pgtype.Int8OID {
			return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(v)), nil //nolint:gosec // two's complement
		}
	case []byte:
		if oid == pgtype.ByteaOID && v != nil {
			buf = binary.BigEndian.AppendUint32(buf, uint32(len(v))) //nolint:gosec // far below the limit of a value
			return append(buf, v...), nil
		}
	case [16]byte:
		if oid == pgtype.UUIDOID {
			return append(append(buf, 0, 0, 0, 16), v[:]...), nil
		}
	case uuid.UUID:
		if oid == pgtype.UUIDOID {
			return append(append(buf, 0, 0, 0, 16), v[:]...), nil
		}
	case time.Time:
		if oid == pgtype.TimestamptzOID {
			return binary.BigEndian.AppendUint64(append(buf, 0, 0, 0, 8), uint64(v.UnixMicro()-postgresEpoch)), nil //nolint:gosec // two's complement
		}
	}
	at := len(buf)
	out, err := s.codecs.Encode(oid, pgtype.BinaryFormatCode, value, append(buf, 0, 0, 0, 0))
	if err != nil {
		return nil, err
	}
	if out == nil { // a value that stands for null
		return append(buf[:at], 0xff, 0xff, 0xff, 0xff), nil
	}
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at-4)) //nolint:gosec // far below the limit of a value
	return out, nil
}

// names describes a key for people.
func (s *shape) names(key string) string {
	b := []byte(key)[2:]
	var parts []string
	for i := range s.key {
		n := int32(binary.BigEndian.Uint32(b)) //nolint:gosec // two's complement
		b = b[4:]
		value := any(nil)
		if n >= 0 {
			value = fmt.Sprintf("%x", b[:n])
			if t, ok := s.codecs.TypeForOID(s.types[i]); ok {
				if decoded, err := t.Codec.DecodeValue(s.codecs, s.types[i], pgtype.BinaryFormatCode, b[:n]); err == nil {
					value = decoded
				}
			}
			b = b[n:]
		}
		if id, ok := value.([16]byte); ok {
			value = uuid.UUID(id)
		}
		parts = append(parts, fmt.Sprintf("%s=%v", s.columns[i], value))
	}
	return strings.Join(parts, " ")
}

// digest stands for a set of rows: the sum of their SHA-256, which is the same in whatever order they come.
type digest struct {
	rows int64
	sum  [4]uint64
	keys map[string][16]byte // of each row by key; nil unless asked for
}

func newDigest(keys bool) *digest {
	d := &digest{}
	if keys {
		d.keys = make(map[string][16]byte)
	}
	return d
}

// add takes in a row, key bytes of which are its key.
func (d *digest) add(row []byte, key int) {
	h := sha256.Sum256(row)
	var carry uint64
	for i := range d.sum {
		part := binary.LittleEndian.Uint64(h[8*i:])
		sum := d.sum[i] + part + carry
		if sum < part || (carry == 1 && sum == part) {
			carry = 1
		} else {
			carry = 0
		}
		d.sum[i] = sum
	}
	d.rows++
	if d.keys != nil {
		d.keys[string(row[:key])] = [16]byte(h[:16])
	}
}

func (d *digest) equal(other *digest) bool { return d.rows == other.rows && d.sum == other.sum }

// digestRows encodes rows and takes them in.
func (s *shape) digestRows(ctx context.Context, rows iter.Seq[[]any], keys bool) (*digest, error) {
	d := newDigest(keys)
	var buf []byte
	var key int
	var err error
	for row := range rows {
		if buf, key, err = s.append(buf[:0], row); err != nil {
			return nil, err
		}
		d.add(buf, key)
		if d.rows%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return d, nil
}

// digestTable reads a stored table and takes its rows in.
func (s *shape) digestTable(ctx context.Context, tx pgx.Tx, keys bool) (*digest, error) {
	r := &tupleReader{shape: s, digest: newDigest(keys)}
	sql := fmt.Sprintf("copy (select %s from %s) to stdout (format binary)", strings.Join(s.columns, ", "), s.table)
	if _, err := tx.Conn().PgConn().CopyTo(ctx, r, sql); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.table, err)
	}
	return r.digest, nil
}

// tupleReader takes apart what COPY sends, in whatever pieces it comes.
type tupleReader struct {
	shape   *shape
	digest  *digest
	rest    []byte
	started bool
}

// Write implements io.Writer.
func (r *tupleReader) Write(p []byte) (int, error) {
	b := p
	if len(r.rest) > 0 {
		r.rest = append(r.rest, p...)
		b = r.rest
	}
	if !r.started {
		if len(b) < len(copyHeader) {
			r.rest = append(r.rest[:0], b...)
			return len(p), nil
		}
		b, r.started = b[len(copyHeader):], true
	}
	for {
		n, key := r.row(b)
		if n == 0 {
			r.rest = append(r.rest[:0], b...)
			return len(p), nil
		}
		if key > 0 {
			r.digest.add(b[:n], key)
		}
		b = b[n:]
	}
}

// row returns the length of the row at the beginning of b and of its key, or 0 when it is not complete.
func (r *tupleReader) row(b []byte) (n, key int) {
	if len(b) < 2 {
		return 0, 0
	}
	if bytes.Equal(b[:2], copyTrailer) {
		return 2, 0
	}
	at := 2
	for i := range r.shape.types {
		if len(b) < at+4 {
			return 0, 0
		}
		at += 4 + max(0, int(int32(binary.BigEndian.Uint32(b[at:])))) //nolint:gosec // two's complement
		if len(b) < at {
			return 0, 0
		}
		if i == r.shape.key-1 {
			key = at
		}
	}
	return at, key
}

// differences tells how the stored rows differ from those that the log says, at most limit of them.
func (s *shape) differences(stored, want *digest, limit int) []Difference {
	var out []Difference
	add := func(key, problem string) {
		if len(out) < limit {
			out = append(out, Difference{Table: s.table, Key: s.names(key), Problem: problem})
		}
	}
	for _, key := range sortedKeys(want.keys) {
		switch got, ok := stored.keys[key]; {
		case !ok:
			add(key, "missing")
		case got != want.keys[key]:
			add(key, "different")
		}
	}
	for _, key := range sortedKeys(stored.keys) {
		if _, ok := want.keys[key]; !ok {
			add(key, "unexpected")
		}
	}
	return out
}
