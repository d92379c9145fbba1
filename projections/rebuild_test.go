package projections_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// reader reads a model as the read API does: the generation that is known to be live, rows and position in one step.
type reader struct {
	s    *shop
	set  *projections.Set
	name string

	last        eventstore.Position
	generations map[projections.Generation]struct{}
	seen        atomic.Int64 // how many they are
}

func (r *reader) read(ctx context.Context) error {
	g, atLeast, err := r.set.Positions(1).Live(ctx, r.name)
	if err != nil {
		return err
	}
	var units int64
	var position eventstore.Position
	err = pgx.BeginTxFunc(ctx, r.s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "select coalesce(sum(units), 0)::bigint from "+g.Table(r.name)).Scan(&units); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select position from projection_checkpoints where name = $1 and generation = $2", r.name, g).Scan(&position)
	})
	switch {
	case err != nil:
		return err
	case units != int64(position): // each event is a delivery of one unit
		return fmt.Errorf("generation %d shows %d units at position %d", g, units, position)
	case position < r.last || position < atLeast:
		return fmt.Errorf("generation %d is at %d; it was at %d, and known to be at %d", g, position, r.last, atLeast)
	}
	r.last = position
	r.generations[g] = struct{}{}
	r.seen.Store(int64(len(r.generations)))
	return nil
}

// Rebuilds go on beside appends, the live projector and readers; nobody sees an error, and nothing goes back.
func TestRebuild_besideEverything(t *testing.T) {
	t.Parallel()

	s := openShop(t, 20)
	s.fill(20_000)
	set, other := s.set(&tally{name: "beside"}), s.set(&tally{name: "beside"})
	running(t, set, projections.RunOptions{})
	s.reach(set, "beside")

	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			s.receive(s.streams[i%20], 1)
		}
	})
	readers := []*reader{}
	for _, of := range []*projections.Set{set, other} { // one in the projector's process, one elsewhere
		r := &reader{s: s, set: of, name: "beside", generations: make(map[projections.Generation]struct{})}
		readers = append(readers, r)
		busy.Go(func() {
			for ctx.Err() == nil {
				if err := r.read(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("read: %v", err)
					return
				}
			}
		})
	}
	for i := range 4 {
		reports, err := s.set(&tally{name: "beside"}).Rebuild(t.Context(), projections.RebuildOptions{Names: []string{"beside"}}) // its own process
		if err != nil || len(reports) != 1 || !reports[0].Switched || reports[0].Rows != 20 {
			t.Fatalf("Rebuild %d = %+v, %v; want it switched with 20 rows", i, reports, err)
		}
		s.reach(set, "beside") // the projector has found the new generation
	}
	eventually(t, "readers elsewhere see the last generation", func() bool {
		g, _, err := other.Positions(1).Live(t.Context(), "beside")
		return err == nil && g == 5
	})
	for _, r := range readers {
		eventually(t, "a reader has read several generations", func() bool { return r.seen.Load() > 1 })
	}
	cancel()
	busy.Wait()
	s.reach(set, "beside")
	s.assertExact("beside")
	if found, err := set.Verify(t.Context(), projections.VerifyOptions{}); err != nil || len(found) > 0 {
		t.Errorf("Verify = %v, %v; want nothing", found, err)
	}
}

