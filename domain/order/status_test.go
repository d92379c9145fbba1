package order_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
)

func TestPaymentStatus(t *testing.T) {
	t.Parallel()

	p := func(state order.PaymentState, authorized, captured, refunded, voided int64) events {
		return events{placed(nil), paid(state, authorized, captured, refunded, voided)}
	}
	const total = 5498
	tests := map[string]struct {
		given     events
		want      order.PaymentStatus
		due, owed int64
	}{
		"nothing happened":        {events{placed(nil)}, "unpaid", total, 0},
		"begun":                   {p(order.PaymentInitiated, 0, 0, 0, 0), "unpaid", total, 0},
		"the customer must act":   {p(order.PaymentActionRequired, 0, 0, 0, 0), "action_required", total, 0},
		"the last attempt failed": {p(order.PaymentFailed, 0, 0, 0, 0), "failed", total, 0},
		"failed, but money held":  {p(order.PaymentFailed, 100, 100, 0, 0), "partially_paid", total - 100, 0},
		"authorized":              {p(order.PaymentAuthorized, total, 0, 0, 0), "authorized", total, 0},
		"authorized in part":      {p(order.PaymentAuthorized, total-1, 0, 0, 0), "partially_authorized", total, 0},
		"voided":                  {p(order.PaymentVoided, total, 0, 0, total), "voided", total, 0},
		"captured":                {p(order.PaymentCaptured, total, total, 0, 0), "paid", 0, 0},
		"captured in part":        {p(order.PaymentCaptured, total, 1, 0, 0), "partially_paid", total - 1, 0},
		"captured too much":       {p(order.PaymentCaptured, total+2, total+2, 0, 0), "overpaid", 0, 2},
		"refunded":                {p(order.PaymentCaptured, total, total, total, 0), "refunded", total, 0},
		"refunded in part":        {p(order.PaymentCaptured, total, total, 1, 0), "partially_refunded", 1, 0},
		"disputed":                {p(order.PaymentDisputed, total, total, total, 0), "disputed", total, 0},
		"a draft":                 {events{drafted()}, "unpaid", total, 0},
		"an empty draft":          {did(draft(func(c *order.Draft) { c.Lines = nil })), "unpaid", 0, 0},
		"costs nothing":           {events{placed(func(e *order.Placed) { e.Totals = order.Totals{} })}, "paid", 0, 0},
		"canceled, never paid":    {events{placed(nil), canceled(nil)}, "unpaid", 0, 0},
		"canceled, money held":    {append(p(order.PaymentCaptured, total, total, 0, 0), canceled(nil)), "paid", 0, total},
		"canceled, paid back":     {append(p(order.PaymentCaptured, total, total, total, 0), canceled(nil)), "refunded", 0, 0},
		"canceled, voided":        {append(p(order.PaymentVoided, total, 0, 0, total), canceled(nil)), "voided", 0, 0},
		"imported":                {events{imported()}, "paid", 0, 0},
		"imported, part returned": {events{imported(), returned()}, "partially_refunded", 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(tt.given...)
			if got := o.PaymentStatus(); got != tt.want || o.AmountDue() != tt.due || o.AmountOwedToCustomer() != tt.owed {
				t.Errorf("%s, due %d, owed %d; want %s, %d, %d", got, o.AmountDue(), o.AmountOwedToCustomer(), tt.want, tt.due, tt.owed)
			}
		})
	}
}

