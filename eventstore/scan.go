package eventstore

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Bounds of a scan. A range is one statement, so no snapshot of ours lives longer than reading that many events. The
// batches are few and used again and again: memory that is touched for the first time costs more than what is in it.
const (
	scanRange   = 65_536
	scanBatch   = 512
	scanBatches = 48
	scanArena   = 256 << 10
	scanBuffer  = 256 << 10 // of the connection

	scanPiece    = 64 << 10 // less than that is worth waiting for more
	scanSmall    = 4 << 10  // less than that is the end of something
	scanPatience = 400 * time.Microsecond
)

// scanSettings make the server look a range up in the primary key and then walk along the table, which has events in
// the order in which they came: following the key from row to row, or sorting, costs it half as much again. The other
// cores are left to those who fold.
var scanSettings = map[string]string{
	"application_name":                "ordermill scan",
	"effective_io_concurrency":        "0", // pages come one after the other: the system reads ahead by itself
	"enable_indexscan":                "off",
	"enable_indexonlyscan":            "off",
	"enable_seqscan":                  "off",
	"work_mem":                        "16MB", // the bitmap of a range stays exact
	"max_parallel_workers_per_gather": "0",
	"jit":                             "off",
}

// scanColumns are what folds use. Each of the others would cost the server about 4 % of its work, and metadata would be
// a fifth of the bytes. The schema version, which nearly always is 1, stands behind the type where it is another.
const scanColumns = `position, tenant_id, stream_id, stream_type, version,
	case when schema_version = 1 then type else type || '@' || schema_version end, data, occurred_at`

const scanFields = 8

// Batch is some consecutive events of a scan, without ID, Metadata and RecordedAt. Its memory is used again once all who
// got it have released it.
type Batch struct {
	Events []Recorded

	arena []byte
	users atomic.Int32
	free  chan *Batch
}

// Share says how many times the batch will be released. Without it that is once.
func (b *Batch) Share(users int) { b.users.Store(int32(users)) } //nolint:gosec // few

// Release gives the batch back. Neither the events nor their bodies may be used afterwards.
func (b *Batch) Release() {
	if b.users.Add(-1) == 0 {
		b.free <- b // it has room for all there are
	}
}

func (b *Batch) copy(data []byte) []byte {
	if len(b.arena)+len(data) > cap(b.arena) {
		b.arena = make([]byte, 0, max(scanArena, len(data))) // what the other one holds stays until the next use
	}
	start := len(b.arena)
	b.arena = append(b.arena, data...)
	return b.arena[start:len(b.arena):len(b.arena)]
}

// Scan reads the events after one position and up to another, both in the log, in order and in batches, as fast as the
// server gives them out: it is for replays that read millions. It uses a connection of its own. While use works the
// server goes on to the next batch; when none is free Scan waits for one that is released, or for ctx.
func (s *Store) Scan(ctx context.Context, after, to Position, use func(*Batch) error) (err error) {
	if after >= to {
		return nil
	}
	config := s.pool.Config().ConnConfig.Config.Copy()
	SetParameters(config, scanSettings)
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return pgproto3.NewFrontend(bufio.NewReaderSize(&patientReader{r}, scanBuffer), w)
	}
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("scan log %d: %w", s.log, err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // nothing was written
	}()
	sc := newScanner(ctx, s.log, after+1, use)
	for sc.next <= to {
		last := min(to, sc.next+scanRange-1)
		sc.begin()
		sql := fmt.Sprintf("copy (select %s from events where log_id = %d and position between %d and %d) to stdout (format binary)",
			scanColumns, s.log, sc.next, last)
		if _, err := conn.CopyTo(ctx, sc, sql); err != nil {
			return fmt.Errorf("scan log %d after %d: %w", s.log, after, errors.Join(sc.failure, err))
		}
		if sc.next != last+1 {
			return fmt.Errorf("scan log %d: position %d is missing: restore the table from a backup", s.log, sc.next)
		}
	}
	return sc.flush()
}

// patientReader reads a connection in large pieces. The server sends 8 KiB at a time; a reader that is faster than it is
// would be woken for each of them, which costs both of them more than the bytes do.
type patientReader struct{ from io.Reader }

// Read implements io.Reader.
func (r *patientReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n < scanPiece && n >= scanSmall && err == nil {
		time.Sleep(scanPatience)
	}
	return n, err
}

// scanner takes apart what COPY sends in binary format: a header, then rows of (number of fields, fields as length and
// bytes), then the number -1. Rows come in the table's order, which is the log's but for pages that were filled up
// later; those that come too soon wait.
type scanner struct {
	ctx     context.Context //nolint:containedctx // of one scan
	log     LogID
	next    Position
	use     func(*Batch) error
	failure error // of use, or a hole: pgconn reports it less clearly

	names   map[string]string
	recent  [scanFields][16]string // of them, by column and length
	early   map[Position]Recorded  // rows that came before the ones before them
	free    chan *Batch
	batch   *Batch
	rest    []byte // the beginning of a row whose end has not come yet
	started bool   // the header is done
}

