package httpx

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts and times requests by host, method, route and status. It is safe for concurrent use.
type Metrics struct {
	requests *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	known    sync.Map // series -> prometheus.Observer: looking labels up by name is slow
}

type series struct {
	host, method, route string
	status              int
}

// NewMetrics registers the series. Both hosts of a process may share them.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ordermill_http_request_duration_seconds", Help: "Time to answer a request, by host, method, route and status.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"host", "method", "route", "status"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ordermill_http_requests_in_flight", Help: "Requests that are being answered, by host.",
		}, []string{"host"}),
	}
	if err := errors.Join(registry.Register(m.requests), registry.Register(m.inFlight)); err != nil {
		return nil, fmt.Errorf("register HTTP metrics: %w", err)
	}
	return m, nil
}

func (m *Metrics) observe(host, method, route string, status int, took time.Duration) {
	key := series{host, method, route, status}
	found, ok := m.known.Load(key)
	if !ok {
		found, _ = m.known.LoadOrStore(key, m.requests.WithLabelValues(host, method, route, strconv.Itoa(status)))
	}
	if observer, ok := found.(prometheus.Observer); ok {
		observer.Observe(took.Seconds())
	}
}
