package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

// UnreadableError says that this build can make nothing of a recorded event: it is damaged, or of a newer build. Trying
// again does not help.
type UnreadableError struct {
	StreamType string
	Stream     uuid.UUID
	Version    Version
	Type       string // of the event
	Cause      error
}

// Unreadable returns an *UnreadableError about a recorded event.
func Unreadable(rec *Recorded, cause error) error {
	return &UnreadableError{rec.StreamType, rec.Stream, rec.Version, rec.Type, cause}
}

// Decode reads the body of a recorded event with its package's decoder. It is the one place that looks at the event's
// schema version: what is of another one than its type's name says was written by a newer build, in a shape that this one
// would misread. It fails with an *UnreadableError.
func Decode[E any](rec *Recorded, decode func(eventType string, data []byte) (E, error)) (E, error) {
	var none E
	e, err := decode(rec.Type, rec.Data)
	if err != nil {
		return none, Unreadable(rec, err)
	}
	if known, err := schemaOf(rec.Type); err == nil && rec.Schema != known {
		return none, Unreadable(rec, fmt.Errorf("schema version %d is not known to this build, which knows %d", rec.Schema, known))
	}
	return e, nil
}

// Error implements error.
func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s %s version %d (%s): %v", e.StreamType, e.Stream, e.Version, e.Type, e.Cause)
}

// Unwrap returns why.
func (e *UnreadableError) Unwrap() error { return e.Cause }

// Trouble is what keeps a database from answering.
type Trouble string

// The troubles.
const (
	TroubleNone    Trouble = ""        // the error is about something else
	TroubleBusy    Trouble = "busy"    // too much is asked of it, or of this process
	TroubleFull    Trouble = "full"    // it has no room left to write to
	TroubleAway    Trouble = "away"    // it does not answer, or not as it should
	TroubleLate    Trouble = "late"    // it did not answer in time
	TroubleClosing Trouble = "closing" // this process is ending
)

// TroubleOf returns what an error of this package, or of a database's driver, says about the database.
func TroubleOf(err error) Trouble {
	var (
		refused *pgconn.PgError
		connect *pgconn.ConnectError
		network net.Error
	)
	switch {
	case err == nil:
		return TroubleNone
	case errors.Is(err, ErrBusy):
		return TroubleBusy
	case errors.Is(err, ErrClosed):
		return TroubleClosing
	case errors.As(err, &refused):
		if trouble := troubleOfState(refused.Code); trouble != TroubleNone || !errors.As(err, &connect) {
			return trouble
		}
		return TroubleAway // whatever the server has against this connection
	case errors.Is(err, context.DeadlineExceeded):
		return TroubleLate
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), pgconn.SafeToRetry(err), errors.Is(err, ErrUnavailable):
		return TroubleAway
	default:
		return TroubleNone
	}
}

// troubleOfState returns the trouble that an SQLSTATE stands for.
func troubleOfState(code string) Trouble {
	switch {
	case code == "53100": // no space left on device
		return TroubleFull
	case strings.HasPrefix(code, "53"), code == "40001", code == "40P01", code == "55P03":
		return TroubleBusy
	case code == "57014": // statement_timeout
		return TroubleLate
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "58"), stale(code), code == "28000", code == "28P01":
		return TroubleAway
	default:
		return TroubleNone
	}
}
