package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

// discard is a response that is thrown away.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// The hot path against a bare handler that answers the same bytes, both without a network.
func BenchmarkGetOrder(b *testing.B) {
	s := newShop(b).withReads(nil)
	s.stocked("B", "10")
	placed := s.place("B")
	path := "/v1/orders/" + placed.get(b, "id")
	var body []byte
	poll(b, func() bool {
		r := s.get(path, placed)
		body = r.body
		return r.header.Get("Cache") == "hit" && s.read.CacheStats().Hits > 0
	})
	bare := echo.New()
	bare.GET("/v1/orders/:id", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, body) })
	token := "Bearer " + s.token("admin", "bench")
	for name, handler := range map[string]http.Handler{"bare": bare, "cached": s.read} {
		b.Run(name, func(b *testing.B) {
			request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, http.NoBody)
			request.Header.Set("Authorization", token)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(&discard{make(http.Header, 16)}, request)
			}
		})
		b.Run(name+" by HTTP", func(b *testing.B) {
			server := httptest.NewServer(handler)
			defer server.Close()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for pb.Next() {
					request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+path, http.NoBody)
					if err != nil {
						b.Fatal(err)
					}
					request.Header.Set("Authorization", token)
					response, err := client.Do(request)
					if err != nil {
						b.Fatal(err)
					}
					buffer := make([]byte, 4096)
					for {
						if _, err := response.Body.Read(buffer); err != nil {
							break
						}
					}
					_ = response.Body.Close()
				}
			})
		})
	}
}
