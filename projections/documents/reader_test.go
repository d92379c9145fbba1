package documents

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/projections"
)

// served is a shop with its models in Postgres and Redis, and a reader with no more rights than it needs.
type served struct {
	*shop
	orders, stock *Model
	cache         *Backend
	stockCache    *Backend
	server        *redistest.Server
	reader        *Reader
}

func serve(t *testing.T, atLeast int, config ReaderConfig) *served {
	t.Helper()
	v := &served{shop: newShop(t, atLeast), orders: NewModel(Orders()), stock: NewModel(StockLevels())}
	v.server = redistest.Start(t, nil)
	client := v.server.Client(t)
	v.cache = NewBackend(Orders(), client, v.store, BackendConfig{})
	v.stockCache = NewBackend(StockLevels(), client, v.store, BackendConfig{})
	v.prepare(t, []*Model{v.orders, v.stock}, []*Backend{v.cache, v.stockCache})
	config.Postgres = readPool(t, v.pool)
	if config.RedisTimeout == 0 {
		config.RedisTimeout = 5 * time.Second // a loaded machine is slow, and these tests are not about that
	}
	if config.Redis == nil {
		short, err := Connect(v.server.URL(), config.RedisTimeout)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = short.Close() })
		config.Redis = short
	}
	var err error
	if v.reader, err = NewReader(config); err != nil {
		t.Fatal(err)
	}
	return v
}

// readPool returns a small pool whose sessions are those of the read API.
func readPool(t *testing.T, of *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	config := of.Config()
	config.MaxConns = 4
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role ordermill_read")
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// cached moves the Redis models on.
func (v *served) cached(t *testing.T, from, to eventstore.Position) {
	t.Helper()
	for _, b := range []*Backend{v.cache, v.stockCache} {
		if err := b.Sink(1, 1).Apply(t.Context(), 1, v.at(from), v.at(to), v.between(from, to)); err != nil {
			t.Fatal(err)
		}
	}
}

// stored moves the Postgres models on.
func (v *served) stored(t *testing.T, to eventstore.Position) {
	t.Helper()
	v.project(t, v.orders, 0, to)
	v.project(t, v.stock, 0, to)
}

// expect reads every document of the log and compares it with a fold to the position that it is said to be proven at.
// What did not exist at the position that is needed comes from the log.
func (v *served) expect(t *testing.T, need eventstore.Position, source Source) {
	t.Helper()
	from := func(kind *Kind) func(Key) Source {
		there := v.documents(t, kind, need)
		return func(key Key) Source {
			if there[key].Version == 0 {
				return SourceLog
			}
			return source
		}
	}
	of := from(v.orders.kind)
	for key := range v.documents(t, v.orders.kind, v.head()) {
		a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, need)
		v.right(t, v.orders.kind, key, &a, err, need, of(key))
	}
	of = from(v.stock.kind)
	for key, d := range v.documents(t, v.stock.kind, v.head()) {
		h, err := v.stock.kind.hold(d)
		if err != nil {
			t.Fatal(err)
		}
		levels, _ := h.state.(*stockState)
		a, err := v.reader.Stock(t.Context(), key.Tenant, levels.SKU, need)
		v.right(t, v.stock.kind, key, &a, err, need, of(key))
	}
}

func (v *served) right(t *testing.T, kind *Kind, key Key, a *Answer, err error, need eventstore.Position, source Source) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	want := v.documents(t, kind, a.Proven)[key]
	if !sameDocument(a.Document, want) || a.Found() != (want.Version > 0) || a.Proven < need || a.Source != source || a.Epoch != v.epoch || a.Key != key {
		t.Fatalf("%s %s at %d from %s: version %d, epoch %d; want version %d from %s at %d or later, epoch %d",
			kind.name, key.Stream, a.Proven, a.Source, a.Version, a.Epoch, want.Version, source, need, v.epoch)
	}
}

func TestReader_chain(t *testing.T) {
	t.Parallel()

	v := serve(t, 60, ReaderConfig{})
	third := v.head() / 3
	v.expect(t, 0, SourceLog) // nothing is projected yet
	v.stored(t, 2*third)
	v.expect(t, 2*third, SourcePostgres)
	v.cached(t, 0, third)
	v.expect(t, 2*third+1, SourceLog) // what Redis or Postgres has is caught up, and left in Redis
	if fills := v.reader.Stats().Fills; fills == 0 {
		t.Error("nothing was left in Redis")
	}
	check(t, v.shop, v.cache, 1)
	check(t, v.shop, v.stockCache, 1)
	v.cached(t, third, v.head())
	v.expect(t, v.head(), SourceRedis)
}

