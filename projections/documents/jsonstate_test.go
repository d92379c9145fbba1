package documents

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// draw sets every field that v reaches: some to their zero value, so that members are left out, or all to others.
func draw(t *rapid.T, v reflect.Value, full bool) {
	if !full && rapid.IntRange(0, 3).Draw(t, "zero") == 0 {
		return
	}
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC().Truncate(rapid.SampledFrom([]time.Duration{time.Second, time.Millisecond, time.Microsecond}).Draw(t, "unit"))
		return
	case *json.RawMessage:
		*at = json.RawMessage(rapid.SampledFrom([]string{`{}`, `{"name":"\u003cAnna\u003e","at":[1,2.50]}`, `{ "x" : "é\n" }`}).Draw(t, "raw"))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.SampledFrom([]string{"a", "plain text", "<&>", "q\"uo\\te", "Zoë \u2028", "\x00\t", "bad \xff"}).Draw(t, "text"))
	case reflect.Int64:
		v.SetInt(rapid.Int64Min(1).Draw(t, "int") * rapid.SampledFrom([]int64{1, -1}).Draw(t, "sign"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(1, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			draw(t, v.Index(i), full)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(1, 3).Draw(t, "length") {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			draw(t, key, full)
			draw(t, value, full)
			v.SetMapIndex(key, value)
		}
	case reflect.Array:
		for i := range v.Len() {
			draw(t, v.Index(i), full)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		draw(t, v.Elem(), full)
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i), full)
		}
	default:
		t.Fatalf("a field of kind %s is new", v.Kind())
	}
}

// Documents are what encoding/json writes, whatever is in them, so that it reads them back and old ones stay equal.
func TestAppend_likeEncodingJSON(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		full := rapid.Bool().Draw(t, "full")
		var o order.Order
		draw(t, reflect.ValueOf(&o).Elem(), full)
		compareJSON(t, &o, func(buf []byte) ([]byte, error) { return appendOrder(buf, &o) })
		var l stock.Levels
		draw(t, reflect.ValueOf(&l).Elem(), full)
		compareJSON(t, &l, func(buf []byte) ([]byte, error) { return appendLevels(buf, &l) })
	})
}

func compareJSON(t *rapid.T, v any, write func([]byte) ([]byte, error)) {
	want, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := write([]byte("before"))
	if err != nil || string(got) != "before"+string(want) {
		t.Fatalf("written %s, %v; encoding/json has %s", strings.TrimPrefix(string(got), "before"), err, want)
	}
}

// What encoding/json refuses is refused.
func TestAppend_refuses(t *testing.T) {
	t.Parallel()

	for name, o := range map[string]order.Order{
		"a year of five digits": {PlacedAt: time.Date(12_345, 1, 1, 0, 0, 0, 0, time.UTC)},
		"broken personal data":  {PII: json.RawMessage(`{"name":`)},
	} {
		if _, err := encode(&o); err == nil {
			t.Errorf("%s: encoding/json takes it", name)
		}
		if got, err := appendOrder(nil, &o); err == nil {
			t.Errorf("%s: written as %s; want an error", name, got)
		}
	}
}

func BenchmarkAppendOrder(b *testing.B) {
	var o order.Order
	o.Lines = make([]order.LineState, 1)
	o.Payments = make([]order.Payment, 1)
	var buf []byte
	var err error
	for b.Loop() {
		if buf, err = appendOrder(buf[:0], &o); err != nil {
			b.Fatal(err)
		}
	}
}
