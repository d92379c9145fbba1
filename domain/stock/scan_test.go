package stock

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

	readsAll(t, scanReceived)
	readsAll(t, scanReserved)
	readsAll(t, scanReleased)
	readsAll(t, scanCommitted)
	readsAll(t, scanReservationExpired)
	readsAll(t, scanBackorderFilled)
	readsAll(t, scanMoved)
	readsAll(t, scanDeducted)
	readsAll(t, scanReturned)
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
	f.Add(uint8(0), []byte(`{"sku":"MUG","location_id":"main","quantity":3,"received_at":"2026-03-01T12:00:00.05Z"}`))
	f.Add(uint8(1), []byte(`{"allocations":[{"line_id":"01955001-0000-7000-8000-000000000001","quantity":3},{}],"allocations":[{}]}`))
	f.Add(uint8(2), []byte(`{"SKU":"a","committed":false,"reason":null,"reservation_id":"0195500a000070008000-00000000000a"}`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		switch which % 9 {
		case 0:
			alike(t, data, scanReceived)
		case 1:
			alike(t, data, scanReserved)
		case 2:
			alike(t, data, scanReleased)
		case 3:
			alike(t, data, scanCommitted)
		case 4:
			alike(t, data, scanReservationExpired)
		case 5:
			alike(t, data, scanBackorderFilled)
		case 6:
			alike(t, data, scanMoved)
		case 7:
			alike(t, data, scanDeducted)
		case 8:
			alike(t, data, scanReturned)
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
