package main

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// register adds the figures of the process to a registry.
func (p *process) register(registry prometheus.Registerer) error {
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
	for _, name := range p.set.Names() {
		figures = append(figures, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ordermill_projection_position", Help: "Position in the log that a read model is known to have reached.",
			ConstLabels: prometheus.Labels{"projection": name},
		}, func() float64 { return float64(p.set.Positions(p.store.Log()).Get(name)) }))
	}
	var errs []error
	for _, figure := range figures {
		errs = append(errs, registry.Register(figure))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("register figures: %w", err)
	}
	return nil
}
