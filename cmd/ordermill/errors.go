package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// errReported says that the user was told already; only the exit code is left.
var errReported = errors.New("reported")

// usageError is a mistake in how the program was called or configured.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// explain adds to an error what can be done about it, where that is known.
func explain(err error) error {
	var connect *pgconn.ConnectError
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return explainRefusal(err, refused)
	}
	if errors.As(err, &connect) {
		return fmt.Errorf("database is not reachable (%w); is it running? set ORDERMILL_DATABASE_URL, or run ordermill dev", innermost(connect))
	}
	return err
}

// explainRefusal adds what can be done about an error that the server has answered with, or a pooler before it.
func explainRefusal(err error, refused *pgconn.PgError) error {
	var connect *pgconn.ConnectError
	name, pooler := startParameter(refused)
	connecting := errors.As(err, &connect)
	switch {
	case connecting && pooler:
		return fmt.Errorf("the connection pooler before the database refuses the parameter %s (%w); take it out of ORDERMILL_DATABASE_URL, "+
			"or have the pooler ignore it (PgBouncer: ignore_startup_parameters = %s), or set the address of the server itself; "+
			"ordermill needs the server's own address or a pooler in session mode", name, refused, name)
	case connecting && name != "":
		return fmt.Errorf("the database does not know the parameter %s (%w); take it out of ORDERMILL_DATABASE_URL", name, refused)
	case refused.Code == "42P01": // undefined table
		return fmt.Errorf("%w; the schema is missing: run ordermill migrate", err)
	case refused.Code == "22023" && strings.Contains(refused.Message, "role"): // it does not exist
		return fmt.Errorf("%w; the schema is missing: run ordermill migrate", refused)
	case refused.Code == "42501": // insufficient privilege
		return fmt.Errorf("%w; the database account needs the roles ordermill_write, ordermill_project and ordermill_read", err)
	case refused.Code == "3D000":
		return fmt.Errorf("%w; create the database, or correct ORDERMILL_DATABASE_URL", err)
	case strings.HasPrefix(refused.Code, "28"):
		return fmt.Errorf("%w; correct user and password in ORDERMILL_DATABASE_URL", err)
	case connecting:
		return fmt.Errorf("the database, or a pooler before it, refuses the connection: %w", refused)
	}
	return err
}

// innermost returns the cause that says most in one line: drivers name the same failure once a host and port.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(first)
}

// listenError says which setting moves a listener elsewhere.
func listenError(variable, address string, err error) error {
	var system *os.SyscallError
	if errors.As(err, &system) && errors.Is(system.Err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program; stop that, or set %s to another address (port 0 takes any free one)", address, variable)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s may not be used by this user; set %s to another address", address, variable)
	}
	return fmt.Errorf("%s: %w", variable, err)
}
