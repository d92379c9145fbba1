package series

import (
	"time"

	"github.com/ordermill/ordermill/domain/internal/scan"
)

// Event is a fact about one series. The unexported method seals the set, so that every switch over Event can be checked
// to cover all of it.
//
//sumtype:decl
type Event interface {
	// EventType returns the stored name. Stored events keep it for ever: names are added, never changed.
	EventType() string
	seriesEvent()
}

// Drawn is a number that somebody has now.
type Drawn struct {
	Series  string    `json:"series"`
	Number  int64     `json:"number"` // one more than the one before; the first is 1
	Owner   string    `json:"owner"`
	DrawnAt time.Time `json:"drawn_at"` // UTC, milliseconds
}

// EventType returns "series.drawn.v1".
func (Drawn) EventType() string { return "series.drawn.v1" }

func (Drawn) seriesEvent() {}

// scanDrawn reads an event from the JSON that Encode writes. It lists the same fields as the JSON tags above;
// TestScan_readsAll holds one against the other. A name that it does not know makes the reader give up.
func scanDrawn(r *scan.Reader, e *Drawn) {
	for more := r.Open('{'); more; more = r.More('}') {
		switch string(r.Key()) {
		case "series":
			e.Series = r.String()
		case "number":
			e.Number = r.Int()
		case "owner":
			e.Owner = r.String()
		case "drawn_at":
			e.DrawnAt = r.Time()
		default:
			r.Fail()
		}
	}
}
