package stock

import (
	"github.com/ordermill/ordermill/domain/jsonwriter"
)

// written is an event that is stored so often that it writes itself, byte for byte as encoding/json would.
type written interface {
	Event
	write(w *jsonwriter.Writer)
}

func (e Reserved) write(w *jsonwriter.Writer) {
	w.Begin('{')
	w.Text(`"sku":`, e.SKU)
	w.UUID(`"reservation_id":`, e.ReservationID)
	w.UUID(`"order_id":`, e.OrderID)
	w.UUIDIf(`"change_id":`, e.ChangeID)
	w.Text(`"kind":`, string(e.Kind))
	writeAllocations(w, e.Allocations)
	if len(e.Backordered) > 0 {
		w.Value(`"backordered":`, e.Backordered)
	}
	w.BoolIf(`"committed":`, e.Committed)
	w.TimeIf(`"placed_at":`, e.PlacedAt)
	w.TimeIf(`"expires_at":`, e.ExpiresAt)
	w.Time(`"reserved_at":`, e.ReservedAt)
	w.End('}')
}

func writeAllocations(w *jsonwriter.Writer, allocations []Allocation) {
	if allocations == nil {
		w.Value(`"allocations":`, nil)
		return
	}
	w.Open(`"allocations":`, '[')
	for i := range allocations {
		a := &allocations[i]
		w.Begin('{')
		w.UUID(`"line_id":`, a.LineID)
		w.Text(`"location_id":`, a.LocationID)
		w.Int(`"quantity":`, a.Quantity)
		w.BoolIf(`"untracked":`, a.Untracked)
		w.End('}')
	}
	w.End(']')
}
