package eventstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of a scan. A range is one statement, so no snapshot of ours lives longer than reading that many events.
const (
	scanRange = 65_536
	scanBatch = 2_048
)

// scanSettings make the server walk along the primary key, which gives the order for nothing, and leave the other cores
// to those who fold. Left alone it sorts each range, on disk.
var scanSettings = map[string]string{
	"application_name":                "ordermill scan",
	"enable_bitmapscan":               "off",
	"enable_seqscan":                  "off",
	"max_parallel_workers_per_gather": "0",
	"jit":                             "off",
}

// Scan reads the events after one position and up to another, both in the log, in order and in batches, as fast as the
// server gives them out: it is for replays that read millions. It uses a connection of its own. use gets each batch for
// keeps; while it works the server goes on to the next.
func (s *Store) Scan(ctx context.Context, after, to Position, use func([]Recorded) error) (err error) {
	if after >= to {
		return nil
	}
	config := s.pool.Config().ConnConfig.Config.Copy()
	for name, value := range scanSettings {
		config.RuntimeParams[name] = value
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
	sc := scanner{log: s.log, next: after + 1, use: use}
	for sc.next <= to {
		last := min(to, sc.next+scanRange-1)
		sc.begin()
		sql := fmt.Sprintf("copy (select %s from events where log_id = %d and position between %d and %d order by position) to stdout (format binary)",
			recordedColumns, s.log, sc.next, last)
		if _, err := conn.CopyTo(ctx, &sc, sql); err != nil {
			return fmt.Errorf("scan log %d after %d: %w", s.log, after, errors.Join(sc.failure, err))
		}
		if sc.next != last+1 {
			return fmt.Errorf("scan log %d: position %d is missing: restore the table from a backup", s.log, sc.next)
		}
	}
	return sc.flush()
}

// scanner takes apart what COPY sends in binary format: a header, then rows of (number of fields, fields as length and
// bytes), then the number -1.
type scanner struct {
	log     LogID
	next    Position
	use     func([]Recorded) error
	failure error // of use, or a hole: pgconn reports it less clearly

	decoder decoder
	batch   []Recorded
	rest    []byte // the beginning of a row whose end has not come yet
	started bool   // the header is done
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
	var raw [12][]byte
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
	return at, s.add(raw[:])
}

func (s *scanner) add(raw [][]byte) error {
	e := s.decoder.decode(s.log, raw)
	if e.Position != s.next {
		return fmt.Errorf("position %d follows %d: events are missing, restore the table from a backup", e.Position, s.next-1)
	}
	s.next++
	if s.batch == nil {
		s.batch = make([]Recorded, 0, scanBatch)
	}
	if s.batch = append(s.batch, e); len(s.batch) == scanBatch {
		return s.flush()
	}
	return nil
}

func (s *scanner) flush() error {
	if len(s.batch) == 0 {
		return nil
	}
	batch := s.batch
	s.batch = nil
	return s.use(batch)
}
