package commands_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// stored counts the rows of everything that a command can leave behind.
func stored(t *testing.T, pool *pgxpool.Pool) (rows [4]int) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `select (select count(*) from events), (select count(*) from command_results),
		(select count(*) from claims), (select count(*) from decisions)`).Scan(&rows[0], &rows[1], &rows[2], &rows[3])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// rehearse runs a command dry and returns what its answer was rendered from.
func (s *shop) rehearse(k *eventstore.Key, expect []eventstore.Version, c commands.Command) (outcome commands.Outcome, state []byte, err error) {
	s.Helper()
	_, err = s.engine.Do(s.Context(), commands.Request{
		Tenant: tenant, Key: k, Expect: expect, DryRun: true, Command: c,
		Answer: func(o commands.Outcome) eventstore.Answer {
			outcome = o
			state, _ = json.Marshal(o.State)
			return answer(o)
		},
	})
	return outcome, state, err
}

// A dry run shows the state after the command and the events, and leaves nothing behind: no row, no use of the key, no
// change of what the engine remembers.
func TestEngine_dryRun(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openShop(t, pool)
	s.sell("A", 3)
	s.sell("B", 3)
	before := stored(t, pool)
	command := place(commands.OrderLine{SKU: "A", Quantity: 2}, commands.OrderLine{SKU: "B", Quantity: 1})
	command.ExternalID = "web-1"
	var want []byte
	for range 3 { // each sees the same: what the others did was not done
		outcome, state, err := s.rehearse(key("k", "dry"), nil, command)
		if err != nil || outcome.Refused != nil || !outcome.Created || outcome.Version != 1 {
			t.Fatalf("dry run: %+v, %v; want a new order at version 1", outcome, err)
		}
		want = state
		var types []string
		for _, e := range outcome.Events {
			types = append(types, e.StreamType+" "+e.Type)
			if !json.Valid(e.Data) || e.Stream == uuid.Nil {
				t.Errorf("event %+v is not complete", e)
			}
		}
		if all := []string{"order order.placed.v1", "stock stock.reserved.v1", "stock stock.reserved.v1"}; !slices.Equal(types, all) {
			t.Errorf("events = %v, want %v", types, all)
		}
	}
	if after := stored(t, pool); after != before {
		t.Errorf("dry runs have left rows behind: %v, were %v", after, before)
	}
	real, err := s.do(key("k", "in earnest"), command)
	if err != nil || real.Replayed || string(real.Answer.Body) != string(want) {
		t.Errorf("in earnest: %s, %v; want what the dry run showed, %s", real.Answer.Body, err, want)
	}
	command.OrderID = uuid.Must(uuid.NewV7())
	if outcome, _, err := s.rehearse(key("k", "in earnest"), nil, command); err != nil || rule.CodeOf(outcome.Refused) != rule.InsufficientStock {
		t.Errorf("a dry run with a used key: %v, %v; want that the key does not matter, and insufficient_stock", outcome.Refused, err)
	}
	command.Lines[0].Quantity = 1
	if outcome, _, err := s.rehearse(nil, nil, command); err != nil || rule.CodeOf(outcome.Refused) != rule.DuplicateExternalID {
		t.Errorf("a dry run with a taken external id: %v, %v; want duplicate_external_id", outcome.Refused, err)
	}
}

// A dry run is refused as the command would be, and nothing is noted.
func TestEngine_dryRunRefused(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	s := openShop(t, pool)
	s.sell("A", 1)
	first := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(first)
	before := stored(t, pool)
	outcome, _, err := s.rehearse(key("k", ""), nil, place(commands.OrderLine{SKU: "A", Quantity: 1}))
	if err != nil || rule.CodeOf(outcome.Refused) != rule.InsufficientStock || outcome.Events != nil {
		t.Errorf("dry run of what is sold out: %+v, %v; want insufficient_stock", outcome, err)
	}
	cancel := commands.CancelOrder{OrderID: first.OrderID, Reason: order.ReasonStaff, At: noon}
	one, two := eventstore.Version(1), eventstore.Version(2)
	var stale *commands.VersionError
	if _, _, err := s.rehearse(nil, []eventstore.Version{two}, cancel); !errors.As(err, &stale) || stale.Current != 1 {
		t.Errorf("If-Match 2 at version 1: %v, want a VersionError", err)
	}
	outcome, _, err = s.rehearse(nil, []eventstore.Version{5, one}, cancel)
	if err != nil || outcome.Version != 2 || len(outcome.Events) != 2 {
		t.Errorf("dry run of a cancellation: version %d, %d events, %v; want 2, 2", outcome.Version, len(outcome.Events), err)
	}
	cancel.OrderID = uuid.Must(uuid.NewV7())
	if _, _, err := s.rehearse(nil, nil, cancel); rule.CodeOf(err) != rule.OrderNotFound {
		t.Errorf("dry run on no order: %v, want order_not_found", err)
	}
	if after := stored(t, pool); after != before {
		t.Errorf("dry runs have left rows behind: %v, were %v", after, before)
	}
}

// A dry run tells the truth even if another process has changed what this one remembers.
func TestEngine_dryRunStaleMemory(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	one, two := openShop(t, pool), openShop(t, pool)
	one.sell("A", 1)
	two.must(place(commands.OrderLine{SKU: "A", Quantity: 1}))
	outcome, _, err := one.rehearse(nil, nil, place(commands.OrderLine{SKU: "A", Quantity: 1}))
	if err != nil || rule.CodeOf(outcome.Refused) != rule.InsufficientStock {
		t.Errorf("dry run on old memory: %+v, %v; want insufficient_stock", outcome.Refused, err)
	}
}
