package httpx_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
)

func TestParseKey(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]string{
		`"7b0c"`: "7b0c", `7b0c`: "7b0c", ` "a b" `: "!", `"a\"b"`: `a"b`, `"a\\b"`: `a\b`, `a\b`: `a\b`, `"a\x"`: "!", `"a`: "!", `a"b`: "!", `"a"b`: "!",
		`""`: "!", ``: "!", `é`: "!", "a\tb": "!", `"a";x=1`: "!", strings.Repeat("k", 255): strings.Repeat("k", 255), strings.Repeat("k", 256): "!",
		`"` + strings.Repeat("k", 255) + `"`: strings.Repeat("k", 255), `"` + strings.Repeat("k", 256) + `"`: "!",
	} {
		got, err := httpx.ParseKey(http.Header{"Idempotency-Key": {header}})
		if want == "!" {
			var fault *httpx.Error
			if !errors.As(err, &fault) || fault.Code != httpx.CodeKeyInvalid {
				t.Errorf("ParseKey(%q) = %q, %v; want idempotency_key_invalid", header, got, err)
			}
		} else if got != want || err != nil {
			t.Errorf("ParseKey(%q) = %q, %v; want %q", header, got, err, want)
		}
	}
	if _, err := httpx.ParseKey(http.Header{"Idempotency-Key": {"a", "a"}}); err == nil {
		t.Error("two keys are taken")
	}
	if key, err := httpx.ParseKey(http.Header{}); key != "" || err != nil {
		t.Errorf("no key: %q, %v", key, err)
	}
}

func TestParseIfMatch(t *testing.T) {
	t.Parallel()

	type versions = []eventstore.Version
	for header, want := range map[string]versions{
		`"v17"`: {17}, `*`: nil, `W/"v17"`: {-1}, `"x"`: {-1}, `"v-3"`: {-1}, `"v01"`: {-1}, `"v+1"`: {-1}, `"v1 "`: {-1}, `"v"`: {-1}, `"v0"`: {-1},
		`"v1", "v2"`: {1, 2}, `"v1","a,b" , ,W/"v2"`: {1, -1, -1}, `"v17-0123abcd"`: {17}, `"v17-0123ABCD"`: {-1}, `"v17-1"`: {-1}, `"v17-"`: {-1},
	} {
		if got, err := httpx.ParseIfMatch(http.Header{"If-Match": {header}}); err != nil || !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("ParseIfMatch(%q) = %v, %v; want %v", header, got, err, want)
		}
	}
	for _, header := range []string{`v17`, `"`, ``, ` , `, `"v1`, `v1"`, `"v1" "v2"`, `*, "v1"`, `"v1", *`} {
		if got, err := httpx.ParseIfMatch(http.Header{"If-Match": {header}}); err == nil {
			t.Errorf("ParseIfMatch(%q) = %v, want an error", header, got)
		}
	}
	if got, err := httpx.ParseIfMatch(http.Header{"If-Match": {`"v1"`, `"v2"`}}); err != nil || !slices.Equal(got, versions{1, 2}) {
		t.Errorf("two lines: %v, %v", got, err)
	}
}

func TestNoneMatch(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]bool{
		`"v1"`: true, `W/"v1"`: true, `*`: true, `"v2", "v1"`: true, `"v01"`: false, `"v1-00000000"`: false, `v1`: false, `"a,"v1""`: false, `"x, \"v1\"", "y"`: false, ``: false,
	} {
		if got := httpx.NoneMatch(http.Header{"If-None-Match": {`"other"`, header}}, `"v1"`); got != want {
			t.Errorf("NoneMatch(%s) = %v, want %v", header, got, want)
		}
	}
}

func TestParsePrefer(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]httpx.Prefer{
		`wait=3`:                   {Wait: 3e9, HasWait: true},
		`wait=0, handling=lenient`: {HasWait: true, Lenient: true},
		`handling=strict, handling=lenient, wait=1, wait=2`: {Wait: 1e9, HasWait: true},
		`foo="a, dry-run", handling=lenient`:                {Lenient: true},
		`WAIT="7"; x=1, unknown`:                            {Wait: 7e9, HasWait: true},
		`wait=86400`:                                        {Wait: 10e9, HasWait: true},
		`wait=soon, handling=strict`:                        {},
		`wait=1, wait=9`:                                    {Wait: 1e9, HasWait: true},
		`Dry-Run, wait=2`:                                   {Wait: 2e9, HasWait: true, DryRun: true},
		`dryrun, no-dry-run`:                                {},
		`wait=99999999999999999999999`:                      {},
	} {
		if got := httpx.ParsePrefer(http.Header{"Prefer": {header}}); got != want {
			t.Errorf("ParsePrefer(%q) = %+v, want %+v", header, got, want)
		}
	}
}

func TestParseTrace(t *testing.T) {
	t.Parallel()

	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, kept := range map[string]bool{
		"00-" + id + "-00f067aa0ba902b7-01": true, "01-" + id + "-00f067aa0ba902b7-01-more": true, "": false, "00-" + id + "-00f067aa0ba902b7-01-more": false,
		"ff-" + id + "-00f067aa0ba902b7-01": false, "00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01": false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": false, "00-" + id + "-" + strings.Repeat("0", 16) + "-01": false,
	} {
		trace := httpx.ParseTrace(header)
		if (trace.ID == id) != kept || len(trace.ID) != 32 {
			t.Errorf("ParseTrace(%q) = %+v, kept: %v", header, trace, kept)
		}
		if parent := trace.Parent(); len(parent) != 55 || parent[3:35] != trace.ID || parent == header {
			t.Errorf("Parent() = %q of %q", parent, header)
		}
	}
}
