package eventstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// A session that stalls while it holds the log's row is named, holds nobody up for ever, and once it is gone everything
// flows again.
func TestAppend_lockHolderStalls(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{bounds: shortBounds()})
	mustAppend(t, s, first("a", uuid.New()))
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select lock_log(1)"); err != nil {
		t.Fatal(err)
	}
	var subs []*submission
	for range 3 * maxBatchAppends { // more than can be on their way at once
		subs = append(subs, submit(t, s, first("a", uuid.New())))
	}
	holder := int(tx.Conn().PgConn().PID())
	eventually(t, "the blocker is named", func() bool {
		blockers, err := s.Blockers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(blockers) == 1 && blockers[0].PID == holder && blockers[0].State == "idle in transaction"
	})
	for i, sub := range subs {
		if _, err := sub.wait(t); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("append %d = %v; want ErrUnavailable", i, err)
		}
	}
	if err := s.WithLock(t.Context(), func(context.Context, *Locked) error { return nil }); !errors.Is(err, ErrUnavailable) {
		t.Errorf("WithLock = %v; want ErrUnavailable", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := mustAppend(t, s, first("a", uuid.New())); r.Position != 2 {
		t.Errorf("position %d; want 2: what was refused left nothing behind", r.Position)
	}
	if blockers, err := s.Blockers(t.Context()); err != nil || len(blockers) != 0 {
		t.Errorf("Blockers = %+v, %v; want none", blockers, err)
	}
}

// A short stall is nobody's business: the appends are tried again.
func TestAppend_lockHolderHesitates(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	b := shortBounds()
	b.patience = patient
	s := openStore(t, pool, Config{bounds: b})
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), "select lock_log(1)"); err != nil {
		t.Fatal(err)
	}
	sub := submit(t, s, first("a", uuid.New()))
	eventually(t, "the append is tried again", func() bool { return s.Stats().Retries > 0 })
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := sub.wait(t); err != nil || r.Position != 1 {
		t.Errorf("Append = %+v, %v; want position 1", r, err)
	}
}

// Locking the log's row leaves no dead version of it, so a long snapshot elsewhere has nothing to slow appends down
// with, and readers see the new events beside it.
func TestAppend_longForeignSnapshot(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	var seen int
	if err := tx.QueryRow(t.Context(), "select count(*) from events").Scan(&seen); err != nil {
		t.Fatal(err)
	}
	before := placeOfLog(t, pool)
	const appends = 200
	for range appends { // one by one, so that the row is locked as often
		mustAppend(t, s, first("a", uuid.New()))
	}
	if now := placeOfLog(t, pool); now != before {
		t.Errorf("the log's row was %s and is %s; want no new version of it", before, now)
	}
	reader := openStore(t, pool, Config{})
	if events, err := reader.Read(t.Context(), appends-1, 10); err != nil || len(events) != 1 {
		t.Errorf("Read = %d events, %v; want the last one", len(events), err)
	}
	if err := tx.QueryRow(t.Context(), "select count(*) from events").Scan(&seen); err != nil || seen != 0 {
		t.Errorf("the snapshot sees %d events, %v; want none", seen, err)
	}
}

// placeOfLog tells the one version of the log's row from every other there could be.
func placeOfLog(t *testing.T, pool *pgxpool.Pool) (place string) {
	t.Helper()
	err := pool.QueryRow(t.Context(), "select format('%s by %s of %s bytes', ctid, xmin, pg_relation_size('logs')) from logs where log_id = 1").Scan(&place)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// A store whose server does not answer refuses in bounded time.
func TestAppend_noServer(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, nil)
	s := openStore(t, pgtest.PoolOf(t, server.URL()), Config{bounds: shortBounds()})
	server.Stop(t)
	begun := time.Now()
	if _, err := s.Append(t.Context(), first("a", uuid.New())); !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("Append without a server = %v; want ErrUnavailable or ErrOutcomeUnknown", err)
	}
	if waited := time.Since(begun); waited > patient {
		t.Errorf("waited %s; want a bounded wait", waited)
	}
	server.Restart(t)
	eventually(t, "appends flow again", func() bool {
		_, err := s.Append(t.Context(), first("a", uuid.New()))
		return err == nil
	})
}

// Whatever keeps the log from being appended to is named, whether or not anybody appends, and through the queue of those
// that wait for it; when it lets go all is well again.
func TestCondition(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openStore(t, pool, Config{})
	if c := s.Condition(t.Context()); c.Err != nil || len(c.Blockers) != 0 || c.Waiting != 0 {
		t.Fatalf("Condition = %+v; want nothing amiss", c)
	}
	for name, statement := range map[string]string{
		"the log's row":         "select from logs where log_id = 1 for update",
		"the log's row, shared": "select from logs where log_id = 1 for share",
		"logs":                  "lock table logs",
		"events":                "lock table events",
		"events, for writing":   "lock table events in share mode",
		"claims":                "lock table claims in exclusive mode",
	} {
		for _, traffic := range []bool{false, true} {
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			var sub *submission
			if traffic {
				sub = submit(t, s, first("a", uuid.New()))
			}
			holder := int(tx.Conn().PgConn().PID())
			var seen Condition
			eventually(t, name+": the blocker is named", func() bool {
				seen = s.Condition(t.Context())
				return len(seen.Blockers) == 1 && seen.Blockers[0].PID == holder
			})
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if traffic {
				if _, err := sub.wait(t); err != nil {
					t.Errorf("%s: append = %v", name, err)
				}
			}
			eventually(t, name+": all is well again", func() bool {
				seen = s.Condition(t.Context())
				return len(seen.Blockers) == 0 && seen.Err == nil && seen.Waiting == 0
			})
		}
	}
}

// A look at a server that does not answer ends in time, and says that appends wait.
func TestCondition_noServer(t *testing.T) {
	t.Parallel()

	server := pgtest.Server(t, nil)
	s := openStore(t, pgtest.PoolOf(t, server.URL()), Config{})
	server.Stop(t)
	submit(t, s, first("a", uuid.New()))
	eventually(t, "it is noticed", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		c := s.Condition(ctx)
		if took := time.Since(begun); took > patient {
			t.Fatalf("a look took %s", took)
		}
		return c.Err != nil && c.Waiting > 0
	})
	server.Restart(t)
	eventually(t, "all is well again", func() bool { c := s.Condition(t.Context()); return c.Err == nil && c.Waiting == 0 })
}
