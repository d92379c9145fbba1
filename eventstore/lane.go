package eventstore

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

//go:embed append.sql
var appendSQL string

// Bounds of an append inside the server. A lock or statement that takes longer is given up there and reported, so a
// session that stalls while it holds the log's row hangs nobody for ever.
const (
	lockTimeout      = 5 * time.Second
	statementTimeout = 10 * time.Second
	laneTimeout      = statementTimeout + 5*time.Second // without an answer until then the connection is given up
)

// lane is the appender's connection. Batches are sent and answered over it in order, the next one while the one before
// is still on its way: the server works through them without waiting for the client. That needs reading and writing at
// the same time, so the lane speaks the extended query protocol itself.
//
// send is for one goroutine, receive for one other.
type lane struct {
	conn  net.Conn
	front *pgproto3.Frontend
	pid   uint32
	bind  pgproto3.Bind
}

// openLane connects and prepares the one statement of a lane.
func openLane(ctx context.Context, config *pgconn.Config) (*lane, error) {
	conn, err := pgconn.ConnectConfig(ctx, laneConfig(config))
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
	hijacked, err := conn.Hijack()
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("take over connection: %w", err)
	}
	l := &lane{conn: hijacked.Conn, front: hijacked.Frontend, pid: hijacked.PID}
	l.bind = pgproto3.Bind{PreparedStatement: "append", ParameterFormatCodes: []int16{1}, ResultFormatCodes: []int16{1}}
	return l, nil
}

// laneConfig sets what every append relies on. Plans are generic, since the arguments never change a good plan and
// planning again costs more than running; whole-table plans are off, because the tables only ever grow.
func laneConfig(config *pgconn.Config) *pgconn.Config {
	c := config.Copy()
	for name, value := range map[string]string{
		"application_name":                    "ordermill append",
		"plan_cache_mode":                     "force_generic_plan",
		"enable_seqscan":                      "off",
		"jit":                                 "off",
		"lock_timeout":                        millis(lockTimeout),
		"statement_timeout":                   millis(statementTimeout),
		"idle_in_transaction_session_timeout": millis(lockTimeout),
		"default_transaction_isolation":       "read committed",
		"default_transaction_read_only":       "off",
	} {
		c.RuntimeParams[name] = value
	}
	return c
}

func millis(d time.Duration) string { return fmt.Sprintf("%d", d.Milliseconds()) }

// send puts one batch on the way, as a transaction of its own.
func (l *lane) send(args [][]byte) error {
	l.bind.Parameters = args
	l.front.SendBind(&l.bind)
	l.front.SendExecute(&pgproto3.Execute{})
	l.front.SendSync(&pgproto3.Sync{})
	l.bind.Parameters = nil
	if err := l.conn.SetWriteDeadline(time.Now().Add(laneTimeout)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := l.front.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// errUnknown says that the server's answer, or what came instead of it, does not tell whether the batch is committed.
var errUnknown = errors.New("no certain answer")

// receive waits for the answer to the oldest batch on its way. A *pgconn.PgError means that the server rolled the batch
// back and the lane is good for the next; every other error means that nothing is known and the lane is broken.
func (l *lane) receive(row func([][]byte) error) error {
	var failure, unsure error
	for {
		msg, err := l.front.Receive()
		if err != nil {
			return fmt.Errorf("%w: receive: %w", errUnknown, err)
		}
		switch m := msg.(type) {
		case *pgproto3.DataRow:
			if err := row(m.Values); err != nil {
				unsure = err
			}
		case *pgproto3.ErrorResponse:
			pgErr := pgconn.ErrorResponseToPgError(m)
			if pgErr.SeverityUnlocalized != "ERROR" {
				return fmt.Errorf("%w: %w", errUnknown, pgErr)
			}
			failure = pgErr
		case *pgproto3.NoticeResponse:
			// A commit that stopped waiting for its synchronous standby says so with a mere warning.
			if m.Code == "01000" || strings.HasPrefix(m.Code, "57P") {
				unsure = errors.New(m.Message)
			}
		case *pgproto3.ReadyForQuery:
			if unsure != nil {
				return fmt.Errorf("%w: %w", errUnknown, unsure)
			}
			return failure
		}
	}
}

// expect bounds the wait of receive; the zero time lifts the bound.
func (l *lane) expect(deadline time.Time) { _ = l.conn.SetReadDeadline(deadline) }

func (l *lane) close() {
	_ = l.conn.SetWriteDeadline(time.Now().Add(time.Second))
	l.front.Send(&pgproto3.Terminate{})
	_ = l.front.Flush()
	_ = l.conn.Close()
}
