package order_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

var (
	returnID   = uuid.MustParse("01955010-0000-7000-8000-000000000010")
	returnID2  = uuid.MustParse("01955011-0000-7000-8000-000000000011")
	replaceID  = uuid.MustParse("01955012-0000-7000-8000-000000000012")
	askedAt    = arrivedAt.Add(24 * time.Hour)
	backAt     = arrivedAt.Add(72 * time.Hour)
	resolvedAt = arrivedAt.Add(96 * time.Hour)
)

type wish = order.RequestedLine

func shirtBack(n int64) wish { return wish{LineID: line1, SKU: "TSHIRT-M", Quantity: n} }

func mugBack(n int64) wish { return wish{LineID: line2, SKU: "MUG", Quantity: n} }

func asked(change func(*order.ReturnRequested)) order.ReturnRequested {
	event := order.ReturnRequested{
		About: about(), ReturnID: returnID, Kind: order.KindReturn, Lines: []wish{mugBack(2)}, WindowOK: true, RequestedAt: askedAt,
	}
	if change != nil {
		change(&event)
	}
	return event
}

func claimed() order.ReturnRequested {
	return asked(func(e *order.ReturnRequested) { e.Kind = order.KindClaim })
}

func approved() order.ReturnApproved {
	return order.ReturnApproved{About: about(), ReturnID: returnID, ApprovedBy: "staff-3", ApprovedAt: askedAt}
}

func declined() order.ReturnDeclined {
	return order.ReturnDeclined{About: about(), ReturnID: returnID, Lines: goods{mugs(2)}, Reason: "worn", DeclinedBy: "staff-3", DeclinedAt: askedAt}
}

func givenUp(lines ...order.LineQuantity) order.ReturnCanceled {
	return order.ReturnCanceled{About: about(), ReturnID: returnID, Lines: lines, CanceledAt: backAt}
}

func came(disposition order.Disposition, lines ...order.LineQuantity) order.ReturnReceived {
	event := order.ReturnReceived{About: about(), ReturnID: returnID, LocationID: "main", ReceivedBy: "staff-4", ReceivedAt: backAt}
	for _, l := range lines {
		event.Lines = append(event.Lines, order.ReceivedLine{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity, Disposition: disposition})
	}
	return event
}

func resolved(change func(*order.ReturnResolved)) order.ReturnResolved {
	event := order.ReturnResolved{
		About: about(), ReturnID: returnID, Lines: []order.ReturnedLine{{LineID: line2, SKU: "MUG", Quantity: 2, UnitPrice: 500, Amount: 1000}},
		Refund: 1000, ResolvedBy: "staff-5", RequestedAt: askedAt, ResolvedAt: resolvedAt,
	}
	if change != nil {
		change(&event)
	}
	return event
}

// back is the delivered order with two mugs that came back and wait for money.
func back(more ...order.Event) events {
	return append(there(asked(nil), approved(), came(order.DispositionRestock, mugs(2))), more...)
}

func returnSamples() events {
	return events{
		asked(func(e *order.ReturnRequested) {
			e.Lines[0].ReasonCode, e.Lines[0].Note = "damaged", "two of three"
			e.RequestedResolution, e.LocationID, e.PII = "refund", "north", order.PII(`{"k":"1","c":"c2VhbGVk"}`)
		}),
		approved(),
		declined(),
		givenUp(mugs(2)),
		func() order.Event {
			e := came(order.DispositionQualityControl, mugs(2))
			e.Lines[0].Condition = "opened"
			return e
		}(),
		resolved(func(e *order.ReturnResolved) {
			e.Lines[0].Amount, e.Lines[0].Tax = 840, 160
			e.Refund, e.TakenOffDue, e.RefundTax, e.Fee, e.StoreCredit = 500, 100, 96, 300, 100
			e.GivenBack, e.ReplacementOrderID = goods{shirts(1)}, replaceID
		}),
	}
}

