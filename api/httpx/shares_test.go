package httpx

import "testing"

// What is there is enough for everybody as long as nobody has more than a share of it.
func TestShares(t *testing.T) {
	t.Parallel()

	s := newShares(16)
	take := func(tenant, client string, most, want int) {
		t.Helper()
		got := 0
		for got < most && s.take(tenant, client, 1) {
			got++
		}
		if got != want {
			t.Errorf("%s of %s got %d, want %d", client, tenant, got, want)
		}
	}
	take("a", "one", 99, 8) // half of all, while nobody else asks
	take("a", "two", 99, 0) // the tenant has its half
	take("b", "one", 99, 4) // a quarter each, from here on
	take("b", "two", 2, 2)
	take("c", "one", 99, 2) // there are no more
	take("d", "one", 1, 0)
	s.give("a", "one", 1)
	take("a", "one", 1, 0) // which has more than a quarter
	take("d", "one", 99, 1)
	for tenant, clients := range map[string]map[string]int{"a": {"one": 7}, "b": {"one": 4, "two": 2}, "c": {"one": 2}, "d": {"one": 1}} {
		for client, n := range clients {
			s.give(tenant, client, n)
		}
	}
	if s.used != 0 || len(s.tenants) != 0 || len(s.clients) != 0 {
		t.Errorf("something is left: %+v", s)
	}
	if !newShares(1).take("a", "one", 1) {
		t.Error("the only one is for nobody")
	}
}
