package order

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Events that write themselves are written as encoding/json would, whichever of their fields have a value.
func TestEncode_written(t *testing.T) {
	t.Parallel()

	some := rand.New(rand.NewPCG(1, 2))
	for _, event := range []written{Placed{}, Imported{}} {
		for n := range 500 {
			v := reflect.New(reflect.TypeOf(event)).Elem()
			if n > 0 {
				fill(t, v, new(int64))
			}
			if n > 1 {
				thin(v, some)
			}
			e, ok := v.Interface().(Event)
			if !ok {
				t.Fatalf("%s is no event", v.Type())
			}
			var want bytes.Buffer
			enc := json.NewEncoder(&want)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(e); err != nil {
				t.Fatal(err)
			}
			if got, err := Encode(e); err != nil || string(got)+"\n" != want.String() {
				t.Fatalf("Encode = %s, %v; want %s", got, err, want.Bytes())
			}
		}
	}
}

// thin takes the values of some fields away, and the elements of some slices.
func thin(v reflect.Value, some *rand.Rand) {
	switch some.IntN(4) {
	case 0:
		v.SetZero()
		return
	case 1:
		if v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[json.RawMessage]() {
			v.SetLen(0)
			return
		}
	}
	switch v.Kind() { //nolint:exhaustive // the others have no parts
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				thin(v.Field(i), some)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Struct {
				thin(v.Index(i), some)
			}
		}
	}
}
