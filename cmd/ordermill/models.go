package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/customers"
	"github.com/ordermill/ordermill/projections/documents"
	"github.com/ordermill/ordermill/projections/metrics"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/products"
	"github.com/ordermill/ordermill/projections/reservations"
	"github.com/ordermill/ordermill/projections/stocklevels"
	"github.com/ordermill/ordermill/projections/topskus"
)

// projectRedisTimeout is the patience of projectors, which have nobody else to write to.
const projectRedisTimeout = 5 * time.Second

// openProjections names all read models. Those in Redis are there only if Redis is.
func (p *process) openProjections(context.Context) error {
	orders, stock := documents.Orders().Remember(p.memory.recent), documents.StockLevels().Remember(p.memory.recent)
	config := projections.Config{
		Pool: p.projectPool, Stores: []*eventstore.Store{p.store}, Logger: p.log, DecodedBytes: p.memory.decoded,
		Models: readModels(orders, stock),
	}
	if p.config.RedisURL != "" {
		client, err := documents.Connect(p.config.RedisURL, projectRedisTimeout)
		if err != nil {
			return err
		}
		p.closers = append(p.closers, func(context.Context) error { return client.Close() })
		config.Backends = []projections.Backend{
			documents.NewBackend(orders, client, p.store, documents.BackendConfig{}),
			documents.NewBackend(stock, client, p.store, documents.BackendConfig{}),
		}
	}
	for _, model := range config.Models {
		p.models = append(p.models, model.Name())
	}
	for _, backend := range config.Backends {
		p.caches = append(p.caches, backend.Name())
	}
	var err error
	p.set, err = projections.NewSet(config)
	return err
}

// readModels are the read models in Postgres.
func readModels(orders, stock *documents.Kind) []projections.Model {
	return []projections.Model{
		documents.NewModel(orders), documents.NewModel(stock),
		orderlist.Model{},
		stocklevels.Model{},
		products.Model{},
		metrics.Model{},
		topskus.Model{},
		customers.Model{},
		reservations.Model{},
	}
}

// modelNames are the names of all read models, whether or not there is a Redis for those that are kept there.
func modelNames() []string {
	orders, stock := documents.Orders(), documents.StockLevels()
	var names []string
	for _, model := range readModels(orders, stock) {
		names = append(names, model.Name())
	}
	for _, kind := range []*documents.Kind{orders, stock} {
		names = append(names, documents.NewBackend(kind, nil, nil, documents.BackendConfig{}).Name())
	}
	return names
}

// Patience with read models that do not move.
const (
	caughtUpCheck = 5 * time.Second
	caughtUpStall = time.Minute
)

// caughtUp waits until the named read models have got as far as the log is now.
func (p *process) caughtUp(ctx context.Context, names []string) error {
	head, _, err := p.store.Head(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.reached(ctx, name, head); err != nil {
			return err
		}
	}
	return nil
}

// reached waits until a read model has got to a position. It gives up when that has not moved for a while.
func (p *process) reached(ctx context.Context, name string, position eventstore.Position) error {
	positions := p.set.Positions(p.store.Log())
	for moved := time.Now(); ; {
		before := positions.Get(name)
		waiting, cancel := context.WithTimeout(ctx, caughtUpCheck)
		err := positions.Wait(waiting, name, position)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case positions.Get(name) > before:
			moved = time.Now()
		case time.Since(moved) > caughtUpStall:
			return fmt.Errorf("read model %s stays at position %d of %d; `ordermill projections` says why", name, positions.Get(name), position)
		}
	}
}