// What needs no shipping never arrives: it is the customer's when the order is confirmed, and can come back from then on.
func TestReturn_withoutShipping(t *testing.T) {
	t.Parallel()

	digital := func(c *order.Place) {
		c.Lines[1].RequiresShipping, c.Backordered = false, []order.LineQuantity{units(line2, 1)}
	}
	given := did(place(digital), markPaid())
	confirmed := order.Replay(given...)
	request := func(kind order.ReturnKind, n int64, days int64) order.RequestReturn {
		return order.RequestReturn{ReturnID: returnID, Kind: kind, Lines: []wish{{LineID: line2, Quantity: n}}, WindowDays: days, At: confirmed.ConfirmedAt.AddDate(0, 0, 14)}
	}
	asks := func(kind order.ReturnKind) events {
		return events{asked(func(e *order.ReturnRequested) { e.Kind, e.RequestedAt = kind, confirmed.ConfirmedAt.AddDate(0, 0, 14) })}
	}
	requested := append(given[:len(given):len(given)], asks(order.KindReturn)...)
	run(t, map[string]decision{
		"what needs no shipping can come back":       {given, request("", 2, 14), asks(order.KindReturn), ""},
		"or be claimed":                              {given, request(order.KindClaim, 2, 14), asks(order.KindClaim), ""},
		"not before the order is confirmed":          {did(place(digital)), request("", 2, 14), nil, rule.InvalidState},
		"not later than the window after that":       {given, request("", 2, 13), nil, rule.ReturnWindowClosed},
		"not what waits for stock":                   {given, request("", 3, 14), nil, rule.QuantityExceedsDelivery},
		"what is asked back is not canceled":         {requested, cancelLines(units(line2, 2)), nil, rule.AlreadyShipped},
		"nor is its order":                           {requested, order.Cancel{At: later}, nil, rule.AlreadyShipped},
		"nor is it edited away":                      {then(requested, begin()), stage(set(line2, 1))[1], nil, rule.QuantityBelowFulfilled},
		"of a completed order the rest is not there": {append(given[:len(given):len(given)], order.Completed{About: about(), CompletedAt: noon}), request("", 4, 14), nil, rule.QuantityExceedsDelivery},
	})

	state := order.Replay(then(requested,
		order.ApproveReturn{ReturnID: returnID, At: later}, order.ReceiveReturn{ReturnID: returnID, At: later}, order.ResolveReturn{ReturnID: returnID, At: later})...)
	c := state.Lines[1].Counters
	if c.Returned != 2 || c.Restocked != 2 || c.RefundedQuantity != 2 || state.Credited != 1000 || state.Returns[0].State != order.ReturnStateResolved {
		t.Errorf("line counts %+v, credited %d; want two mugs back at 10.00", c, state.Credited)
	}
	state = order.Replay(then(given, request(order.KindClaim, 1, 0), order.ResolveReturn{ReturnID: returnID, At: later})...)
	if state.Lines[1].Counters.RefundedQuantity != 1 || state.Credited != 500 {
		t.Errorf("line counts %+v, credited %d; want a mug at 5.00, which stays there", state.Lines[1].Counters, state.Credited)
	}
}

