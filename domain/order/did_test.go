package order_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// did returns the events of commands that are sent to one order, one after the other.
func did(cmds ...order.Command) events { return then(nil, cmds...) }

// then returns what happened before and the events of commands sent afterwards.
func then(given events, cmds ...order.Command) events { return thenOn(decide, given, cmds...) }

// byHand is then for a shop whose staff complete orders.
func byHand(given events, cmds ...order.Command) events { return thenOn(decideByHand, given, cmds...) }

func thenOn(decide func(*order.Order, order.Command) (events, error), given events, cmds ...order.Command) events {
	state := order.Replay(given...)
	all := append(events{}, given...)
	for _, cmd := range cmds {
		happened, err := decide(&state, cmd)
		if err != nil {
			panic(fmt.Sprintf("%T: %v", cmd, err))
		}
		for _, e := range happened {
			state.Apply(e)
		}
		all = append(all, happened...)
	}
	return slices.Clip(all) // so that cases which append to it do not meet
}

// refusal is a command that a rule forbids, and what the refusal must tell.
type refusal struct {
	given     events
	when      order.Command
	code      rule.Code
	pointer   string
	line      uuid.UUID // that the refusal names; zero: none
	requested int64     // with a line only
	available int64
	existing  string // id of what is in the way
}

// refused decides every case and checks the refusal and that it leaves the state as it was.
func refused(t *testing.T, tests map[string]refusal) {
	t.Helper()

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := order.Replay(tt.given...)
			happened, err := decide(&state, tt.when)
			v, ok := errors.AsType[*rule.Violation](err)
			if !ok || len(happened) > 0 || v.Code != tt.code || v.ExistingID != tt.existing {
				t.Fatalf("Decide = %+v, %v; want %q, colliding with %q", happened, err, tt.code, tt.existing)
			}
			if before := order.Replay(tt.given...); !reflect.DeepEqual(state, before) {
				t.Errorf("the refusal changed the state to %+v; want %+v", state, before)
			}
			if tt.pointer == "" && tt.line == uuid.Nil {
				return
			}
			for _, d := range v.Details {
				if d.Code == tt.code && d.Pointer == tt.pointer && (tt.line == uuid.Nil ||
					d.Meta["line_id"] == tt.line.String() && d.Meta["requested"] == tt.requested && d.Meta["available"] == tt.available) {
					return
				}
			}
			t.Errorf("details %+v; want %q at %q, line %s, requested %d, available %d", v.Details, tt.code, tt.pointer, tt.line, tt.requested, tt.available)
		})
	}
}

// sure is a confirmed order on account: nothing was paid.
func sure() events {
	agreed := confirmed()
	agreed.Reason = "on_account"
	return events{placed(func(e *order.Placed) { e.PaymentPolicy = order.PolicyOnAccount }), agreed}
}

// settled is a confirmed order that was paid.
func settled() events { return did(place(nil), markPaid()) }

var (
	packID = uuid.MustParse("01955006-0000-7000-8000-000000000006")
	shipID = uuid.MustParse("01955007-0000-7000-8000-000000000007")
	editID = uuid.MustParse("01955008-0000-7000-8000-000000000008")
	gone   = uuid.MustParse("01955009-0000-7000-8000-000000000009")
	line3  = uuid.MustParse("0195500a-0000-7000-8000-00000000000a")
)

func units(line uuid.UUID, n int64) order.LineQuantity {
	sku := map[uuid.UUID]string{line1: "TSHIRT-M", line2: "MUG", line3: "CAP"}[line]
	return order.LineQuantity{LineID: line, SKU: sku, Quantity: n}
}

func pack(lines ...order.LineQuantity) order.CreateFulfillment {
	return order.CreateFulfillment{FulfillmentID: packID, LocationID: "berlin", Lines: lines, By: "staff-1", At: later}
}

func ship(lines ...order.LineQuantity) order.Ship {
	return order.Ship{ShipmentID: shipID, FulfillmentID: packID, Lines: lines, At: later}
}

func deliver(lines ...order.LineQuantity) order.RecordDelivery {
	return order.RecordDelivery{FulfillmentID: packID, Lines: lines, At: later}
}

// pay is a payment of a part.
func pay(captured int64) order.RecordPayment {
	return order.RecordPayment{Payment: order.Payment{PaymentID: payID, State: order.PaymentCaptured, Authorized: captured, Captured: captured}, At: later}
}

func cancelLines(lines ...order.LineQuantity) order.CancelLines {
	return order.CancelLines{CancellationID: gone, Lines: lines, At: later}
}

func about() order.About {
	return order.About{OrderID: orderID, Channel: "web", Currency: "EUR", Country: "DE", CustomerID: "c-7"}
}
