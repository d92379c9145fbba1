package projections

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

func sortedKeys(m map[string][16]byte) []string { return slices.Sorted(maps.Keys(m)) }

// chunkBytes is about how much of a table is encoded ahead of the connection.
const chunkBytes = 256 << 10

// copyTable writes the rows of a fold into a table that the same transaction has made, by COPY, and returns their
// digest.
func (s *shape) copyTable(ctx context.Context, tx pgx.Tx, t Table) (*digest, error) {
	ctx, cancel := context.WithCancel(ctx)
	e := &encoder{shape: s, digest: newDigest(false), chunks: make(chan []byte, 2), free: make(chan []byte, 4)}
	encoded := make(chan error, 1)
	go func() {
		defer close(e.chunks)
		encoded <- e.encode(ctx, t)
	}()
	// Frozen rows need no second visit by vacuum; the table becomes visible as a whole, with its transaction.
	sql := fmt.Sprintf("copy %s (%s) from stdin (format binary, freeze)", s.table, strings.Join(s.columns, ", "))
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, e, sql)
	cancel()
	if failure := <-encoded; failure != nil && !errors.Is(failure, context.Canceled) {
		err = failure
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", s.table, err)
	}
	if tag.RowsAffected() != e.digest.rows {
		return nil, fmt.Errorf("load %s: %d of %d rows arrived", s.table, tag.RowsAffected(), e.digest.rows)
	}
	return e.digest, nil
}

// encoder makes COPY's input in one goroutine while another sends it.
type encoder struct {
	shape  *shape
	digest *digest
	chunks chan []byte
	free   chan []byte
	rest   []byte // of the chunk being sent
	whole  []byte // that chunk
	failed error
}

func (e *encoder) encode(ctx context.Context, t Table) error {
	buf := append(e.buffer(), copyHeader...)
	var key int
	var err error
	for row := range t.Rows {
		at := len(buf)
		if buf, key, err = e.shape.append(buf, row); err != nil {
			e.failed = err
			return err
		}
		e.digest.add(buf[at:], key)
		if len(buf) >= chunkBytes {
			if err := e.push(ctx, buf); err != nil {
				return err
			}
			buf = e.buffer()
		}
	}
	return e.push(ctx, append(buf, copyTrailer...))
}

func (e *encoder) push(ctx context.Context, buf []byte) error {
	select {
	case e.chunks <- buf:
		return nil
	case <-ctx.Done():
		e.failed = ctx.Err()
		return ctx.Err()
	}
}

func (e *encoder) buffer() []byte {
	select {
	case b := <-e.free:
		return b[:0]
	default:
		return make([]byte, 0, chunkBytes+chunkBytes/8)
	}
}

// Read implements io.Reader for pgconn's CopyFrom.
func (e *encoder) Read(p []byte) (int, error) {
	for len(e.rest) == 0 {
		if e.whole != nil {
			select {
			case e.free <- e.whole:
			default:
			}
			e.whole = nil
		}
		chunk, ok := <-e.chunks
		if !ok {
			if e.failed != nil {
				return 0, e.failed
			}
			return 0, io.EOF
		}
		e.rest, e.whole = chunk, chunk
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// load makes a generation's tables with what a fold holds, in one transaction, and returns the tables' digests. Nobody
// reads them before the switch, so its commit need not wait for the disk: the one that sets the checkpoint does.
func (s *Set) load(ctx context.Context, p *projection, g Generation, fold Fold) (digests []*digest, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := execAll(ctx, tx, []string{"set local synchronous_commit = off", "set local maintenance_work_mem = '64MB'"}); err != nil {
			return err
		}
		if err := p.createTables(ctx, tx, g, false); err != nil {
			return err
		}
		after := append([]string{"set local role ordermill_project"}, p.model.Index(g)...)
		for _, t := range fold.Tables() {
			shape, err := shapeOf(ctx, tx, t, g)
			if err != nil {
				return err
			}
			d, err := shape.copyTable(ctx, tx, t)
			if err != nil {
				return err
			}
			digests = append(digests, d)
			after = append(after, "analyze "+shape.table)
		}
		return execAll(ctx, tx, append(after, "reset role"))
	})
	if err != nil {
		return nil, fmt.Errorf("load generation %d of %s: %w", g, p.name, err)
	}
	return digests, nil
}
