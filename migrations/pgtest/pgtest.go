// Package pgtest gives each test a fresh, migrated PostgreSQL database. The tests of one binary share one private
// server, started with the first test that asks; their databases are cloned from a template that was migrated once. A
// missing PostgreSQL fails the test and says how to install it.
//
// The server is as safe as a production one (fsync on) and ends with the test binary, however that ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/internal/local"
	"github.com/ordermill/ordermill/migrations"
)

const (
	template = "ordermill_template"
	timeout  = time.Minute // of anything that is done here: a loaded machine is slow
)

// settings keep a server small, since many test binaries run side by side.
var settings = map[string]string{"shared_buffers": "32MB", "max_connections": "100", "max_wal_size": "256MB"}

// shared is the server of this test binary. It is the only state here, made by the first test and never changed.
var shared = sync.OnceValues(startShared)

// server is a running Postgres, and the pipe whose end has its directory removed.
type server struct {
	*local.Postgres
	alive *os.File
}

// databases numbers the databases of the shared server.
var databases atomic.Int64

// New returns the URL, for the superuser, of a migrated database of the test's own. It is dropped with the test.
func New(tb testing.TB) string {
	tb.Helper()
	return create(tb, template)
}

// Empty is like New for a database that was not migrated.
func Empty(tb testing.TB) string {
	tb.Helper()
	return create(tb, "template0")
}

// Pool returns a pool of at most ten connections to a database as of New, closed with the test.
func Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return PoolOf(tb, New(tb))
}

// PoolOf returns a pool of at most ten connections to the database at url, closed with the test.
func PoolOf(tb testing.TB, url string) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func create(tb testing.TB, from string) string {
	tb.Helper()
	server, err := shared()
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := execute(server, "create database "+name+" template "+from); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := execute(server, "drop database "+name+" with (force)"); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return server.URL(name)
}

// execute runs one statement on the server's maintenance database. It has a context of its own, because cleanups run
// after the test's context has ended.
func execute(server *server, statement string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func startShared() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	dir, err := os.MkdirTemp("/tmp", "ordermill-pgtest-")
	if err != nil {
		return nil, err
	}
	alive, err := removeAtExit(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	postgres, err := local.StartPostgres(ctx, config(dir, nil))
	if err != nil {
		return nil, err
	}
	server := &server{postgres, alive}
	if err := execute(server, "create database "+template); err != nil {
		return nil, err
	}
	if err := migrations.Apply(ctx, server.URL(template)); err != nil {
		return nil, err
	}
	return server, nil
}

func config(dir string, overrides map[string]string) local.PostgresConfig {
	merged := maps.Clone(settings)
	maps.Copy(merged, overrides)
	return local.PostgresConfig{
		Dir:          dir,
		Binaries:     os.Getenv("ORDERMILL_PG_BIN"),
		Settings:     merged,
		StartTimeout: timeout,
	}
}
