package customer_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/rule"
)

type events = []customer.Event

var (
	noon  = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	later = noon.Add(time.Hour)
)

var (
	held   = customer.LegalHoldSet{CustomerID: "c-1", Reason: "case 7", By: "legal-1", SetAt: noon}
	lifted = customer.LegalHoldLifted{CustomerID: "c-1", Reason: "settled", By: "legal-1", LiftedAt: noon}
	erased = customer.Erased{CustomerID: "c-1", KeyID: "key-1", Reason: "request of the person", By: "support-1", ErasedAt: noon}

	hold  = customer.SetLegalHold{CustomerID: "c-1", Reason: "case 7", By: "legal-1", At: noon.Add(300 * time.Microsecond).In(time.FixedZone("CET", 3600))}
	lift  = customer.LiftLegalHold{CustomerID: "c-1", Reason: "settled", By: "legal-1", At: noon}
	erase = customer.Erase{CustomerID: "c-1", KeyID: "key-1", Reason: "request of the person", By: "support-1", At: noon}
)

func samples() events {
	return events{held, lifted, customer.Erased{CustomerID: "c <1> & co", KeyID: "key-1", Reason: "r", By: "b", ErasedAt: noon.Add(250 * time.Millisecond)}}
}

func TestDecide(t *testing.T) {
	t.Parallel()

	another, long := hold, strings.Repeat("ж", customer.MaxLength)
	another.Reason = "case 8"
	tests := map[string]struct {
		given   events
		when    customer.Command
		then    events
		wantErr rule.Code
	}{
		"a customer of whom nothing is known can be erased": {nil, erase, events{erased}, ""},
		"a customer under legal hold cannot be erased":      {events{held}, erase, nil, rule.LegalHold},
		"once the hold is lifted, erasing is possible":      {events{held, lifted}, erase, events{erased}, ""},
		"erasing again changes nothing":                     {events{erased}, erase, nil, ""},
		"a hold comes too late for an erased customer":      {events{erased}, hold, nil, rule.ErasedCustomer},
		"nothing is to be lifted from an erased customer":   {events{erased}, lift, nil, rule.ErasedCustomer},
		"a hold can be set on anybody":                      {nil, hold, events{held}, ""},
		"the same hold again changes nothing":               {events{held}, hold, nil, ""},
		"another reason replaces the first": {
			events{held}, another, events{customer.LegalHoldSet{CustomerID: "c-1", Reason: "case 8", By: "legal-1", SetAt: noon}}, "",
		},
		"without a hold there is nothing to lift": {nil, lift, nil, ""},
		"lifting twice changes nothing":           {events{held, lifted}, lift, nil, ""},
		"any id that an order may bear can be erased": {
			nil, customer.Erase{CustomerID: "a\tb", At: noon}, events{customer.Erased{CustomerID: "a\tb", ErasedAt: noon}}, "",
		},
		"and so can a long one": {
			nil,
			customer.Erase{CustomerID: long, KeyID: customer.KeyOf(long), At: noon},
			events{customer.Erased{CustomerID: long, KeyID: "customer:" + long, ErasedAt: noon}},
			"",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := customer.Replay(tt.given...)
			got, err := customer.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := customer.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestDecide_allFaultsAtOnce(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", 256)
	tests := map[string]struct {
		when customer.Command
		want []string
	}{
		"hold":  {customer.SetLegalHold{By: "a\n"}, []string{"/customer_id", "/reason", "/by"}},
		"lift":  {customer.LiftLegalHold{CustomerID: long, Reason: long, By: long}, []string{"/customer_id", "/reason", "/by"}},
		"erase": {customer.Erase{CustomerID: "a\xff", Reason: "\x00", By: long}, []string{"/customer_id", "/reason", "/by"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := customer.Decide(new(customer.Customer), tt.when)
			v, ok := errors.AsType[*rule.Violation](err)
			if !ok || v.Code != rule.ValidationFailed {
				t.Fatalf("Decide: %v; want validation_failed", err)
			}
			var got []string
			for _, d := range v.Details {
				got = append(got, d.Pointer)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("faults at %v; want %v", got, tt.want)
			}
		})
	}
}

func TestCustomer_state(t *testing.T) {
	t.Parallel()

	var live, stored customer.Customer
	if live.Exists() || live.Erased() || live.CheckNotErased() != nil {
		t.Errorf("nobody is %+v", live)
	}
	end := erased
	end.ErasedAt = later
	for _, event := range (events{held, lifted, held, end}) {
		clone := live.Clone()
		before := clone
		live.Apply(event)
		stored.Apply(event)
		if !reflect.DeepEqual(clone, before) {
			t.Errorf("after %s the clone is %+v; want %+v", event.EventType(), clone, before)
		}
		data, err := json.Marshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = customer.Customer{}
		if err := json.Unmarshal(data, &stored); err != nil || !reflect.DeepEqual(stored, live) {
			t.Fatalf("after %s: read back as %+v, %v; want %+v", event.EventType(), stored, err, live)
		}
	}
	want := customer.Customer{
		CustomerID: "c-1", LegalHold: &customer.LegalHold{Reason: "case 7", By: "legal-1", SetAt: noon}, KeyID: "key-1", ErasedAt: later, UpdatedAt: later,
	}
	if !reflect.DeepEqual(live, want) || !live.Exists() || !live.Erased() {
		t.Errorf("customer %+v; want %+v", live, want)
	}
	if err := live.CheckNotErased(); rule.CodeOf(err) != rule.ErasedCustomer || !strings.Contains(err.Error(), "2026-03-01T13:00:00Z") {
		t.Errorf("CheckNotErased = %v; want erased_customer with the time", err)
	}
}
