package main

import (
	"context"
	"slices"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
	"github.com/ordermill/ordermill/projections/reservations"
)

// Size of the engine of a process that appends nothing but what is due.
const (
	sweepConnections = 2
	sweepStates      = 2_000
)

// buildSweeper builds what ends that which is due. It uses the process's engine, or one of its own: a projector's
// rights do not include appending. Processes need not agree on who sweeps, since whoever comes second finds nothing to
// do.
func (p *process) buildSweeper(ctx context.Context) error {
	engine := p.engine
	if engine == nil {
		pool, err := p.openPool(ctx, writeRole, sweepConnections)
		if err != nil {
			return err
		}
		store, err := eventstore.Open(ctx, pool, eventstore.Config{Logger: p.log, TailBytes: p.memory.tail / 8})
		if err != nil {
			return err
		}
		p.closers = append(p.closers, store.Close)
		p.sweepStore = store
		p.sweepEngine = commands.New(store, commands.Config{States: sweepStates, Bytes: p.memory.states / 4, Logger: p.log})
		engine = p.sweepEngine
	}
	p.sweeper = commands.NewSweeper(commands.SweeperConfig{Do: engine.Do, Due: p.due, Now: p.now, Logger: p.log})
	return nil
}

// startSweeper starts it, and its engine before it.
func (p *process) startSweeper(ctx context.Context) {
	if p.sweepEngine != nil {
		p.group.start(ctx, "sweeper's signals", p.sweepStore.SendSignals)
		p.group.start(ctx, "sweeper's watch over the log's past", p.sweepStore.WatchPast)
		p.group.start(ctx, "sweeper's engine", p.sweepEngine.Run)
	}
	p.group.start(ctx, "sweeper", p.sweeper.Run)
}

// overdue is something that is due, and since when.
type overdue struct {
	commands.Due
	since time.Time
}

// dueSources are the read models that know what is due, by name. A literal, never changed.
var dueSources = map[string]func(ctx context.Context, db query.DB, g projections.Generation, now time.Time, limit int) ([]overdue, error){
	orderlist.Name:    dueOrders,
	reservations.Name: dueReservations,
}

// due returns what all read models know to be due, the longest overdue first: nothing while the log's past is not clear.
func (p *process) due(ctx context.Context, now time.Time, limit int) ([]commands.Due, error) {
	if err := p.store.Past().Err(); err != nil {
		return nil, err
	}
	var all []overdue
	for name, source := range dueSources {
		g, _, err := p.set.Positions(p.store.Log()).Live(ctx, name)
		if err != nil {
			return nil, err
		}
		found, err := source(ctx, p.projectPool, g, now, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b overdue) int { return a.since.Compare(b.since) })
	due := make([]commands.Due, 0, min(len(all), limit))
	for _, o := range all[:min(len(all), limit)] {
		due = append(due, o.Due)
	}
	return due, nil
}

func dueOrders(ctx context.Context, db query.DB, g projections.Generation, now time.Time, limit int) ([]overdue, error) {
	found, err := orderlist.DueBefore(ctx, db, g, now, limit)
	all := make([]overdue, len(found))
	for i, o := range found {
		kind := commands.DueOrder
		if o.Kind == orderlist.DueHold {
			kind = commands.DueHold
		}
		all[i] = overdue{commands.Due{Tenant: o.Tenant, Kind: kind, ID: o.OrderID, HoldID: o.HoldID}, o.At}
	}
	return all, err
}

func dueReservations(ctx context.Context, db query.DB, g projections.Generation, now time.Time, limit int) ([]overdue, error) {
	found, err := reservations.DueBefore(ctx, db, g, now, limit)
	all := make([]overdue, len(found))
	for i, r := range found {
		all[i] = overdue{commands.Due{Tenant: r.Tenant, Kind: commands.DueReservation, ID: r.ID}, r.ExpiresAt}
	}
	return all, err
}
