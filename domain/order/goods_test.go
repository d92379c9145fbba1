package order_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// checkGolden reads every sample from its file and writes it back unchanged.
func checkGolden(t *testing.T, samples events) {
	t.Helper()

	checkGoldenIn(t, "events", samples)
}

// checkGoldenIn is checkGolden for another form that events of the same types have.
func checkGoldenIn(t *testing.T, dir string, samples events) {
	t.Helper()

	for _, event := range samples {
		t.Run(event.EventType(), func(t *testing.T) {
			t.Parallel()

			stored := goldenFile(t, event, dir)
			got, err := order.Decode(event.EventType(), stored)
			if err != nil || !reflect.DeepEqual(got, event) {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, event)
			}
			if again, err := order.Encode(event); err != nil || !bytes.Equal(again, stored) {
				t.Errorf("Encode = %s, %v; want %s", again, err, stored)
			}
		})
	}
}

// Every event of fulfilments, returns and details keeps the bytes it was first stored as.
func TestGoodsEvents_golden(t *testing.T) {
	t.Parallel()

	checkGolden(t, slices.Concat(fulfillmentSamples(), returnSamples(), detailSamples()))
}

// told is what the sender of a refused command is told.
type told struct {
	given     events
	when      order.Command
	code      rule.Code
	pointer   string
	line      uuid.UUID // zero: the refusal is about no line
	asked     any
	possible  any
	mentioned []string
}

// explained sends every command and compares what its refusal says with what is wanted.
func explained(t *testing.T, tests map[string]told) {
	t.Helper()

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			state := order.Replay(tt.given...)
			_, err := decide(&state, tt.when)
			v, ok := errors.AsType[*rule.Violation](err)
			if !ok || len(v.Details) != 1 {
				t.Fatalf("Decide: %v; want a refusal with one detail", err)
			}
			d := v.Details[0]
			if d.Code != tt.code || d.Pointer != tt.pointer || d.Meta["requested"] != tt.asked || d.Meta["available"] != tt.possible {
				t.Errorf("refused with %+v; want %s at %q, asked %v, possible %v", d, tt.code, tt.pointer, tt.asked, tt.possible)
			}
			if id, named := d.Meta["line_id"]; named != (tt.line != uuid.Nil) || named && id != tt.line.String() {
				t.Errorf("it is about line %v; want %s", id, tt.line)
			}
			for _, words := range tt.mentioned {
				if !strings.Contains(d.Message, words) {
					t.Errorf("it says %q; want it to mention %q", d.Message, words)
				}
			}
		})
	}
}

// Every guard over units names the line, the units asked for and those possible.
func TestFulfillment_refusals(t *testing.T) {
	t.Parallel()

	waiting := placed(func(e *order.Placed) { e.Backordered = goods{mugs(2)} })
	explained(t, map[string]told{
		"planning more than is open": {
			ready(packedPart(packID2, mugs(1))),
			order.PlanFulfillment{FulfillmentID: packID, Lines: goods{shirts(1), mugs(3)}, At: later},
			rule.QuantityExceedsOpen, "/lines/1/quantity", line2, int64(3), int64(2),
			[]string{`"MUG"`, "3 units", "2 are open", "1 packed"},
		},
		"packing more than is open": {
			ready(),
			order.CreateFulfillment{FulfillmentID: packID, Lines: goods{mugs(4)}},
			rule.QuantityExceedsOpen, "/lines/0/quantity", line2, int64(4), int64(3),
			[]string{`"MUG"`, "4 units", "3 are open"},
		},
		"packing what waits for stock": {
			events{waiting, confirmed()},
			order.CreateFulfillment{FulfillmentID: packID, Lines: goods{mugs(2)}},
			rule.QuantityExceedsOpen, "/lines/0/quantity", line2, int64(2), int64(1),
			[]string{"2 waiting for stock"},
		},
		"packing a held line": {
			ready(heldBy(line2)),
			order.CreateFulfillment{FulfillmentID: packID, Lines: goods{shirts(1), mugs(1)}},
			rule.OrderOnHold, "/lines/1", line2, int64(1), int64(0),
			[]string{"manual", holdID.String()},
		},
		"packing what is not paid": {
			unpaidOrder(),
			order.CreateFulfillment{FulfillmentID: packID},
			rule.UnpaidNotAllowed, "", uuid.Nil, nil, nil,
			[]string{"54.98"},
		},
		"shipping more than is packed": {
			ready(packedPart(packID, mugs(2))), shipPart(parcelID, mugs(3)),
			rule.QuantityExceedsOpen, "/lines/0/quantity", line2, int64(3), int64(2),
			[]string{`"MUG"`, packID.String()},
		},
		"delivering more than was shipped": {
			shipped(arrived(parcelID, mugs(2))),
			order.RecordDelivery{FulfillmentID: packID, Lines: goods{mugs(2)}, At: arrivedAt},
			rule.QuantityExceedsOpen, "/lines/0/quantity", line2, int64(2), int64(1),
			[]string{`"MUG"`, "1 were under way"},
		},
		"naming a quantity of 0": {
			ready(),
			order.CreateFulfillment{FulfillmentID: packID, Lines: goods{mugs(0)}},
			rule.QuantityOutOfRange, "/lines/0/quantity", line2, int64(0), int64(3), nil,
		},
		"naming a line of another order": {
			ready(),
			order.CreateFulfillment{FulfillmentID: packID, Lines: goods{{LineID: strangeID, Quantity: 1}}},
			rule.ValidationFailed, "/lines/0/line_id", strangeID, nil, nil,
			[]string{strangeID.String()},
		},
	})
}
