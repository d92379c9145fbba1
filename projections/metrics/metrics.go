// Package metrics is the read model of a shop's figures: sums and counts by quarter of an hour in UTC, currency and
// channel. Hours, days, weeks and months of any time zone are sums of them.
//
// Every figure is defined once, in the catalogue. An event counts at the time at which it happened in the world.
package metrics

import (
	"cmp"
	"context"
	_ "embed" // the statements
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of the table of buckets. The other table names the series there are.
const (
	Name       = "metrics"
	seriesName = "metrics_series"
)

var (
	//go:embed create.sql
	createStatement string
	//go:embed create_series.sql
	createSeriesStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed upsert_series.sql
	upsertSeriesStatement string
)

// Model builds the metrics. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "metrics".
func (Model) Name() string { return Name }

// StreamTypes says that the figures are made of orders.
func (Model) StreamTypes() []string { return []string{order.StreamType} }

// Create returns the statements that make a generation's tables.
func (Model) Create(g projections.Generation) []string {
	return []string{in(g, createStatement), in(g, createSeriesStatement)}
}

// Index returns the statements that add the tables' keys.
func (Model) Index(g projections.Generation) []string {
	return []string{
		in(g, "alter table {metrics} add primary key (tenant_id, bucket_start, currency, channel)"),
		in(g, "alter table {metrics_series} add primary key (tenant_id, currency, channel)"),
	}
}

// in puts a generation's tables into a statement.
func in(g projections.Generation, statement string) string {
	return strings.NewReplacer("{metrics}", g.Table(Name), "{metrics_series}", g.Table(seriesName)).Replace(statement)
}

// series is what has figures of its own.
type series struct{ tenant, currency, channel string }

// key is a bucket of a series.
type key struct {
	series
	quarter int64 // quarters of an hour since 1970
}

// quarterSeconds is the length of a bucket.
const quarterSeconds = 15 * 60

// quarterOf returns the bucket that an instant lies in.
func quarterOf(at time.Time) int64 {
	seconds := at.Unix()
	quarter := seconds / quarterSeconds
	if seconds%quarterSeconds < 0 {
		quarter--
	}
	return quarter
}

// start returns when a bucket begins.
func (k key) start() time.Time { return time.Unix(k.quarter*quarterSeconds, 0).UTC() }

func byKey(a, b key) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.quarter, b.quarter),
		cmp.Compare(a.currency, b.currency), cmp.Compare(a.channel, b.channel))
}

// buckets are the figures of a frame, or of a whole log. The last one is kept at hand, since events that follow each
// other often fall into the same.
type buckets struct {
	figures map[key]*figures
	at      key
	last    *figures
}

func newBuckets() *buckets { return &buckets{figures: make(map[key]*figures)} }

// add counts an event in its bucket.
func (b *buckets) add(e *projections.Event) error {
	fact, ok := e.Body.(order.Event)
	if !ok {
		return nil
	}
	currency, channel, counts := seriesOf(fact)
	if !counts {
		return nil
	}
	k := key{quarter: quarterOf(e.OccurredAt), series: series{e.Tenant, currency, channel}}
	if b.last == nil || k != b.at {
		f := b.figures[k]
		if f == nil {
			f = &figures{}
			b.figures[k] = f
		}
		b.at, b.last = k, f
	}
	if err := b.last.count(fact); err != nil {
		return fmt.Errorf("metrics: %s at position %d: %w", e.Type, e.Position, err)
	}
	return nil
}

// Apply folds a frame: it adds up what the frame brings to each bucket, and adds that to the rows in one statement.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	b := newBuckets()
	for i := range events {
		if err := b.add(&events[i]); err != nil {
			return err
		}
	}
	if len(b.figures) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(b.figures), byKey)
	tenants, currencies := list(keys, func(k key) string { return k.tenant }), list(keys, func(k key) string { return k.currency })
	channels := list(keys, func(k key) string { return k.channel })
	args := []any{tenants, list(keys, key.start), currencies, channels}
	for i := range figureCount {
		args = append(args, list(keys, func(k key) string { return b.figures[k][i].String() }))
	}
	batch := &pgx.Batch{}
	batch.Queue(in(g, upsertStatement), args...)
	batch.Queue(in(g, upsertSeriesStatement), tenants, currencies, channels)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("metrics: write %d buckets: %w", len(keys), err)
	}
	return nil
}

// list turns keys into one column of a statement's arrays.
func list[T any](keys []key, value func(key) T) []T {
	values := make([]T, len(keys))
	for i, k := range keys {
		values[i] = value(k)
	}
	return values
}