func TestFulfillmentAndReturnStatus(t *testing.T) {
	t.Parallel()

	type c = order.Counters
	hold := func(lines ...uuid.UUID) []order.Hold {
		return []order.Hold{{HoldID: holdID, LineIDs: lines, Reason: "manual"}}
	}
	tests := map[string]struct {
		shirts, mugs c
		digital      bool // neither line needs a parcel
		holds        []order.Hold
		want         order.FulfillmentStatus
		wantReturn   order.ReturnStatus
	}{
		"nothing yet":              {c{}, c{}, false, nil, "unfulfilled", "none"},
		"downloads":                {c{}, c{}, true, nil, "not_required", "none"},
		"one line packed":          {c{}, c{Fulfilled: 3}, false, nil, "partially_fulfilled", "none"},
		"all packed":               {c{Fulfilled: 2}, c{Fulfilled: 3}, false, nil, "fulfilled", "none"},
		"what is left packed":      {c{Canceled: 2}, c{Canceled: 1, Fulfilled: 2}, false, nil, "fulfilled", "none"},
		"a unit on its way":        {c{Fulfilled: 2}, c{Fulfilled: 3, Shipped: 1}, false, nil, "partially_shipped", "none"},
		"all on their way":         {c{Fulfilled: 2, Shipped: 2}, c{Fulfilled: 3, Shipped: 3}, false, nil, "shipped", "none"},
		"a unit there":             {c{Fulfilled: 2, Shipped: 2, Delivered: 1}, c{Fulfilled: 3, Shipped: 3}, false, nil, "partially_delivered", "none"},
		"all there, one requested": {c{Fulfilled: 2, Shipped: 2, Delivered: 2, ReturnRequested: 1}, c{Fulfilled: 3, Shipped: 3, Delivered: 3}, false, nil, "delivered", "requested"},
		"one came back":            {c{Fulfilled: 2, Shipped: 2, Delivered: 2, ReturnRequested: 1, Returned: 1}, c{Fulfilled: 3, Shipped: 3, Delivered: 3}, false, nil, "delivered", "partially_returned"},
		"all came back": {
			c{Fulfilled: 2, Shipped: 2, Delivered: 2, ReturnRequested: 2, Returned: 2},
			c{Canceled: 1, Fulfilled: 2, Shipped: 2, Delivered: 2, ReturnRequested: 2, Returned: 2},
			false, nil, "delivered", "returned",
		},
		"all canceled":              {c{Canceled: 2}, c{Canceled: 3}, false, nil, "canceled", "none"},
		"all held":                  {c{}, c{}, false, hold(), "on_hold", "none"},
		"one line held":             {c{}, c{}, false, hold(line1), "unfulfilled", "none"},
		"both lines held":           {c{}, c{}, false, hold(line1, line2), "on_hold", "none"},
		"the rest held, some there": {c{}, c{Fulfilled: 3, Shipped: 3, Delivered: 3}, false, hold(line1), "on_hold", "none"},
		"held, but some on the way": {c{}, c{Fulfilled: 3, Shipped: 3}, false, hold(), "partially_shipped", "none"},
		"a hold on what is there":   {c{Fulfilled: 2, Shipped: 2, Delivered: 2}, c{Fulfilled: 3, Shipped: 3, Delivered: 3}, false, hold(), "delivered", "none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(placed(nil), confirmed())
			tt.shirts.Ordered, tt.mugs.Ordered = 2, 3
			o.Lines[0].Counters, o.Lines[1].Counters, o.Holds = tt.shirts, tt.mugs, tt.holds
			for i := range o.Lines {
				o.Lines[i].RequiresShipping = !tt.digital
			}
			if got := o.FulfillmentStatus(); got != tt.want {
				t.Errorf("fulfilment %s; want %s", got, tt.want)
			}
			if got := o.ReturnStatus(); got != tt.wantReturn {
				t.Errorf("return %s; want %s", got, tt.wantReturn)
			}
		})
	}
}

func TestInspectionPending(t *testing.T) {
	t.Parallel()

	request := order.RequestReturn{ReturnID: backID, Lines: []order.RequestedLine{{LineID: line2, Quantity: 2}}, At: later}
	receive := order.ReceiveReturn{ReturnID: backID, Lines: []order.ReceivedLine{{LineID: line2, Quantity: 1, Disposition: order.DispositionQualityControl}}, At: later}
	asked := then(settled(), pack(), ship(), deliver(), request, order.ApproveReturn{ReturnID: backID, At: later})
	tests := map[string]struct {
		given events
		want  bool
	}{
		"nothing is asked back":   {settled(), false},
		"something is asked back": {asked, false},
		"some of it has come":     {then(asked, receive), true},
		"all of it has come":      {then(asked, order.ReceiveReturn{ReturnID: backID, At: later}), true},
		"it is decided":           {then(asked, receive, order.ResolveReturn{ReturnID: backID, At: later}), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if o := order.Replay(tt.given...); o.InspectionPending() != tt.want {
				t.Errorf("inspection pending: %t; want %t", !tt.want, tt.want)
			}
		})
	}
}

// A claim that is settled without goods is not asked back any more.
func TestReturnStatus_claim(t *testing.T) {
	t.Parallel()

	claim := order.RequestReturn{ReturnID: backID, Kind: order.KindClaim, Lines: []order.RequestedLine{{LineID: line2, Quantity: 1}}, At: later}
	given := then(settled(), pack(), ship(), claim)
	for status, given := range map[order.ReturnStatus]events{
		order.ReturnStatusRequested: given,
		order.ReturnStatusNone:      then(given, order.ResolveReturn{ReturnID: backID, At: later}),
	} {
		if o := order.Replay(given...); o.ReturnStatus() != status {
			t.Errorf("return status %s; want %s", o.ReturnStatus(), status)
		}
	}
}
