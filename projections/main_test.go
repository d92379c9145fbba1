package projections_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// killed is set for a process that is to rebuild the database that it names and to die at the beginning of a phase.
const (
	killedDatabase = "PROJECTIONS_TEST_DATABASE"
	killedPhase    = "PROJECTIONS_TEST_DIE_AT"
	killedStatus   = 137
)

func TestMain(m *testing.M) {
	if url := os.Getenv(killedDatabase); url != "" {
		fmt.Fprintln(os.Stderr, dieRebuilding(url, projections.Phase(os.Getenv(killedPhase))))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// dieRebuilding returns only if something else went wrong.
func dieRebuilding(url string, phase projections.Phase) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	store, err := eventstore.Open(ctx, pool, eventstore.Config{})
	if err != nil {
		return err
	}
	set, err := projections.NewSet(projections.Config{Pool: pool, Stores: []*eventstore.Store{store}, Models: []projections.Model{&tally{name: "dies"}}})
	if err != nil {
		return err
	}
	_, err = set.Rebuild(ctx, projections.RebuildOptions{Progress: func(p projections.Progress) {
		if p.Phase == phase {
			os.Exit(killedStatus)
		}
	}})
	return fmt.Errorf("still alive: %w", err)
}