func TestRequestReturn(t *testing.T) {
	t.Parallel()

	request := func(change func(*order.RequestReturn)) order.RequestReturn {
		cmd := order.RequestReturn{ReturnID: returnID, Lines: []wish{{LineID: line2, Quantity: 2}}, At: askedAt}
		if change != nil {
			change(&cmd)
		}
		return cmd
	}
	lines := func(kind order.ReturnKind, lines ...wish) order.RequestReturn {
		return request(func(c *order.RequestReturn) { c.Kind, c.Lines = kind, lines })
	}
	in := func(days int64, at time.Time, override bool) order.RequestReturn {
		return request(func(c *order.RequestReturn) { c.WindowDays, c.At, c.OverrideWindow = days, at, override })
	}
	on := func(at time.Time, ok bool) events {
		return events{asked(func(e *order.ReturnRequested) { e.RequestedAt, e.WindowOK = at, ok })}
	}
	closing := arrivedAt.AddDate(0, 0, 14)
	half := ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1)), dispatchedPart(parcelID2, 4998, shirts(2), mugs(2)))
	late := arrived(parcelID2, shirts(2), mugs(2))
	late.DeliveredAt = closing
	soiled, torn := mugBack(1), mugBack(2)
	soiled.ReasonCode, torn.ReasonCode, torn.Note = "soiled", "torn", "all over"
	full := request(func(c *order.RequestReturn) {
		c.Kind, c.Lines = order.KindExchange, []wish{soiled, torn}
		c.RequestedResolution, c.LocationID, c.PII = "exchange", "north", order.PII(`{"k":"1"}`)
	})
	other := full
	other.Lines = []wish{soiled}
	fullEvent := asked(func(e *order.ReturnRequested) {
		e.Kind, e.Lines = order.KindExchange, []wish{soiled, torn}
		e.RequestedResolution, e.LocationID, e.PII = "exchange", "north", order.PII(`{"k":"1"}`)
	})
	run(t, map[string]decision{
		"what was delivered can come back":           {there(), request(nil), events{asked(nil)}, ""},
		"of a completed order too":                   {there(order.Completed{About: about(), Total: 5498, CompletedAt: arrivedAt}), request(nil), events{asked(nil)}, ""},
		"for several reasons, in exchange":           {there(), full, events{fullEvent}, ""},
		"the same request again changes nothing":     {there(fullEvent), full, nil, ""},
		"another one under its id is refused":        {there(fullEvent), other, nil, rule.InvalidState},
		"of another kind too":                        {there(asked(nil)), lines(order.KindClaim, mugBack(2)), nil, rule.InvalidState},
		"no more than was delivered":                 {there(), lines("", mugBack(4)), nil, rule.QuantityExceedsDelivery},
		"nor in two parts":                           {there(), lines("", mugBack(2), mugBack(2)), nil, rule.QuantityExceedsDelivery},
		"nor what is asked back already":             {there(asked(nil)), request(func(c *order.RequestReturn) { c.ReturnID = returnID2 }), nil, rule.QuantityExceedsDelivery},
		"but what was declined":                      {there(asked(nil), declined()), request(func(c *order.RequestReturn) { c.ReturnID = returnID2 }), events{asked(func(e *order.ReturnRequested) { e.ReturnID = returnID2 })}, ""},
		"nothing that is under way":                  {shipped(), request(nil), nil, rule.QuantityExceedsDelivery},
		"unless it is a claim":                       {shipped(), lines(order.KindClaim, mugBack(2)), events{claimed()}, ""},
		"which asks for no more than was shipped":    {ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), lines(order.KindClaim, mugBack(2)), nil, rule.QuantityExceedsDelivery},
		"until its window closes":                    {there(), in(14, closing, false), on(closing, true), ""},
		"not later":                                  {there(), in(14, closing.Add(time.Millisecond), false), nil, rule.ReturnWindowClosed},
		"unless staff take it":                       {there(), in(14, closing.Add(time.Millisecond), true), on(closing.Add(time.Millisecond), false), ""},
		"which need not say so in time":              {there(), in(14, closing, true), on(closing, true), ""},
		"a window of 0 days never closes":            {there(), in(0, closing.AddDate(9, 0, 0), false), on(closing.AddDate(9, 0, 0), true), ""},
		"the last delivery opens the window":         {append(half, arrived(parcelID, mugs(1)), late), in(14, closing.AddDate(0, 0, 14), false), on(closing.AddDate(0, 0, 14), true), ""},
		"a claim of what is under way is never late": {shipped(), request(func(c *order.RequestReturn) { c.Kind, c.WindowDays, c.At = order.KindClaim, 1, closing }), events{asked(func(e *order.ReturnRequested) { e.Kind, e.RequestedAt = order.KindClaim, closing })}, ""},
		"an imported order counts from its day":      {events{imported()}, in(14, noon.AddDate(0, 0, 15), false), nil, rule.ReturnWindowClosed},
		"under an id":                                {there(), request(func(c *order.RequestReturn) { c.ReturnID = uuid.Nil }), nil, rule.ValidationFailed},
		"of a kind":                                  {there(), lines("gift", mugBack(1)), nil, rule.ValidationFailed},
		"to a location":                              {there(), request(func(c *order.RequestReturn) { c.LocationID = "a b" }), nil, rule.ValidationFailed},
		"with lines":                                 {there(), lines(""), nil, rule.ValidationFailed},
		"of this order":                              {there(), lines("", wish{LineID: strangeID, Quantity: 1}), nil, rule.ValidationFailed},
		"of this SKU":                                {there(), lines("", wish{LineID: line2, SKU: "CUP", Quantity: 1}), nil, rule.ValidationFailed},
		"of 1 or more":                               {there(), lines("", mugBack(0)), nil, rule.QuantityOutOfRange},
		"with a note that can be read":               {there(), lines("", wish{LineID: line2, Quantity: 1, Note: strings.Repeat("x", 501)}), nil, rule.ValidationFailed},
		"not of a pending order":                     {events{placed(nil)}, request(nil), nil, rule.InvalidState},
		"not of a canceled one":                      {events{placed(nil), canceled(nil)}, request(nil), nil, rule.OrderTerminal},
		"not of none":                                {nil, request(nil), nil, rule.OrderNotFound},
	})
}

