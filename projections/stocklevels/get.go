package stocklevels

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/query"
)

// Levels are the units of one SKU: the main location first, the others by id.
type Levels struct {
	stock.Levels
	Version   int64     // of the SKU's stream
	Position  int64     // of its last event
	UpdatedAt time.Time // when that happened, UTC
}

// Get returns the levels of those SKUs that were ever received, by SKU.
func Get(ctx context.Context, db query.DB, g projections.Generation, tenant string, skus ...string) (map[string]Levels, error) {
	found := make(map[string]Levels, len(skus))
	asked := make([]string, 0, len(skus))
	for _, sku := range skus {
		if query.Storable(sku) {
			asked = append(asked, sku)
		}
	}
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(in(g, selectStatement), tenant, asked, stock.MainLocation).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var (
					at                stock.Location
					sku               string
					version, position int64
					updated           time.Time
				)
				if err := rows.Scan(&sku, &at.ID, &at.OnHand, &at.Reserved, &at.Committed, &at.Incoming, &at.Damaged,
					&at.QualityControl, &at.SafetyStock, &version, &position, &updated); err != nil {
					return err
				}
				l := found[sku]
				l.SKU, l.Locations = sku, append(l.Locations, at)
				if position > l.Position {
					l.Version, l.Position, l.UpdatedAt = version, position, updated.UTC()
				}
				found[sku] = l
			}
			return rows.Err()
		})
	})
	if err != nil {
		return nil, fmt.Errorf("stock levels of %q: %w", asked, err)
	}
	return found, nil
}
