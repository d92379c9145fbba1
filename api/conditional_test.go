package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// An ETag stands for what was answered: who sees another part of the same version, or the same after an erasure, has not
// got it already.
func TestETag_audience(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	own := s.token("customer", "c-1")
	placed := s.do(call{
		method: http.MethodPost, path: "/v1/orders", token: own,
		body: `{"currency":"EUR","external_id":"x-1","channel":"web","customer":{"email":"a@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":1}]}`,
	})
	placed.want(t, http.StatusCreated)
	id := placed.get(t, "id")
	paths := []string{
		"/v1/orders/" + id, "/v1/orders/by-number/" + placed.get(t, "order_number"), "/v1/orders/by-external-id/x-1?channel=web", "/v1/orders/" + id + "?as_of=v1",
	}
	audiences := map[string]string{"admin": s.token("admin", "ann"), "analyst": s.token("analyst", "bob"), "customer": own}
	read := func(method, path, token, tag string) reply {
		header := map[string]string{"Consistency-Token": placed.header.Get("Consistency-Token")}
		if tag != "" {
			header["If-None-Match"] = tag
		}
		return s.do(call{method: method, path: path, token: token, header: header})
	}
	seen := make(map[string]map[string]string) // path and audience -> tag
	for _, path := range paths {
		seen[path] = make(map[string]string)
		for who, token := range audiences {
			got := read(http.MethodGet, path, token, "")
			got.want(t, http.StatusOK)
			seen[path][who] = got.header.Get("Etag")
			if !strings.HasPrefix(got.header.Get("Etag"), `"v1`) || got.header.Get("Vary") != "Authorization" {
				t.Errorf("%s as %s: ETag %s, Vary %q", path, who, got.header.Get("Etag"), got.header.Get("Vary"))
			}
		}
	}
	if placed.header.Get("Etag") != seen[paths[0]]["customer"] {
		t.Errorf("placed as %s, read as %s", placed.header.Get("Etag"), seen[paths[0]]["customer"])
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for who, token := range audiences {
				for other, tag := range seen[path] {
					if got := read(method, path, token, tag); (got.status == http.StatusNotModified) != (who == other) {
						t.Errorf("%s %s as %s with the tag of %s: %d", method, path, who, other, got.status)
					}
				}
			}
		}
	}
	changed := s.do(call{method: http.MethodPatch, path: "/v1/orders/" + id, body: `{"tags":["a"]}`, header: map[string]string{"If-Match": seen[paths[0]]["analyst"]}})
	changed.want(t, http.StatusOK) // whoever sees a version may name it
	if again := read(http.MethodGet, paths[3], audiences["admin"], seen[paths[3]]["admin"]); again.status != http.StatusNotModified {
		t.Errorf("the past has changed: %d", again.status)
	}

	s.post("/v1/customers/c-1/erase", "").want(t, http.StatusAccepted)
	placed = changed
	for _, path := range paths[:3] {
		for who, token := range audiences {
			got := read(http.MethodGet, path, token, strings.Replace(seen[path][who], `"v1`, `"v2`, 1))
			if who != "analyst" && got.status != http.StatusOK {
				t.Errorf("%s as %s after the erasure: %d", path, who, got.status)
			}
		}
	}
	for _, who := range []string{"admin", "customer"} {
		if got := read(http.MethodGet, paths[3], audiences[who], seen[paths[3]][who]); got.status != http.StatusOK || strings.Contains(string(got.body), "example.test") {
			t.Errorf("the past as %s after the erasure: %d %s", who, got.status, got.body)
		}
	}
}

// If-Match is a list, on one line or several, of which one has to fit.
func TestIfMatch_list(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("TSHIRT-M", "10")
	for name, tt := range map[string]struct {
		lines  []string
		status int
	}{
		"the second fits":  {[]string{`"v7", "v1"`}, http.StatusOK},
		"on another line":  {[]string{`"v7"`, `"v1"`}, http.StatusOK},
		"none fits":        {[]string{`"v7", "v01"`, `W/"v1"`}, http.StatusPreconditionFailed},
		"any, and another": {[]string{`*`, `"v1"`}, http.StatusBadRequest},
		"any":              {[]string{`*`}, http.StatusOK},
	} {
		path := "/v1/orders/" + s.place("TSHIRT-M").get(t, "id")
		for method, body := range map[string]string{http.MethodPatch: `{"tags":["a"]}`, http.MethodPost: ""} {
			request := call{method: method, path: path, body: body, lines: map[string][]string{"If-Match": tt.lines}}
			if method == http.MethodPost {
				request.path = s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":1}]}`).header.Get("Location") + "/actions/cancel"
			}
			if got := s.do(request); got.status != tt.status {
				t.Errorf("%s: %s %v: %d %s, want %d", name, method, tt.lines, got.status, got.body, tt.status)
			}
		}
	}
}

// Headers that are lists may come on several lines; those that are none may not.
func TestHeaderLines(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	body := `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":1}]}`
	for name, tt := range map[string]struct {
		lines  map[string][]string
		status int
	}{
		"two preferences":      {map[string][]string{"Prefer": {"wait=1", "dry-run"}}, http.StatusOK},
		"a second encoding":    {map[string][]string{"Content-Encoding": {"identity", "gzip"}}, http.StatusUnsupportedMediaType},
		"no encoding, twice":   {map[string][]string{"Content-Encoding": {"identity", "identity, "}}, http.StatusCreated},
		"an encoding in a row": {map[string][]string{"Content-Encoding": {"identity, br"}}, http.StatusUnsupportedMediaType},
		"two types":            {map[string][]string{"Content-Type": {"application/json", "text/plain"}}, http.StatusUnsupportedMediaType},
		"a charset after all":  {map[string][]string{"Content-Type": {"application/json; profile=x; charset=latin1"}}, http.StatusUnsupportedMediaType},
		"a second accept":      {map[string][]string{"Accept": {"text/html", "application/json"}}, http.StatusCreated},
		"an empty accept":      {map[string][]string{"Accept": {""}}, http.StatusCreated},
		"two keys":             {map[string][]string{"Idempotency-Key": {"a", "a"}}, http.StatusBadRequest},
		"two tokens":           {map[string][]string{"Consistency-Token": {"a", "a"}}, http.StatusBadRequest},
	} {
		if got := s.do(call{method: http.MethodPost, path: "/v1/orders", body: body, lines: tt.lines}); got.status != tt.status {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, tt.status)
		} else if name == "two preferences" && got.header.Get("Preference-Applied") != "dry-run" {
			t.Errorf("%s: %v", name, got.header)
		}
	}
}

// A consistency token that nobody here gave out is refused by every read.
func TestForgedTokens(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("TSHIRT-M", "10")
	mine := s.place("TSHIRT-M")
	for _, r := range routes(t) {
		if r.Method != http.MethodGet {
			continue
		}
		target := path(r, mine.get(t, "id"), mine.get(t, "order_number"))
		good := mine.header.Get("Consistency-Token")
		for _, forged := range []string{"x", good[:len(good)-2] + "AA", good + "A"} {
			for _, request := range []call{
				{method: r.Method, path: target, header: map[string]string{"Consistency-Token": forged}},
				{method: r.Method, path: target + "?consistency_token=" + forged},
			} {
				if got := s.do(request); got.status != http.StatusBadRequest {
					t.Errorf("%s takes the token %q: %d %s", r.Operation, forged, got.status, got.body)
				}
			}
		}
	}
}
