package eventstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SetParameters has every connection of config begin with these parameters of the session. They are set once it is
// connected: as parameters of its start a connection pooler refuses or ignores them. Only the name of the application goes
// with the start, which poolers take; and what the session is called is then known from its first moment on.
//
// They last as long as the session does, so that it must not be shared by way of a pooler in transaction mode.
func SetParameters(config *pgconn.Config, parameters map[string]string) {
	const name = "application_name"
	if value, ok := parameters[name]; ok {
		config.RuntimeParams[name] = value
	}
	var calls []string
	for _, p := range slices.Sorted(maps.Keys(parameters)) {
		if p != name {
			calls = append(calls, fmt.Sprintf("set_config(%s, %s, false)", literal(p), literal(parameters[p])))
		}
	}
	if calls == nil {
		return
	}
	sql, before := "select "+strings.Join(calls, ", "), config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if before != nil {
			if err := before(ctx, conn); err != nil {
				return err
			}
		}
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	}
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ServerPID returns the id of the server's process that works for a session. A pooler tells its clients another one.
// It is asked for in the simple way, which leaves nothing behind in a process that may be somebody else's next.
func ServerPID(ctx context.Context, conn *pgconn.PgConn) (uint32, error) {
	results, err := conn.Exec(ctx, "select pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return 0, errors.New("pg_backend_pid() answered no row")
	}
	pid, err := strconv.ParseUint(string(results[0].Rows[0][0]), 10, 32)
	return uint32(pid), err
}
