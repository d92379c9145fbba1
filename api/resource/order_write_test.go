package resource

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
)

// An order is written as encoding/json would, whichever of its members have a value.
func TestOrder_render(t *testing.T) {
	t.Parallel()

	some := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		var out orderShape
		if n > 0 {
			fill(t, reflect.ValueOf(&out).Elem(), some, min(n-1, 1))
		}
		if got, want := string(out.render()), string(marshal(out)); got != want {
			t.Fatalf("rendered %s; want %s", got, want)
		}
	}
}

// fill gives every field a value; with gaps some get none, and some lists no elements.
func fill(t *testing.T, v reflect.Value, some *rand.Rand, gaps int) {
	t.Helper()

	if gaps > 0 && some.IntN(4) == 0 {
		return
	}
	switch v.Interface().(type) {
	case Time:
		v.Set(reflect.ValueOf(Time(time.UnixMilli(1_700_000_000_000 + some.Int64N(1e9)).UTC())))
		return
	case uuid.UUID:
		v.Set(reflect.ValueOf(uuid.UUID{0: 0xab, 15: byte(some.Uint32())}))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{"a":"<}"}`)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			switch field := v.Type().Field(i); {
			case field.Anonymous:
				fillMembers(t, v.Field(i), some, gaps)
			case !field.IsExported(), v.Type() == reflect.TypeFor[item]() && field.Name == "Lists": // which have items again
			default:
				fill(t, v.Field(i), some, gaps)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2-some.IntN(3)*gaps, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), some, gaps)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), some, gaps)
	case reflect.String:
		v.SetString([]string{"plain", "naïve", `<">`, "\n"}[some.IntN(4)])
	case reflect.Int64:
		v.SetInt(some.Int64() - 1<<62)
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("no value for %s", v.Type())
	}
}

func fillMembers(t *testing.T, v reflect.Value, some *rand.Rand, gaps int) {
	t.Helper()

	for i := range v.NumField() {
		fields := reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem() // an embedded struct may be unexported
		fill(t, fields.Field(i), some, gaps)
	}
}
