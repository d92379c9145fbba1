package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

//go:embed append.sql
var appendSQL string

// lane is the appender's connection. Batches are sent and answered over it in order, the next one while the one before
// is still on its way: the server works through them without waiting for the client. That needs reading and writing at
// the same time, so the lane speaks the extended query protocol itself.
//
// send and expect are for one goroutine at a time, receive for one other: the frontend only reads.
type lane struct {
	conn    net.Conn
	front   *pgproto3.Frontend
	pid     uint32        // of the server's process
	limit   time.Duration // of a write
	bind    pgproto3.Bind
	buf     []byte
	scratch *scratch // for building buf
	chain   *chain   // what its session knows of streams

	// What was read of the answer that is being received.
	rows            []outcome
	failure, unsure error
}

const (
	keptBuffer   = 1 << 20 // of a large batch's buffer stays allocated
	socketBuffer = 4 << 20 // asked for, so that a batch is on its way while the server works on the one before; the system may give less
)

// executeAndSync is what follows a Bind: run it, as a transaction of its own.
var executeAndSync = []byte{'E', 0, 0, 0, 9, 0, 0, 0, 0, 0, 'S', 0, 0, 0, 4}

// openLane connects and prepares the one statement of a lane.
func openLane(ctx context.Context, config *pgconn.Config, b bounds) (*lane, error) {
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if _, err = conn.Prepare(ctx, "append", appendSQL, nil); err == nil {
		err = conn.SyncConn(ctx)
	}
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("prepare append: %w", err)
	}
	pid, err := ServerPID(ctx, conn)
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("process of the lane: %w", err)
	}
	hijacked, err := conn.Hijack()
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("take over connection: %w", err)
	}
	if socket, ok := hijacked.Conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = socket.SetWriteBuffer(socketBuffer) // without it sending may take longer
	}
	l := &lane{conn: hijacked.Conn, front: hijacked.Frontend, pid: pid, limit: b.lane, scratch: newScratch(), chain: newChain()}
	l.bind = pgproto3.Bind{PreparedStatement: "append", ParameterFormatCodes: []int16{1}, ResultFormatCodes: []int16{1}}
	return l, nil
}

// laneConfig sets what every append relies on. Plans are generic, since the arguments never change a good plan and
// planning again costs more than running; whole-table plans are off, because the tables only ever grow. A process that
// is gone is noticed soon, so that it does not keep the lock.
func laneConfig(config *pgconn.Config, b bounds) {
	SetParameters(config, map[string]string{
		"application_name":                    "ordermill append",
		"plan_cache_mode":                     "force_generic_plan",
		"enable_seqscan":                      "off",
		"jit":                                 "off",
		"lock_timeout":                        millis(b.lock),
		"statement_timeout":                   millis(b.statement),
		"idle_in_transaction_session_timeout": millis(b.lock),
		"tcp_keepalives_idle":                 "10",
		"tcp_keepalives_interval":             "5",
		"tcp_keepalives_count":                "3",
		"default_transaction_isolation":       "read committed",
		"default_transaction_read_only":       "off",
	})
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// send puts one batch on the way, as a transaction of its own.
func (l *lane) send(log LogID, f *inFlight) error {
	known := l.chain.next(f.appends, f.way)
	return l.sendPlanned(log, f.appends, &known, f.past.Known())
}

func (l *lane) sendPlanned(log LogID, batch []*pending, known *plan, seen Place) error {
	l.bind.Parameters = params(l.scratch, log, batch, known, seen)
	buf, err := l.bind.Encode(l.buf[:0])
	l.bind.Parameters = nil
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	buf = append(buf, executeAndSync...)
	if l.buf = buf; cap(buf) > keptBuffer {
		l.buf = nil
	}
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.limit)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if _, err := l.conn.Write(buf); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// errUnknown says that the server's answer, or what came instead of it, does not tell whether the batch is committed.
var errUnknown = errors.New("no certain answer")

// receive waits for the answer to the oldest batch on its way. A *pgconn.PgError means that the server rolled the batch
// back and the lane is good for the next; every error that is an errUnknown means that nothing is known and the lane is
// broken. Only after os.ErrDeadlineExceeded can receive be called again, and goes on where it was.
func (l *lane) receive() (rows []outcome, err error) {
	for {
		msg, err := l.front.Receive()
		if err != nil {
			return nil, fmt.Errorf("%w: receive: %w", errUnknown, err)
		}
		switch m := msg.(type) {
		case *pgproto3.DataRow:
			o, err := readOutcome(m.Values)
			if err != nil {
				l.unsure = err
			}
			l.rows = append(l.rows, o)
		case *pgproto3.ErrorResponse:
			pgErr := pgconn.ErrorResponseToPgError(m)
			if pgErr.SeverityUnlocalized != "ERROR" {
				return nil, fmt.Errorf("%w: %w", errUnknown, pgErr)
			}
			l.failure = pgErr
		case *pgproto3.NoticeResponse:
			if unsettling(m.Code) {
				l.unsure = errors.New(m.Message)
			}
		case *pgproto3.ReadyForQuery:
			return l.answer()
		}
	}
}

// answer is the outcome of the answer that has ended.
func (l *lane) answer() ([]outcome, error) {
	rows, failure, unsure := l.rows, l.failure, l.unsure
	l.rows, l.failure, l.unsure = nil, nil, nil
	if unsure != nil {
		return nil, fmt.Errorf("%w: %w", errUnknown, unsure)
	}
	return rows, failure
}

// unsettling says whether a notice puts a commit in doubt: one that stopped waiting for its synchronous standby says
// so with a mere warning.
func unsettling(code string) bool { return code == "01000" || strings.HasPrefix(code, "57P") }

// complete checks that rows are the outcomes of n appends: one each, or one for all of them.
func complete(rows []outcome, n int) error {
	if whole(rows) {
		return nil
	}
	for i := range rows {
		if rows[i].append != i+1 {
			return fmt.Errorf("append_events answered append %d with %d", i+1, rows[i].append)
		}
	}
	if len(rows) != n {
		return fmt.Errorf("append_events answered %d of %d appends", len(rows), n)
	}
	return nil
}

// expect bounds the wait of receive; the zero time lifts the bound.
func (l *lane) expect(deadline time.Time) { _ = l.conn.SetReadDeadline(deadline) }

// abort ends the connection at once; a receive or send that waits fails. It may be called by any goroutine.
func (l *lane) abort() { _ = l.conn.Close() }

// close ends the connection, with a word to the server if there is nothing left to do.
func (l *lane) close(inOrder bool) {
	if inOrder {
		_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = l.conn.Write([]byte{'X', 0, 0, 0, 4})
	}
	_ = l.conn.Close()
}
