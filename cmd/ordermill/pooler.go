package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
)

// poolerRounds is how often sessions are compared behind a pooler. Others' traffic may hide that they are shared, once or
// twice.
const poolerRounds = 10

// checkSessions refuses a database whose sessions are shared among clients: a pooler in transaction or statement mode gives
// each transaction any server process, so that roles, prepared statements and locks of a session end up at somebody
// else's. It comes before everything that sets any of them.
func checkSessions(ctx context.Context, url string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database url: %w", err)
	}
	settings := &config.ConnConfig.Config
	if settings.ConnectTimeout == 0 {
		settings.ConnectTimeout = connectTimeout
	}
	settings.RuntimeParams["application_name"] = "ordermill check"
	var sessions [2]*pgconn.PgConn
	for i := range sessions {
		conn, err := pgconn.ConnectConfig(ctx, settings)
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // nothing was written
		sessions[i] = conn
	}
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	shared, err := share(ctx, sessions[0], sessions[1])
	switch {
	case err != nil:
		return fmt.Errorf("database: compare two sessions: %w", err)
	case shared:
		return errShared
	}
	return nil
}

// errShared says what is wrong with a pooler that shares sessions, and what to set.
var errShared = errors.New("the database is behind a connection pooler in transaction or statement mode, which gives the same server " +
	"process to several sessions; ordermill needs sessions of its own: set pool_mode = session for this database in the pooler " +
	"(PgBouncer), or set " + prefix + "DATABASE_URL to the address of the server itself")

// poolerPatience bounds the comparison: a pooler may let its clients wait for a server process.
const poolerPatience = 10 * time.Second

// share reports whether two sessions are at once with the same process of the server, or one of them changes it. A pooler
// tells its clients a process id of its own making, and then more than one look is taken: it may have several processes to
// give out, in turn or as they get free.
func share(ctx context.Context, one, other *pgconn.PgConn) (bool, error) {
	var first uint32
	for round := range poolerRounds {
		var pids [3]uint32
		for i, conn := range []*pgconn.PgConn{one, one, other} { // two of three are one session's, in case processes take turns
			pid, err := eventstore.ServerPID(ctx, conn)
			if err != nil {
				return false, err
			}
			pids[i] = pid
		}
		if round == 0 {
			first = pids[0]
		}
		if pids[0] != first || pids[1] != first || pids[2] == first {
			return true, nil
		}
		if first == one.PID() {
			break // nothing stands between
		}
	}
	return false, nil
}

// startParameter returns the parameter of a session's start that a server, or a pooler before it, refuses.
func startParameter(refused *pgconn.PgError) (name string, pooler bool) {
	if name, ok := strings.CutPrefix(refused.Message, "unsupported startup parameter"); ok {
		return strings.TrimSpace(name[strings.LastIndex(name, ":")+1:]), true
	}
	if name, ok := strings.CutPrefix(refused.Message, "unrecognized configuration parameter "); ok {
		return strings.Trim(name, `"`), false
	}
	return "", false
}

// checkExecMode refuses ways of sending statements that cannot send what the program's need: without asking the server for
// the types of parameters, lists and bytes cannot be encoded for it.
func checkExecMode(config *pgx.ConnConfig) error {
	const name = "default_query_exec_mode"
	switch mode := config.DefaultQueryExecMode; {
	case mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol:
		return fmt.Errorf("%s=%s cannot send lists and bytes as parameters; take it out: behind a pooler in session mode the default works, too",
			name, strings.ReplaceAll(mode.String(), " ", "_"))
	case mode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity <= 0:
		return fmt.Errorf("statement_cache_capacity=%d leaves no room for a statement; take it out, or add %s=describe_exec",
			config.StatementCacheCapacity, name)
	case mode == pgx.QueryExecModeCacheDescribe && config.DescriptionCacheCapacity <= 0:
		return fmt.Errorf("description_cache_capacity=%d leaves no room for a statement; take it out, or use %s=describe_exec",
			config.DescriptionCacheCapacity, name)
	}
	return nil
}
