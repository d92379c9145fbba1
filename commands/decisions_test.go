package commands_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// decisions returns the decision log, oldest first.
func (s *shop) decisions() []eventstore.RecordedDecision {
	s.Helper()
	log, err := s.store.Decisions(s.Context(), tenant, eventstore.DecisionFilter{}, eventstore.DecisionCursor{}, 1000)
	if err != nil {
		s.Fatal(err)
	}
	for i, j := 0, len(log)-1; i < j; i, j = i+1, j-1 {
		log[i], log[j] = log[j], log[i]
	}
	return log
}

// Every refusal by the rules leaves one line in the decision log, with and without a key, and nothing else does: no
// replay, no success, nothing that is malformed or does not exist.
func TestEngine_decisions(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 1)
	first := place(commands.OrderLine{SKU: "A", Quantity: 1})
	first.ExternalID = "web-1"
	s.must(first)
	head, _, err := s.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(r commands.Request, times int, code rule.Code) {
		t.Helper()
		r.Tenant, r.Actor, r.Answer = tenant, commands.Actor{Type: "staff", ID: "u-7"}, answer
		for i := range times {
			got, err := s.engine.Do(t.Context(), r)
			if err != nil || string(got.Answer.Body) != string(code) || got.Replayed != (i > 0) {
				t.Errorf("%T, time %d: %s (replayed: %t), %v; want %s", r.Command, i+1, got.Answer.Body, got.Replayed, err, code)
			}
		}
	}
	late := place(commands.OrderLine{SKU: "A", Quantity: 1})
	late.ExternalID = "web-1"
	s.must(commands.ReceiveStock{SKU: "A", Quantity: 1, At: noon})
	refused(commands.Request{Key: key("late", ""), Command: late}, 3, rule.DuplicateExternalID)
	refused(commands.Request{Command: late}, 1, rule.DuplicateExternalID)
	two := place(commands.OrderLine{SKU: "A", Quantity: 2})
	refused(commands.Request{Key: key("two", ""), Command: two, Cause: commands.Cause{CorrelationID: "req-1"}}, 2, rule.InsufficientStock)
	refused(commands.Request{Command: two}, 1, rule.InsufficientStock)
	for range 2 {
		if _, err := s.do(key("nothing", ""), commands.CancelOrder{OrderID: uuid.New(), Reason: order.ReasonStaff, At: noon}); rule.CodeOf(err) != rule.OrderNotFound {
			t.Errorf("cancel of no order: %v, want order_not_found", err)
		}
		if _, err := s.do(key("malformed", ""), place(make([]commands.OrderLine, 1001)...)); rule.CodeOf(err) != rule.ValidationFailed {
			t.Errorf("an order of 1,001 lines: %v, want validation_failed", err)
		}
	}
	log := s.decisions()
	var got []string
	for _, d := range log {
		got = append(got, fmt.Sprintf("%s %s %s/%s %s", d.Command, d.Code, d.ActorType, d.ActorID, d.RequestID))
		if d.Position <= head || d.Reason == "" || d.Resource == "" || d.DecidedAt.IsZero() {
			t.Errorf("decision %+v is not complete", d)
		}
	}
	want := strings.Join([]string{
		"place-order duplicate_external_id staff/u-7 ", "place-order duplicate_external_id staff/u-7 ",
		"place-order insufficient_stock staff/u-7 req-1", "place-order insufficient_stock staff/u-7 ",
	}, "\n")
	if all := strings.Join(got, "\n"); all != want {
		t.Errorf("the decision log has\n%s\nwant\n%s", all, want)
	}
	for _, d := range log {
		if d.Code != string(rule.InsufficientStock) {
			continue
		}
		var details []struct {
			Pointer string         `json:"pointer"`
			Code    string         `json:"code"`
			Meta    map[string]any `json:"meta"`
		}
		if err := json.Unmarshal(d.Details, &details); err != nil || len(details) != 1 || details[0].Pointer != "/lines/0/quantity" || details[0].Meta["available"] != float64(1) {
			t.Errorf("details = %s, %v; want the line and the units that are there", d.Details, err)
		}
	}
}

// A refusal that goes on and on is noted in part, and refused all the same.
func TestEngine_decisionOfThousandFaults(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 1)
	lines := make([]commands.OrderLine, 900)
	for i := range lines {
		lines[i] = commands.OrderLine{SKU: fmt.Sprintf("NONE-%s-%d", strings.Repeat("é", 30), i), Quantity: 1}
	}
	command := place(lines...)
	r, err := s.do(nil, command)
	if err != nil || !r.Refused {
		t.Fatalf("900 unknown products: %+v, %v; want a refusal", r, err)
	}
	log := s.decisions()
	if len(log) != 1 || !json.Valid(log[0].Details) || len(log[0].Details) < 1000 || len(log[0].Details) > 8<<10 {
		t.Errorf("the decision log has %+v; want one line with the first details", log)
	}
}

// Commands that carry one of an aggregate's own are named after that.
func TestEngine_decisionNames(t *testing.T) {
	t.Parallel()

	s := openShop(t, pgtest.Pool(t))
	s.sell("A", 1)
	first := place(commands.OrderLine{SKU: "A", Quantity: 1})
	s.must(first)
	s.must(commands.CancelOrder{OrderID: first.OrderID, Reason: order.ReasonStaff, At: noon})
	for _, c := range []commands.Command{
		commands.ChangeOrder{OrderID: first.OrderID, Command: order.Complete{At: noon}, At: noon},
		commands.ChangeStock{SKU: "A", Command: stock.Adjust{SKU: "A", Delta: -5, Reason: "theft", At: noon}, At: noon},
	} {
		if r, err := s.do(nil, c); err != nil || !r.Refused {
			t.Fatalf("%T: %+v, %v; want a refusal", c, r, err)
		}
	}
	log := s.decisions()
	if len(log) != 2 || log[0].Command != "complete" || log[1].Command != "stock-adjust" {
		t.Errorf("the decision log has %+v; want complete and stock-adjust", log)
	}
}
