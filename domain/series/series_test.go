package series_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/series"
)

type events = []series.Event

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func drawn(number int64, owner string) series.Drawn {
	return series.Drawn{Series: "invoice:2026", Number: number, Owner: owner, DrawnAt: noon}
}

func draw(owner string) series.Draw {
	return series.Draw{Series: "invoice:2026", Owner: owner, At: noon.Add(300 * time.Microsecond).In(time.FixedZone("CET", 3600))}
}

func samples() events { return events{drawn(7, "order-7")} }

func TestDecide(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		given   events
		when    series.Draw
		then    events
		wantErr rule.Code
	}{
		"a series begins with one":            {nil, draw("a"), events{drawn(1, "a")}, ""},
		"the next number is one more":         {events{drawn(1, "a"), drawn(2, "b")}, draw("c"), events{drawn(3, "c")}, ""},
		"an owner that has a number keeps it": {events{drawn(1, "a"), drawn(2, "b")}, draw("a"), nil, ""},
		"an owner has a name":                 {nil, draw(""), nil, rule.ValidationFailed},
		"an owner's name is printable":        {nil, draw("a\n"), nil, rule.ValidationFailed},
		"an owner's name has at most 100":     {nil, draw(strings.Repeat("x", 101)), nil, rule.ValidationFailed},
		"a series has a name":                 {nil, series.Draw{Owner: "a"}, nil, rule.ValidationFailed},
		"a series' name is UTF-8":             {nil, series.Draw{Series: "A\xff", Owner: "a"}, nil, rule.ValidationFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := series.Replay(tt.given...)
			got, err := series.Decide(&state, tt.when)
			if rule.CodeOf(err) != tt.wantErr || (err == nil) != (tt.wantErr == "") || !reflect.DeepEqual(got, tt.then) {
				t.Errorf("Decide = %+v, %v; want %+v, %q", got, err, tt.then, tt.wantErr)
			}
			if before := series.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("Decide changed the state to %+v; want %+v", state, before)
			}
		})
	}
}

// Whoever draws, numbers go 1, 2, 3 and on, and whoever drew lately has one number only.
func TestSeries_noGaps(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		var state, stored series.Series
		numbers := map[string]int64{}
		for range rapid.IntRange(1, 100).Draw(t, "draws") {
			owner := fmt.Sprint(rapid.IntRange(0, 40).Draw(t, "owner"))
			before, clone := state.Last, state.Clone()
			happened, err := series.Decide(&state, draw(owner))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range happened {
				state.Apply(e)
				stored.Apply(e)
			}
			number, ok := state.NumberOf(owner)
			had, remembered := numbers[owner]
			remembered = remembered && had > before-series.Remembered
			if !ok || remembered && number != had || !remembered && number != before+1 || state.Last != before+int64(len(happened)) {
				t.Fatalf("owner %s draws %d, %t after %d; it had %d", owner, number, ok, before, had)
			}
			numbers[owner] = number
			if clone.Last != before || len(state.Recent) > series.Remembered {
				t.Fatalf("a clone went on to %d, %d owners are remembered", clone.Last, len(state.Recent))
			}
			data, err := json.Marshal(stored)
			if err != nil {
				t.Fatal(err)
			}
			stored = series.Series{}
			if err := json.Unmarshal(data, &stored); err != nil || !reflect.DeepEqual(stored, state) {
				t.Fatalf("%s is read back as %+v, %v; want %+v", data, stored, err, state)
			}
		}
	})
}

func ExampleDraw() {
	var invoices series.Series
	for _, owner := range []string{"order-a", "order-b", "order-a"} {
		happened, _ := series.Decide(&invoices, series.Draw{Series: "invoice:2026", Owner: owner, At: noon})
		for _, event := range happened {
			invoices.Apply(event)
		}
		number, _ := invoices.NumberOf(owner)
		fmt.Println(owner, number)
	}
	// Output:
	// order-a 1
	// order-b 2
	// order-a 1
}
