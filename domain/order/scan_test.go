package order

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/internal/scan"
)

// Every field of every event is known to its scan, so that no stored event takes the slow way.
func TestScan_readsAll(t *testing.T) {
	t.Parallel()

	readsAll(t, scanPlaced)
	readsAll(t, scanImported)
	readsAll(t, scanConfirmed)
	readsAll(t, scanPaymentUpdated)
	readsAll(t, scanCanceled)
	readsAll(t, scanReturnImported)
	readsAll(t, scanDrafted)
	readsAll(t, scanDraftUpdated)
	readsAll(t, scanHeld)
	readsAll(t, scanHoldReleased)
	readsAll(t, scanEditBegun)
	readsAll(t, scanEditStaged)
	readsAll(t, scanEditDiscarded)
	readsAll(t, scanEditCommitted)
	readsAll(t, scanLinesCanceled)
	readsAll(t, scanExpired)
	readsAll(t, scanBackorderFilled)
	readsAll(t, scanCompleted)
	readsAll(t, scanArchived)
	readsAll(t, scanFulfillmentPlanned)
	readsAll(t, scanFulfillmentMoved)
	readsAll(t, scanFulfillmentCreated)
	readsAll(t, scanShipmentDispatched)
	readsAll(t, scanTrackingUpdated)
	readsAll(t, scanShipmentDelivered)
	readsAll(t, scanDeliveryFailed)
	readsAll(t, scanFulfillmentCanceled)
	readsAll(t, scanReturnRequested)
	readsAll(t, scanReturnApproved)
	readsAll(t, scanReturnDeclined)
	readsAll(t, scanReturnCanceled)
	readsAll(t, scanReturnReceived)
	readsAll(t, scanReturnResolved)
	readsAll(t, scanShippingAddressChanged)
	readsAll(t, scanBillingAddressChanged)
	readsAll(t, scanContactChanged)
	readsAll(t, scanNoteAdded)
	readsAll(t, scanNoteEdited)
	readsAll(t, scanNoteRemoved)
	readsAll(t, scanTagsChanged)
	readsAll(t, scanInvoiceIssued)
	readsAll(t, scanCreditNoteIssued)
}

func readsAll[T Event](t *testing.T, read func(*scan.Reader, *T)) {
	t.Helper()

	var full, got T
	fill(t, reflect.ValueOf(&full).Elem(), new(int64))
	data, err := Encode(full)
	if err != nil {
		t.Fatal(err)
	}
	r := scan.New(data)
	if read(&r, &got); !r.Done() || !reflect.DeepEqual(got, full) {
		t.Errorf("%s: %s is read as %+v, with %d bytes left", full.EventType(), data, got, r.Left())
	}
}

// fill gives every field a value of its own.
func fill(t *testing.T, v reflect.Value, serial *int64) {
	t.Helper()

	*serial++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + *serial).UTC()))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(uuid.UUID{0: 0xab, 15: byte(*serial)}))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{"a":{"b":"}\"{"},"c":[{}]}`)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), serial)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), serial)
		fill(t, v.Index(1), serial)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), serial)
	case reflect.String:
		v.SetString(time.UnixMilli(*serial).UTC().Format("é.000"))
	case reflect.Int64:
		v.SetInt(-*serial)
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("no value for %s", v.Type())
	}
}

// What a scan accepts, encoding/json accepts too and reads alike.
func FuzzScan(f *testing.F) {
	f.Add(uint8(0), []byte(`{"order_id":"01955000-0000-7000-8123-456789abcdef","lines":[{"quantity":1,"total":-2}],"placed_at":"2026-03-01T12:00:00.5Z"}`))
	f.Add(uint8(0), []byte(`{"lines":[],"lines":[],"pii":{"a":"\""},"risk":{"reasons":["x"]},"totals":{"tax":1},"totals":{}}`))
	f.Add(uint8(1), []byte(`{"statuses":{"status":"completed"},"original_placed_at":"2024-02-30T24:00:60Z","captured":007}`))
	f.Add(uint8(3), []byte(`{"payment":{"state":"captured"},"Payment":null,"updated_at":"0000-01-01T00:00:00.000000001Z"}`))
	f.Add(uint8(4), []byte(`{"restock":true,"lines":[{"sku":"\xff"}],"pii":{}}`))
	f.Add(uint8(6), []byte(`{"order_id":"01955000-0000-7000-8123-456789abcdef","lines":[],"fulfillments_canceled":["01955000-0000-7000-8123-456789abcdef"]}`))
	f.Add(uint8(7), []byte(`{"line_changes":[{"from":1,"removed":{"quantity":1},"removed":{"tax":2}}],"shipping_changes":{"before":[]},"shipping_changes":{"after":[]}}`))
	f.Add(uint8(13), []byte(`{"requote":{"lines":[{"total":3}],"totals_after":{"tax":1}},"requote":{"amount_delta":4}}`))
	f.Add(uint8(13), []byte(`{"requote":{"lines":[{"sku":"A","net_subtotal_change":-3,"net_total_change":2}],"shipping_net_change":-1}}`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		switch which % 15 {
		case 0:
			alike(t, data, scanPlaced)
		case 1:
			alike(t, data, scanImported)
		case 2:
			alike(t, data, scanConfirmed)
		case 3:
			alike(t, data, scanPaymentUpdated)
		case 4:
			alike(t, data, scanCanceled)
		case 5:
			alike(t, data, scanReturnImported)
		case 6:
			alike(t, data, scanLinesCanceled)
		case 7:
			alike(t, data, scanEditCommitted)
		case 8:
			alike(t, data, scanFulfillmentCreated)
		case 9:
			alike(t, data, scanShipmentDispatched)
		case 10:
			alike(t, data, scanShipmentDelivered)
		case 11:
			alike(t, data, scanReturnReceived)
		case 12:
			alike(t, data, scanReturnResolved)
		case 13:
			alike(t, data, scanShippingAddressChanged)
		case 14:
			alike(t, data, scanDraftUpdated)
		}
	})
}

func alike[T Event](t *testing.T, data []byte, read func(*scan.Reader, *T)) {
	t.Helper()

	var got, want T
	r := scan.New(data)
	if read(&r, &got); !r.Done() {
		return
	}
	if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s is read as %+v; want %+v, %v", data, got, want, err)
	}
}
