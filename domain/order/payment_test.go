package order_test

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func record(state order.PaymentState, authorized, captured, refunded, voided int64) order.RecordPayment {
	return order.RecordPayment{Payment: paid(state, authorized, captured, refunded, voided).Payment, By: "staff-1", At: later}
}

func TestRecordPayment(t *testing.T) {
	t.Parallel()

	const total = 5498
	heard := func(change func(*order.PaymentUpdated)) events {
		e := paid(order.PaymentCaptured, total, total, 0, 0)
		change(&e)
		return events{e}
	}
	authorized := paid(order.PaymentAuthorized, total, 0, 0, 0)
	captured := paid(order.PaymentCaptured, total, total, 0, 0)
	onTrust := placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyAuthorized })
	trusted := confirmed()
	trusted.Reason = "authorized"
	bare := record(order.PaymentCaptured, total, total, 10, 0)
	bare.Payment.Method, bare.Payment.Reference = "", ""
	strange := record("lost", 0, 0, 0, 0)
	nameless := record(order.PaymentCaptured, 1, 1, 0, 0)
	nameless.Payment.PaymentID = uuid.Nil
	run(t, map[string]decision{
		"a payment in full confirms the order":       {events{placed(nil)}, record(order.PaymentCaptured, total, total, 0, 0), events{captured, confirmed()}, ""},
		"one in part does not":                       {events{placed(nil)}, record(order.PaymentCaptured, 1, 1, 0, 0), events{paid(order.PaymentCaptured, 1, 1, 0, 0)}, ""},
		"an authorisation does if that is agreed":    {events{onTrust}, record(order.PaymentAuthorized, total, 0, 0, 0), events{authorized, trusted}, ""},
		"else it does not":                           {events{placed(nil)}, record(order.PaymentAuthorized, total, 0, 0, 0), events{authorized}, ""},
		"not while the order is held":                {events{placed(nil), held()}, record(order.PaymentCaptured, total, total, 0, 0), events{captured}, ""},
		"the same again is no news":                  {settled(), record(order.PaymentCaptured, total, total, 0, 0), nil, ""},
		"nor is what came late":                      {settled(), record(order.PaymentAuthorized, total, 0, 0, 0), nil, ""},
		"what is ahead of it and behind counts once": {append(settled(), paid(order.PaymentCaptured, total, total, 5, 0)), record(order.PaymentVoided, total, 0, 7, 0), heard(func(e *order.PaymentUpdated) { e.Payment.Refunded, e.CapturedChange, e.RefundedChange = 7, 0, 2 }), ""},
		"a refund keeps what was known":              {settled(), bare, heard(func(e *order.PaymentUpdated) { e.Payment.Refunded, e.CapturedChange, e.RefundedChange = 10, 0, 10 }), ""},
		"an authorisation is given up": {
			events{placed(nil), authorized}, record(order.PaymentVoided, total, 0, 0, total), events{paid(order.PaymentVoided, total, 0, 0, total)}, "",
		},
		"a dispute": {settled(), record(order.PaymentDisputed, total, total, 0, 0), heard(func(e *order.PaymentUpdated) { e.Payment.State, e.CapturedChange = order.PaymentDisputed, 0 }), ""},
		"for a canceled order, since it has happened": {events{placed(nil), canceled(nil)}, record(order.PaymentCaptured, total, total, 0, 0), events{captured}, ""},
		"not for a draft": {events{drafted()}, record(order.PaymentCaptured, 1, 1, 0, 0), nil, rule.InvalidState},
		"not for nothing": {nil, record(order.PaymentCaptured, 1, 1, 0, 0), nil, rule.OrderNotFound},
	})
	refused(t, map[string]refusal{
		"not without an id":           {given: events{placed(nil)}, when: nameless, code: rule.ValidationFailed, pointer: "/payment/payment_id"},
		"not in an unknown state":     {given: events{placed(nil)}, when: strange, code: rule.ValidationFailed, pointer: "/payment/state"},
		"not below 0":                 {given: events{placed(nil)}, when: record(order.PaymentCaptured, 0, -1, 0, 0), code: rule.ValidationFailed, pointer: "/payment"},
		"not more back than was paid": {given: events{placed(nil)}, when: record(order.PaymentCaptured, 5, 5, 6, 0), code: rule.RefundExceedsCaptured, pointer: "/payment/refunded"},
		"not beyond counting":         {given: settled(), when: record(order.PaymentCaptured, math.MaxInt64, math.MaxInt64, 0, 0), code: rule.ValidationFailed},
	})
}

func TestMarkRefunded(t *testing.T) {
	t.Parallel()

	second := order.RecordPayment{Payment: order.Payment{PaymentID: gone, Method: "card", State: order.PaymentCaptured, Authorized: 2000, Captured: 2000}, At: later}
	given := then(events{placed(nil)}, record(order.PaymentCaptured, 3498, 3498, 0, 0), second, order.Cancel{At: later})
	back := func(amount int64) order.MarkRefunded {
		return order.MarkRefunded{Amount: amount, Method: "bank_transfer", Reference: "B-1", By: "staff-2", At: later}
	}
	refunds := func(first, other int64) events {
		a := paid(order.PaymentCaptured, 3498, 3498, first, 0)
		a.CapturedChange, a.RefundedChange, a.RecordedBy, a.RefundMethod, a.RefundReference = 0, first, "staff-2", "bank_transfer", "B-1"
		if other == 0 {
			return events{a}
		}
		b := a
		b.Payment, b.RefundedChange = second.Payment, other
		b.Payment.Refunded = other
		return events{a, b}
	}
	run(t, map[string]decision{
		"all that is owed, over all payments": {given, back(0), refunds(3498, 2000), ""},
		"a part, from the first payment":      {given, back(100), refunds(100, 0), ""},
		"a part, over both":                   {given, back(3500), refunds(3498, 2), ""},
		"nothing if nothing is owed":          {settled(), back(0), nil, ""},
		"more than is owed, out of goodwill":  {then(events{placed(nil)}, record(order.PaymentCaptured, 3498, 3498, 0, 0)), back(98), refunds(98, 0), ""},
		"not of a draft":                      {events{drafted()}, back(1), nil, rule.InvalidState},
		"not of nothing":                      {nil, back(1), nil, rule.OrderNotFound},
	})
	refused(t, map[string]refusal{
		"not more than was paid":  {given: given, when: back(5499), code: rule.RefundExceedsCaptured, pointer: "/amount"},
		"not what was never paid": {given: events{placed(nil)}, when: back(1), code: rule.RefundExceedsCaptured, pointer: "/amount"},
		"not less than nothing":   {given: given, when: back(-1), code: rule.ValidationFailed, pointer: "/amount"},
	})
	if state := order.Replay(then(given, back(0))...); state.PaymentStatus() != order.PaymentStatusRefunded || state.AmountOwedToCustomer() != 0 {
		t.Errorf("%s, owed %d; want refunded", state.PaymentStatus(), state.AmountOwedToCustomer())
	}
	if state := order.Replay(then(given, back(3500))...); !reflect.DeepEqual([]int64{state.Payments[0].Refunded, state.Payments[1].Refunded}, []int64{3498, 2}) {
		t.Errorf("refunded %+v; want 3498 and 2", state.Payments)
	}
	state := order.Replay(given...)
	_, err := decide(&state, back(5499))
	if v, ok := errors.AsType[*rule.Violation](err); !ok || v.Details[0].Meta["requested"] != int64(5499) || v.Details[0].Meta["available"] != int64(5498) {
		t.Errorf("%v; want 5499 asked for, 5498 possible", err)
	}
}
