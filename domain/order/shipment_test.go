package order_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func shipAll(change func(*order.Ship)) order.Ship {
	cmd := order.Ship{
		ShipmentID: parcelID, FulfillmentID: packID, Carrier: "DHL", Service: "express", TrackingNumber: "JD014",
		TrackingURL: "https://dhl.example/JD014", LabelRef: "labels/1.pdf", At: shippedAt,
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func shipPart(id uuid.UUID, lines ...order.LineQuantity) order.Ship {
	return order.Ship{ShipmentID: id, FulfillmentID: packID, Lines: lines, At: shippedAt}
}

func TestShip(t *testing.T) {
	t.Parallel()

	// Three mugs for 10.00 and a tax of 1.91 on top: 3.34, 3.33 and 3.33, with 0.64, 0.64 and 0.63.
	uneven := placed(func(e *order.Placed) {
		e.PaymentPolicy = order.PolicyOnAccount
		e.Lines[1].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "d", Amount: 500}}
		e.Lines[1].TaxLines = []order.TaxLine{{Code: "vat", Amount: 191}}
		e.Lines[1].Total, e.Discounts = 1191, []order.Discount{{DiscountID: "d", Amount: 500}}
		e.Totals = order.Totals{Subtotal: 5498, Discount: 500, Tax: 191, Total: 5189}
	})
	first, second := dispatchedPart(parcelID, 397, mugs(1)), dispatchedPart(parcelID2, 794, mugs(2))
	with := func(change func(*order.Ship), code rule.Code) decision {
		return decision{given: ready(packed(nil)), when: shipAll(change), wantErr: code}
	}
	run(t, map[string]decision{
		"all that is packed leaves":                  {ready(packed(nil)), shipAll(nil), events{dispatched(nil)}, ""},
		"from where it was packed":                   {ready(packed(func(e *order.FulfillmentCreated) { e.LocationID = "north" })), shipAll(nil), events{dispatched(func(e *order.ShipmentDispatched) { e.LocationID = "north" })}, ""},
		"some leaves first, worth its part":          {events{uneven, confirmed(), packed(nil)}, shipPart(parcelID, mugs(1)), events{first}, ""},
		"the rest later, worth the rest":             {events{uneven, confirmed(), packed(nil), first}, shipPart(parcelID2, mugs(2)), events{second}, ""},
		"whatever is left, if nothing is named":      {events{uneven, confirmed(), packed(nil), first}, shipPart(parcelID2), events{dispatchedPart(parcelID2, 4792, shirts(2), mugs(2))}, ""},
		"again changes nothing":                      {shipped(), shipAll(nil), nil, ""},
		"nor with its lines":                         {shipped(), shipAll(func(c *order.Ship) { c.Lines = goods{mugs(3), shirts(2)} }), nil, ""},
		"another parcel of what has left is refused": {shipped(), shipAll(func(c *order.Ship) { c.ShipmentID = parcelID2 }), nil, rule.AlreadyShipped},
		"of what has arrived too":                    {there(), shipAll(func(c *order.Ship) { c.ShipmentID = parcelID2 }), nil, rule.AlreadyShipped},
		"another carrier under its id is refused":    {shipped(), shipAll(func(c *order.Ship) { c.Carrier = "UPS" }), nil, rule.InvalidState},
		"other lines too":                            {shipped(), shipAll(func(c *order.Ship) { c.Lines = goods{mugs(1)} }), nil, rule.InvalidState},
		"another fulfilment too":                     {ready(packed(nil), dispatched(nil), packedPart(packID2)), shipAll(func(c *order.Ship) { c.FulfillmentID = packID2 }), nil, rule.InvalidState},
		"no more than is packed":                     with(func(c *order.Ship) { c.Lines = goods{mugs(4)} }, rule.QuantityExceedsOpen),
		"nor more than is still here":                {ready(packed(nil), first), shipPart(parcelID2, mugs(3)), nil, rule.QuantityExceedsOpen},
		"nothing of a line that is packed elsewhere": {ready(packedPart(packID, mugs(3)), packedPart(packID2, shirts(2))), shipPart(parcelID, shirts(1)), nil, rule.QuantityExceedsOpen},
		"nothing that is only planned":               {ready(planned(nil)), shipAll(nil), nil, rule.InvalidState},
		"nothing of a canceled fulfilment":           {ready(packed(nil), unpacked(nil)), shipAll(nil), nil, rule.InvalidState},
		"nothing of a held order":                    {ready(packed(nil), heldBy()), shipAll(nil), nil, rule.OrderOnHold},
		"nothing of a held line":                     {ready(packed(nil), heldBy(line2)), shipAll(nil), nil, rule.OrderOnHold},
		"but the lines beside it":                    {ready(packed(nil), heldBy(line2)), shipPart(parcelID, shirts(2)), events{dispatchedPart(parcelID, 3998, shirts(2))}, ""},
		"not if it is none":                          {ready(), shipAll(nil), nil, rule.FulfillmentNotFound},
		"under an id":                                with(func(c *order.Ship) { c.ShipmentID = uuid.Nil }, rule.ValidationFailed),
		"no tracking number beyond reading":          with(func(c *order.Ship) { c.TrackingNumber = strings.Repeat("x", 256) }, rule.ValidationFailed),
		"no tracking URL that is a script":           with(func(c *order.Ship) { c.TrackingURL = "javascript:alert(1)" }, rule.ValidationFailed),
		"nor one without a host":                     with(func(c *order.Ship) { c.TrackingURL = "https:///x" }, rule.ValidationFailed),
		"no carrier with a zero in it":               with(func(c *order.Ship) { c.Carrier = "D\x00L" }, rule.ValidationFailed),
		"not before the order is confirmed":          {events{placed(nil)}, shipAll(nil), nil, rule.InvalidState},
		"not once it is completed":                   {events{imported()}, shipAll(nil), nil, rule.OrderTerminal},
		"not of no order":                            {nil, shipAll(nil), nil, rule.OrderNotFound},
	})
}

