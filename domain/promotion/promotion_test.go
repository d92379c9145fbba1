package promotion_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/rule"
)

type events = []promotion.Event

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// order returns the id of the nth order.
func order(n byte) uuid.UUID { return uuid.UUID{0: 1, 15: n} }

func redeemed(n byte, used int64) promotion.Redeemed {
	return promotion.Redeemed{DiscountID: "spring", OrderID: order(n), Limit: 2, Used: used, RedeemedAt: noon}
}

// givenBack is the first order's use.
func givenBack(used int64) promotion.GivenBack {
	return promotion.GivenBack{DiscountID: "spring", OrderID: order(1), Reason: "canceled", Used: used, GivenBackAt: noon}
}

func redeem(n byte, limit int64) promotion.Redeem {
	return promotion.Redeem{
		DiscountID: "spring", Code: "SPRING", OrderID: order(n), Limit: limit, Pointer: "/discount_codes/0",
		At: noon.Add(300 * time.Microsecond).In(time.FixedZone("CET", 3600)),
	}
}

func giveBack(n byte) promotion.GiveBack {
	return promotion.GiveBack{DiscountID: "spring", OrderID: order(n), Reason: "canceled", At: noon}
}

func samples() events {
	return events{redeemed(1, 1), promotion.GivenBack{DiscountID: "spring", OrderID: order(1), Reason: "refused <by> & by", GivenBackAt: noon.Add(250 * time.Millisecond)}}
}

func TestDecide(t *testing.T) {
	t.Parallel()

	unlimited := redeemed(3, 3)
	unlimited.Limit = 0
	again := redeemed(1, 1)
	again.Limit = 1
	tests := map[string]struct {
		given   events
		when    promotion.Command
		then    events
		wantErr rule.Code
	}{
		"the first order gets a use":                      {nil, redeem(1, 2), events{redeemed(1, 1)}, ""},
		"the last use of the limit":                       {events{redeemed(1, 1)}, redeem(2, 2), events{redeemed(2, 2)}, ""},
		"a limit of two is two":                           {events{redeemed(1, 1), redeemed(2, 2)}, redeem(3, 2), nil, rule.DiscountInvalid},
		"without a limit there is always one more":        {events{redeemed(1, 1), redeemed(2, 2)}, redeem(3, 0), events{unlimited}, ""},
		"an order that has a use keeps it":                {events{redeemed(1, 1), redeemed(2, 2)}, redeem(1, 2), nil, ""},
		"also when the limit was lowered":                 {events{redeemed(1, 1), redeemed(2, 2)}, redeem(1, 1), nil, ""},
		"a use that was given back can be taken":          {events{redeemed(1, 1), redeemed(2, 2), givenBack(1)}, redeem(3, 2), events{redeemed(3, 2)}, ""},
		"also by the order that gave it back":             {events{redeemed(1, 1), givenBack(0)}, redeem(1, 1), events{again}, ""},
		"a canceled order gives its use back":             {events{redeemed(1, 1), redeemed(2, 2)}, giveBack(1), events{givenBack(1)}, ""},
		"giving back twice changes nothing":               {events{redeemed(1, 1), givenBack(0)}, giveBack(1), nil, ""},
		"an order without a use has nothing to give back": {events{redeemed(1, 1)}, giveBack(2), nil, ""},
		"nothing was ever used":                           {nil, giveBack(1), nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := promotion.Replay(tt.given...)
			got, err := promotion.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := promotion.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestDecide_usedUpSaysHowMuch(t *testing.T) {
	t.Parallel()

	state := promotion.Replay(redeemed(1, 1), redeemed(2, 2))
	_, err := promotion.Decide(&state, redeem(3, 2))
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || len(v.Details) != 1 {
		t.Fatalf("Decide: %v; want a violation with a detail", err)
	}
	want := rule.Detail{
		Pointer: "/discount_codes/0", Code: rule.DiscountInvalid, Message: "discount code SPRING is used up: 2 of 2 uses are taken",
		Meta: map[string]any{
			"discount_id": "spring", "code": "SPRING", "limit": int64(2), "used": int64(2), "requested": int64(1), "available": int64(0),
		},
	}
	if !reflect.DeepEqual(v.Details[0], want) {
		t.Errorf("detail %+v; want %+v", v.Details[0], want)
	}
}

// Whatever orders do, no more than the limit have a use, and the count is right after every event.
func TestPromotion_neverMoreThanTheLimit(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		var state, stored promotion.Promotion
		live := map[byte]bool{}
		const limit = 3
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			n := rapid.ByteRange(0, 7).Draw(t, "order")
			var cmd promotion.Command = redeem(n, limit)
			takes := rapid.Bool().Draw(t, "redeem")
			if !takes {
				cmd = giveBack(n)
			}
			happened, err := promotion.Decide(&state, cmd)
			if refused := takes && !live[n] && len(live) == limit; (err != nil) != refused {
				t.Fatalf("%+v with %v: %v", cmd, live, err)
			}
			for _, e := range happened {
				state.Apply(e)
				stored.Apply(e)
			}
			if takes && err == nil {
				live[n] = true
			} else if !takes {
				delete(live, n)
			}
			if state.Used() != int64(len(live)) || state.UsedUp(limit) != (len(live) == limit) || state.UsedUp(0) {
				t.Fatalf("%d uses; want %v", state.Used(), live)
			}
			data, err := json.Marshal(stored)
			if err != nil {
				t.Fatal(err)
			}
			stored = promotion.Promotion{}
			if err := json.Unmarshal(data, &stored); err != nil || !reflect.DeepEqual(stored, state) {
				t.Fatalf("%s is read back as %+v, %v; want %+v", data, stored, err, state)
			}
		}
	})
}

func TestPromotion_clone(t *testing.T) {
	t.Parallel()

	state := promotion.Replay(redeemed(1, 1))
	clone := state.Clone()
	state.Apply(redeemed(2, 2))
	if clone.Used() != 1 || !clone.Exists() {
		t.Errorf("the clone has %d uses; want 1", clone.Used())
	}
}

func ExampleDecide() {
	var spring promotion.Promotion
	for n := range byte(3) {
		happened, err := promotion.Decide(&spring, redeem(n, 2))
		for _, event := range happened {
			spring.Apply(event)
		}
		fmt.Println(spring.Used(), err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 2 discount_invalid: discount code SPRING is used up: 2 of 2 uses are taken
}
