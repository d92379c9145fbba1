package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// register adds the figures of the process to those of the admin host.
func (p *process) register(a *admin) error {
	store := func(name, help string, value func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "ordermill_" + name, Help: help}, func() float64 { return float64(value()) })
	}
	figures := []prometheus.Collector{
		store("appends_total", "Appends committed to the log.", func() int64 { return p.store.Stats().Appends }),
		store("append_batches_total", "Commits that appends have shared.", func() int64 { return p.store.Stats().Batches }),
		store("append_conflicts_total", "Appends refused because a stream had moved on.", func() int64 { return p.store.Stats().Conflicts }),
		store("append_retries_total", "Appends sent again after their batch was rolled back.", func() int64 { return p.store.Stats().Retries }),
		store("append_unknown_total", "Batches whose outcome had to be found out.", func() int64 { return p.store.Stats().Unknown }),
	}
	if p.engine != nil {
		figures = append(figures,
			store("commands_total", "Commands decided.", func() int64 { return p.engine.Stats().Commands }),
			store("commands_refused_total", "Commands that the domain's rules forbid.", func() int64 { return p.engine.Stats().Refused }),
			store("commands_replayed_total", "Commands answered with what was stored under their key.", func() int64 { return p.engine.Stats().Replayed }),
			store("commands_relocked_total", "Commands decided again under the log's lock.", func() int64 { return p.engine.Stats().Relocked }),
		)
	}
	figures = append(figures, healthFigures{a, p.blocked})
	for _, name := range p.set.Names() {
		figures = append(figures, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ordermill_projection_position", Help: "Position in the log that a read model is known to have reached.",
			ConstLabels: prometheus.Labels{"projection": name},
		}, func() float64 { return float64(p.set.Positions(p.store.Log()).Get(name)) }))
	}
	var errs []error
	for _, figure := range figures {
		errs = append(errs, a.registry.Register(figure))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("register figures: %w", err)
	}
	return nil
}

// Figures of health.
var (
	readyFigure = prometheus.NewDesc("ordermill_ready", "1 while the process can do what it is for, else 0.", nil, nil)
	partFigure  = prometheus.NewDesc("ordermill_part_ok", "1 while a part that readiness looks at is well, else 0.", []string{"part"}, nil)
	heldFigure  = prometheus.NewDesc("ordermill_log_held_seconds",
		"For how long another session has kept the log from being appended to. There is none in a healthy system.",
		[]string{"pid", "user", "application", "address"}, nil)
)

// healthFigures are what readiness says, as figures.
type healthFigures struct {
	admin   *admin
	blocked *blockedLog // nil: the process does not write
}

func (healthFigures) Describe(to chan<- *prometheus.Desc) {
	to <- readyFigure
	to <- partFigure
	to <- heldFigure
}

func (f healthFigures) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	verdict, _ := f.admin.readiness()
	gauge(readyFigure, oneIf(verdict == "ready"))
	for _, part := range f.admin.health.list() {
		missing, known := part.now()
		gauge(partFigure, oneIf(known && len(missing) == 0), part.name)
	}
	if f.blocked == nil {
		return
	}
	for _, held := range f.blocked.sessions() {
		gauge(heldFigure, time.Since(held.since).Seconds(), strconv.Itoa(held.PID), held.User, held.Application, held.Address)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