func TestUpdateTracking(t *testing.T) {
	t.Parallel()

	number, carrier, none, script := "JD015", "DHL", "", "javascript:alert(1)"
	update := order.UpdateTracking{FulfillmentID: packID, TrackingNumber: &number, At: arrivedAt}
	updated := order.TrackingUpdated{
		About: about(), ShipmentID: parcelID, FulfillmentID: packID, Carrier: "DHL", TrackingNumber: "JD015",
		TrackingURL: "https://dhl.example/JD014", UpdatedAt: arrivedAt,
	}
	two := ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1)), dispatchedPart(parcelID2, 1000, mugs(2)))
	last := order.TrackingUpdated{About: about(), ShipmentID: parcelID2, FulfillmentID: packID, TrackingNumber: "JD015", UpdatedAt: arrivedAt}
	first := last
	first.ShipmentID = parcelID
	named := update
	named.ShipmentID = parcelID
	run(t, map[string]decision{
		"what is given is changed":          {shipped(), update, events{updated}, ""},
		"of the last shipment":              {two, update, events{last}, ""},
		"or of another":                     {two, named, events{first}, ""},
		"to nothing":                        {shipped(updated), order.UpdateTracking{FulfillmentID: packID, TrackingURL: &none, At: arrivedAt}, events{order.TrackingUpdated{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Carrier: "DHL", TrackingNumber: "JD015", UpdatedAt: arrivedAt}}, ""},
		"to what it is changes nothing":     {shipped(updated), update, nil, ""},
		"nor does nothing":                  {shipped(), order.UpdateTracking{FulfillmentID: packID, Carrier: &carrier, At: arrivedAt}, nil, ""},
		"once the order is completed too":   {there(order.Completed{About: about(), Total: 5498, CompletedAt: arrivedAt}), update, events{updated}, ""},
		"not to a script":                   {shipped(), order.UpdateTracking{FulfillmentID: packID, TrackingURL: &script}, nil, rule.ValidationFailed},
		"not before it was shipped":         {ready(packed(nil)), update, nil, rule.InvalidState},
		"not of a shipment that is none":    {shipped(), order.UpdateTracking{FulfillmentID: packID, ShipmentID: strangeID, TrackingNumber: &number}, nil, rule.FulfillmentNotFound},
		"not of a fulfilment that is none":  {ready(), update, nil, rule.FulfillmentNotFound},
		"not before the order is confirmed": {events{placed(nil)}, update, nil, rule.InvalidState},
		"not of no order":                   {nil, update, nil, rule.OrderNotFound},
	})
}