func TestApproveDeclineCancelReturn(t *testing.T) {
	t.Parallel()

	approve := order.ApproveReturn{ReturnID: returnID, By: "staff-3", At: askedAt}
	decline := order.DeclineReturn{ReturnID: returnID, Reason: "worn", By: "staff-3", At: askedAt}
	cancel := order.CancelReturn{ReturnID: returnID, At: backAt}
	one := came(order.DispositionRestock, mugs(1))
	run(t, map[string]decision{
		"a requested one is approved":            {there(asked(nil)), approve, events{approved()}, ""},
		"approving twice changes nothing":        {there(asked(nil), approved()), approve, nil, ""},
		"nor once the goods are there":           {back(), approve, nil, ""},
		"a declined one is not approved":         {there(asked(nil), declined()), approve, nil, rule.InvalidState},
		"nor a resolved one":                     {back(resolved(nil)), approve, nil, rule.InvalidState},
		"nor one that is none":                   {there(), approve, nil, rule.ReturnNotFound},
		"a requested one is declined":            {there(asked(nil)), decline, events{declined()}, ""},
		"declining twice changes nothing":        {there(asked(nil), declined()), decline, nil, ""},
		"an approved one is not declined":        {there(asked(nil), approved()), decline, nil, rule.InvalidState},
		"nor one that was received":              {back(), decline, nil, rule.InvalidState},
		"nor for a reason beyond reading":        {there(asked(nil)), order.DeclineReturn{ReturnID: returnID, Reason: strings.Repeat("x", 501)}, nil, rule.ValidationFailed},
		"nor if it is none":                      {there(), decline, nil, rule.ReturnNotFound},
		"a requested one is canceled":            {there(asked(nil)), cancel, events{givenUp(mugs(2))}, ""},
		"an approved one too":                    {there(asked(nil), approved()), cancel, events{givenUp(mugs(2))}, ""},
		"of a received one what is to come":      {there(asked(nil), approved(), one), cancel, events{givenUp(mugs(1))}, ""},
		"canceling twice changes nothing":        {there(asked(nil), givenUp(mugs(2))), cancel, nil, ""},
		"nor in part":                            {there(asked(nil), approved(), one, givenUp(mugs(1))), cancel, nil, ""},
		"what has all come is not canceled":      {back(), cancel, nil, rule.InvalidState},
		"nor what was resolved":                  {back(resolved(nil)), cancel, nil, rule.InvalidState},
		"nor what was declined":                  {there(asked(nil), declined()), cancel, nil, rule.InvalidState},
		"nor an imported return":                 {events{imported(), returned()}, order.CancelReturn{ReturnID: backID}, nil, rule.InvalidState},
		"nor one that is none, if it has lines":  {there(), cancel, nil, rule.ReturnNotFound},
		"approving needs an order":               {nil, approve, nil, rule.OrderNotFound},
		"declining needs an order":               {nil, decline, nil, rule.OrderNotFound},
		"canceling needs an order":               {nil, cancel, nil, rule.OrderNotFound},
		"a pending order has no returns":         {events{placed(nil)}, approve, nil, rule.InvalidState},
		"what was canceled cannot come any more": {there(asked(nil), givenUp(mugs(2))), order.ReceiveReturn{ReturnID: returnID}, nil, rule.InvalidState},
	})
}

func TestReceiveReturn(t *testing.T) {
	t.Parallel()

	receive := func(lines ...order.ReceivedLine) order.ReceiveReturn {
		return order.ReceiveReturn{ReturnID: returnID, Lines: lines, By: "staff-4", At: backAt}
	}
	mug := func(n int64, d order.Disposition) order.ReceivedLine {
		return order.ReceivedLine{LineID: line2, SKU: "MUG", Quantity: n, Disposition: d}
	}
	mixed := came(order.DispositionRestock, mugs(1), mugs(1))
	mixed.Lines[1].Disposition, mixed.Lines[1].Condition = order.DispositionDamaged, "a crack"
	cracked := mug(1, order.DispositionDamaged)
	cracked.SKU, cracked.Condition = "", "a crack"
	north := asked(func(e *order.ReturnRequested) { e.LocationID = "north" })
	atNorth, atMain := came(order.DispositionRestock, mugs(2)), came(order.DispositionRestock, mugs(2))
	atNorth.LocationID = "north"
	toMain := receive()
	toMain.LocationID = "main"
	one := came(order.DispositionWriteOff, mugs(1))
	run(t, map[string]decision{
		"all come back and are sold again":  {there(asked(nil), approved()), receive(), events{atMain}, ""},
		"some come back":                    {there(asked(nil), approved()), receive(mug(1, order.DispositionWriteOff)), events{one}, ""},
		"and then the rest":                 {there(asked(nil), approved(), one), receive(), events{came(order.DispositionRestock, mugs(1))}, ""},
		"in several conditions":             {there(asked(nil), approved()), receive(mug(1, order.DispositionRestock), cracked), events{mixed}, ""},
		"where they were sent":              {there(north, approved()), receive(), events{atNorth}, ""},
		"or elsewhere":                      {there(north, approved()), toMain, events{atMain}, ""},
		"twice changes nothing":             {back(), receive(), nil, ""},
		"no more than was requested":        {there(asked(nil), approved()), receive(mug(3, order.DispositionRestock)), nil, rule.QuantityExceedsRequested},
		"nor in two conditions":             {there(asked(nil), approved()), receive(mug(1, order.DispositionRestock), mug(2, order.DispositionDamaged)), nil, rule.QuantityExceedsRequested},
		"nor than is still to come":         {there(asked(nil), approved(), one), receive(mug(2, order.DispositionRestock)), nil, rule.QuantityExceedsRequested},
		"nor after all came":                {back(), receive(mug(1, order.DispositionRestock)), nil, rule.QuantityExceedsRequested},
		"nothing that nobody asked back":    {there(asked(nil), approved()), receive(order.ReceivedLine{LineID: line1, Quantity: 1, Disposition: order.DispositionRestock}), nil, rule.QuantityExceedsRequested},
		"no thousands of lines":             {there(asked(nil), approved()), receive(make([]order.ReceivedLine, order.MaxReturnLines+1)...), nil, rule.ValidationFailed},
		"with a disposition":                {there(asked(nil), approved()), receive(mug(1, "")), nil, rule.ValidationFailed},
		"of 1 or more":                      {there(asked(nil), approved()), receive(mug(0, order.DispositionRestock)), nil, rule.QuantityOutOfRange},
		"at a location":                     {there(asked(nil), approved()), order.ReceiveReturn{ReturnID: returnID, LocationID: "a b"}, nil, rule.ValidationFailed},
		"of lines of this order":            {there(asked(nil), approved()), receive(order.ReceivedLine{LineID: strangeID, Quantity: 1, Disposition: order.DispositionRestock}), nil, rule.ValidationFailed},
		"not before it is approved":         {there(asked(nil)), receive(), nil, rule.InvalidState},
		"not once it is declined":           {there(asked(nil), declined()), receive(), nil, rule.InvalidState},
		"not once it is resolved":           {back(resolved(nil)), receive(), nil, rule.InvalidState},
		"not of a return that is none":      {there(), receive(), nil, rule.ReturnNotFound},
		"not of no order":                   {nil, receive(), nil, rule.OrderNotFound},
		"not of a canceled order":           {events{placed(nil), canceled(nil)}, receive(), nil, rule.OrderTerminal},
		"a claim's goods, once it is taken": {shipped(claimed(), approved()), receive(), events{atMain}, ""},
	})
}