// A value is of the key that it was written under. Copied elsewhere, to another tenant's order of the same id, another
// order of the bucket, another generation or another log, it is as if there were none.
func TestReader_copiedValue(t *testing.T) {
	t.Parallel()

	v := serve(t, 60, ReaderConfig{})
	v.stored(t, v.head())
	v.cached(t, 0, v.head())
	client, own := v.server.Client(t), layout{v.orders.kind.cache, 1, 1}
	var from Key
	for key := range v.documents(t, v.orders.kind, v.head()) {
		from = key
	}
	ask := func(l layout, key Key) (Answer, bool) {
		t.Helper()
		config := v.reader.config
		config.Log = l.log
		r, err := NewReader(config)
		if err != nil {
			t.Fatal(err)
		}
		return r.askRedis(t.Context(), &pointers{epoch: v.epoch, live: map[string]projections.Generation{v.orders.kind.cache: l.generation}}, v.orders.kind, key)
	}
	if a, _ := ask(own, from); !a.Found() {
		t.Fatal("the document under its own key is not found")
	}
	for name, to := range map[string]struct {
		layout
		key Key
	}{
		"another tenant":     {own, Key{"mallory", from.Stream}},
		"another order":      {own, Key{from.Tenant, uuid.New()}},
		"another generation": {layout{own.name, 1, 2}, from},
		"another log":        {layout{own.name, 2, 1}, from},
	} {
		for source, copied := range map[string]string{
			own.document(from):                    to.document(to.key),
			own.checkpoint(bucketOf(from.Stream)): to.checkpoint(bucketOf(to.key.Stream)), // else it would be a miss for want of that
		} {
			if source == copied {
				continue
			}
			if err := client.Copy(t.Context(), source, copied, 0, true).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if a, missing := ask(to.layout, to.key); a.Found() || !missing {
			t.Errorf("%s: found %t, missing %t; want it read elsewhere", name, a.Found(), missing)
		}
	}
	if a, err := v.reader.Order(t.Context(), "mallory", from.Stream, 0); err != nil || a.Found() {
		t.Errorf("another tenant reads %s, %v; want nothing", a.Body, err)
	}
}

// A client that has just written reads what it wrote, though no projection runs.
func TestReader_readYourWrites(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{})
	events := v.events
	half := v.head() / 2
	fresh := &served{shop: &shop{pool: v.pool, store: v.store, epoch: v.epoch, events: events}}
	v.stored(t, half)
	v.cached(t, 0, half)
	last := events[len(events)-1]
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if e.StreamType != v.orders.kind.streamType {
			continue
		}
		a, err := v.reader.Order(t.Context(), e.Tenant, e.Stream, e.Position)
		if err != nil || a.Proven < e.Position || a.Version < e.Version {
			t.Fatalf("after the append of version %d at %d: %+v, %v", e.Version, e.Position, a, err)
		}
		fresh.right(t, v.orders.kind, Key{e.Tenant, e.Stream}, &a, err, e.Position, a.Source)
	}
	if _, err := v.reader.Order(t.Context(), last.Tenant, last.Stream, last.Position+1); !errors.Is(err, ErrAhead) {
		t.Errorf("a position that the log does not have: %v; want ErrAhead", err)
	}
}

// An order is there as soon as it is placed, though no model has heard of it and the client shows no token.
func TestReader_justWritten(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{})
	var first projections.Event
	for _, e := range v.events {
		if e.StreamType == v.orders.kind.streamType && e.Version == 1 {
			first = e // the last order to be placed
		}
	}
	v.stored(t, first.Position-1)
	v.cached(t, 0, first.Position-1)
	a, err := v.reader.Order(t.Context(), first.Tenant, first.Stream, 0)
	v.right(t, v.orders.kind, Key{first.Tenant, first.Stream}, &a, err, 0, SourceLog)
	if !a.Found() {
		t.Error("an order that was placed is denied")
	}
}

