package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/read"
	"github.com/ordermill/ordermill/api/write"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/documents"
)

// closeTimeout bounds the closing of what does no more work.
const closeTimeout = 3 * time.Second

// process is everything of ordermill that one process has, built by hand from the bottom to the top. What is built
// first is closed last.
type process struct {
	config config
	memory shares
	roles  roles
	log    *slog.Logger
	now    func() time.Time

	writePool, projectPool, readPool *pgxpool.Pool // nil unless a role needs it
	store                            *eventstore.Store
	vault                            *eventstore.Vault
	set                              *projections.Set
	models, caches                   []string // names of the read models in Postgres and in Redis
	engine                           *commands.Engine
	sweeper                          *commands.Sweeper // nil unless the process projects
	sweepEngine                      *commands.Engine  // nil if it sweeps with engine
	sweepStore                       *eventstore.Store // of sweepEngine
	writeHost                        *httpx.Host
	readHost                         *read.Host
	reader                           *documents.Reader
	parked                           *parkedStreams
	denials                          *httpx.Denials
	auth                             *httpx.Authenticator // nil unless the process serves
	blocked                          *blockedLog          // nil unless the process writes

	group   *group
	closers []func(context.Context) error
}

// options are what a process is made of, beside its configuration.
type options struct {
	roles   roles
	secrets *secrets
	admin   *admin // its registry gets the figures; nil: none are kept
	log     *slog.Logger
	now     func() time.Time
}

// newProcess connects and builds. Nothing runs yet but the event store's own connections.
func newProcess(ctx context.Context, c config, o options) (_ *process, err error) {
	p := &process{config: c, memory: sharesOf(debug.SetMemoryLimit(-1)), roles: o.roles, log: o.log, now: o.now, group: newGroup()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close(ctx))
		}
	}()
	if err := checkSchema(ctx, c); err != nil {
		return nil, err
	}
	if err := p.openStore(ctx); err != nil {
		return nil, err
	}
	if err := p.openProjections(ctx); err != nil {
		return nil, err
	}
	if o.roles != (roles{}) { // else it repairs, or only looks
		if err := p.set.Judge(ctx); err != nil && !errors.Is(err, eventstore.ErrAnotherPast) { // which the store says to all who ask
			return nil, err
		}
	}
	if o.roles.write {
		p.engine = commands.New(p.store, commands.Config{Logger: o.log, Bytes: p.memory.states})
	}
	if o.roles.project {
		if err := p.buildSweeper(ctx); err != nil {
			return nil, err
		}
	}
	if o.secrets != nil && (o.roles.write || o.roles.read) {
		if err := p.buildHosts(ctx, o); err != nil {
			return nil, err
		}
	}
	if o.admin != nil {
		err = errors.Join(p.watchHealth(ctx, o.admin.health), p.register(o.admin))
	}
	return p, err
}

// openStore opens the event store, with the least rights that do.
func (p *process) openStore(ctx context.Context) (err error) {
	if p.projectPool, err = p.openPool(ctx, projectRole, p.config.Connections); err != nil {
		return err
	}
	pool := p.projectPool
	if p.roles.write {
		if p.writePool, err = p.openPool(ctx, writeRole, p.config.Connections); err != nil {
			return err
		}
		pool = p.writePool
	}
	if p.store, err = eventstore.Open(ctx, pool, eventstore.Config{Logger: p.log, TailBytes: p.memory.tail}); err != nil {
		return err
	}
	p.closers = append(p.closers, p.store.Close)
	return nil
}

func (p *process) openPool(ctx context.Context, role string, connections int) (*pgxpool.Pool, error) {
	pool, err := newPool(ctx, p.config, role, connections)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func(ctx context.Context) error { return closePool(ctx, role, pool) })
	return pool, pool.Ping(ctx)
}

// closePool waits for connections in use, but not for ever.
func closePool(ctx context.Context, role string, pool *pgxpool.Pool) error {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		pool.Close()
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connections of %s are still in use", role)
	}
}

