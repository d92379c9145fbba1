package main

import (
	"reflect"
	"testing"
	"time"
)

// The demo shop is the same whenever it is made, but for its times, which lie in the past.
func TestPlanDemo(t *testing.T) {
	t.Parallel()

	for _, now := range []time.Time{
		time.Date(2026, time.November, 25, 0, 0, 1, 0, time.UTC),
		time.Date(2026, time.November, 29, 23, 59, 0, 0, time.UTC),
	} {
		orders, later := planDemo(now, time.Hour), planDemo(now.AddDate(0, 0, 7).Add(7*time.Minute), time.Hour)
		if len(orders) < 300 || len(orders) != len(later) {
			t.Fatalf("%d orders, a week later %d", len(orders), len(later))
		}
		var paid, canceled, pending int
		for i, o := range orders {
			if !reflect.DeepEqual(o.lines, later[i].lines) || o.name != later[i].name || o.customer != later[i].customer {
				t.Fatalf("%s: %+v, a week later %+v", o.name, o, later[i])
			}
			if !o.at.Before(now) || !o.paid.Before(now) || !o.canceled.Before(now) || !o.paid.IsZero() && o.paid.Before(o.at) {
				t.Errorf("%s: placed %v, paid %v, canceled %v; now is %v", o.name, o.at, o.paid, o.canceled, now)
			}
			switch {
			case !o.paid.IsZero():
				paid++
			case !o.canceled.IsZero():
				canceled++
			default:
				pending++
				if !o.expires.After(now) {
					t.Errorf("%s waits, but expired at %v; now is %v", o.name, o.expires, now)
				}
			}
		}
		if paid < 250 || canceled < 10 || pending != demoPending+demoUnpaid {
			t.Errorf("%d paid, %d canceled, %d pending", paid, canceled, pending)
		}
	}
}