// Unknown, another tenant's, and of another type: all alike, and proven by the log.
func TestReader_notFound(t *testing.T) {
	t.Parallel()

	v := serve(t, 60, ReaderConfig{})
	v.stored(t, v.head()-1)
	v.cached(t, 0, v.head())
	var orders, stocks Key
	for _, e := range v.events {
		switch e.StreamType {
		case v.orders.kind.streamType:
			orders = Key{e.Tenant, e.Stream}
		case v.stock.kind.streamType:
			stocks = Key{e.Tenant, e.Stream}
		}
	}
	for name, key := range map[string]Key{
		"unknown":      {orders.Tenant, uuid.New()},
		"foreign":      {"mallory", orders.Stream},
		"another type": stocks,
	} {
		for _, need := range []eventstore.Position{0, v.head()} {
			a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, need)
			if err != nil || a.Found() || a.Proven < need || a.Source != SourceLog {
				t.Errorf("%s at %d: %+v, %v; want nothing, from the log", name, need, a, err)
			}
		}
	}
	if a, err := v.reader.Stock(t.Context(), orders.Tenant, "no such SKU", v.head()); err != nil || a.Found() {
		t.Errorf("unknown SKU: %+v, %v", a, err)
	}
}

// The documents of a parked stream are not current, whatever the checkpoint says.
func TestReader_parked(t *testing.T) {
	t.Parallel()

	var parked Key
	v := serve(t, 80, ReaderConfig{Parked: func(key Key) bool { return key == parked }})
	key := streamWith(t, v.shop, v.orders.kind, 2)
	ctx := t.Context()
	var others []projections.Event
	for _, e := range v.events {
		if e.Stream != key.Stream || e.Version < 2 {
			others = append(others, e)
		}
	}
	err := pgx.BeginFunc(ctx, v.pool, func(tx pgx.Tx) error {
		at := v.at(v.head())
		if _, err := tx.Exec(ctx, `insert into parked_streams (log_id, name, generation, stream_id, tenant_id, position, reason)
			values (1, 'order_detail', 1, $1, $2, 1, 'a test')`, key.Stream, key.Tenant); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update projection_checkpoints set position = $1, event_id = $2, log_epoch = $3
			where name = 'order_detail'`, at.Position, at.Event, at.Epoch); err != nil {
			return err
		}
		return v.orders.Apply(ctx, tx, 1, others)
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.reader.Order(ctx, key.Tenant, key.Stream, 0)
	v.right(t, v.orders.kind, key, &a, err, v.head(), SourceLog)

	if err := v.cache.Sink(1, 1).Apply(ctx, 1, v.at(0), v.at(v.head()), others); err != nil {
		t.Fatal(err)
	}
	parked = key
	a, err = v.reader.Order(ctx, key.Tenant, key.Stream, 0)
	v.right(t, v.orders.kind, key, &a, err, v.head(), SourceLog)
}

// Redis is killed, comes back empty, is filled again, loses documents: reads answer rightly all the time, and each key
// is loaded once at a time, however many want it.
func TestReader_withoutRedis(t *testing.T) {
	t.Parallel()

	v := serve(t, 60, ReaderConfig{RedisTimeout: 100 * time.Millisecond})
	v.stored(t, v.head())
	v.cached(t, 0, v.head())
	v.expect(t, v.head(), SourceRedis)

	v.server.Kill(t)
	v.expect(t, v.head(), SourcePostgres)
	v.server.Restart(t)
	if err := v.server.Client(t).Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	v.expect(t, v.head(), SourcePostgres) // it is empty
	v.cached(t, 0, v.head())
	key := streamWith(t, v.shop, v.orders.kind, 1)
	eventually(t, func() error { // the breaker closes by itself
		a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, 0)
		if err != nil || a.Source != SourceRedis {
			return fmt.Errorf("from %s, %w", a.Source, err)
		}
		return nil
	})
	v.expect(t, v.head(), SourceRedis)

	if err := v.server.Client(t).Del(t.Context(), v.cache.layout(1, 1).document(key)).Err(); err != nil {
		t.Fatal(err)
	}
	for _, source := range []Source{SourcePostgres, SourceRedis} { // it is left there by the first read
		a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, 0)
		v.right(t, v.orders.kind, key, &a, err, v.head(), source)
	}
}

// A frozen Redis costs a moment for a few reads and nothing for the others.
func TestReader_frozenRedis(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{RedisTimeout: 100 * time.Millisecond})
	v.stored(t, v.head())
	v.cached(t, 0, v.head())
	server, err := os.FindProcess(v.server.Pid())
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	})
	key := streamWith(t, v.shop, v.orders.kind, 1)
	began := time.Now()
	const reads = 200
	for range reads {
		a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, v.head())
		v.right(t, v.orders.kind, key, &a, err, v.head(), SourcePostgres)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d reads took %s", reads, took)
	}
}

// Many readers of one key share a load, and one that gives up does not take the others along.
func TestReader_singleFlight(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{Timeout: 30 * time.Second})
	v.server.Kill(t)
	v.stored(t, v.head())
	key := streamWith(t, v.shop, v.orders.kind, 1)
	if _, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, 0); err != nil {
		t.Fatal(err)
	}
	lock, err := v.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(t.Context()) }() // if the test ends early
	if _, err := lock.Exec(t.Context(), "lock table readmodel.order_detail_g1 in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	loads := func() (n int) {
		err := v.pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock' and query like '%order_detail%'`).Scan(&n)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	before := v.reader.Stats()
	impatient, giveUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := v.reader.Order(impatient, key.Tenant, key.Stream, 0)
		gone <- err
	}()
	eventually(t, func() error {
		if n := loads(); n != 1 {
			return fmt.Errorf("%d loads under way", n)
		}
		return nil
	})
	var asking atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			asking.Add(1)
			if a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, 0); err != nil || !a.Found() {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	eventually(t, func() error {
		if n := asking.Load(); n < 50 {
			return fmt.Errorf("%d ask", n)
		}
		return nil
	})
	for range 20 {
		if n := loads(); n != 1 {
			t.Errorf("%d loads at a time; want 1", n)
		}
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := v.reader.Stats().Postgres - before.Postgres; n < 1 || n > 10 {
		t.Errorf("%d loads for 51 readers; want about one", n)
	}
}

// Readers follow a switch of generations by themselves, and a generation that is gone sooner than expected is no error.
func TestReader_generationGone(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{})
	v.stored(t, v.head())
	v.expect(t, v.head(), SourcePostgres)
	for _, sql := range []string{
		"alter table readmodel.order_detail_g1 rename to order_detail_g2",
		"alter table readmodel.stock_detail_g1 rename to stock_detail_g2",
		`insert into projection_generations (name, generation, state, definition)
			select name, 2, 'live', definition from projection_generations where name in ('order_detail', 'stock_detail')`,
		"update projection_checkpoints set generation = 2",
		"update projections set live_generation = 2 where name in ('order_detail', 'stock_detail')",
	} {
		if _, err := v.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	v.expect(t, v.head(), SourcePostgres)
}

// A restored log is another past: what was built from the old one proves nothing.
func TestReader_otherEpoch(t *testing.T) {
	t.Parallel()

	v := serve(t, 40, ReaderConfig{})
	v.stored(t, v.head())
	v.cached(t, 0, v.head())
	if _, err := v.pool.Exec(t.Context(), "update logs set epoch = epoch + 1"); err != nil {
		t.Fatal(err)
	}
	v.epoch++
	v.expect(t, 0, SourceLog)
}

// What Redis lacks for a moment is waited for rather than folded.
func TestReader_waits(t *testing.T) {
	t.Parallel()

	news := &waiter{}
	v := serve(t, 40, ReaderConfig{Positions: news, Patience: 30 * time.Second})
	then := v.head() - 5
	v.cached(t, 0, then)
	news.move = func(ctx context.Context) error {
		return v.cache.Sink(1, 1).Apply(ctx, 1, v.at(then), v.at(v.head()), v.between(then, v.head()))
	}
	for key := range v.documents(t, v.orders.kind, then) {
		a, err := v.reader.Order(t.Context(), key.Tenant, key.Stream, v.head())
		v.right(t, v.orders.kind, key, &a, err, v.head(), SourceRedis)
	}
	if n := news.waits.Load(); n != 1 {
		t.Errorf("%d waits; want 1", n)
	}
}

// waiter moves the projection on when somebody waits for it.
type waiter struct {
	move  func(context.Context) error
	waits atomic.Int64
}

func (w *waiter) Wait(ctx context.Context, _ string, _ eventstore.Position) error {
	w.waits.Add(1)
	return w.move(ctx)
}
