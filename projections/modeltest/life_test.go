package modeltest_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/modeltest"
)

// Histories hold events of all types there are, so that a model that is held against them has met each.
func TestLife_hasAll(t *testing.T) {
	t.Parallel()

	lives := rapid.Custom(func(t *rapid.T) []projections.Event { return modeltest.Life(t, 400) })
	met := map[string]int{}
	for seed := range 1000 {
		for _, e := range lives.Example(seed) {
			met[e.Type]++
		}
	}
	for _, name := range slices.Concat(order.Types(), reservation.Types(), customer.Types()) {
		if met[name] == 0 {
			t.Errorf("%s never happened", name)
		}
	}
}
