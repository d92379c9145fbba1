package main

import (
	"math"
	"testing"
)

// Whatever the limit, the caches leave most of the memory to the work, and none is without bound.
func TestSharesOf(t *testing.T) {
	t.Parallel()

	for _, limit := range []int64{64 << 20, devMemory, 512 << 20, 4 << 30, math.MaxInt64} {
		s := sharesOf(limit)
		if sum := int64(s.sum()); sum > limit*9/20 || sum > 512<<20 {
			t.Errorf("of %d MiB the caches take %d", limit>>20, sum>>20)
		}
		for name, share := range map[string]int{"states": s.states, "tail": s.tail, "decoded": s.decoded, "recent": s.recent, "documents": s.documents} {
			if share <= 0 {
				t.Errorf("of %d MiB %s have nothing, which would mean the default", limit>>20, name)
			}
		}
	}
}