// buildHosts builds the servers of the APIs.
func (p *process) buildHosts(ctx context.Context, o options) error {
	var err error
	if p.auth, err = httpx.NewAuthenticator(o.secrets.auth); err != nil {
		return err
	}
	tokens, err := o.secrets.tokens()
	if err != nil {
		return err
	}
	keyPool := p.projectPool
	if p.roles.write {
		keyPool = p.writePool // makes keys, too
	}
	if p.vault, err = eventstore.NewVault(keyPool, eventstore.VaultConfig{MasterKeys: o.secrets.masters}); err != nil {
		return err
	}
	if err := p.vault.CheckMasterKeys(ctx); err != nil {
		return masterKeyError(err)
	}
	p.denials = httpx.NewDenials(p.store.NoteDecisions, o.log)
	host := httpx.HostConfig{Log: o.log, Denials: p.denials}
	if o.admin != nil {
		if host.Metrics, err = httpx.NewMetrics(o.admin.registry); err != nil {
			return err
		}
	}
	if p.roles.read {
		if err := p.buildReadHost(ctx, tokens, host); err != nil {
			return err
		}
		host.Reads = p.readHost // what a write's Location names is served where the write was
	}
	if p.roles.write {
		host.ReadURL = p.config.ReadURL
		p.writeHost, err = write.New(write.Config{
			Do: p.engine.Do, Store: p.store, Vault: p.vault, Auth: p.auth, Tokens: tokens, Expiry: p.config.OrderTTL, Now: o.now, Host: host,
		})
	}
	return err
}

// startAdmin keeps the operators' host and looks after the process.
func (p *process) startAdmin(ctx context.Context, a *admin) {
	p.group.start(ctx, "admin host", a.serve)
	p.group.start(ctx, "health", a.health.run)
}

// startWork starts what works behind the hosts.
func (p *process) startWork(ctx context.Context, owner string) {
	p.group.start(ctx, "signals", p.store.RunSignals)
	p.group.start(ctx, "watch over the log's past", p.set.WatchPasts)
	if p.engine != nil {
		p.group.start(ctx, "command engine", p.engine.Run)
	}
	if p.roles.project {
		p.group.start(ctx, "projections", func(ctx context.Context) error {
			return p.set.Run(ctx, projections.RunOptions{Owner: owner, DrainTime: p.config.DrainTimeout / 2})
		})
		p.startSweeper(ctx)
	}
}

// startHosts starts to serve.
func (p *process) startHosts(ctx context.Context, l *listeners) {
	grace := p.config.DrainTimeout
	if p.denials != nil { // a process without hosts denies nobody
		p.group.start(ctx, "denied calls", p.denials.Run)
	}
	if p.readHost != nil {
		p.startReading(ctx)
		p.group.start(ctx, "read API", func(ctx context.Context) error { return p.readHost.Serve(ctx, l.read, grace) })
	}
	if p.writeHost != nil && p.readHost == nil { // which does the same
		p.group.start(ctx, "erasures", func(ctx context.Context) error { return commands.FollowErasures(ctx, p.store, p.vault, p.log) })
	}
	if p.writeHost != nil {
		p.group.start(ctx, "write API", func(ctx context.Context) error { return p.writeHost.Serve(ctx, l.write, grace) })
	}
}

// stop ends everything in order: no new requests, the running ones, frames and leases, commands, connections.
func (p *process) stop(ctx context.Context) error {
	draining, cancel := closing(ctx, p.config.DrainTimeout)
	defer cancel()
	return errors.Join(p.group.stop(draining), p.close(ctx))
}

// close closes what was opened, the last one first.
func (p *process) close(ctx context.Context) error {
	ctx, cancel := closing(ctx, closeTimeout)
	defer cancel()
	var errs []error
	for _, closer := range slices.Backward(p.closers) {
		errs = append(errs, closer(ctx))
	}
	p.closers = nil
	return errors.Join(errs...)
}