// Refund, fee and store credit share what the units had cost, whichever of them are named; a refund alone may be more. A
// fault points to what was sent.
func TestResolveReturn_bounds(t *testing.T) {
	t.Parallel()

	state := order.Replay(back()...) // two mugs of 500 of an order of 5498
	for name, tt := range map[string]struct {
		refund      *int64
		fee, credit int64
		at          string // of the refund in the request
		code        rule.Code
		pointer     string
	}{
		"all as store credit":            {nil, 0, 1000, "", "", ""},
		"no more than that":              {nil, 0, 1001, "", rule.ValidationFailed, "/store_credit"},
		"all three":                      {ptr(500), 300, 200, "", "", ""},
		"no cent more":                   {ptr(500), 300, 201, "", rule.ValidationFailed, "/store_credit"},
		"nor as a fee":                   {ptr(500), 501, 0, "", rule.ValidationFailed, "/fee"},
		"nothing beside all":             {ptr(1000), 0, 1, "", rule.ValidationFailed, "/store_credit"},
		"nor beside more":                {ptr(1500), 1, 0, "", rule.ValidationFailed, "/fee"},
		"a refund alone":                 {ptr(5498), 0, 0, "", "", ""},
		"not beyond what was paid":       {ptr(5499), 0, 0, "", rule.RefundExceedsCaptured, "/refund"},
		"under the name that was sent":   {ptr(5499), 0, 0, "/refund_amount", rule.RefundExceedsCaptured, "/refund_amount"},
		"of whatever size":               {ptr(1000), 0, 999999999, "", rule.ValidationFailed, "/store_credit"},
		"of a size beyond all sums":      {ptr(0), 1, math.MaxInt64, "", rule.ValidationFailed, "/store_credit"},
		"less than nothing is no refund": {ptr(-1), 0, 0, "/refund_amount", rule.ValidationFailed, "/refund_amount"},
	} {
		_, err := decide(&state, order.ResolveReturn{
			ReturnID: returnID, Refund: tt.refund, RefundPointer: tt.at, Fee: tt.fee, StoreCredit: tt.credit, At: resolvedAt,
		})
		v, refused := errors.AsType[*rule.Violation](err)
		if rule.CodeOf(err) != tt.code || refused && v.Details[0].Pointer != tt.pointer {
			t.Errorf("%s: %v; want %q at %q", name, err, tt.code, tt.pointer)
		}
	}
}

