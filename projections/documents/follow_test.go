package documents

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// A cache in front of a reader, told by the log: after an append it answers with what was there before at most until it
// hears of it, and the floor keeps the process from going back.
func TestCache_Follow(t *testing.T) {
	t.Parallel()

	v := serve(t, 60, ReaderConfig{})
	c, err := NewCache[Answer](CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	wg.Go(func() {
		if err := c.Follow(ctx, v.store); err != nil {
			t.Error(err)
		}
	})
	heard := func() error {
		if seen := c.Stats().Seen; seen != v.head() {
			return fmt.Errorf("heard of %d of %d", seen, v.head())
		}
		return nil
	}
	eventually(t, heard)
	v.stored(t, v.head())
	first := v.head()
	key := streamWith(t, v.shop, v.orders.kind, 1)
	read := func() Answer {
		t.Helper()
		if a, proven, position, ok := c.Get(key, 0); ok {
			a.Proven, a.Position = proven, position
			return a
		}
		a, err := v.reader.Order(ctx, key.Tenant, key.Stream, c.Floor(key))
		if err != nil {
			t.Fatal(err)
		}
		c.Put(key, a, len(a.Body), a.Position, a.Proven)
		a.Source = "read: " + a.Source
		return a
	}
	for _, want := range []Source{"read: postgres", SourcePostgres} {
		if a := read(); a.Source != want || !a.Found() {
			t.Errorf("read from %q; want %q", a.Source, want)
		}
	}

	again := relabeled(v.events)
	v.append(t, again[:len(again)/2]) // nothing of the key
	eventually(t, heard)
	if a := read(); a.Source != SourcePostgres || a.Proven != v.head() || a.Position > first {
		t.Errorf("after changes elsewhere: from %q, proven at %d; want the cache, proven at %d", a.Source, a.Proven, v.head())
	}
	other := again[0]
	c.Changed(key.Tenant, key.Stream, other.Position+first) // some change of the key that no projection has seen
	if a := read(); a.Source != "read: log" || a.Proven < other.Position+first {
		t.Errorf("after a change: from %q, proven at %d", a.Source, a.Proven)
	}
}

func TestServed(t *testing.T) {
	t.Parallel()

	if got := Served(5, 3, 9, 7); got != 7 {
		t.Errorf("Served = %d; want what is proven and published", got)
	}
	if got := Served(8, 3, 9, 7); got != 8 {
		t.Errorf("Served = %d; want no less than was needed", got)
	}
	if got := Served(0, 8, 9, 7); got != 8 {
		t.Errorf("Served = %d; want no less than is shown", got)
	}
}