func TestRecordDelivery(t *testing.T) {
	t.Parallel()

	deliver := func(change func(*order.RecordDelivery)) order.RecordDelivery {
		cmd := order.RecordDelivery{FulfillmentID: packID, At: arrivedAt}
		if change != nil {
			change(&cmd)
		}
		return cmd
	}
	lines := func(lines ...order.LineQuantity) order.RecordDelivery {
		return deliver(func(c *order.RecordDelivery) { c.Lines = lines })
	}
	two := ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1)), dispatchedPart(parcelID2, 4998, shirts(2), mugs(2)))
	completed := order.Completed{About: about(), Total: 5498, Automatic: true, PlacedAt: noon, ConfirmedAt: later, CompletedAt: arrivedAt}
	early := arrived(parcelID, shirts(2), mugs(3))
	early.DeliveredAt, early.ProofRef = shippedAt, "proofs/1.png"
	soon := dispatched(func(e *order.ShipmentDispatched) { e.ShippedAt = shippedAt.Add(407 * time.Millisecond) })
	seconds := arrived(parcelID, shirts(2), mugs(3))
	seconds.ShippedAt, seconds.DeliveredAt = shippedAt.Add(407*time.Millisecond), shippedAt.Add(407*time.Millisecond)
	runOn(t, decide, map[string]decision{
		"the last thing completes the order": {shipped(), deliver(nil), events{arrived(parcelID, shirts(2), mugs(3)), completed}, ""},
		"not while others are under way":     {ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), deliver(nil), events{arrived(parcelID, mugs(1))}, ""},
		"nor while it is unpaid":             {unpaidOrder(packed(nil), dispatched(nil)), deliver(nil), events{arrived(parcelID, shirts(2), mugs(3))}, ""},
	})
	run(t, map[string]decision{
		"at once, told in whole seconds":        {ready(packed(nil), soon), deliver(func(c *order.RecordDelivery) { c.DeliveredAt = shippedAt }), events{seconds}, ""},
		"all that is under way arrives":         {shipped(), deliver(nil), events{arrived(parcelID, shirts(2), mugs(3))}, ""},
		"some arrives":                          {shipped(), lines(mugs(2)), events{arrived(parcelID, mugs(2))}, ""},
		"and then the rest":                     {shipped(arrived(parcelID, mugs(2))), deliver(nil), events{arrived(parcelID, shirts(2), mugs(1))}, ""},
		"of all shipments":                      {two, deliver(nil), events{arrived(parcelID, mugs(1)), arrived(parcelID2, shirts(2), mugs(2))}, ""},
		"of the first ones first":               {two, lines(mugs(2)), events{arrived(parcelID, mugs(1)), arrived(parcelID2, mugs(1))}, ""},
		"or of one":                             {two, deliver(func(c *order.RecordDelivery) { c.ShipmentID = parcelID2 }), events{arrived(parcelID2, shirts(2), mugs(2))}, ""},
		"some time ago, with a proof":           {shipped(), deliver(func(c *order.RecordDelivery) { c.DeliveredAt, c.ProofRef = shippedAt, "proofs/1.png" }), events{early}, ""},
		"twice changes nothing":                 {there(), deliver(nil), nil, ""},
		"nor with its lines":                    {there(), lines(mugs(3)), nil, ""},
		"no more than is under way":             {shipped(), lines(mugs(4)), nil, rule.QuantityExceedsOpen},
		"nor than is left of it":                {shipped(arrived(parcelID, mugs(2))), lines(shirts(1), mugs(2)), nil, rule.QuantityExceedsOpen},
		"nothing that is not in the parcel":     {ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), lines(shirts(1)), nil, rule.QuantityExceedsOpen},
		"not before it was shipped":             {ready(packed(nil)), deliver(nil), nil, rule.InvalidState},
		"nor at a time before that":             {shipped(), deliver(func(c *order.RecordDelivery) { c.DeliveredAt = shippedAt.Add(-time.Millisecond) }), nil, rule.ValidationFailed},
		"nor in the future":                     {shipped(), deliver(func(c *order.RecordDelivery) { c.DeliveredAt = arrivedAt.Add(time.Millisecond) }), nil, rule.FutureDate},
		"not of a shipment that is none":        {shipped(), deliver(func(c *order.RecordDelivery) { c.ShipmentID = strangeID }), nil, rule.FulfillmentNotFound},
		"not of a fulfilment that is none":      {shipped(), deliver(func(c *order.RecordDelivery) { c.FulfillmentID = strangeID }), nil, rule.FulfillmentNotFound},
		"no proof beyond reading":               {shipped(), deliver(func(c *order.RecordDelivery) { c.ProofRef = strings.Repeat("x", 2001) }), nil, rule.ValidationFailed},
		"of a held order, since it was shipped": {shipped(heldBy()), deliver(nil), events{arrived(parcelID, shirts(2), mugs(3))}, ""},
		"not of no order":                       {nil, deliver(nil), nil, rule.OrderNotFound},
	})
}

