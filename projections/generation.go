package projections

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
)

// definitionOf is a digest of the statements that make a model's tables: when it changes the stored generation does not
// fit the code any more.
func definitionOf(m Model) string {
	h := sha256.New()
	for _, statement := range append(m.Create(0), m.Index(0)...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(statement), statement) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Ensure makes the first, empty generation of every projection that has none. Several processes may call it at once.
func (s *Set) Ensure(ctx context.Context) error {
	if ensured, err := s.ensured(ctx); ensured || err != nil {
		return err
	}
	for _, p := range s.projections {
		if err := s.ensure(ctx, p); err != nil {
			return fmt.Errorf("prepare projection %s: %w", p.name, err)
		}
	}
	return nil
}

// ensured reports whether all projections are there, which is how it nearly always is.
func (s *Set) ensured(ctx context.Context) (bool, error) {
	var names, stores []string
	var logs []eventstore.LogID
	for _, p := range s.projections {
		names, stores = append(names, p.name), append(stores, p.store)
	}
	for _, store := range s.stores {
		logs = append(logs, store.Log())
	}
	var there int
	err := s.pool.QueryRow(ctx, `select count(*) from unnest($1::text[], $2::text[]) as f (name, store)
		join projections p on p.name = f.name and p.store = f.store and p.live_generation is not null
		where f.store <> 'postgres' or not exists (
			select from unnest($3::int[]) as l (log_id) where not exists (
				select from projection_checkpoints c where c.log_id = l.log_id and c.name = p.name and c.generation = p.live_generation))`,
		names, stores, logs).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("prepare projections: %w", err)
	}
	return there == len(s.projections), nil
}

func (s *Set) ensure(ctx context.Context, p *projection) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "insert into projections (name, store) values ($1, $2) on conflict do nothing", p.name, p.store); err != nil {
			return err
		}
		var live *Generation
		var store string
		err := tx.QueryRow(ctx, "select live_generation, store from projections where name = $1 for update", p.name).Scan(&live, &store)
		if err != nil {
			return err
		}
		if store != p.store {
			return fmt.Errorf("it is stored as one of %s; give the one in %s another name", store, p.store)
		}
		if live == nil {
			g, err := newGeneration(ctx, tx, p, "live")
			if err != nil {
				return err
			}
			if err := p.createTables(ctx, tx, g, true); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "update projections set live_generation = $2 where name = $1", p.name, g); err != nil {
				return err
			}
			live = &g
		}
		return s.startCheckpoints(ctx, tx, p, *live)
	})
}

// newGeneration takes the next number of a projection. Numbers are never used twice.
func newGeneration(ctx context.Context, tx pgx.Tx, p *projection, state string) (g Generation, err error) {
	err = tx.QueryRow(ctx, `insert into projection_generations (name, generation, state, definition)
		select $1, coalesce(max(generation), 0) + 1, $2, $3 from projection_generations where name = $1
		returning generation`, p.name, state, p.definition).Scan(&g)
	if err != nil {
		return 0, fmt.Errorf("number generation: %w", err)
	}
	return g, nil
}

// startCheckpoints gives a generation of a model a checkpoint before the first event of every log that it has none of.
func (s *Set) startCheckpoints(ctx context.Context, tx pgx.Tx, p *projection, g Generation) error {
	if p.model == nil {
		return nil
	}
	for _, store := range s.stores {
		_, err := tx.Exec(ctx, `insert into projection_checkpoints (log_id, name, generation) values ($1, $2, $3) on conflict do nothing`,
			store.Log(), p.name, g)
		if err != nil {
			return fmt.Errorf("start checkpoint: %w", err)
		}
	}
	return nil
}

// tables returns the names of a model's tables.
func (p *projection) tables() []string {
	if p.model == nil {
		return nil
	}
	var names []string
	for _, t := range p.model.NewFold().Tables() {
		names = append(names, t.Name)
	}
	return names
}

