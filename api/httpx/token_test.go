package httpx_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/eventstore"
)

func newTokens(tb testing.TB, secret string) *httpx.Tokens {
	tb.Helper()
	tokens, err := httpx.NewTokens([]byte(secret))
	if err != nil {
		tb.Fatal(err)
	}
	return tokens
}

func TestTokens_position(t *testing.T) {
	t.Parallel()

	tokens, other := newTokens(t, "0123456789abcdef"), newTokens(t, "0123456789abcdeg")
	at := eventstore.Place{Epoch: 2, Position: 1 << 40, Event: uuid.New()}
	token := tokens.Position(3, at)
	if token != tokens.Position(3, at) {
		t.Error("the same place has two tokens")
	}
	got, err := tokens.ParsePosition(token)
	if got.Log != 3 || got.Epoch != at.Epoch || got.Position != at.Position || err != nil {
		t.Errorf("ParsePosition = %+v, %v; want %+v", got, err, at)
	}
	if !tokens.Proves(got, at.Event) || tokens.Proves(got, uuid.New()) || tokens.Proves(got, uuid.Nil) || other.Proves(got, at.Event) {
		t.Error("the token does not tell its own past from another one")
	}
	for _, wrong := range []string{"", "x", token[1:], token + "A", other.Position(3, at), "A" + token[1:len(token)-1] + "B"} {
		var fault *httpx.Error
		if got, err := tokens.ParsePosition(wrong); !errors.As(err, &fault) || fault.Code != httpx.CodeInvalidHeader {
			t.Errorf("ParsePosition(%q) = %+v, %v; want invalid_header", wrong, got, err)
		}
	}
	if _, err := httpx.NewTokens([]byte("short")); err == nil {
		t.Error("a short secret is taken")
	}
}

func TestTokens_cursor(t *testing.T) {
	t.Parallel()

	tokens := newTokens(t, "0123456789abcdef")
	cursor := tokens.Cursor("status=pending", "place")
	if got, err := tokens.ParseCursor("status=pending", cursor); got != "place" || err != nil {
		t.Errorf("ParseCursor = %q, %v", got, err)
	}
	for query, tests := range map[string]map[string]httpx.Code{
		"status=paid":    {cursor: httpx.CodeCursorMismatch},
		"status=pending": {"": httpx.CodeInvalidCursor, cursor[2:]: httpx.CodeInvalidCursor, cursor + "AA": httpx.CodeInvalidCursor, "é": httpx.CodeInvalidCursor},
	} {
		for wrong, code := range tests {
			var fault *httpx.Error
			if _, err := tokens.ParseCursor(query, wrong); !errors.As(err, &fault) || fault.Code != code {
				t.Errorf("ParseCursor(%q, %q): %v; want %s", query, wrong, err, code)
			}
		}
	}
}

func FuzzTokens(f *testing.F) {
	tokens := newTokens(f, "0123456789abcdef")
	f.Add(tokens.Position(1, eventstore.Place{Epoch: 1, Position: 1}), "q")
	f.Add(tokens.Cursor("q", "p"), "q")
	f.Fuzz(func(t *testing.T, text, query string) {
		if at, err := tokens.ParsePosition(text); err == nil && tokens.Proves(at, uuid.Nil) &&
			tokens.Position(at.Log, eventstore.Place{Epoch: at.Epoch, Position: at.Position}) != text {
			t.Errorf("%q is taken for the token of %+v", text, at)
		}
		if place, err := tokens.ParseCursor(query, text); err == nil && tokens.Cursor(query, place) != text {
			t.Errorf("%q is taken for a cursor", text)
		}
	})
}

func TestTokens_quote(t *testing.T) {
	t.Parallel()

	tokens, other := newTokens(t, "0123456789abcdef"), newTokens(t, "0123456789abcdeg")
	total, basis, ends := money.Amount{Minor: 4980, Currency: "EUR"}, []byte("two shirts to Berlin"), noon.Add(15*time.Minute)
	token := tokens.Quote(basis, total, ends)
	if got, err := tokens.ParseQuote(basis, token, ends.Add(-time.Millisecond)); got != total || err != nil {
		t.Errorf("ParseQuote = %v, %v; want %v", got, err, total)
	}
	for name, tt := range map[string]struct {
		basis, token string
		at           time.Time
		says         string
	}{
		"too late":      {string(basis), token, ends, "ended at 20"},
		"other basis":   {"three shirts to Berlin", token, noon, "is not of a quote"},
		"other shop":    {string(basis), other.Quote(basis, total, ends), noon, "is not of a quote"},
		"cut":           {string(basis), token[:len(token)-1], noon, "is not of a quote"},
		"nothing":       {string(basis), "", noon, "is not of a quote"},
		"other purpose": {string(basis), tokens.Cursor("a", "b"), noon, "is not of a quote"},
	} {
		var fault *httpx.Error
		_, err := tokens.ParseQuote([]byte(tt.basis), tt.token, tt.at)
		if !errors.As(err, &fault) || fault.Code != httpx.CodeValidationFailed || fault.Faults[0].Pointer != "/quote_token" || !strings.Contains(fault.Detail, tt.says) {
			t.Errorf("%s: %v; want %q", name, err, tt.says)
		}
	}
}
