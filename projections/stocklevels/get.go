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

// Get returns the levels of those SKUs that have any, by SKU.
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
					l     Levels
					at    stock.Location
					there bool
				)
				if err := rows.Scan(&l.SKU, &l.Backordered, &l.BackorderPolicy, &l.BackorderLimit, &l.Untracked, &l.Version, &l.Position,
					&l.UpdatedAt, &there, &at.ID, &at.OnHand, &at.Reserved, &at.Committed, &at.Incoming, &at.Damaged, &at.QualityControl,
					&at.SafetyStock); err != nil {
					return err
				}
				l.UpdatedAt, l.Locations = l.UpdatedAt.UTC(), found[l.SKU].Locations
				if there {
					l.Locations = append(l.Locations, at)
				}
				found[l.SKU] = l
			}
			return rows.Err()
		})
	})
	if err != nil {
		return nil, fmt.Errorf("stock levels of %q: %w", asked, err)
	}
	return found, nil
}

// SKU is one SKU at a location.
type SKU struct {
	SKU string
	stock.Location
}

// List is a page of a location's SKUs, by SKU bytewise.
type List struct {
	SKUs     []SKU
	Next     *query.Cursor // nil: there is no such page
	Previous *query.Cursor
}

// AtLocation returns a page of what a tenant has, or had, at a location. It fails with a *query.Error if the request is
// at fault. A location that nobody has heard of is empty.
func AtLocation(ctx context.Context, db query.DB, g projections.Generation, tenant, location string, page query.Page) (List, error) {
	if err := page.Check(); err != nil {
		return List{}, err
	}
	if !query.Storable(location) {
		return List{}, &query.Error{Parameter: "location_id", Message: "a location's id is UTF-8 text without the character zero"}
	}
	statement, args, direction := in(g, locationStatement), []any{tenant, location, page.Limit + 1}, ""
	if page.Back() {
		direction = " desc"
	}
	if page.From != nil {
		if !query.Storable(page.From.Key) {
			return List{}, &query.Error{Parameter: "cursor", Message: "the cursor is not one of this list; begin again without it"}
		}
		statement += map[bool]string{false: " and t.sku > $4", true: " and t.sku < $4"}[page.Back()]
		args = append(args, page.From.Key)
	}
	var skus []SKU
	err := query.Send(ctx, db, tenant, func(batch *pgx.Batch) {
		batch.Queue(statement+" order by t.sku"+direction+" limit $3", args...).Query(func(rows pgx.Rows) (err error) {
			skus, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s SKU, err error) {
				return s, row.Scan(&s.SKU, &s.ID, &s.OnHand, &s.Reserved, &s.Committed, &s.Incoming, &s.Damaged, &s.QualityControl, &s.SafetyStock)
			})
			return err
		})
	})
	if err != nil {
		return List{}, fmt.Errorf("stock at location %q: %w", location, err)
	}
	var list List
	list.SKUs, list.Next, list.Previous = query.Turn(page, skus, func(s *SKU) query.Cursor { return query.Cursor{Key: s.SKU} })
	return list, nil
}