func TestResolveReturn(t *testing.T) {
	t.Parallel()

	resolve := func(change func(*order.ResolveReturn)) order.ResolveReturn {
		cmd := order.ResolveReturn{ReturnID: returnID, By: "staff-5", At: resolvedAt}
		if change != nil {
			change(&cmd)
		}
		return cmd
	}
	refund := func(amount int64) order.ResolveReturn {
		return resolve(func(c *order.ResolveReturn) { c.Refund = &amount })
	}
	costs := func(fee, credit int64) order.ResolveReturn {
		return resolve(func(c *order.ResolveReturn) { c.Fee, c.StoreCredit = fee, credit })
	}
	become := func(change func(*order.ReturnResolved)) events { return events{resolved(change)} }
	claim := claimed()
	onAccount := events{
		placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyOnAccount }), confirmed(), packed(nil), dispatched(nil),
		arrived(parcelID, shirts(2), mugs(3)), asked(nil), approved(), came(order.DispositionRestock, mugs(2)),
	}
	unpaidResolved := func(e *order.ReturnResolved) { e.Refund, e.TakenOffDue = 0, 1000 }
	partly := append(events{}, onAccount...)
	partly = append(partly, paid(order.PaymentCaptured, 4998, 4998, 0, 0))
	completed := order.Completed{About: about(), Total: 4498, Automatic: true, PlacedAt: noon, ConfirmedAt: later, CompletedAt: resolvedAt}
	runOn(t, decide, map[string]decision{
		"the last thing completes the order": {back(paid(order.PaymentCaptured, 5498, 5498, 1000, 0)), resolve(nil), append(become(unpaidResolved), completed), ""},
		"not while money is owed":            {back(), resolve(nil), become(nil), ""},
	})
	run(t, map[string]decision{
		"what the units had cost is paid back": {back(), resolve(nil), become(nil), ""},
		"less a fee":                           {back(), costs(250, 0), become(func(e *order.ReturnResolved) { e.Refund, e.Fee = 750, 250 }), ""},
		"less store credit":                    {back(), costs(0, 1000), become(func(e *order.ReturnResolved) { e.Refund, e.StoreCredit = 0, 1000 }), ""},
		"less both":                            {back(), costs(250, 700), become(func(e *order.ReturnResolved) { e.Refund, e.Fee, e.StoreCredit = 50, 250, 700 }), ""},
		"or what staff say":                    {back(), refund(123), become(func(e *order.ReturnResolved) { e.Refund = 123 }), ""},
		"nothing, if they say so":              {back(), refund(0), become(func(e *order.ReturnResolved) { e.Refund = 0 }), ""},
		"more than the units had cost too":     {back(), refund(5498), become(func(e *order.ReturnResolved) { e.Refund, e.RefundGoodwill = 5498, 4498 }), ""},
		"never more than was paid":             {back(), refund(5499), nil, rule.RefundExceedsCaptured},
		"nor than is left of it":               {back(paid(order.PaymentCaptured, 5498, 5498, 5000, 0)), refund(499), nil, rule.RefundExceedsCaptured},
		"nor what an earlier return is owed":   {back(resolved(nil), second(asked(nil)), second(approved()), second(came(order.DispositionRestock, mugs(1)))), resolve(func(c *order.ResolveReturn) { c.ReturnID, c.Refund = returnID2, ptr(4499) }), nil, rule.RefundExceedsCaptured},
		"nor more than the order still costs":  {back(resolved(func(e *order.ReturnResolved) { e.Refund = 5498 }), second(asked(nil)), second(approved()), second(came(order.DispositionRestock, mugs(1)))), resolve(func(c *order.ResolveReturn) { c.ReturnID = returnID2 }), nil, rule.RefundExceedsCaptured},
		"with a replacement":                   {back(), resolve(func(c *order.ResolveReturn) { c.ReplacementOrderID, c.Refund = replaceID, ptr(0) }), become(func(e *order.ReturnResolved) { e.ReplacementOrderID, e.Refund = replaceID, 0 }), ""},
		"which is not the order itself":        {back(), resolve(func(c *order.ResolveReturn) { c.ReplacementOrderID = orderID }), nil, rule.ValidationFailed},
		"units that did not come are kept": {there(asked(nil), approved(), came(order.DispositionRestock, mugs(1))), resolve(nil), become(func(e *order.ReturnResolved) {
			e.Lines[0].Quantity, e.Lines[0].Amount, e.Refund, e.GivenBack = 1, 500, 500, goods{mugs(1)}
		}), ""},
		"but not twice, once they are given up":   {there(asked(nil), approved(), came(order.DispositionRestock, mugs(1)), givenUp(mugs(1))), resolve(nil), become(func(e *order.ReturnResolved) { e.Lines[0].Quantity, e.Lines[0].Amount, e.Refund = 1, 500, 500 }), ""},
		"what is not paid yet is owed no more":    {onAccount, resolve(nil), become(unpaidResolved), ""},
		"and the rest is paid back":               {partly, resolve(nil), become(func(e *order.ReturnResolved) { e.Refund, e.TakenOffDue = 500, 500 }), ""},
		"an unpaid order has nothing to pay back": {onAccount, refund(1), nil, rule.RefundExceedsCaptured},
		"again changes nothing":                   {back(resolved(nil)), resolve(nil), nil, ""},
		"nor with its refund":                     {back(resolved(nil)), refund(1000), nil, ""},
		"another refund is refused":               {back(resolved(nil)), refund(999), nil, rule.InvalidState},
		"another fee too":                         {back(resolved(nil)), costs(1, 0), nil, rule.InvalidState},
		"a claim needs no goods":                  {shipped(claim), resolve(nil), become(nil), ""},
		"approved or not":                         {shipped(claim, approved()), resolve(nil), become(nil), ""},
		"but is about those that came, if any did": {there(claim, approved(), came(order.DispositionRestock, mugs(1))), resolve(nil), become(func(e *order.ReturnResolved) {
			e.Lines[0].Quantity, e.Lines[0].Amount, e.Refund, e.GivenBack = 1, 500, 500, goods{mugs(1)}
		}), ""},
		"a return needs its goods":              {there(asked(nil), approved()), resolve(nil), nil, rule.InvalidState},
		"and its approval":                      {there(asked(nil)), resolve(nil), nil, rule.InvalidState},
		"not once it is declined":               {there(asked(nil), declined()), resolve(nil), nil, rule.InvalidState},
		"not once it is canceled":               {there(asked(nil), givenUp(mugs(2))), resolve(nil), nil, rule.InvalidState},
		"no negative refund":                    {back(), refund(-1), nil, rule.ValidationFailed},
		"no negative fee":                       {back(), costs(-1, 0), nil, rule.ValidationFailed},
		"no negative store credit":              {back(), costs(0, -1), nil, rule.ValidationFailed},
		"no fee beyond what the units had cost": {back(), costs(1001, 0), nil, rule.ValidationFailed},
		"no store credit beyond the rest of it": {back(), costs(1, 1000), nil, rule.ValidationFailed},
		"not of a return that is none":          {there(), resolve(nil), nil, rule.ReturnNotFound},
		"not of no order":                       {nil, resolve(nil), nil, rule.OrderNotFound},
	})
}

