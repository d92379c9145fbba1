package projections

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"iter"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Rows travel and are compared as the tuples of COPY's binary format, which are the same in both directions: the number
// of columns, then each value's length and bytes.

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
	hasher  hasher
}

// shapeOf asks the database for the types of a table's columns.
func shapeOf(ctx context.Context, db queryer, t Table, g Generation) (*shape, error) {
	s := &shape{table: g.Table(t.Name), columns: t.Columns, key: t.Key, codecs: pgtype.NewMap(), hasher: newHasher()}
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

// check refuses a row that is not one of the table's: COPY takes whatever bytes fit.
func (s *shape) check(row *Row) error {
	if len(row.types) != len(s.types) {
		return fmt.Errorf("%s: %d values for %d columns", s.table, len(row.types), len(s.types))
	}
	for i, oid := range row.types {
		if oid != 0 && oid != s.types[i] {
			return fmt.Errorf("%s.%s: a value of type %d for a column of type %d", s.table, s.columns[i], oid, s.types[i])
		}
	}
	return nil
}

// keyOf returns how many bytes of a row, from its begin, hold the key.
func (s *shape) keyOf(row *Row) int { return row.ends[s.key-1] }

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

// hashed stands for a row's bytes: two hashes with secrets of this process, so that nobody can make rows that look
// equal. Nothing of it is stored or leaves the process.
type hashed [2]uint64

// hasher makes them. Both sides of a comparison need the same one.
type hasher [2]maphash.Seed

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (h hasher) of(row []byte) hashed {
	return hashed{maphash.Bytes(h[0], row), maphash.Bytes(h[1], row)}
}

// digest stands for a set of rows: the sum of their hashes, which is the same in whatever order they come.
type digest struct {
	hasher hasher
	rows   int64
	sum    hashed
	keys   map[string]hashed // of each row by key; nil unless asked for
}

func newDigest(h hasher, keys bool) *digest {
	d := &digest{hasher: h}
	if keys {
		d.keys = make(map[string]hashed)
	}
	return d
}

// add takes in a row, key bytes of which are its key.
func (d *digest) add(row []byte, key int) {
	h := d.hasher.of(row)
	d.sum[0] += h[0]
	d.sum[1] += h[1]
	d.rows++
	if d.keys != nil {
		d.keys[string(row[:key])] = h
	}
}

func (d *digest) equal(other *digest) bool { return d.rows == other.rows && d.sum == other.sum }

// digestRows encodes rows and takes them in.
func (s *shape) digestRows(ctx context.Context, rows iter.Seq[*Row], keys bool) (*digest, error) {
	d := newDigest(s.hasher, keys)
	for row := range rows {
		if d.rows == 0 || len(row.types) != len(s.types) {
			if err := s.check(row); err != nil {
				return nil, err
			}
		}
		d.add(row.buf, s.keyOf(row))
		if d.rows%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return d, nil
}

// digestTable reads a stored table and takes its rows in.
func (s *shape) digestTable(ctx context.Context, conn *pgconn.PgConn, keys bool) (*digest, error) {
	r := &tupleReader{shape: s, digest: newDigest(s.hasher, keys)}
	sql := fmt.Sprintf("copy (select %s from %s) to stdout (format binary)", strings.Join(s.columns, ", "), s.table)
	if _, err := conn.CopyTo(ctx, r, sql); err != nil {
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
