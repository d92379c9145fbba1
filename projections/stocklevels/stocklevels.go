// Package stocklevels is the read model of stock: how many units of a SKU each location has, how many of them are set
// aside or promised, and how many are waited for. It may lag; no decision reads it.
package stocklevels

import (
	"context"
	_ "embed" // the statements
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of the table of SKUs. The other table has their locations.
const (
	Name          = "stock"
	locationsName = "stock_locations"
)

var (
	//go:embed create.sql
	createStatement string
	//go:embed create_locations.sql
	createLocationsStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed upsert_locations.sql
	upsertLocationsStatement string
	//go:embed policies.sql
	policiesStatement string
	//go:embed safety.sql
	safetyStatement string
	//go:embed select.sql
	selectStatement string
	//go:embed location.sql
	locationStatement string
)

// Model builds the stock levels. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "stock".
func (Model) Name() string { return Name }

// StreamTypes says that the levels are made of stock.
func (Model) StreamTypes() []string { return []string{stock.StreamType} }

// Create returns the statements that make a generation's tables.
func (Model) Create(g projections.Generation) []string {
	return []string{in(g, createStatement), in(g, createLocationsStatement)}
}

// Index returns the statements that add the tables' keys and indexes.
func (Model) Index(g projections.Generation) []string {
	return []string{
		in(g, "alter table {stock} add primary key (tenant_id, sku)"),
		in(g, "alter table {stock_locations} add primary key (tenant_id, location_id, sku)"),
		in(g, "create index on {stock_locations} (tenant_id, sku)"),
	}
}

// in puts a generation's tables into a statement.
func in(g projections.Generation, statement string) string {
	return strings.NewReplacer("{stock}", g.Table(Name), "{stock_locations}", g.Table(locationsName)).Replace(statement)
}

// Apply folds a frame: it adds up what the frame does to each SKU and location, and adds that to the rows in one round
// trip. No row needs to be read.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	byStream := make(map[uuid.UUID]*changes)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(stock.Event)
		if !ok {
			continue
		}
		c := byStream[e.Stream]
		if c == nil {
			c = &changes{key: key{e.Tenant, skuOf(fact)}}
			byStream[e.Stream] = c
		}
		c.apply(e, fact)
	}
	if len(byStream) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	all := slices.SortedFunc(maps.Values(byStream), func(a, b *changes) int { return byKey(a.key, b.key) })
	batch.Queue(in(g, upsertStatement), skuArguments(all)...)
	var places []place
	for _, c := range all {
		places = appendPlaces(places, c.key, &c.levels)
	}
	if len(places) > 0 {
		slices.SortFunc(places, byPlace)
		batch.Queue(in(g, upsertLocationsStatement), placeArguments(places)...)
	}
	queueSettings(batch, g, all)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("stock levels: write %d SKUs: %w", len(byStream), err)
	}
	return nil
}

// queueSettings adds the statements that set what is not counted, if anything is set.
func queueSettings(batch *pgx.Batch, g projections.Generation, all []*changes) {
	set := slices.DeleteFunc(slices.Clone(all), func(c *changes) bool { return !c.policy && !c.tracking })
	if len(set) > 0 {
		batch.Queue(in(g, policiesStatement),
			list(set, func(c *changes) string { return c.tenant }), list(set, func(c *changes) string { return c.sku }),
			list(set, func(c *changes) *string { return only(c.policy, string(c.levels.BackorderPolicy)) }),
			list(set, func(c *changes) *int64 { return only(c.policy, c.levels.BackorderLimit) }),
			list(set, func(c *changes) *bool { return only(c.tracking, c.levels.Untracked) }))
	}
	var safe []place
	for _, c := range all {
		for i := range c.levels.Locations {
			if at := &c.levels.Locations[i]; slices.Contains(c.safety, at.ID) {
				safe = append(safe, place{c.key, at})
			}
		}
	}
	if len(safe) > 0 {
		batch.Queue(in(g, safetyStatement),
			list(safe, func(p place) string { return p.tenant }), list(safe, func(p place) string { return p.at.ID }),
			list(safe, func(p place) string { return p.sku }), list(safe, func(p place) int64 { return p.at.SafetyStock }))
	}
}

// skuArguments returns the arguments of upsert.sql.
func skuArguments(all []*changes) []any {
	return []any{
		list(all, func(c *changes) string { return c.tenant }), list(all, func(c *changes) string { return c.sku }),
		list(all, func(c *changes) int64 { return c.levels.Backordered }),
		list(all, func(c *changes) int64 { return c.version }), list(all, func(c *changes) int64 { return c.position }),
		list(all, func(c *changes) time.Time { return c.updated }),
	}
}

// placeArguments returns the arguments of upsert_locations.sql.
func placeArguments(places []place) []any {
	return []any{
		list(places, func(p place) string { return p.tenant }), list(places, func(p place) string { return p.at.ID }),
		list(places, func(p place) string { return p.sku }), list(places, func(p place) int64 { return p.at.OnHand }),
		list(places, func(p place) int64 { return p.at.Reserved }), list(places, func(p place) int64 { return p.at.Committed }),
		list(places, func(p place) int64 { return p.at.Incoming }), list(places, func(p place) int64 { return p.at.Damaged }),
		list(places, func(p place) int64 { return p.at.QualityControl }),
	}
}

// list turns rows into one column of a statement's arrays.
func list[R, T any](rows []R, value func(R) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		values[i] = value(rows[i])
	}
	return values
}

// only returns a value if it is set.
func only[T any](set bool, value T) *T {
	if !set {
		return nil
	}
	return &value
}
