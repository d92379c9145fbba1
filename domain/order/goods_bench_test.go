package order_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

// long is a confirmed order on account of so many lines, of three units each.
func long(lines int) events {
	cmd := place(func(c *order.Place) {
		c.PaymentPolicy, c.Lines = order.PolicyOnAccount, make([]order.NewLine, lines)
		for i := range c.Lines {
			c.Lines[i] = order.NewLine{LineID: longLine(i), SKU: "MUG", Quantity: 3, UnitPrice: 500, RequiresShipping: true}
		}
	})
	return did(cmd, order.Confirm{At: later})
}

func longLine(i int) uuid.UUID { return uuid.UUID{0: 6, 14: byte(i >> 8), 15: byte(i)} }

// backwards names a unit of every line, the last line first, which is the worst sequence to look lines up in.
func backwards(lines int) goods {
	named := make(goods, lines)
	for i := range named {
		named[i] = order.LineQuantity{LineID: longLine(lines - 1 - i), Quantity: 1}
	}
	return named
}

func BenchmarkGoods_1000Lines(b *testing.B) {
	const lines = 1000
	confirmed := order.Replay(long(lines)...)
	named := backwards(lines)
	asked := make([]order.RequestedLine, lines)
	for i := range asked {
		asked[i] = order.RequestedLine{LineID: named[i].LineID, Quantity: 1}
	}
	id := uuid.UUID{0: 7}
	for b.Loop() {
		o := confirmed.Clone()
		for _, cmd := range []order.Command{
			order.CreateFulfillment{FulfillmentID: packID, Lines: named, At: packedAt},
			order.Ship{ShipmentID: parcelID, FulfillmentID: packID, Lines: named, At: shippedAt},
			order.RecordDelivery{FulfillmentID: packID, Lines: named, At: arrivedAt},
			order.RequestReturn{ReturnID: id, Lines: asked, WindowDays: 14, At: askedAt},
			order.ApproveReturn{ReturnID: id, At: askedAt},
			order.ReceiveReturn{ReturnID: id, At: backAt},
			order.ResolveReturn{ReturnID: id, At: resolvedAt},
		} {
			happened, err := decide(&o, cmd)
			if err != nil {
				b.Fatal(err)
			}
			for _, event := range happened {
				o.Apply(event)
			}
		}
	}
}

// A line in a parcel of its own each costs no more than time in proportion to the parcels that are there.
func BenchmarkGoods_1000Fulfillments(b *testing.B) {
	const lines = 1000
	o := order.Replay(long(lines)...)
	for i := range lines {
		id := uuid.UUID{0: 9, 14: byte(i >> 8), 15: byte(i)}
		for _, cmd := range []order.Command{
			order.PlanFulfillment{FulfillmentID: id, Lines: goods{{LineID: longLine(lines - 1 - i), Quantity: 2}}, At: later},
			order.CreateFulfillment{FulfillmentID: id, At: packedAt},
			order.Ship{ShipmentID: id, FulfillmentID: id, At: shippedAt},
		} {
			happened, err := decide(&o, cmd)
			if err != nil {
				b.Fatal(err)
			}
			o.Apply(happened[0])
		}
	}
	for b.Loop() {
		if _, err := decide(&o, order.CreateFulfillment{FulfillmentID: packID, At: packedAt}); err != nil {
			b.Fatal(err)
		}
	}
}

// Nothing that is applied to an order reaches its clone.
func TestGoods_clone(t *testing.T) {
	t.Parallel()

	ask := asked(func(e *order.ReturnRequested) { e.Lines = []wish{mugBack(2), shirtBack(1)} })
	history := slices.Concat(
		ready(planned(nil)), events{
			order.FulfillmentMoved{About: about(), FulfillmentID: packID, From: "main", To: "north", MovedAt: packedAt},
			packed(nil), dispatchedPart(parcelID, 500, mugs(1)), dispatchedPart(parcelID2, 4998, shirts(2), mugs(2)),
			order.TrackingUpdated{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Carrier: "UPS", UpdatedAt: arrivedAt},
			order.DeliveryFailed{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Reason: "rain", FailedAt: arrivedAt},
			arrived(parcelID, mugs(1)), arrived(parcelID2, shirts(2), mugs(2)), ask, approved(), came(order.DispositionRestock, mugs(1)),
			came(order.DispositionWriteOff, mugs(1)), givenUp(shirts(1)), resolved(nil), noted(nil), edited(nil),
			noted(func(e *order.NoteAdded) { e.NoteID = noteID2 }),
			order.NoteRemoved{About: about(), NoteID: noteID, RemovedAt: later},
			tagged([]string{"a", "b"}, nil),
			tagged([]string{"c"}, []string{"a"}), annotated(map[string]string{"a": "1"}), annotated(map[string]string{"b": "1"}, "a"),
			invoiced("2026-1"), creditNote("C2026-1", 1000),
			order.ContactChanged{About: about(), PII: sealed, ChangedAt: later},
		},
	)
	for n := range history {
		before, all := order.Replay(history[:n]...), order.Replay(history[:n]...)
		clone := all.Clone()
		for _, event := range history[n:] {
			all.Apply(event)
		}
		if !reflect.DeepEqual(clone, before) {
			t.Fatalf("after %s and later events the clone is %+v; want %+v", history[n].EventType(), clone, before)
		}
	}
}
