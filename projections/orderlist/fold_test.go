package orderlist

import (
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/projections"
)

// Only an index of a part of the rows can have few, and it has few until more than a fiftieth may be in it.
func TestFold_Few(t *testing.T) {
	t.Parallel()

	f := &fold{}
	for range 100 {
		e := projections.Event{}
		e.Stream = uuid.New()
		f.rows.Put(&e)
	}
	for named, few := range []bool{true, true, true, false} {
		of := 0
		for r := range f.rows.Each {
			if r.customer, r.externalID = "", ""; of < named {
				r.customer, r.externalID = "c-1", "e-1"
				of++
			}
		}
		for i := range indexes {
			want := indexes[i].mayHave != nil
			if i == 6 || i == 7 {
				want = few
			}
			if got := f.Few(i); got != want {
				t.Errorf("with %d of 100 named, Few(%d) = %t; want %t: %s", named, i, got, want, indexes[i].statement)
			}
		}
	}
}
