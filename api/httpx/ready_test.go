package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
)

// Without any key nobody gets in, which is said; once there was one, it stays.
func TestReady(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	issuer, err := httpx.NewIssuer(k.ed, time.Now)
	must(t, err)
	var published atomic.Pointer[[]byte]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := published.Load()
		if body == nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(*body)
	}))
	t.Cleanup(server.Close)
	var skew atomic.Int64
	auth, err := httpx.NewAuthenticator(httpx.AuthConfig{
		Issuer: httpx.DevelopmentIssuer, Audience: httpx.DevelopmentAudience, JWKSURL: server.URL,
		Now: func() time.Time { return time.Now().Add(time.Duration(skew.Load())) },
	})
	must(t, err)
	if auth.Ready(t.Context()) == nil {
		t.Error("ready without a key")
	}
	keys := []byte(set(jwk(t, "ed", k.ed.Public(), "")))
	published.Store(&keys)
	skew.Add(int64(31 * time.Second))
	must(t, auth.Ready(t.Context()))
	published.Store(nil)
	skew.Add(int64(time.Hour))
	must(t, auth.Ready(t.Context()))

	fixed, err := issuer.AuthConfig()
	must(t, err)
	auth, err = httpx.NewAuthenticator(fixed)
	must(t, err)
	must(t, auth.Ready(t.Context()))
}
