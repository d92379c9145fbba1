// Package migrations holds the schema of the database as SQL files, forward only, and applies them. A file that was
// released is never edited: a change is a new file.
package migrations

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// connectTimeout bounds the wait for an unreachable server.
const connectTimeout = 10 * time.Second

// Apply brings the database at url up to the newest version. Any number of processes may call it at once: one applies,
// under a lock of the database that a dead process does not keep, and the others wait, at most five minutes, and find
// nothing left to do. Each file is applied whole or not at all. A database that is newer than this program is left as
// it is, with ErrNewer.
func Apply(ctx context.Context, url string) error {
	return with(ctx, url, func(provider *goose.Provider, db *sql.DB) error {
		if _, err := provider.Up(ctx); err != nil {
			return err
		}
		if current, newest, err := provider.GetVersions(ctx); err != nil || current > newest {
			return cmp.Or(err, ErrNewer)
		}
		return checkShape(ctx, db)
	})
}

// ErrForeignShape means that a database has the versions of this program but not its tables: a build from before the
// first release made it, while the files were still being edited.
var ErrForeignShape = errors.New("the database was made by a build from before the first release, whose tables were others; " +
	"drop it, or remove the directory of `ordermill dev`, and start again")

// checkShape fails with ErrForeignShape if what the files make is not there.
func checkShape(ctx context.Context, db *sql.DB) error {
	var there bool
	err := db.QueryRowContext(ctx, `select to_regclass('decisions') is not null and to_regclass('snapshots') is not null
		and exists (select from pg_proc where proname = 'append_events' and 'p_way' = any (proargnames))
		and exists (select from pg_constraint where conrelid = to_regclass('command_results') and contype = 'p' and conkey[2] = 4)`).Scan(&there)
	if err == nil && !there {
		err = ErrForeignShape
	}
	return err
}

// Version returns the version the database at url is at, which is 0 for an empty one, and the newest this program
// knows. Asking creates the table of versions, if it is not there.
func Version(ctx context.Context, url string) (current, newest int64, err error) {
	err = with(ctx, url, func(provider *goose.Provider, _ *sql.DB) error {
		current, newest, err = provider.GetVersions(ctx)
		return err
	})
	return current, newest, err
}

var (
	// ErrOlder means that a database lacks migrations of this program.
	ErrOlder = errors.New("the database's schema is older than this program; run ordermill migrate")
	// ErrNewer means that a newer release has migrated a database. What this program would make of it is not known.
	ErrNewer = errors.New("a newer release has migrated the database; run that, or set ORDERMILL_ALLOW_NEWER_SCHEMA=true to go back to this one")
)

// Check fails with ErrOlder or ErrNewer unless the database at url is at the version of this program.
func Check(ctx context.Context, url string) error {
	current, newest, err := Version(ctx, url)
	switch {
	case err != nil:
		return err
	case current < newest:
		return fmt.Errorf("%w (it is at version %d, the program at %d)", ErrOlder, current, newest)
	case current > newest:
		return fmt.Errorf("%w (it is at version %d, the program at %d)", ErrNewer, current, newest)
	default:
		return nil
	}
}

// with calls use with the migrations and a connection to the database at url. Here alone database/sql is used, because
// goose needs it; a statement of it may be sent twice, which a migration inside its transaction survives.
func with(ctx context.Context, url string, use func(*goose.Provider, *sql.DB) error) (err error) {
	pool, err := pgxpool.ParseConfig(url) // knows what a URL may say of pools, which is not the server's to know
	if err != nil {
		return fmt.Errorf("migrations: database url: %w", err)
	}
	config := pool.ConnConfig
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("migrations: database: %w", err)
	}
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if err := use(provider, db); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // every second, 300 times
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
}
