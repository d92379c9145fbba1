package httpx_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/api/httpx"
)

func TestParseStrict(t *testing.T) {
	t.Parallel()

	type object = map[string]any
	for text, want := range map[string]any{
		`{}`:                            object{},
		` [ 1 , -2,0 ] `:                []any{int64(1), int64(-2), int64(0)},
		`{"a":{"b":[true,false,null]}}`: object{"a": object{"b": []any{true, false, nil}}},
		`"\u00e9\n\"\\\/\ud83d\ude00é"`: "é\n\"\\/😀é",
		`9223372036854775807`:           int64(9223372036854775807),
		`-9223372036854775808`:          int64(-9223372036854775808),
		strings.Repeat("[", 16) + strings.Repeat("]", 16): nest(16),
	} {
		got, err := httpx.ParseStrict([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseStrict(%s) = %#v, %v; want %#v", text, got, err, want)
		}
	}
}

func nest(depth int) any {
	value := []any{}
	for range depth - 1 {
		value = []any{value}
	}
	return value
}

func TestParseStrict_refuses(t *testing.T) {
	t.Parallel()

	for text, pointer := range map[string]string{
		``: "", ` `: "", `{`: "", `[1`: "/0", `[1,]`: "/1", `{"a":1,}`: "", `{"a":1,}"b":2}`: "", `{"a":1,}}`: "", `{,}`: "", `{"a" 1}`: "/a", `{a:1}`: "", `nul`: "", `True`: "", `{} {}`: "",
		`{"a":1,"a":2}`: "/a", `{"x":{"b":1,"\u0062":2}}`: "/x/b", `[{"~/":1,"~/":1}]`: "/0/~0~1",
		`1.`: "", `1e`: "", `1.5e+`: "", `01`: "", `-`: "", `+1`: "", `NaN`: "", `{"a":1.5,"b"}`: "/b",
		`"a`: "", "\"\x01\"": "", "\"\xff\"": "", `"\x"`: "", `"\u12"`: "", `"\ud800"`: "", `"\udc00\ud800"`: "", `"\u0000"`: "", "\"\\\xff\"": "",
		"\xef\xbb\xbf{}": "", `'a'`: "", `{"a":1 "b":2}`: "", `[1 2]`: "",
		strings.Repeat("[", 17) + strings.Repeat("]", 17): strings.Repeat("/0", 16),
	} {
		value, err := httpx.ParseStrict([]byte(text))
		var fault *httpx.Error
		if !errors.As(err, &fault) || fault.Code != httpx.CodeMalformedJSON || fault.Status() != 400 {
			t.Errorf("ParseStrict(%q) = %v, %v; want malformed_json", text, value, err)
			continue
		}
		if got := fault.Faults[0].Pointer; got != pointer && text != `[1` {
			t.Errorf("ParseStrict(%q) points to %q, want %q", text, got, pointer)
		}
	}
}

// Numbers that are JSON but no 64-bit integers are told all at once, as values that cannot be taken.
func TestParseStrict_numbers(t *testing.T) {
	t.Parallel()

	for text, pointers := range map[string][]string{
		`1.5`: {""}, `-0.0`: {""}, `1e3`: {""}, `1E-2`: {""}, `9223372036854775808`: {""}, `-9223372036854775809`: {""},
		`{"a":[1,{"b":1.5}],"c":99999999999999999999}`: {"/a/1/b", "/c"},
	} {
		value, err := httpx.ParseStrict([]byte(text))
		var fault *httpx.Error
		if !errors.As(err, &fault) || fault.Code != httpx.CodeValidationFailed || fault.Status() != 422 || len(fault.Faults) != len(pointers) {
			t.Errorf("ParseStrict(%s) = %v, %+v; want validation_failed", text, value, err)
			continue
		}
		for i, want := range pointers {
			if got := fault.Faults[i].Pointer; got != want {
				t.Errorf("ParseStrict(%s) points to %q, want %q", text, got, want)
			}
		}
	}
}

func TestAppendCanonical(t *testing.T) {
	t.Parallel()

	value, err := httpx.ParseStrict([]byte("{\"b\" : [1, \"\\u00e9\\u0001\\\"\" ], \"a\":{\"d\":null,\"c\":-0}}"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"a":{"c":0,"d":null},"b":[1,"é\u0001\""]}`
	if got := string(httpx.AppendCanonical(nil, value)); got != want {
		t.Errorf("canonical form %s, want %s", got, want)
	}
}

// What is accepted is what encoding/json reads too, and its canonical form means the same and is a fixed point.
func FuzzParseStrict(f *testing.F) {
	for _, seed := range []string{`{"a":[1,true,null,"x\u00e9"]}`, `[[]]`, `-1`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `1.0`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := httpx.ParseStrict(data)
		if err != nil {
			var fault *httpx.Error
			if !errors.As(err, &fault) || fault.Status() != 400 && fault.Code != httpx.CodeValidationFailed {
				t.Fatalf("ParseStrict(%q): %v", data, err)
			}
			return
		}
		canonical := httpx.AppendCanonical(nil, value)
		again, err := httpx.ParseStrict(canonical)
		if err != nil || !reflect.DeepEqual(again, value) || string(httpx.AppendCanonical(nil, again)) != string(canonical) {
			t.Fatalf("canonical form %q of %q: %v", canonical, data, err)
		}
		var theirs, ours any
		if err := json.Unmarshal(data, &theirs); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", data, err)
		}
		if err := json.Unmarshal(canonical, &ours); err != nil || !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("%q means %v, its canonical form %v", data, theirs, ours)
		}
	})
}