func TestRecordDeliveryFailure(t *testing.T) {
	t.Parallel()

	fail := order.RecordDeliveryFailure{FulfillmentID: packID, Reason: "nobody there", At: arrivedAt}
	failed := order.DeliveryFailed{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Reason: "nobody there", FailedAt: arrivedAt}
	again, anew := fail, failed
	again.At, anew.FailedAt = arrivedAt.Add(time.Hour), arrivedAt.Add(time.Hour)
	run(t, map[string]decision{
		"a shipment did not arrive":         {shipped(), fail, events{failed}, ""},
		"said twice changes nothing":        {shipped(failed), fail, nil, ""},
		"it may fail once more":             {shipped(failed), again, events{anew}, ""},
		"not without a reason":              {shipped(), order.RecordDeliveryFailure{FulfillmentID: packID, Reason: " ", At: arrivedAt}, nil, rule.ValidationFailed},
		"not once it has arrived":           {there(), fail, nil, rule.InvalidState},
		"not before it was shipped":         {ready(packed(nil)), fail, nil, rule.InvalidState},
		"not of a fulfilment that is none":  {ready(), fail, nil, rule.FulfillmentNotFound},
		"not before the order is confirmed": {events{placed(nil)}, fail, nil, rule.InvalidState},
		"not of no order":                   {nil, fail, nil, rule.OrderNotFound},
	})
}

// The units of a fulfilment count for their line, and its state follows them.
func TestFulfillment_states(t *testing.T) {
	t.Parallel()

	part := func(more ...order.Event) events {
		return append(ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), more...)
	}
	rest := dispatchedPart(parcelID2, 4998, shirts(2), mugs(2))
	failed := order.DeliveryFailed{About: about(), ShipmentID: parcelID, FulfillmentID: packID, Reason: "rain", FailedAt: arrivedAt}
	type c = order.Counters
	tests := map[string]struct {
		given events
		state order.FulfillmentState
		mugs  c
	}{
		"planned":                {ready(planned(nil)), "planned", c{Ordered: 3, Reserved: 3}},
		"packed":                 {ready(packed(nil)), "packed", c{Ordered: 3, Reserved: 3, Fulfilled: 3}},
		"packed from a plan":     {ready(planned(nil), packed(nil)), "packed", c{Ordered: 3, Reserved: 3, Fulfilled: 3}},
		"unpacked":               {ready(packed(nil), unpacked(nil)), "canceled", c{Ordered: 3, Reserved: 3}},
		"planned no more":        {ready(planned(nil), unpacked(nil)), "canceled", c{Ordered: 3, Reserved: 3}},
		"shipped in part":        {part(), "packed", c{Ordered: 3, Reserved: 2, Fulfilled: 3, Shipped: 1}},
		"shipped":                {part(rest), "shipped", c{Ordered: 3, Fulfilled: 3, Shipped: 3}},
		"failed":                 {part(rest, failed), "shipped", c{Ordered: 3, Fulfilled: 3, Shipped: 3}},
		"delivered in part":      {part(rest, arrived(parcelID, mugs(1))), "shipped", c{Ordered: 3, Fulfilled: 3, Shipped: 3, Delivered: 1}},
		"delivered while packed": {part(arrived(parcelID, mugs(1))), "packed", c{Ordered: 3, Reserved: 2, Fulfilled: 3, Shipped: 1, Delivered: 1}},
		"delivered":              {part(rest, arrived(parcelID, mugs(1)), failed, arrived(parcelID2, shirts(2), mugs(2))), "delivered", c{Ordered: 3, Fulfilled: 3, Shipped: 3, Delivered: 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(tt.given...)
			if f := o.Fulfillments[0]; f.State != tt.state || o.Lines[1].Counters != tt.mugs {
				t.Errorf("%s, %+v; want %s, %+v", f.State, o.Lines[1].Counters, tt.state, tt.mugs)
			}
		})
	}
	o := order.Replay(part(failed, arrived(parcelID, mugs(1)))...)
	if s := o.Fulfillments[0].Shipments[0]; s.FailureReason != "" || !s.FailedAt.IsZero() || !s.DeliveredAt.Equal(arrivedAt) {
		t.Errorf("what failed and then arrived is %+v; want it delivered at %s", s, arrivedAt)
	}
}
