package orderlist

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// appendOpen appends the units of lines as they are stored: of each its id, and twice its units, plus one if they need
// a parcel.
func appendOpen(buf []byte, lines []order.Line) []byte {
	if buf == nil {
		buf = make([]byte, 0, len(lines)*(16+2))
	}
	for i := range lines {
		l := &lines[i]
		n := uint64(l.Quantity) << 1 //nolint:gosec // units are counted from 1
		if l.RequiresShipping {
			n |= 1
		}
		buf = binary.AppendUvarint(append(buf, l.LineID[:]...), n)
	}
	return buf
}

// readOpen reads the lines back. What is no line ends them: nobody else writes these bytes.
func readOpen(stored []byte) []order.LineState {
	var lines []order.LineState
	for len(stored) > 16 {
		var l order.LineState
		copy(l.LineID[:], stored)
		n, size := binary.Uvarint(stored[16:])
		if size <= 0 {
			break
		}
		stored = stored[16+size:]
		l.RequiresShipping = n&1 == 1
		l.Counters.Ordered = int64(n >> 1) //nolint:gosec // as it was
		l.Counters.Reserved = l.Counters.Ordered
		lines = append(lines, l)
	}
	return lines
}

// stored is an order's life as it is stored: what has no column of its own.
type stored struct {
	Lines   []storedLine   `json:"lines,omitempty"`
	Holds   []order.Hold   `json:"holds,omitempty"`
	Parcels []storedParcel `json:"parcels,omitempty"`
}

type storedLine struct {
	ID       uuid.UUID      `json:"id,omitzero"`
	Ships    bool           `json:"ships,omitempty"`
	Counters order.Counters `json:"n"`
}

type storedParcel struct {
	ID        uuid.UUID              `json:"id"`
	State     order.FulfillmentState `json:"state"`
	Lines     []storedUnits          `json:"lines,omitempty"`
	Shipments []uuid.UUID            `json:"shipments,omitempty"`
	ShipBy    time.Time              `json:"ship_by,omitzero"`
}

type storedUnits struct {
	ID        uuid.UUID `json:"id"`
	Quantity  int64     `json:"n"`
	Shipped   int64     `json:"shipped,omitempty"`
	Delivered int64     `json:"delivered,omitempty"`
}

// encodeLife writes an order's life down.
func encodeLife(o *order.Order) []byte {
	s := stored{Holds: o.Holds, Lines: make([]storedLine, len(o.Lines))}
	for i := range o.Lines {
		s.Lines[i] = storedLine{o.Lines[i].LineID, o.Lines[i].RequiresShipping, o.Lines[i].Counters}
	}
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		parcel := storedParcel{ID: f.FulfillmentID, State: f.State, ShipBy: f.ShipBy}
		for n := range f.Lines {
			l := &f.Lines[n]
			parcel.Lines = append(parcel.Lines, storedUnits{l.LineID, l.Quantity, l.Shipped, l.Delivered})
		}
		for n := range f.Shipments {
			parcel.Shipments = append(parcel.Shipments, f.Shipments[n].ShipmentID)
		}
		s.Parcels = append(s.Parcels, parcel)
	}
	data, err := json.Marshal(s)
	if err != nil {
		panic(err) // of times that events were read with: it cannot fail
	}
	return data
}

// decodeLife reads a life back into o, which has the sums.
func decodeLife(data []byte, o *order.Order) error {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("life of order %s: %w", o.ID, err)
	}
	o.Holds = s.Holds
	o.Lines = make([]order.LineState, len(s.Lines))
	for i, l := range s.Lines {
		o.Lines[i] = order.LineState{Line: order.Line{LineID: l.ID, RequiresShipping: l.Ships}, Counters: l.Counters}
	}
	for _, p := range s.Parcels {
		f := order.Fulfillment{FulfillmentID: p.ID, State: p.State, ShipBy: p.ShipBy}
		for _, l := range p.Lines {
			f.Lines = append(f.Lines, order.FulfillmentLine{
				LineQuantity: order.LineQuantity{LineID: l.ID, Quantity: l.Quantity}, Shipped: l.Shipped, Delivered: l.Delivered,
			})
		}
		for _, id := range p.Shipments {
			f.Shipments = append(f.Shipments, order.Shipment{ShipmentID: id})
		}
		o.Fulfillments = append(o.Fulfillments, f)
	}
	return nil
}
