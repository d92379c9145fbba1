package httpx_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/api/httpx"
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

	for header, want := range map[string]int64{
		`"v17"`: 17, `*`: -1, `W/"v17"`: 0, `"x"`: 0, `"v-3"`: 0, `v17`: -2, `"v1", "v2"`: -2, `"`: -2, ``: -2, `"v1`: -2,
	} {
		got, err := httpx.ParseIfMatch(http.Header{"If-Match": {header}})
		switch {
		case want == -2 && err == nil, want != -2 && err != nil, want == -1 && got != nil, want >= 0 && (got == nil || int64(*got) != want):
			t.Errorf("ParseIfMatch(%q) = %v, %v; want %d", header, got, err, want)
		}
	}
}

func TestParsePrefer(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]httpx.Prefer{
		`wait=3`:                       {Wait: 3e9, HasWait: true},
		`wait=0, handling=lenient`:     {HasWait: true, Lenient: true},
		`WAIT="7"; x=1, unknown`:       {Wait: 7e9, HasWait: true},
		`wait=86400`:                   {Wait: 10e9, HasWait: true},
		`wait=soon, handling=strict`:   {},
		`wait=1, wait=9`:               {Wait: 1e9, HasWait: true},
		`Dry-Run, wait=2`:              {Wait: 2e9, HasWait: true, DryRun: true},
		`dryrun, no-dry-run`:           {},
		`wait=99999999999999999999999`: {},
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
