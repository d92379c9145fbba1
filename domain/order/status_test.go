package order_test

import (
	"reflect"
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

// What is called allowed is not refused, and what is not allowed is.
func TestAllowedActions(t *testing.T) {
	t.Parallel()

	all := map[order.Action]order.Command{
		order.ActionConfirm: order.Confirm{At: later}, order.ActionMarkPaid: markPaid(), order.ActionCancel: order.Cancel{At: later},
	}
	onAccount := placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyOnAccount })
	tests := map[string]struct {
		given events
		want  []order.Action
	}{
		"nothing":             {nil, []order.Action{}},
		"pending":             {events{placed(nil)}, []order.Action{"mark-paid", "cancel"}},
		"pending, on account": {events{onAccount}, []order.Action{"confirm", "mark-paid", "cancel"}},
		"confirmed":           {events{placed(nil), paid(order.PaymentCaptured, 5498, 5498, 0, 0), confirmed()}, []order.Action{"cancel"}},
		"confirmed, unpaid":   {events{onAccount, confirmed()}, []order.Action{"mark-paid", "cancel"}},
		"canceled":            {events{placed(nil), canceled(nil)}, []order.Action{}},
		"imported":            {events{imported()}, []order.Action{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(tt.given...)
			got := o.AllowedActions()
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("allowed %v; want %v", got, tt.want)
			}
			for action, cmd := range all {
				happened, err := order.Decide(&o, cmd)
				var allowed bool
				for _, a := range got {
					allowed = allowed || a == action
				}
				if allowed != (err == nil && len(happened) > 0) {
					t.Errorf("%s is allowed: %t; it gives %v, %v", action, allowed, happened, err)
				}
			}
		})
	}
}
