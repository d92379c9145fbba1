package migrations_test

import (
	"context"
	"errors"
	neturl "net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/migrations"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Four programs that start at once on an empty database all find it migrated, and each file was applied once.
func TestApply_atOnce(t *testing.T) {
	t.Parallel()

	ctx, url := t.Context(), pgtest.Empty(t)
	if err := migrations.Check(ctx, url); !errors.Is(err, migrations.ErrOlder) {
		t.Fatalf("Check = %v before Apply; want ErrOlder", err)
	}
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = migrations.Apply(ctx, url) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("Apply %d: %v", i, err)
		}
	}
	current, newest, err := migrations.Version(ctx, url)
	if err != nil || current != newest || current == 0 {
		t.Errorf("Version = %d, %d, %v; want the newest", current, newest, err)
	}
	if err := migrations.Check(ctx, url); err != nil {
		t.Errorf("Check = %v after Apply; want nil", err)
	}
	assertAppliedOnce(ctx, t, url)
}

// A database of the same version with other tables is refused in words that say what to do.
func TestApply_foreignShape(t *testing.T) {
	t.Parallel()

	ctx, url := t.Context(), pgtest.Empty(t)
	if err := migrations.Apply(ctx, url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, "drop table decisions")
	if closing := conn.Close(ctx); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
	if err := migrations.Apply(ctx, url); !errors.Is(err, migrations.ErrForeignShape) {
		t.Errorf("Apply = %v; want ErrForeignShape", err)
	}
}

func assertAppliedOnce(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	var rows, versions int
	err = conn.QueryRow(ctx, "select count(*), count(distinct version_id) from goose_db_version").Scan(&rows, &versions)
	if err != nil || rows != versions {
		t.Errorf("applied %d times for %d versions, %v; want each once", rows, versions, err)
	}
}

// events_readable shows what is no JSON as null, whatever plan the server makes: none with parallel workers, which cannot
// catch errors.
func TestEventsReadable_noParallelPlan(t *testing.T) {
	t.Parallel()

	ctx, url := t.Context(), pgtest.New(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	for _, statement := range []string{
		"set " + parallelSetting(ctx, t, conn) + " = on",
		"set parallel_setup_cost = 0", "set parallel_tuple_cost = 0", "set min_parallel_table_scan_size = 0",
		`create table texts as select case when n % 10 = 0 then 'no JSON'::bytea else '{"a":1}'::bytea end as data from generate_series(1, 5000) as n`,
		"analyze texts",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	var null int
	err = conn.QueryRow(ctx, "select count(*) from texts where jsonb_or_null(data) is null").Scan(&null)
	if err != nil || null != 500 {
		t.Errorf("%d texts are null, %v; want 500", null, err)
	}
	var safety string
	if err := conn.QueryRow(ctx, "select proparallel::text from pg_proc where proname = 'jsonb_or_null'").Scan(&safety); err != nil || safety != "u" {
		t.Errorf("jsonb_or_null is of parallel safety %q, %v; want u, unsafe", safety, err)
	}
}

// parallelSetting returns the name of the setting that makes the server plan for parallel workers; it has changed.
func parallelSetting(ctx context.Context, t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var name string
	err := conn.QueryRow(ctx, "select name from pg_settings where name in ('debug_parallel_query', 'force_parallel_mode') order by name limit 1").Scan(&name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// A database that a newer release has migrated further is left alone, and said to be newer.
func TestApply_newerDatabase(t *testing.T) {
	t.Parallel()

	ctx, url := t.Context(), pgtest.New(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "insert into goose_db_version (version_id, is_applied) values (99999, true)"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Apply(ctx, url); !errors.Is(err, migrations.ErrNewer) {
		t.Errorf("Apply: %v; want ErrNewer", err)
	}
	if err := migrations.Check(ctx, url); !errors.Is(err, migrations.ErrNewer) {
		t.Errorf("Check: %v; want ErrNewer", err)
	}
}

// Where the roles are there, who migrates needs no right to make any.
func TestApply_withoutCreateRole(t *testing.T) {
	t.Parallel()

	ctx, url := t.Context(), pgtest.Empty(t) // the server's first database has made the roles
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	config := conn.Config()
	for _, statement := range []string{
		"create user " + config.Database + "_owner password 'x'",
		"alter database " + config.Database + " owner to " + config.Database + "_owner",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(ctx); err != nil {
		t.Fatal(err)
	}
	asOwner, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	asOwner.User = neturl.UserPassword(config.Database+"_owner", "x")
	if err := migrations.Apply(ctx, asOwner.String()); err != nil {
		t.Errorf("Apply: %v", err)
	}
}

func TestApply_badInput(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ url, want string }{
		"not a url":        {"postgres://%zz", "database url"},
		"nobody listening": {"postgres://ordermill@127.0.0.1:1/ordermill", "connection refused"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := migrations.Apply(ctx, tt.url); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Apply = %v; want an error with %q", err, tt.want)
			}
		})
	}
}
