package reservation_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/rule"
)

type events = []reservation.Event

const minute = time.Minute

var (
	noon  = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	cart  = uuid.MustParse("0195500c-0000-7000-8000-00000000000c")
	order = uuid.MustParse("0195500a-0000-7000-8000-00000000000a")
	line1 = uuid.MustParse("01955001-0000-7000-8000-000000000001")
	line2 = uuid.MustParse("01955002-0000-7000-8000-000000000002")

	made      = reservation.Made{ReservationID: cart, CustomerID: "c-1", Reference: "cart <7>", Lines: lines(), ExpiresAt: noon.Add(15 * minute), MadeAt: noon}
	extended  = reservation.Extended{ReservationID: cart, ExpiresAt: noon.Add(30 * minute), ExtendedAt: noon.Add(minute)}
	released  = reservation.Released{ReservationID: cart, Reason: "customer", ReleasedAt: noon.Add(minute)}
	expired   = reservation.Expired{ReservationID: cart, ExpiredAt: noon.Add(15 * minute)}
	converted = reservation.Converted{ReservationID: cart, OrderID: order, ConvertedAt: noon.Add(minute)}
)

func lines() []reservation.Line {
	return []reservation.Line{{LineID: line1, SKU: "MUG", Quantity: 2}, {LineID: line2, SKU: "CUP", Quantity: 1}}
}

func makeCart(how func(*reservation.Make)) reservation.Make {
	c := reservation.Make{ReservationID: cart, CustomerID: "c-1", Reference: "cart <7>", Lines: lines(), ExpiresAt: noon.Add(15 * minute), At: noon.Add(time.Microsecond)}
	if how != nil {
		how(&c)
	}
	return c
}