// A rebuild that is killed leaves the live generation serving, and the next one cleans up.
func TestRebuild_killed(t *testing.T) {
	t.Parallel()

	phases := []projections.Phase{
		projections.PhaseRead, projections.PhaseLoad, projections.PhaseCatchUp, projections.PhaseCompare, projections.PhaseSwitch,
	}
	for _, phase := range phases {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()

			s := openShop(t, 3)
			s.fill(300)
			set := s.set(&tally{name: "dies"})
			running(t, set, projections.RunOptions{})
			s.reach(set, "dies")
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), killedDatabase+"="+s.pool.Config().ConnString(), killedPhase+"="+string(phase))
			out, err := child.CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != killedStatus {
				t.Fatalf("the rebuild ended with %v: %s", err, out)
			}
			s.receive(s.streams[0], 2)
			s.reach(set, "dies")
			s.assertExact("dies") // generation 1 serves on
			if g, _, err := set.Positions(1).Live(t.Context(), "dies"); err != nil || g != 1 {
				t.Errorf("live generation = %d, %v; want 1", g, err)
			}
			var reports []projections.RebuildReport
			eventually(t, "the server has noticed the death", func() bool {
				reports, err = set.Rebuild(t.Context(), projections.RebuildOptions{})
				return !errors.Is(err, projections.ErrRebuilding)
			})
			if err != nil || reports[0].Generation != 3 {
				t.Fatalf("Rebuild = %+v, %v; want generation 3", reports, err)
			}
			var left []string
			if err := s.pool.QueryRow(t.Context(), "select array_agg(relname::text order by relname) from pg_class where relkind = 'r' and relnamespace = 'readmodel'::regnamespace").Scan(&left); err != nil {
				t.Fatal(err)
			}
			if strings.Join(left, " ") != "dies_g1 dies_g3" {
				t.Errorf("tables = %v; want those of generations 1 and 3", left)
			}
			s.reach(set, "dies")
			s.assertExact("dies")
		})
	}
}

// Code whose Apply and Fold disagree is not switched to.
func TestRebuild_refusesUnequal(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	m := &tally{name: "unequal"}
	set := s.set(m)
	stop := running(t, set, projections.RunOptions{})
	s.reach(set, "unequal")
	stop()
	m.wrong.Store(true)
	_, err := set.Rebuild(t.Context(), projections.RebuildOptions{Progress: func(p projections.Progress) {
		if p.Phase == projections.PhaseLoad {
			s.fill(900) // more than a generation may be behind: Apply catches up, wrongly
		}
	}})
	var unequal *projections.NotEqualError
	if !errors.As(err, &unequal) || !errors.Is(err, projections.ErrNotEqual) || len(unequal.Differences) != 3 || unequal.Differences[0].Problem != "different" {
		t.Fatalf("Rebuild = %v; want a NotEqualError with three keys", err)
	}
	if g, _, err := set.Positions(1).Live(t.Context(), "unequal"); err != nil || g != 1 {
		t.Errorf("live generation = %d, %v; want 1", g, err)
	}
}

// A dry run tells what a rebuild would change and changes nothing.
func TestRebuild_dryRun(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	set := s.set(&tally{name: "dry"})
	running(t, set, projections.RunOptions{})
	s.reach(set, "dry")
	if _, err := s.pool.Exec(t.Context(), "update readmodel.dry_g1 set units = 7 where stream_id = $1", s.streams[0]); err != nil {
		t.Fatal(err)
	}
	reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{DryRun: true})
	if err != nil || len(reports) != 1 || len(reports[0].Differences) != 1 || reports[0].Switched {
		t.Errorf("Rebuild = %+v, %v; want one difference, nothing switched", reports, err)
	}
	if g, _, err := set.Positions(1).Live(t.Context(), "dry"); err != nil || g != 1 {
		t.Errorf("live generation = %d, %v; want 1", g, err)
	}
	if silence := set.Silences()["dry"]; silence <= 0 || silence > 10*time.Second {
		t.Errorf("Silences = %v; want a moment", silence)
	}
}

func TestPositionAt(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	set := s.set(&tally{name: "moments"})
	if at, err := set.PositionAt(t.Context(), 1, time.Now()); err != nil || at != 0 {
		t.Errorf("PositionAt of an empty log = %d, %v; want 0", at, err)
	}
	for range 7 {
		s.receive(s.streams[0], 1)
	}
	events, err := s.store.Read(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if at, err := set.PositionAt(t.Context(), 1, e.RecordedAt); err != nil || at != e.Position {
			t.Errorf("PositionAt = %d, %v; want %d", at, err, e.Position)
		}
		if at, err := set.PositionAt(t.Context(), 1, e.RecordedAt.Add(-time.Microsecond)); err != nil || at != e.Position-1 {
			t.Errorf("PositionAt a moment before = %d, %v; want %d", at, err, e.Position-1)
		}
	}
}

