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
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		switch which % 6 {
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
