package reservation

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/internal/scan"
)

// Every field of every event is known to its scan, so that no stored event takes the slow way.
func TestScan_readsAll(t *testing.T) {
	t.Parallel()

	readsAll(t, scanMade)
	readsAll(t, scanExtended)
	readsAll(t, scanReleased)
	readsAll(t, scanExpired)
	readsAll(t, scanConverted)
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