func TestDecide(t *testing.T) {
	t.Parallel()

	made := events{made}
	gone, done, over := append(made[:1:1], released), append(made[:1:1], converted), append(made[:1:1], expired)
	extend := func(at, until time.Duration) reservation.Extend {
		return reservation.Extend{ReservationID: cart, ExpiresAt: noon.Add(until), At: noon.Add(at)}
	}
	release := reservation.Release{ReservationID: cart, Reason: "customer", At: noon.Add(minute)}
	expire := reservation.Expire{ReservationID: cart, At: noon.Add(15 * minute)}
	convert := reservation.Convert{ReservationID: cart, OrderID: order, At: noon.Add(minute)}
	other := reservation.Convert{ReservationID: cart, OrderID: line1, At: noon.Add(minute)}
	tests := map[string]struct {
		given   events
		when    reservation.Command
		then    events
		wantErr rule.Code
	}{
		"make: units are held":                {nil, makeCart(nil), made, ""},
		"make: twice changes nothing":         {made, makeCart(nil), nil, ""},
		"make: at least one line":             {nil, makeCart(func(c *reservation.Make) { c.Lines = nil }), nil, rule.ValidationFailed},
		"make: not too many lines":            {nil, makeCart(func(c *reservation.Make) { c.MaxLines = 1 }), nil, rule.ValidationFailed},
		"make: a hundred lines by default":    {nil, makeCart(func(c *reservation.Make) { c.Lines = make([]reservation.Line, 101) }), nil, rule.ValidationFailed},
		"make: a line has a SKU":              {nil, makeCart(func(c *reservation.Make) { c.Lines[1].SKU = "" }), nil, rule.ValidationFailed},
		"make: a SKU is short":                {nil, makeCart(func(c *reservation.Make) { c.Lines[1].SKU = strings.Repeat("ü", 65) }), nil, rule.ValidationFailed},
		"make: a line has an id":              {nil, makeCart(func(c *reservation.Make) { c.Lines[1].LineID = uuid.Nil }), nil, rule.ValidationFailed},
		"make: of its own":                    {nil, makeCart(func(c *reservation.Make) { c.Lines[1].LineID = line1 }), nil, rule.ValidationFailed},
		"make: a line has units":              {nil, makeCart(func(c *reservation.Make) { c.Lines[1].Quantity = 0 }), nil, rule.QuantityOutOfRange},
		"make: not too many units":            {nil, makeCart(func(c *reservation.Make) { c.Lines[1].Quantity = reservation.MaxQuantity + 1 }), nil, rule.QuantityOutOfRange},
		"make: until later":                   {nil, makeCart(func(c *reservation.Make) { c.ExpiresAt = noon }), nil, rule.ValidationFailed},
		"make: not for days":                  {nil, makeCart(func(c *reservation.Make) { c.ExpiresAt = noon.Add((reservation.MaxMinutes + 1) * minute) }), nil, rule.ValidationFailed},
		"make: not longer than the shop says": {nil, makeCart(func(c *reservation.Make) { c.MaxMinutes = 14 }), nil, rule.ValidationFailed},
		"make: a reference is short":          {nil, makeCart(func(c *reservation.Make) { c.Reference = strings.Repeat("x", 256) }), nil, rule.ValidationFailed},
		"make: so is a customer's id":         {nil, makeCart(func(c *reservation.Make) { c.CustomerID = "\xff" }), nil, rule.ValidationFailed},

		"extend: it lasts longer":  {made, extend(minute, 30*minute), events{extended}, ""},
		"extend: never shorter":    {made, extend(minute, 10*minute), nil, rule.ValidationFailed},
		"extend: not for days":     {made, extend(minute, 48*60*minute), nil, rule.ValidationFailed},
		"extend: its time is up":   {made, extend(15*minute, 30*minute), nil, rule.ReservationExpired},
		"extend: it expired":       {over, extend(minute, 30*minute), nil, rule.ReservationExpired},
		"extend: it was released":  {gone, extend(minute, 30*minute), nil, rule.InvalidState},
		"extend: it was converted": {done, extend(minute, 30*minute), nil, rule.InvalidState},
		"extend: it never was":     {nil, extend(minute, 30*minute), nil, rule.ReservationNotFound},

		"release: the units are given back": {made, release, events{released}, ""},
		"release: twice changes nothing":    {gone, release, nil, ""},
		"release: it expired":               {over, release, nil, ""},
		"release: it became an order":       {done, release, nil, rule.InvalidState},
		"release: it never was":             {nil, release, nil, rule.ReservationNotFound},
		"release: a reason is short":        {made, reservation.Release{Reason: strings.Repeat("x", 256)}, nil, rule.ValidationFailed},

		"expire: its time is up":                {made, expire, events{expired}, ""},
		"expire: not due changes nothing":       {made, reservation.Expire{ReservationID: cart, At: expire.At.Add(-time.Millisecond)}, nil, ""},
		"expire: not due after it was extended": {append(made[:1:1], extended), expire, nil, ""},
		"expire: twice changes nothing":         {over, expire, nil, ""},
		"expire: it was converted":              {done, expire, nil, ""},
		"expire: it never was":                  {nil, expire, nil, ""},

		"convert: it becomes an order":     {made, convert, events{converted}, ""},
		"convert: twice changes nothing":   {done, convert, nil, ""},
		"convert: it became another order": {done, other, nil, rule.InvalidState},
		"convert: its time is up":          {made, reservation.Convert{OrderID: order, At: expire.At}, nil, rule.ReservationExpired},
		"convert: it was released":         {gone, convert, nil, rule.InvalidState},
		"convert: it never was":            {nil, convert, nil, rule.ReservationNotFound},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := reservation.Replay(tt.given...)
			got, err := reservation.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := reservation.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

func TestMake_figures(t *testing.T) {
	t.Parallel()

	var state reservation.Reservation
	_, err := reservation.Decide(&state, makeCart(func(c *reservation.Make) { c.Lines[1].Quantity = -1 }))
	v, ok := errors.AsType[*rule.Violation](err)
	want := map[string]any{"sku": "CUP", "line_id": line2.String(), "requested": int64(-1), "available": int64(reservation.MaxQuantity)}
	if !ok || len(v.Details) != 1 || v.Details[0].Pointer != "/lines/1/quantity" || !reflect.DeepEqual(v.Details[0].Meta, want) {
		t.Errorf("Decide: %+v; want a detail of the second line with %v", err, want)
	}
}

// Any sequence of commands ends a reservation at most once, and only in a way that was possible at the time.
func TestReservation_stateMachine(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		var state reservation.Reservation
		var history events
		now, expires, ended := noon, time.Time{}, false
		do := func(t *rapid.T, cmd reservation.Command) {
			before := state.Clone()
			happened, err := reservation.Decide(&state, cmd)
			if !reflect.DeepEqual(state, before) || err != nil && (happened != nil || rule.CodeOf(err) == "") || ended && happened != nil {
				t.Fatalf("%+v in %+v left %+v, %v, %v", cmd, before, state, happened, err)
			}
			for _, event := range happened {
				data, err := reservation.Encode(event)
				if err != nil {
					t.Fatal(err)
				}
				stored, err := reservation.Decode(event.EventType(), data)
				if err != nil || !reflect.DeepEqual(stored, event) {
					t.Fatalf("%+v comes back as %+v, %v", event, stored, err)
				}
				switch e := stored.(type) {
				case reservation.Made:
					expires = e.ExpiresAt
				case reservation.Extended:
					if !e.ExpiresAt.After(expires) {
						t.Fatalf("%+v shortens it from %s", e, expires)
					}
					expires = e.ExpiresAt
				case reservation.Expired:
					if ended = true; now.Before(expires) {
						t.Fatalf("expired at %s, before %s", now, expires)
					}
				case reservation.Converted:
					if ended = true; !now.Before(expires) {
						t.Fatalf("converted at %s, after %s", now, expires)
					}
				case reservation.Released:
					ended = true
				}
				history = append(history, stored)
				state.Apply(stored)
			}
		}
		until := rapid.Custom(func(t *rapid.T) time.Time {
			return now.Add(time.Duration(rapid.IntRange(-2, 30).Draw(t, "minutes")) * minute)
		})
		t.Repeat(map[string]func(*rapid.T){
			"make": func(t *rapid.T) {
				do(t, makeCart(func(c *reservation.Make) { c.At, c.ExpiresAt = now, until.Draw(t, "until") }))
			},
			"extend": func(t *rapid.T) {
				do(t, reservation.Extend{ReservationID: cart, ExpiresAt: until.Draw(t, "until"), At: now})
			},
			"expire":  func(t *rapid.T) { do(t, reservation.Expire{ReservationID: cart, At: now}) },
			"release": func(t *rapid.T) { do(t, reservation.Release{ReservationID: cart, At: now}) },
			"convert": func(t *rapid.T) { do(t, reservation.Convert{ReservationID: cart, OrderID: order, At: now}) },
			"time":    func(*rapid.T) { now = now.Add(4 * minute) },
			"": func(t *rapid.T) {
				if replayed := reservation.Replay(history...); !reflect.DeepEqual(replayed, state) {
					t.Fatalf("replayed %+v; want %+v", replayed, state)
				}
				data, err := json.Marshal(state)
				var stored reservation.Reservation
				if err == nil {
					err = json.Unmarshal(data, &stored)
				}
				if err != nil || !reflect.DeepEqual(stored, state) {
					t.Fatalf("stored %+v, %v; want %+v", stored, err, state)
				}
			},
		})
	})
}