// createTables makes the tables of a generation, which belong to ordermill_project and show ordermill_read the rows of
// one tenant.
func (p *projection) createTables(ctx context.Context, tx pgx.Tx, g Generation, indexed bool) error {
	if p.model == nil {
		return nil
	}
	statements := append([]string{"set local role ordermill_project"}, p.model.Create(g)...)
	if indexed {
		statements = append(statements, p.model.Index(g)...)
	}
	for _, name := range p.tables() {
		table := g.Table(name)
		statements = append(statements,
			"alter table "+table+" enable row level security",
			"create policy tenant on "+table+" for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true))",
			"create policy project on "+table+" to ordermill_project using (true) with check (true)",
			"grant select on "+table+" to ordermill_read")
	}
	return execAll(ctx, tx, statements)
}

// execAll runs statements without parameters in one round trip.
func execAll(ctx context.Context, tx pgx.Tx, statements []string) error {
	results, err := tx.Conn().PgConn().Exec(ctx, strings.Join(statements, ";\n")).ReadAll()
	if err == nil {
		return nil
	}
	failed := statements[min(len(results), len(statements)-1)] // those before it have results
	first, _, _ := strings.Cut(strings.TrimSpace(failed), "\n")
	return fmt.Errorf("%s: %w", first, err)
}

// clean removes generations that are in one of the states, and those that readers have left long enough ago.
func (s *Set) clean(ctx context.Context, of []*projection, states []string, keep time.Duration) error {
	names := make([]string, len(of))
	for i, p := range of {
		names[i] = p.name
	}
	rows, err := s.pool.Query(ctx, `select name, generation from projection_generations where name = any($1)
		and (state = any($2) or (state = 'retired' and changed_at < now() - $3::interval)) order by name, generation`, names, states, keep)
	if err != nil {
		return fmt.Errorf("old generations: %w", err)
	}
	type old struct {
		Name       string
		Generation Generation
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[old])
	if err != nil {
		return fmt.Errorf("old generations: %w", err)
	}
	for _, o := range found {
		if err := s.drop(ctx, of[slices.Index(names, o.Name)], o.Generation); err != nil {
			return err
		}
	}
	return nil
}

// drop removes what a generation has stored. Its number stays, so that it is not used again.
func (s *Set) drop(ctx context.Context, p *projection, g Generation) error {
	if p.backend != nil {
		if err := p.backend.Drop(ctx, g); err != nil {
			return fmt.Errorf("drop generation %d of %s: %w", g, p.name, err)
		}
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		statements := []string{"set local lock_timeout = '5s'", "set local role ordermill_project"}
		for _, name := range p.tables() {
			statements = append(statements, "drop table if exists "+g.Table(name))
		}
		if err := execAll(ctx, tx, statements); err != nil {
			return err
		}
		for _, sql := range []string{
			"delete from parked_events where name = $1 and generation = $2",
			"delete from parked_streams where name = $1 and generation = $2",
			"delete from projection_checkpoints where name = $1 and generation = $2",
			"update projection_generations set state = 'dropped', changed_at = now() where name = $1 and generation = $2",
		} {
			if _, err := tx.Exec(ctx, sql, p.name, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop generation %d of %s: %w", g, p.name, err)
	}
	return nil
}

// errOutdated says that the live generation was made by other code.
var errOutdated = errors.New("the stored tables are those of another release; run: ordermill replay")

// live returns the generation that readers use.
func (s *Set) live(ctx context.Context, p *projection) (Generation, error) {
	var g Generation
	var definition string
	err := s.pool.QueryRow(ctx, `select g.generation, g.definition from projections p
		join projection_generations g on g.name = p.name and g.generation = p.live_generation where p.name = $1`, p.name).Scan(&g, &definition)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("projection %s has no generation yet", p.name)
	case err != nil:
		return 0, fmt.Errorf("live generation of %s: %w", p.name, err)
	case definition != p.definition:
		return g, fmt.Errorf("projection %s: %w %s", p.name, errOutdated, p.name)
	}
	return g, nil
}
