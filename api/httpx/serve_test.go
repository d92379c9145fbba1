package httpx_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ordermill/ordermill/api/httpx"
)

// A host that ends answers what it has begun, and nothing new.
func TestServe(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	metrics, err := httpx.NewMetrics(registry)
	must(t, err)
	host := httpx.NewHost(httpx.HostConfig{Name: "test", Metrics: metrics})
	began, finish := make(chan struct{}), make(chan struct{})
	host.GET("/slow/:id", func(c echo.Context) error {
		close(began)
		<-finish
		return c.String(http.StatusOK, "done")
	})
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- host.Serve(ctx, listener, 10*time.Second) }()
	get := func(path string) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+path, http.NoBody)
		if err != nil {
			return 0, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	slow := make(chan error, 1)
	go func() {
		status, err := get("/slow/7")
		if status != http.StatusOK && err == nil {
			err = http.ErrBodyNotAllowed
		}
		slow <- err
	}()
	<-began
	stop()
	poll(t, func() bool { _, err := get("/new"); return err != nil })
	close(finish)
	if err := <-slow; err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	families, err := registry.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "route" && label.GetValue() == "/slow/:id" {
					return
				}
			}
		}
	}
	t.Errorf("the request is not counted by its route: %v", families)
}