func newScanner(ctx context.Context, log LogID, next Position, use func(*Batch) error) *scanner {
	s := &scanner{
		ctx: ctx, log: log, next: next, use: use,
		names: make(map[string]string), early: make(map[Position]Recorded), free: make(chan *Batch, scanBatches),
	}
	for range scanBatches {
		s.free <- &Batch{free: s.free}
	}
	return s
}

const copyHeaderBytes = 19 // signature, flags, length of an extension that there is none of

func (s *scanner) begin() { s.started, s.rest = false, s.rest[:0] }

// Write implements io.Writer for pgconn's CopyTo. The server sends a row a message, which is not relied upon.
func (s *scanner) Write(p []byte) (int, error) {
	b := p
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		b = s.rest
	}
	if !s.started {
		if len(b) < copyHeaderBytes {
			s.keep(b)
			return len(p), nil
		}
		b = b[copyHeaderBytes:]
		s.started = true
	}
	for {
		n, err := s.row(b)
		if err != nil {
			s.failure = err
			return 0, err
		}
		if n == 0 {
			s.keep(b)
			return len(p), nil
		}
		b = b[n:]
	}
}

func (s *scanner) keep(b []byte) { s.rest = append(s.rest[:0], b...) }

// row decodes the row at the beginning of b and returns its length, or 0 when it is not complete.
func (s *scanner) row(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	fields := int16(binary.BigEndian.Uint16(b)) //nolint:gosec // two's complement
	if fields == -1 {
		return 2, nil
	}
	var raw [scanFields][]byte
	if int(fields) != len(raw) {
		return 0, fmt.Errorf("%d columns, want %d", fields, len(raw))
	}
	at := 2
	for i := range raw {
		if len(b) < at+4 {
			return 0, nil
		}
		n := int(int32(binary.BigEndian.Uint32(b[at:]))) //nolint:gosec // two's complement
		at += 4
		if n < 0 {
			return 0, fmt.Errorf("column %d is null", i)
		}
		if len(b) < at+n {
			return 0, nil
		}
		raw[i] = b[at : at+n]
		at += n
	}
	return at, s.add(&raw)
}

// add takes in a row, and the early ones that follow it.
func (s *scanner) add(raw *[scanFields][]byte) error {
	position := Position(wireInt64(raw[0]))
	if position < s.next {
		return fmt.Errorf("position %d comes twice: restore the table from a backup", position)
	}
	if position > s.next {
		e := Recorded{Data: append([]byte(nil), raw[6]...)}
		s.decode(&e, raw)
		s.early[position] = e
		return nil
	}
	e, err := s.slot()
	if err != nil {
		return err
	}
	e.Data = s.batch.copy(raw[6])
	s.decode(e, raw)
	s.next++
	for len(s.early) > 0 {
		waiting, ok := s.early[s.next]
		if !ok {
			return nil
		}
		delete(s.early, s.next)
		if e, err = s.slot(); err != nil {
			return err
		}
		*e = waiting
		s.next++
	}
	return nil
}

func (s *scanner) decode(e *Recorded, raw *[scanFields][]byte) {
	e.Log, e.Position, e.Tenant, e.Stream = s.log, Position(wireInt64(raw[0])), s.name(1, raw[1]), wireUUID(raw[2])
	e.StreamType, e.Version, e.OccurredAt = s.name(3, raw[3]), Version(wireInt64(raw[4])), wireTime(raw[7])
	e.Type, e.Schema = s.name(5, raw[5]), 1
	if at := strings.LastIndexByte(e.Type, '@'); at >= 0 {
		schema, _ := strconv.ParseInt(e.Type[at+1:], 10, 16) // as scanColumns write it
		e.Type, e.Schema = e.Type[:at], int16(schema)        //nolint:gosec // of 16 bits
	}
}

// name returns the one copy of a name that repeats. The one that the column had before is mostly it again.
func (s *scanner) name(column int, b []byte) string {
	recent := &s.recent[column][len(b)%len(s.recent[column])]
	if *recent == string(b) {
		return *recent
	}
	name, ok := s.names[string(b)]
	if !ok {
		name = string(b)
		s.names[name] = name
	}
	*recent = name
	return name
}

// slot returns the place of the next event in a batch. A full batch goes to its user before.
func (s *scanner) slot() (*Recorded, error) {
	if s.batch != nil && len(s.batch.Events) == scanBatch {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	if s.batch == nil {
		select {
		case s.batch = <-s.free:
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
		if s.batch.Events == nil {
			s.batch.Events = make([]Recorded, 0, scanBatch)
		}
		s.batch.Events, s.batch.arena = s.batch.Events[:0], s.batch.arena[:0]
		s.batch.users.Store(1)
	}
	s.batch.Events = s.batch.Events[:len(s.batch.Events)+1]
	return &s.batch.Events[len(s.batch.Events)-1], nil
}

func (s *scanner) flush() error {
	if s.batch == nil {
		return nil
	}
	batch := s.batch
	s.batch = nil
	return s.use(batch)
}
