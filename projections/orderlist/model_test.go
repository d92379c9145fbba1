package orderlist_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/orderlist"
)

// Whatever happens in the shops, and however it is cut into frames, the table holds what a plain fold holds.
func TestModel_equalsFold(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	modeltest.Prepare(t, pool)
	rapid.Check(t, func(r *rapid.T) {
		modeltest.Compare(t.Context(), r, pool, orderlist.Model{}, modeltest.Any(r, 120))
	})
}
