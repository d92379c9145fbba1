package projections_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Verification names what was tampered with, while the projector and appends go on.
func TestVerify_findsTampering(t *testing.T) {
	t.Parallel()

	s := openShop(t, 5)
	s.fill(500)
	set := s.set(&tally{name: "tampered"}, &tally{name: "sound"})
	running(t, set, projections.RunOptions{})
	s.reach(set, "tampered", "sound")
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{}); err != nil || len(found) > 0 {
		t.Fatalf("Verify = %v, %v; want nothing", found, err)
	}
	for _, sql := range []string{
		"update readmodel.tampered_g1 set units = units + 1 where stream_id = '" + s.streams[0].String() + "'",
		"delete from readmodel.tampered_g1 where stream_id = '" + s.streams[1].String() + "'",
		"insert into readmodel.tampered_g1 values ('other', gen_random_uuid(), 1, 1, 1)",
	} {
		if _, err := s.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	s.receive(s.streams[2], 1)
	found, err := set.Verify(t.Context(), projections.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems := map[string]string{}
	for _, d := range found {
		if d.Projection != "tampered" || d.Table != "readmodel.tampered_g1" || d.Position < 500 {
			t.Errorf("Verify found %+v; want it of tampered", d)
		}
		problems[d.Problem] = d.Key
	}
	if len(found) != 3 || !strings.Contains(problems["different"], s.streams[0].String()) ||
		!strings.Contains(problems["missing"], s.streams[1].String()) || !strings.Contains(problems["unexpected"], "tenant_id=other") {
		t.Errorf("Verify = %+v; want one different, one missing, one unexpected", found)
	}
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{Names: []string{"sound"}}); err != nil || len(found) > 0 {
		t.Errorf("Verify of the other one = %v, %v; want nothing", found, err)
	}
}

func TestVerify_findsDamagedLog(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	s.fill(20)
	set := s.set(&tally{name: "damaged"})
	running(t, set, projections.RunOptions{})
	s.reach(set, "damaged")
	if _, err := s.pool.Exec(t.Context(), "update events set version = 100 where position = 10"); err != nil {
		t.Fatal(err)
	}
	found, err := set.Verify(t.Context(), projections.VerifyOptions{})
	if err != nil || len(found) == 0 || found[0].Projection != "log" || found[0].Position != 10 {
		t.Errorf("Verify = %+v, %v; want a fault of the log at 10", found, err)
	}
	if _, err := s.pool.Exec(t.Context(), "delete from events where position = 12"); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Verify(t.Context(), projections.VerifyOptions{}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("Verify of a log with a hole = %v; want an error", err)
	}
}

// The role that serves reads sees one tenant's rows, and none without naming one.
func TestTables_rowLevelSecurity(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	s.fill(10)
	set := s.set(&tally{name: "secured"})
	running(t, set, projections.RunOptions{})
	s.reach(set, "secured")
	if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"readmodel.secured_g1", "readmodel.secured_g2", "events"} {
		for tenant, want := range map[string]bool{"demo": true, "other": false, "": false} {
			var rows int
			err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), "set local role ordermill_read"); err != nil {
					return err
				}
				if tenant != "" {
					if _, err := tx.Exec(t.Context(), "select set_config('ordermill.tenant', $1, true)", tenant); err != nil {
						return err
					}
				}
				return tx.QueryRow(t.Context(), "select count(*) from "+table).Scan(&rows)
			})
			if err != nil || (rows > 0) != want {
				t.Errorf("tenant %q sees %d rows of %s, %v; want some: %v", tenant, rows, table, err, want)
			}
		}
	}
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "set local role ordermill_read"); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), "update readmodel.secured_g2 set units = 0")
		return err
	})
	if err == nil {
		t.Error("the role that serves reads can write")
	}
}

// An account that is only a member of the roles can do all of it.
func TestRun_ordinaryAccount(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	if _, err := s.pool.Exec(t.Context(), "create role ordinary login in role ordermill_write, ordermill_project"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.pool.Exec(context.Background(), "drop owned by ordinary; drop role ordinary"); err != nil {
			t.Error(err)
		}
	})
	config := s.pool.Config()
	config.ConnConfig.User = "ordinary"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.store = openStore(t, pool)
	s.fill(30)
	m := &tally{name: "ordinary"}
	set := newSet(t, projections.Config{Pool: pool, Stores: []*eventstore.Store{s.store}, Models: []projections.Model{m}, Logger: logger(t)})
	running(t, set, projections.RunOptions{})
	fault := failOnPoison
	m.fault.Store(&fault)
	s.receive(s.streams[0], poison)
	s.reach(set, "ordinary")
	m.fault.Store(nil)
	if err := set.Unpark(t.Context(), "ordinary", s.streams[0]); err != nil {
		t.Error(err)
	}
	for range 2 {
		if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{Keep: time.Nanosecond}); err != nil {
			t.Fatal(err)
		}
	}
	s.reach(set, "ordinary")
	s.assertExact("ordinary")
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{}); err != nil || len(found) > 0 {
		t.Errorf("Verify = %v, %v; want nothing", found, err)
	}
	if _, err := set.Status(t.Context()); err != nil {
		t.Error(err)
	}
}