func TestReservation_skus(t *testing.T) {
	t.Parallel()

	state := reservation.Replay(reservation.Made{Lines: []reservation.Line{{SKU: "B"}, {SKU: "A"}, {SKU: "B"}}})
	if got := state.SKUs(); !reflect.DeepEqual(got, []string{"B", "A"}) {
		t.Errorf("SKUs = %v; want each once, in the sequence of lines", got)
	}
}

func ExampleDecide() {
	var state reservation.Reservation
	do := func(cmd reservation.Command) {
		happened, err := reservation.Decide(&state, cmd)
		for _, event := range happened {
			state.Apply(event)
		}
		fmt.Println(state.Status, err)
	}
	do(reservation.Make{
		ReservationID: cart, Lines: []reservation.Line{{LineID: line1, SKU: "MUG", Quantity: 2}}, ExpiresAt: noon.Add(15 * minute), At: noon,
	})
	do(reservation.Expire{ReservationID: cart, At: noon.Add(14 * minute)})
	do(reservation.Convert{ReservationID: cart, OrderID: order, At: noon.Add(14 * minute)})
	do(reservation.Release{ReservationID: cart, At: noon.Add(14 * minute)})
	// Output:
	// active <nil>
	// active <nil>
	// converted <nil>
	// converted invalid_state: reservation 0195500c-0000-7000-8000-00000000000c became order 0195500a-0000-7000-8000-00000000000a; cancel the order instead
}
