package order_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/ordermill/ordermill/domain/order"
)

// Every event with texts keeps the bytes that it was first stored as when they are sealed, and says by that something new
// of a person.
func TestSealedEvents_golden(t *testing.T) {
	t.Parallel()

	events := sealedSamples()
	checkGoldenIn(t, "sealed", events)
	for _, event := range events {
		if !order.Personal(event) {
			t.Errorf("%s tells nothing personal", event.EventType())
		}
	}
}

// sealedSamples are the samples that have texts, with these sealed instead of in clear.
func sealedSamples() events {
	clear := []string{"Body", "Note", "Reason", "Reference", "RefundReference", "DocumentRef", "ProofRef", "LabelRef", "TrackingNumber", "TrackingURL"}
	var seal func(v reflect.Value) bool
	seal = func(v reflect.Value) (sealed bool) {
		for _, name := range []string{"Texts", "Private"} {
			if f := v.FieldByName(name); f.IsValid() {
				f.Set(reflect.ValueOf(order.PII(`{"k":"1","c":"` + name + `"}`)))
				sealed = true
			}
		}
		if payment := v.FieldByName("Payment"); payment.IsValid() && payment.Kind() == reflect.Struct {
			seal(payment)
		}
		for _, name := range clear {
			if f := v.FieldByName(name); sealed && f.IsValid() && f.Type() == reflect.TypeFor[string]() {
				f.SetString("")
			}
		}
		if f := v.FieldByName("PII"); sealed && f.IsValid() { // the customer's own words are another case
			f.SetZero()
		}
		return sealed
	}
	var all events
	for _, event := range allSamples() {
		v := reflect.New(reflect.TypeOf(event)).Elem()
		v.Set(reflect.ValueOf(event))
		if seal(v) {
			sealed, _ := v.Interface().(order.Event)
			all = append(all, sealed)
		}
	}
	return all
}

// What is sealed is not recorded in clear, by any command that has texts.
func TestDecide_sealedTexts(t *testing.T) {
	t.Parallel()

	sealed := order.PII(`{"k":"1"}`)
	o := order.Replay(placed(nil))
	for _, command := range []order.Command{
		order.AddNote{NoteID: holdID, Body: "rang twice", Texts: sealed, At: later},
		order.PlaceHold{HoldID: holdID, Note: "rang twice", Private: sealed, At: later},
		order.Cancel{Note: "rang twice", Private: sealed, At: later},
		order.CancelLines{CancellationID: holdID, Lines: []order.LineQuantity{{LineID: line1, Quantity: 1}}, Note: "rang twice", Private: sealed, At: later},
		order.MarkPaid{PaymentID: payID, Reference: "rang twice", Texts: sealed, At: later},
	} {
		events, err := decide(&o, command)
		if err != nil || len(events) == 0 {
			t.Fatalf("%T: %v, %v", command, events, err)
		}
		if data, err := order.Encode(events[0]); err != nil || !order.Personal(events[0]) || slices.Contains(data, ' ') {
			t.Errorf("%T is recorded as %s, %v", command, data, err)
		}
	}
	blank := order.AddNote{NoteID: holdID, Body: "  ", Texts: sealed, At: later}
	if events, err := decide(&o, blank); err == nil {
		t.Errorf("a blank note is recorded: %v", events)
	}
}

// What only restates sealed texts tells nothing new of the person, and so is recorded also after an erasure.
func TestDecide_sealedRestated(t *testing.T) {
	t.Parallel()

	known := paid(order.PaymentCaptured, 5498, 5498, 0, 0)
	known.Payment.Reference, known.Payment.Texts = "", order.PII(`{"k":"1"}`)
	o := order.Replay(placed(nil), known)
	events, err := decide(&o, order.MarkRefunded{Amount: 100, At: later})
	if err != nil || len(events) != 1 || order.Personal(events[0]) {
		t.Fatalf("refunded: %v, %v", events, err)
	}
	if o.Apply(events[0]); string(o.Payments[0].Texts) != `{"k":"1"}` {
		t.Errorf("the payment is %+v", o.Payments[0])
	}
	parcel := dispatched(func(e *order.ShipmentDispatched) {
		e.TrackingNumber, e.TrackingURL, e.Texts = "", "", order.PII(`{"k":"2"}`)
	})
	o = order.Replay(ready(packed(nil), parcel)...)
	carrier := "UPS"
	events, err = decide(&o, order.UpdateTracking{FulfillmentID: packID, Carrier: &carrier, At: shippedAt})
	if err != nil || len(events) != 1 || order.Personal(events[0]) {
		t.Fatalf("another carrier: %v, %v", events, err)
	}
	if o.Apply(events[0]); string(o.Fulfillments[0].Shipments[0].Texts) != `{"k":"2"}` || o.Fulfillments[0].Shipments[0].Carrier != carrier {
		t.Errorf("the parcel is %+v", o.Fulfillments[0].Shipments[0])
	}
}
