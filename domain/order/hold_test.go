package order_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func hold(lines ...uuid.UUID) order.PlaceHold {
	return order.PlaceHold{HoldID: holdID, LineIDs: lines, Reason: order.HoldFraudReview, Note: "odd address", By: "staff-1", At: later}
}

func held(lines ...uuid.UUID) order.Held {
	return order.Held{About: about(), HoldID: holdID, LineIDs: lines, Reason: order.HoldFraudReview, Note: "odd address", HeldBy: "staff-1", HeldAt: later}
}

func holdReleased() order.HoldReleased {
	return order.HoldReleased{
		About: about(), HoldID: holdID, Reason: order.HoldFraudReview, ReleasedBy: "staff-2", HeldAt: later, ReleasedAt: later,
	}
}

func TestPlaceHold(t *testing.T) {
	t.Parallel()

	until := hold()
	until.Until = later.Add(time.Hour)
	heldUntil := held()
	heldUntil.Until = later.Add(time.Hour)
	with := func(change func(*order.PlaceHold)) order.PlaceHold {
		cmd := hold()
		change(&cmd)
		return cmd
	}
	manual := held()
	manual.Reason = order.HoldManual
	run(t, map[string]decision{
		"a pending order is held":   {events{placed(nil)}, hold(), events{held()}, ""},
		"a confirmed one":           {settled(), hold(), events{held()}, ""},
		"one of its lines":          {events{placed(nil)}, hold(line2), events{held(line2)}, ""},
		"for a time":                {events{placed(nil)}, until, events{heldUntil}, ""},
		"for no given reason":       {events{placed(nil)}, with(func(c *order.PlaceHold) { c.Reason = "" }), events{manual}, ""},
		"once by one id":            {events{placed(nil), held()}, hold(), nil, ""},
		"not for an unknown reason": {events{placed(nil)}, with(func(c *order.PlaceHold) { c.Reason = "mood" }), nil, rule.ValidationFailed},
		"not without an id":         {events{placed(nil)}, with(func(c *order.PlaceHold) { c.HoldID = uuid.Nil }), nil, rule.ValidationFailed},
		"not with a novel":          {events{placed(nil)}, with(func(c *order.PlaceHold) { c.Note = strings.Repeat("x", 501) }), nil, rule.ValidationFailed},
		"not until the past":        {events{placed(nil)}, with(func(c *order.PlaceHold) { c.Until = later }), nil, rule.ValidationFailed},
		"not when it is over":       {events{placed(nil), canceled(nil)}, hold(), nil, rule.OrderTerminal},
		"not what was delivered":    {events{imported()}, hold(), nil, rule.OrderTerminal},
		"not nothing":               {nil, hold(), nil, rule.OrderNotFound},
	})
	refused(t, map[string]refusal{
		"no line of another order": {given: events{placed(nil)}, when: hold(line1, line3), code: rule.ValidationFailed, pointer: "/line_ids/1"},
		"no line twice":            {given: events{placed(nil)}, when: hold(line1, line1), code: rule.ValidationFailed, pointer: "/line_ids/1"},
	})
}

func TestPlaceHold_limit(t *testing.T) {
	t.Parallel()

	given := events{placed(nil)}
	for i := range order.MaxHolds {
		given = then(given, order.PlaceHold{HoldID: uuid.UUID{0: 5, 15: byte(i)}, At: noon})
	}
	state := order.Replay(given...)
	if _, err := decide(&state, hold()); rule.CodeOf(err) != rule.ValidationFailed {
		t.Errorf("one hold more: %v; want validation_failed", err)
	}
}

func TestReleaseHold(t *testing.T) {
	t.Parallel()

	when := order.ReleaseHold{HoldID: holdID, By: "staff-2", At: later}
	full := paid(order.PaymentCaptured, 5498, 5498, 0, 0)
	second := order.PlaceHold{HoldID: gone, Reason: order.HoldPayment, At: later}
	onLine := second
	onLine.LineIDs = []uuid.UUID{line1}
	run(t, map[string]decision{
		"a hold is released":                       {events{placed(nil), held()}, when, events{holdReleased()}, ""},
		"an order that is paid is confirmed then":  {events{placed(nil), held(), full}, when, events{holdReleased(), confirmed()}, ""},
		"not while it is held by something else":   {then(events{placed(nil), held(), full}, second), when, events{holdReleased()}, ""},
		"but while only some of its lines are":     {then(events{placed(nil), held(), full}, onLine), when, events{holdReleased(), confirmed()}, ""},
		"a confirmed order stays confirmed":        {append(settled(), held()), when, events{holdReleased()}, ""},
		"what was never held cannot be released":   {events{placed(nil)}, when, nil, rule.HoldNotFound},
		"what was released cannot be released":     {events{placed(nil), held(), holdReleased()}, when, nil, rule.HoldNotFound},
		"what is over is held by nothing any more": {events{placed(nil), held(), canceled(nil)}, when, nil, rule.OrderTerminal},
		"nothing is held by nothing":               {nil, when, nil, rule.OrderNotFound},
	})
}

// A hold keeps what it covers from moving on.
func TestHold_blocks(t *testing.T) {
	t.Parallel()

	full := paid(order.PaymentCaptured, 5498, 5498, 0, 0)
	refused(t, map[string]refusal{
		"confirming": {given: events{placed(nil), full, held()}, when: order.Confirm{At: later}, code: rule.OrderOnHold, existing: holdID.String()},
		"packing":    {given: append(sure(), held()), when: pack(units(line1, 1)), code: rule.OrderOnHold, existing: holdID.String()},
		"packing a held line": {
			given: append(sure(), held(line1)), when: pack(units(line1, 1)), code: rule.OrderOnHold, pointer: "/lines/0", line: line1, requested: 1,
		},
		"completing": {given: append(sure(), held()), when: order.Complete{At: later}, code: rule.OrderOnHold, existing: holdID.String()},
	})
	state := order.Replay(append(sure(), held(line1))...)
	if happened, err := decide(&state, pack(units(line2, 1))); err != nil || len(happened) != 1 {
		t.Errorf("packing a line that is not held: %v, %v; want it packed", happened, err)
	}
	if got, err := decide(&state, order.Cancel{At: later}); err != nil || !reflect.DeepEqual(order.Replay(append(append(sure(), held(line1)), got...)...).Holds, []order.Hold(nil)) {
		t.Errorf("canceling what is held: %v, %v; want it canceled and free of holds", got, err)
	}
}
