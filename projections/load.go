package projections

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/sync/errgroup"

	"github.com/ordermill/ordermill/eventstore"
)

func sortedKeys(m map[string]hashed) []string { return slices.Sorted(maps.Keys(m)) }

// chunkBytes is about how much of a table is encoded ahead of the connection.
const chunkBytes = 256 << 10

// copyTable writes the rows of a fold into a table that the same transaction has made, by COPY, and returns their
// digest.
func (s *shape) copyTable(ctx context.Context, tx pgx.Tx, t Table) (*digest, error) {
	ctx, cancel := context.WithCancel(ctx)
	e := &encoder{shape: s, digest: newDigest(s.hasher, false), chunks: make(chan []byte, 2), free: make(chan []byte, 4)}
	encoded := make(chan error, 1)
	go func() {
		defer close(e.chunks)
		err := safely(func() error { return e.encode(ctx, t) })
		if e.failed == nil {
			e.failed = err
		}
		encoded <- err
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
	for row := range t.Rows {
		if e.digest.rows == 0 || len(row.types) != len(e.shape.types) {
			if err := e.shape.check(row); err != nil {
				e.failed = err
				return err
			}
		}
		buf = append(buf, row.buf...)
		e.digest.add(row.buf, e.shape.keyOf(row))
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

// loadedTable is a table that was filled, and what was found in it afterwards.
type loadedTable struct {
	shape  *shape
	want   *digest // of what was sent
	stored *digest // of what is there; nil: nobody has looked
}

func (t *loadedTable) equal() bool { return t.stored != nil && t.stored.equal(t.want) }

// loadLanes is how many connections make a table's indexes.
const loadLanes = 2

var loadSettings = []string{
	"set local synchronous_commit = off", "set local maintenance_work_mem = '128MB'",
	"set local max_parallel_maintenance_workers = 0",
	// Scans that join one another begin in the middle; rows that are met in key order are nearly sorted for most indexes.
	"set local synchronize_seqscans = off",
	"set local default_statistics_target = 50", // more takes longer than an index
}

// load makes a generation's tables with what a fold holds. Indexes that a statement of their own makes come afterwards,
// but for those with few rows in them, side by side, while the rows are read back, if quiet says that there is a point
// in that. Nobody reads the tables before the switch, so no commit here waits for the disk: that of the switch does.
func (s *Set) load(ctx context.Context, p *projection, g Generation, fold Fold, quiet func() bool) (tables []*loadedTable, err error) {
	sparse, _ := fold.(Sparse)
	var before, inside, beside []string
	for i, statement := range p.model.Index(g) {
		switch {
		case !strings.HasPrefix(statement, "create index "):
			inside = append(inside, statement) // it may lock readers out
		case sparse != nil && sparse.Few(i):
			before = append(before, statement)
		default:
			beside = append(beside, statement)
		}
	}
	err = s.asOwner(ctx, func(tx pgx.Tx) error {
		if tables, err = s.fillTables(ctx, tx, p, g, before, fold); err != nil {
			return err
		}
		statements := append([]string{"set local role ordermill_project"}, inside...)
		for _, t := range tables {
			statements = append(statements, "analyze "+t.shape.table) // so that the server plans well from the first query on
		}
		return execAll(ctx, tx, statements)
	})
	if err == nil {
		err = s.complete(ctx, tables, beside, quiet())
	}
	if err != nil {
		return nil, fmt.Errorf("load generation %d of %s: %w", g, p.name, err)
	}
	return tables, nil
}

// asOwner runs do in a transaction with the settings of a load.
func (s *Set) asOwner(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := execAll(ctx, tx, loadSettings); err != nil {
			return err
		}
		return do(tx)
	})
}

// fillTables makes the tables and the indexes that come before the rows, and copies those.
func (s *Set) fillTables(ctx context.Context, tx pgx.Tx, p *projection, g Generation, indexes []string, fold Fold) (tables []*loadedTable, err error) {
	if err := p.createTables(ctx, tx, g, false); err != nil {
		return nil, err
	}
	if len(indexes) > 0 {
		if err := execAll(ctx, tx, slices.Concat([]string{"set local role ordermill_project"}, indexes)); err != nil {
			return nil, err
		}
	}
	for _, t := range fold.Tables() {
		shape, err := shapeOf(ctx, tx, t, g)
		if err != nil {
			return nil, err
		}
		d, err := shape.copyTable(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		tables = append(tables, &loadedTable{shape: shape, want: d})
	}
	return tables, nil
}

// complete makes the indexes that do not keep readers out, some side by side, and reads the tables back meanwhile.
func (s *Set) complete(ctx context.Context, tables []*loadedTable, indexes []string, readBack bool) error {
	beside, ctx := errgroup.WithContext(ctx)
	queue := make(chan string, len(indexes))
	for _, statement := range indexes {
		queue <- statement
	}
	close(queue)
	for range min(loadLanes, len(indexes)) {
		beside.Go(func() error {
			for statement := range queue {
				if err := s.asOwner(ctx, func(tx pgx.Tx) error {
					return execAll(ctx, tx, []string{"set local role ordermill_project", statement})
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if readBack {
		beside.Go(func() error { return s.readBack(ctx, tables) })
	}
	return beside.Wait()
}

func (s *Set) readBack(ctx context.Context, tables []*loadedTable) error {
	return s.reading(ctx, func(conn *pgconn.PgConn) (err error) {
		for _, t := range tables {
			if t.stored, err = t.shape.digestTable(ctx, conn, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bounds of reading whole tables back. The server sends 8 KiB at a time, and being woken for each of them costs more than
// the bytes do, so a reader that is faster than the server lets some come together.
const (
	readBuffer   = 256 << 10
	readPiece    = 64 << 10 // less than that is worth waiting for more
	readSmall    = 4 << 10  // less than that is the end of something
	readPatience = 400 * time.Microsecond
)

// patientReader reads a connection in large pieces.
type patientReader struct{ from io.Reader }

// Read implements io.Reader.
func (r *patientReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n < readPiece && n >= readSmall && err == nil {
		time.Sleep(readPatience)
	}
	return n, err
}

// reading has do read whole tables over a connection of its own.
func (s *Set) reading(ctx context.Context, do func(*pgconn.PgConn) error) (err error) {
	config := s.pool.Config().ConnConfig.Config.Copy()
	eventstore.SetParameters(config, map[string]string{"default_transaction_read_only": "on"})
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return pgproto3.NewFrontend(bufio.NewReaderSize(&patientReader{r}, readBuffer), w)
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // nothing was written
	}()
	return do(conn)
}