func TestRebuild_oneAtATime(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	set := s.set(&tally{name: "first"}, &tally{name: "second"})
	var inner, other error
	_, err := set.Rebuild(t.Context(), projections.RebuildOptions{Names: []string{"first"}, Progress: func(p projections.Progress) {
		if p.Phase == projections.PhaseCatchUp {
			_, inner = set.Rebuild(t.Context(), projections.RebuildOptions{})
			_, other = set.Rebuild(t.Context(), projections.RebuildOptions{Names: []string{"second"}})
		}
	}})
	if err != nil || other != nil {
		t.Errorf("Rebuild = %v, of another projection meanwhile = %v; want both nil", err, other)
	}
	if !errors.Is(inner, projections.ErrRebuilding) || !strings.Contains(inner.Error(), "first") {
		t.Errorf("Rebuild of the same = %v; want ErrRebuilding that names it", inner)
	}
	if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{Names: []string{"third"}}); err == nil || !strings.Contains(err.Error(), "first") {
		t.Errorf("Rebuild of an unknown projection = %v; want an error that lists the known ones", err)
	}
}

// All indexes are there in the end, in whatever order they were made, and the first of them were there before the rows.
func TestRebuild_indexes(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	set := s.set(&tally{name: "indexed"})
	reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{})
	if err != nil || reports[0].Rows != 3 {
		t.Fatalf("Rebuild = %+v, %v; want 3 rows", reports, err)
	}
	_, table, _ := strings.Cut(reports[0].Tables[0], ".")
	rows, err := s.pool.Query(t.Context(), `select regexp_replace(pg_get_indexdef(i.indexrelid), '.* using ', '', 'i') from pg_index i
		join pg_class c on c.oid = i.indrelid where c.relname = $1 and i.indisvalid order by i.indexrelid`, table)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	want := []string{"btree (events) WHERE (units < 0)", "btree (tenant_id, stream_id)", "btree (units)"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("indexes %q, %v; want %q", got, err, want)
	}
}

func TestRebuild_canceled(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	set := s.set(&tally{name: "canceled"})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := set.Rebuild(ctx, projections.RebuildOptions{Progress: func(p projections.Progress) {
		if p.Phase == projections.PhaseCompare {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Rebuild = %v; want canceled", err)
	}
	var tables int
	if err := s.pool.QueryRow(t.Context(), "select count(*) from pg_tables where schemaname = 'readmodel'").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("%d tables, %v; want the live one alone", tables, err)
	}
}

// A past state is built aside and nothing is switched.
func TestRebuild_until(t *testing.T) {
	t.Parallel()

	s := openShop(t, 3)
	s.fill(30)
	set := s.set(&tally{name: "until"})
	reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{Until: 15})
	if err != nil || reports[0].Switched || reports[0].Position != 15 {
		t.Fatalf("Rebuild = %+v, %v; want it not switched, at 15", reports, err)
	}
	var events int64
	if err := s.pool.QueryRow(t.Context(), "select sum(events)::bigint from "+reports[0].Tables[0]).Scan(&events); err != nil || events != 15 {
		t.Errorf("%d events, %v; want 15", events, err)
	}
	if _, err := set.Rebuild(t.Context(), projections.RebuildOptions{Until: 31}); err == nil || !strings.Contains(err.Error(), "ends at 30") {
		t.Errorf("Rebuild until a position that is not there = %v; want an error that says where the log ends", err)
	}
}

// What cannot be read is parked in the new generation too.
func TestRebuild_parksUnreadable(t *testing.T) {
	t.Parallel()

	s := openShop(t, 2)
	s.fill(10)
	s.append(s.streams[0], "stock.teleported.v1", []byte(`{}`))
	s.fill(10)
	set := s.set(&tally{name: "unread"})
	reports, err := set.Rebuild(t.Context(), projections.RebuildOptions{})
	if err != nil || reports[0].Parked != 1 {
		t.Fatalf("Rebuild = %+v, %v; want one parked stream", reports, err)
	}
	parked, err := set.Parked(t.Context(), 10)
	if err != nil || len(parked) != 1 || parked[0].Events != 6 {
		t.Errorf("Parked = %+v, %v; want 6 events of one stream", parked, err)
	}
	found, err := set.Verify(t.Context(), projections.VerifyOptions{})
	if err != nil || len(found) != 1 || found[0].Key != s.streams[0].String() || !strings.Contains(found[0].Problem, "stock.teleported.v1") {
		t.Errorf("Verify = %v, %v; want the parked stream and nothing else", found, err)
	}
}