func ptr(n int64) *int64 { return &n }

// second is the same about another return.
func second(event order.Event) order.Event {
	switch e := event.(type) {
	case order.ReturnRequested:
		e.ReturnID, e.Lines = returnID2, []wish{mugBack(1)}
		return e
	case order.ReturnApproved:
		e.ReturnID = returnID2
		return e
	case order.ReturnReceived:
		e.ReturnID = returnID2
		return e
	default:
		return event
	}
}

// Shares of units that come back one by one add up to the line, with its tax, to the last cent.
func TestResolveReturn_sharesAddUp(t *testing.T) {
	t.Parallel()

	history := append(events{}, there()...)
	history[0] = placed(func(e *order.Placed) {
		e.Lines[1].TaxLines = []order.TaxLine{{Code: "vat", Rate: 190_000, Amount: 286}}
		e.Lines[1].Total, e.Totals = 1786, order.Totals{Subtotal: 5498, Tax: 286, Total: 5784}
	})
	history[1] = paid(order.PaymentCaptured, 5784, 5784, 0, 0)
	var refunds []int64
	var taxes int64
	for n := range 3 {
		id := uuid.UUID{0: 7, 15: byte(n)}
		history = then(history, order.RequestReturn{ReturnID: id, Lines: []wish{{LineID: line2, Quantity: 1}}, At: askedAt},
			order.ApproveReturn{ReturnID: id, At: askedAt}, order.ReceiveReturn{ReturnID: id, At: backAt}, order.ResolveReturn{ReturnID: id, At: resolvedAt})
		e, ok := history[len(history)-1].(order.ReturnResolved)
		if !ok {
			t.Fatalf("resolving gave %T", history[len(history)-1])
		}
		refunds, taxes = append(refunds, e.Refund), taxes+e.RefundTax
	}
	if want := []int64{596, 595, 595}; !reflect.DeepEqual(refunds, want) || taxes != 286 {
		t.Errorf("refunds %v with a tax of %d; want %v and 286", refunds, taxes, want)
	}
	o := order.Replay(history...)
	if c := o.Lines[1].Counters; o.Total() != 3998 || c.RefundedQuantity != 3 || c.Returned != 3 || c.Restocked != 3 {
		t.Errorf("total %d, %+v; want 3998 and 3 units back", o.Total(), c)
	}
}

