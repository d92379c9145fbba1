package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/migrations"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

func TestNew_isMigratedAndApart(t *testing.T) {
	t.Parallel()

	first, second := pgtest.New(t), pgtest.New(t)
	for _, url := range []string{first, second} {
		if current, newest, err := migrations.Version(t.Context(), url); err != nil || current != newest {
			t.Errorf("Version = %d, %d, %v; want the newest", current, newest, err)
		}
	}
	one, other := pgtest.PoolOf(t, first), pgtest.PoolOf(t, second)
	if _, err := one.Exec(t.Context(), "create table mine (id int)"); err != nil {
		t.Fatal(err)
	}
	var seen bool
	if err := other.QueryRow(t.Context(), "select to_regclass('mine') is not null").Scan(&seen); err != nil || seen {
		t.Errorf("the other database has the table: %v, %v; want false", seen, err)
	}
}

// The databases of finished tests are gone, also with connections left open.
func TestNew_dropsItsDatabase(t *testing.T) {
	t.Parallel()

	var name string
	var left *pgx.Conn
	t.Run("the test that ends", func(t *testing.T) { // not parallel: the parent goes on when it has ended
		var err error
		if left, err = pgx.Connect(t.Context(), pgtest.New(t)); err != nil {
			t.Fatal(err)
		}
		name = left.Config().Database
	})
	var there bool
	err := pgtest.Pool(t).QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&there)
	if err != nil || there {
		t.Errorf("database %q is there: %v, %v; want false", name, there, err)
	}
	if err := left.Ping(t.Context()); err == nil {
		t.Error("the connection is alive; want it ended with its database")
	}
	_ = left.Close(t.Context()) // its server side is gone
}

func TestServer_survivesKill(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, nil)
	before := server.URL()
	run(t, before, "create table kept as select generate_series(1, 1000) as id")
	server.Kill(t)
	if _, err := pgx.Connect(t.Context(), before); err == nil {
		t.Fatal("connected to a killed server")
	}
	server.Restart(t)
	if server.URL() != before {
		t.Errorf("URL = %s after a restart; want %s", server.URL(), before)
	}
	run(t, server.URL(), "do $$ begin assert (select count(*) from kept) = 1000; end $$")
	server.Stop(t)
	server.Restart(t)
	run(t, server.URL(), "do $$ begin assert (select count(*) from kept) = 1000; end $$")
}

func run(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
