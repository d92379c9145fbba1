package order_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

var (
	packID2   = uuid.MustParse("01955007-0000-7000-8000-000000000007")
	parcelID  = uuid.MustParse("01955008-0000-7000-8000-000000000008")
	parcelID2 = uuid.MustParse("01955009-0000-7000-8000-000000000009")
	strangeID = uuid.MustParse("0195500a-0000-7000-8000-00000000000a")
	packedAt  = noon.Add(3 * time.Hour)
	shippedAt = noon.Add(4 * time.Hour)
	arrivedAt = noon.Add(30 * time.Hour)
)

func shirts(n int64) order.LineQuantity {
	return order.LineQuantity{LineID: line1, SKU: "TSHIRT-M", Quantity: n}
}

func mugs(n int64) order.LineQuantity {
	return order.LineQuantity{LineID: line2, SKU: "MUG", Quantity: n}
}

type goods = []order.LineQuantity

// ready is the order of EUR 54.98, paid and confirmed: 2 shirts and 3 mugs that may move.
func ready(more ...order.Event) events {
	return append(events{placed(nil), paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, more...)
}

func planned(change func(*order.FulfillmentPlanned)) order.FulfillmentPlanned {
	event := order.FulfillmentPlanned{
		About: about(), FulfillmentID: packID, LocationID: "main", Lines: goods{shirts(2), mugs(3)}, PlannedAt: later,
	}
	if change != nil {
		change(&event)
	}
	return event
}

func packed(change func(*order.FulfillmentCreated)) order.FulfillmentCreated {
	event := order.FulfillmentCreated{
		About: about(), FulfillmentID: packID, LocationID: "main", Lines: goods{shirts(2), mugs(3)}, PackedBy: "staff-2", PackedAt: packedAt,
	}
	if change != nil {
		change(&event)
	}
	return event
}

// packedPart packs some units under an id.
func packedPart(id uuid.UUID, lines ...order.LineQuantity) order.FulfillmentCreated {
	return packed(func(e *order.FulfillmentCreated) { e.FulfillmentID, e.Lines = id, lines })
}

func dispatched(change func(*order.ShipmentDispatched)) order.ShipmentDispatched {
	event := order.ShipmentDispatched{
		About: about(), ShipmentID: parcelID, FulfillmentID: packID, LocationID: "main", Carrier: "DHL", Service: "express",
		TrackingNumber: "JD014", TrackingURL: "https://dhl.example/JD014", LabelRef: "labels/1.pdf",
		Lines: goods{shirts(2), mugs(3)}, Value: 5498, PlacedAt: noon, ConfirmedAt: later, ShippedAt: shippedAt,
	}
	if change != nil {
		change(&event)
	}
	return event
}

// dispatchedPart ships some units, without a word about the carrier.
func dispatchedPart(id uuid.UUID, value int64, lines ...order.LineQuantity) order.ShipmentDispatched {
	return order.ShipmentDispatched{
		About: about(), ShipmentID: id, FulfillmentID: packID, LocationID: "main", Lines: lines, Value: value, PlacedAt: noon,
		ConfirmedAt: later, ShippedAt: shippedAt,
	}
}

func arrived(id uuid.UUID, lines ...order.LineQuantity) order.ShipmentDelivered {
	return order.ShipmentDelivered{
		About: about(), ShipmentID: id, FulfillmentID: packID, Lines: lines, ShippedAt: shippedAt, DeliveredAt: arrivedAt,
	}
}

// shipped is the order with everything on its way, and there with everything delivered.
func shipped(more ...order.Event) events {
	return append(ready(packed(nil), dispatched(nil)), more...)
}

func there(more ...order.Event) events {
	return append(shipped(arrived(parcelID, shirts(2), mugs(3))), more...)
}

func unpacked(change func(*order.FulfillmentCanceled)) order.FulfillmentCanceled {
	event := order.FulfillmentCanceled{
		About: about(), FulfillmentID: packID, LocationID: "main", Lines: goods{shirts(2), mugs(3)}, Restock: true,
		Reason: "wrong box", CanceledAt: packedAt,
	}
	if change != nil {
		change(&event)
	}
	return event
}

func heldBy(lines ...uuid.UUID) order.Held {
	return order.Held{About: about(), HoldID: holdID, LineIDs: lines, Reason: order.HoldManual, HeldAt: later}
}

func unpaidOrder(more ...order.Event) events {
	return append(events{placed(nil), confirmed()}, more...)
}

func fulfillmentSamples() events {
	return events{
		planned(func(e *order.FulfillmentPlanned) { e.ShipBy = shippedAt }),
		order.FulfillmentMoved{About: about(), FulfillmentID: packID, From: "main", To: "north", MovedAt: packedAt},
		packed(func(e *order.FulfillmentCreated) {
			e.Packages = []order.Package{{WeightGrams: 900, LengthMM: 300, WidthMM: 200, HeightMM: 150}}
		}),
		dispatched(nil),
		order.TrackingUpdated{
			About: about(), ShipmentID: parcelID, FulfillmentID: packID, Carrier: "DHL", TrackingNumber: "JD015",
			TrackingURL: "https://dhl.example/JD015", UpdatedAt: arrivedAt,
		},
		order.ShipmentDelivered{
			About: about(), ShipmentID: parcelID, FulfillmentID: packID, Lines: goods{shirts(2), mugs(3)}, ProofRef: "proofs/1.png",
			ShippedAt: shippedAt, DeliveredAt: arrivedAt,
		},
		order.DeliveryFailed{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Reason: "nobody there", FailedAt: arrivedAt},
		unpacked(nil),
	}
}

func TestPlanFulfillment(t *testing.T) {
	t.Parallel()

	plan := func(change func(*order.PlanFulfillment)) order.PlanFulfillment {
		cmd := order.PlanFulfillment{FulfillmentID: packID, At: later}
		if change != nil {
			change(&cmd)
		}
		return cmd
	}
	one := plan(func(c *order.PlanFulfillment) { c.Lines = goods{{LineID: line2, Quantity: 2}} })
	planOne := planned(func(e *order.FulfillmentPlanned) { e.Lines = goods{mugs(2)} })
	second := plan(func(c *order.PlanFulfillment) { c.FulfillmentID = packID2 })
	rest := planned(func(e *order.FulfillmentPlanned) { e.FulfillmentID, e.Lines = packID2, goods{shirts(2), mugs(1)} })
	waiting := placed(func(e *order.Placed) { e.Backordered = goods{mugs(2)} })
	with := func(change func(*order.PlanFulfillment), code rule.Code) decision {
		return decision{given: ready(), when: plan(change), wantErr: code}
	}
	run(t, map[string]decision{
		"all open units are planned":            {ready(), plan(nil), events{planned(nil)}, ""},
		"some are planned":                      {ready(), one, events{planOne}, ""},
		"in the order's sequence":               {ready(), plan(func(c *order.PlanFulfillment) { c.Lines = goods{mugs(3), shirts(2)} }), events{planned(nil)}, ""},
		"for a day":                             {ready(), plan(func(c *order.PlanFulfillment) { c.ShipBy = shippedAt }), events{planned(func(e *order.FulfillmentPlanned) { e.ShipBy = shippedAt })}, ""},
		"not for a day that is over":            with(func(c *order.PlanFulfillment) { c.ShipBy = noon }, rule.ValidationFailed),
		"the same plan again changes nothing":   {ready(planned(nil)), plan(nil), nil, ""},
		"nor with its lines named":              {ready(planOne), one, nil, ""},
		"but another one under its id":          {ready(planOne), plan(func(c *order.PlanFulfillment) { c.Lines = goods{mugs(1)} }), nil, rule.InvalidState},
		"or elsewhere":                          {ready(planOne), plan(func(c *order.PlanFulfillment) { c.LocationID = "north" }), nil, rule.InvalidState},
		"or once it was canceled":               {ready(planned(nil), unpacked(func(e *order.FulfillmentCanceled) { e.Lines = goods{} })), plan(nil), nil, rule.InvalidState},
		"what is planned elsewhere is not open": {ready(planOne), second, events{rest}, ""},
		"nor what is packed":                    {ready(packedPart(packID, mugs(2))), second, events{rest}, ""},
		"nor what waits for stock":              {events{waiting, confirmed()}, plan(nil), events{planned(func(e *order.FulfillmentPlanned) { e.Lines = goods{shirts(2), mugs(1)} })}, ""},
		"a canceled plan is open again":         {ready(planned(nil), unpacked(func(e *order.FulfillmentCanceled) { e.Lines = goods{} })), second, events{planned(func(e *order.FulfillmentPlanned) { e.FulfillmentID = packID2 })}, ""},
		"nothing is left to plan":               {ready(planned(nil)), second, nil, rule.QuantityExceedsOpen},
		"no more than is open":                  with(func(c *order.PlanFulfillment) { c.Lines = goods{mugs(4)} }, rule.QuantityExceedsOpen),
		"no units of another order":             with(func(c *order.PlanFulfillment) { c.Lines = goods{{LineID: strangeID, Quantity: 1}} }, rule.ValidationFailed),
		"no line twice":                         with(func(c *order.PlanFulfillment) { c.Lines = goods{mugs(1), mugs(1)} }, rule.ValidationFailed),
		"no other SKU":                          with(func(c *order.PlanFulfillment) { c.Lines = goods{{LineID: line2, SKU: "CUP", Quantity: 1}} }, rule.ValidationFailed),
		"no quantity of 0":                      with(func(c *order.PlanFulfillment) { c.Lines = goods{mugs(0)} }, rule.QuantityOutOfRange),
		"under an id":                           with(func(c *order.PlanFulfillment) { c.FulfillmentID = uuid.Nil }, rule.ValidationFailed),
		"at a location":                         with(func(c *order.PlanFulfillment) { c.LocationID = "a b" }, rule.ValidationFailed),
		"not before the order is confirmed":     {events{placed(nil)}, plan(nil), nil, rule.InvalidState},
		"not once it is canceled":               {events{placed(nil), canceled(nil)}, plan(nil), nil, rule.OrderTerminal},
		"not once it is completed":              {events{imported()}, plan(nil), nil, rule.OrderTerminal},
		"not of no order":                       {nil, plan(nil), nil, rule.OrderNotFound},
	})
}

func TestMoveFulfillment(t *testing.T) {
	t.Parallel()

	move := order.MoveFulfillment{FulfillmentID: packID, LocationID: "north", At: packedAt}
	moved := order.FulfillmentMoved{About: about(), FulfillmentID: packID, From: "main", To: "north", MovedAt: packedAt}
	run(t, map[string]decision{
		"a plan moves":                      {ready(planned(nil)), move, events{moved}, ""},
		"and back to the main location":     {ready(planned(nil), moved), order.MoveFulfillment{FulfillmentID: packID, At: packedAt}, events{order.FulfillmentMoved{About: about(), FulfillmentID: packID, From: "north", To: "main", MovedAt: packedAt}}, ""},
		"to where it is changes nothing":    {ready(planned(nil), moved), move, nil, ""},
		"not once it is packed":             {ready(packed(nil)), move, nil, rule.InvalidState},
		"not if it is none":                 {ready(), move, nil, rule.FulfillmentNotFound},
		"not to nowhere":                    {ready(planned(nil)), order.MoveFulfillment{FulfillmentID: packID, LocationID: strings.Repeat("x", 65), At: packedAt}, nil, rule.ValidationFailed},
		"not before the order is confirmed": {events{placed(nil)}, move, nil, rule.InvalidState},
		"not of no order":                   {nil, move, nil, rule.OrderNotFound},
	})
}

func TestCreateFulfillment(t *testing.T) {
	t.Parallel()

	box := []order.Package{{WeightGrams: 900}}
	pack := func(change func(*order.CreateFulfillment)) order.CreateFulfillment {
		cmd := order.CreateFulfillment{FulfillmentID: packID, By: "staff-2", At: packedAt}
		if change != nil {
			change(&cmd)
		}
		return cmd
	}
	lines := func(lines ...order.LineQuantity) order.CreateFulfillment {
		return pack(func(c *order.CreateFulfillment) { c.Lines = lines })
	}
	second := pack(func(c *order.CreateFulfillment) { c.FulfillmentID = packID2 })
	waiting := placed(func(e *order.Placed) { e.Backordered = goods{mugs(2)} })
	digital := placed(func(e *order.Placed) { e.Lines[1].RequiresShipping = false })
	onAccount := placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyOnAccount })
	north := planned(func(e *order.FulfillmentPlanned) { e.LocationID, e.Lines = "north", goods{mugs(2)} })
	run(t, map[string]decision{
		"all open units are packed":              {ready(), pack(nil), events{packed(nil)}, ""},
		"some are packed":                        {ready(), lines(order.LineQuantity{LineID: line2, Quantity: 2}), events{packedPart(packID, mugs(2))}, ""},
		"with its packages":                      {ready(), pack(func(c *order.CreateFulfillment) { c.Packages = box }), events{packed(func(e *order.FulfillmentCreated) { e.Packages = box })}, ""},
		"from another location":                  {ready(), pack(func(c *order.CreateFulfillment) { c.LocationID = "north" }), events{packed(func(e *order.FulfillmentCreated) { e.LocationID = "north" })}, ""},
		"the rest goes into another one":         {ready(packedPart(packID, mugs(2))), second, events{packedPart(packID2, shirts(2), mugs(1))}, ""},
		"a plan is packed as planned":            {ready(north), pack(nil), events{packed(func(e *order.FulfillmentCreated) { e.LocationID, e.Lines = "north", goods{mugs(2)} })}, ""},
		"or with other lines, elsewhere":         {ready(north), pack(func(c *order.CreateFulfillment) { c.LocationID, c.Lines = "main", goods{shirts(1)} }), events{packedPart(packID, shirts(1))}, ""},
		"what is planned elsewhere stays":        {ready(north), second, events{packedPart(packID2, shirts(2), mugs(1))}, ""},
		"unless it is asked for":                 {ready(north), pack(func(c *order.CreateFulfillment) { c.FulfillmentID, c.Lines = packID2, goods{mugs(3)} }), events{packedPart(packID2, mugs(3))}, ""},
		"a plan that was overtaken is refused":   {ready(north, packedPart(packID2, mugs(3))), pack(nil), nil, rule.QuantityExceedsOpen},
		"again changes nothing":                  {ready(packed(nil)), pack(nil), nil, ""},
		"nor with its lines, in any sequence":    {ready(packed(nil)), lines(mugs(3), shirts(2)), nil, ""},
		"nor once it is delivered":               {there(), pack(nil), nil, ""},
		"other lines under its id are refused":   {ready(packed(nil)), lines(mugs(3)), nil, rule.InvalidState},
		"other quantities too":                   {ready(packed(nil)), lines(mugs(2), shirts(2)), nil, rule.InvalidState},
		"other packages too":                     {ready(packed(nil)), pack(func(c *order.CreateFulfillment) { c.Packages = box }), nil, rule.InvalidState},
		"another location too":                   {ready(packed(nil)), pack(func(c *order.CreateFulfillment) { c.LocationID = "north" }), nil, rule.InvalidState},
		"and the id of a canceled one":           {ready(packed(nil), unpacked(nil)), pack(nil), nil, rule.InvalidState},
		"units of a canceled one are open":       {ready(packed(nil), unpacked(nil)), second, events{packedPart(packID2, shirts(2), mugs(3))}, ""},
		"no more than is open":                   {ready(), lines(mugs(4)), nil, rule.QuantityExceedsOpen},
		"nothing is left to pack":                {ready(packed(nil)), second, nil, rule.QuantityExceedsOpen},
		"what waits for stock is not packed":     {events{waiting, paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, pack(nil), events{packedPart(packID, shirts(2), mugs(1))}, ""},
		"even if it is asked for":                {events{waiting, paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, lines(mugs(2)), nil, rule.QuantityExceedsOpen},
		"what needs no shipping can be packed":   {events{digital, paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, pack(nil), events{packed(nil)}, ""},
		"nothing of a held order":                {ready(heldBy()), pack(nil), nil, rule.OrderOnHold},
		"nothing of a held line":                 {ready(heldBy(line2)), lines(shirts(1), mugs(1)), nil, rule.OrderOnHold},
		"but the lines beside it":                {ready(heldBy(line2)), pack(nil), events{packedPart(packID, shirts(2))}, ""},
		"the hold is named if all are held":      {ready(heldBy(line1, line2)), pack(nil), nil, rule.OrderOnHold},
		"nothing unpaid":                         {unpaidOrder(), pack(nil), nil, rule.UnpaidNotAllowed},
		"unless the shop lets it go":             {unpaidOrder(), pack(func(c *order.CreateFulfillment) { c.AllowUnpaid = true }), events{packed(nil)}, ""},
		"or the customer pays by invoice":        {events{onAccount, confirmed()}, pack(nil), events{packed(nil)}, ""},
		"under an id":                            {ready(), pack(func(c *order.CreateFulfillment) { c.FulfillmentID = uuid.Nil }), nil, rule.ValidationFailed},
		"at a location":                          {ready(), pack(func(c *order.CreateFulfillment) { c.LocationID = "a\tb" }), nil, rule.ValidationFailed},
		"no negative weight":                     {ready(), pack(func(c *order.CreateFulfillment) { c.Packages = []order.Package{{WeightGrams: -1}} }), nil, rule.ValidationFailed},
		"no thousand and one packages":           {ready(), pack(func(c *order.CreateFulfillment) { c.Packages = make([]order.Package, 1001) }), nil, rule.ValidationFailed},
		"no line of another order":               {ready(), lines(order.LineQuantity{LineID: strangeID, Quantity: 1}), nil, rule.ValidationFailed},
		"not before the order is confirmed":      {events{placed(nil)}, pack(nil), nil, rule.InvalidState},
		"not once it is canceled":                {events{placed(nil), canceled(nil)}, pack(nil), nil, rule.OrderTerminal},
		"not of no order":                        {nil, pack(nil), nil, rule.OrderNotFound},
		"a fulfilment of another plan is no bar": {ready(packedPart(packID2, mugs(1))), lines(mugs(2)), events{packedPart(packID, mugs(2))}, ""},
	})
}

func TestCancelFulfillment(t *testing.T) {
	t.Parallel()

	cancel := order.CancelFulfillment{FulfillmentID: packID, Reason: "wrong box", At: packedAt}
	run(t, map[string]decision{
		"a packed one is unpacked":        {ready(packed(nil)), cancel, events{unpacked(nil)}, ""},
		"of a planned one nothing was":    {ready(planned(nil)), cancel, events{unpacked(func(e *order.FulfillmentCanceled) { e.Lines, e.Restock = goods{}, false })}, ""},
		"a held one too":                  {ready(packed(nil), heldBy()), cancel, events{unpacked(nil)}, ""},
		"again changes nothing":           {ready(packed(nil), unpacked(nil)), cancel, nil, ""},
		"not once it was shipped":         {shipped(), cancel, nil, rule.AlreadyShipped},
		"nor once part of it was":         {ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), cancel, nil, rule.AlreadyShipped},
		"not if it is none":               {ready(), cancel, nil, rule.FulfillmentNotFound},
		"not for a reason beyond reading": {ready(packed(nil)), order.CancelFulfillment{FulfillmentID: packID, Reason: strings.Repeat("x", 501)}, nil, rule.ValidationFailed},
		"not of no order":                 {nil, cancel, nil, rule.OrderNotFound},
	})
}