// A refund in part carries its part of the tax.
func TestResolveReturn_tax(t *testing.T) {
	t.Parallel()

	given := back()
	given[0] = placed(func(e *order.Placed) {
		e.Lines[1].TaxLines = []order.TaxLine{{Code: "vat", Rate: 250_000, Amount: 300, Inclusive: true}}
		e.Totals.Tax = 300
	})
	state := order.Replay(given...)
	happened, err := decide(&state, order.ResolveReturn{ReturnID: returnID, Fee: 500, At: resolvedAt})
	if err != nil {
		t.Fatal(err)
	}
	want := resolved(func(e *order.ReturnResolved) {
		e.Lines[0].Amount, e.Lines[0].Tax, e.Refund, e.RefundTax, e.Fee, e.ResolvedBy = 800, 200, 500, 100, 500, ""
	})
	if !reflect.DeepEqual(happened, events{want}) {
		t.Errorf("Decide = %+v; want %+v", happened, want)
	}
}

// The units of a return count for their line, and its state follows them.
func TestReturn_states(t *testing.T) {
	t.Parallel()

	type c = order.Counters
	out := c{Ordered: 3, Fulfilled: 3, Shipped: 3, Delivered: 3}
	with := func(requested, back, restocked, written, refunded int64) c {
		n := out
		n.ReturnRequested, n.Returned, n.Restocked, n.WrittenOff, n.RefundedQuantity = requested, back, restocked, written, refunded
		return n
	}
	part := came(order.DispositionWriteOff, mugs(1))
	tests := map[string]struct {
		given events
		state order.ReturnState
		mugs  c
	}{
		"requested":               {there(asked(nil)), "requested", with(2, 0, 0, 0, 0)},
		"approved":                {there(asked(nil), approved()), "approved", with(2, 0, 0, 0, 0)},
		"declined":                {there(asked(nil), declined()), "declined", out},
		"canceled":                {there(asked(nil), approved(), givenUp(mugs(2))), "canceled", out},
		"received in part":        {there(asked(nil), approved(), part), "partially_received", with(2, 1, 0, 1, 0)},
		"the rest canceled":       {there(asked(nil), approved(), part, givenUp(mugs(1))), "received", with(1, 1, 0, 1, 0)},
		"received":                {back(), "received", with(2, 2, 2, 0, 0)},
		"to be looked at":         {there(asked(nil), approved(), came(order.DispositionQualityControl, mugs(2))), "received", with(2, 2, 0, 0, 0)},
		"resolved":                {back(resolved(nil)), "resolved", with(2, 2, 2, 0, 2)},
		"resolved with what came": {there(asked(nil), approved(), part, resolved(func(e *order.ReturnResolved) { e.Lines[0].Quantity, e.GivenBack = 1, goods{mugs(1)} })), "resolved", with(1, 1, 0, 1, 1)},
		"a claim without goods":   {there(claimed(), resolved(nil)), "resolved", with(2, 0, 0, 0, 2)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(tt.given...)
			if r := o.Returns[0]; r.State != tt.state || o.Lines[1].Counters != tt.mugs {
				t.Errorf("%s, %+v; want %s, %+v", r.State, o.Lines[1].Counters, tt.state, tt.mugs)
			}
		})
	}
}

func TestReturn_refusals(t *testing.T) {
	t.Parallel()

	late := arrivedAt.AddDate(0, 0, 30)
	explained(t, map[string]told{
		"more than was delivered": {
			there(asked(nil)),
			order.RequestReturn{ReturnID: returnID2, Lines: []wish{shirtBack(1), mugBack(2)}, At: askedAt},
			rule.QuantityExceedsDelivery, "/lines/1/quantity", line2, int64(2), int64(1),
			[]string{`"MUG"`, "3 were delivered", "2 are asked back"},
		},
		"too late": {
			there(),
			order.RequestReturn{ReturnID: returnID, Lines: []wish{mugBack(2)}, WindowDays: 14, At: late},
			rule.ReturnWindowClosed, "/lines/0", line2, int64(2), int64(0),
			[]string{"2026-03-02", "until 2026-03-16"},
		},
		"more than was requested": {
			there(asked(nil), approved()),
			order.ReceiveReturn{ReturnID: returnID, Lines: []order.ReceivedLine{{LineID: line2, Quantity: 3, Disposition: "restock"}}},
			rule.QuantityExceedsRequested, "/lines/0/quantity", line2, int64(3), int64(2),
			[]string{`"MUG"`, "3 units", "2 of return"},
		},
		"more than was paid": {
			back(),
			order.ResolveReturn{ReturnID: returnID, Refund: ptr(5499)},
			rule.RefundExceedsCaptured, "/refund", uuid.Nil, int64(5499), int64(5498),
			[]string{"54.99", "54.98"},
		},
		"a fee beyond the units": {
			back(),
			order.ResolveReturn{ReturnID: returnID, Fee: 1001},
			rule.ValidationFailed, "/fee", uuid.Nil, int64(1001), int64(1000),
			[]string{"10.01", "10.00"},
		},
	})
}
