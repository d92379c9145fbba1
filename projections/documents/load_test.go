package documents

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/projections"
)

// sealed returns a fold of the whole log as a rebuild has it.
func (s *shop) sealed(tb testing.TB, kind *Kind) *fold {
	tb.Helper()
	f := newFold(kind)
	for i := range s.events {
		if err := f.Add(&s.events[i]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := f.Seal(); err != nil {
		tb.Fatal(err)
	}
	return f
}

// The check finds whatever is not what was loaded; what is not there is no fault.
func TestBackend_Check(t *testing.T) {
	t.Parallel()

	s := newShop(t, 150)
	for name, client := range servers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			ctx, b, f := t.Context(), NewBackend(Orders(), client, s.store, BackendConfig{}), s.sealed(t, Orders())
			if err := b.Load(ctx, 1, f, map[eventstore.LogID]projections.Checkpoint{1: s.at(s.head())}); err != nil {
				t.Fatal(err)
			}
			if different, err := b.Check(ctx, 1, f); err != nil || len(different) > 0 {
				t.Fatalf("Check of what was loaded = %v, %v", different, err)
			}
			held := f.held.All()
			slices.SortFunc(held, func(a, b *folded) int { return cmp.Compare(a.position, b.position) })
			for i, spoil := range []func(string) string{
				func(v string) string { return strings.Replace(v, `"`, `'`, 1) },
				func(v string) string { return v + " " },
				func(v string) string { return v[:len(v)-1] },
				func(string) string { return "" },
			} {
				name := b.layout(1, 1).document(held[i].key)
				value, err := client.Get(ctx, name).Result()
				if err == nil {
					err = client.Set(ctx, name, spoil(value), 0).Err()
				}
				if err != nil {
					t.Fatal(err)
				}
				different, err := b.Check(ctx, 1, f)
				if want := held[i].key.Tenant + "/" + held[i].key.Stream.String(); err != nil || len(different) != 1 || different[0].Key != want {
					t.Errorf("Check after change %d = %v, %v; want %s", i, different, err, want)
				}
				if err := client.Del(ctx, name).Err(); err != nil {
					t.Fatal(err)
				}
				if different, err := b.Check(ctx, 1, f); err != nil || len(different) > 0 {
					t.Errorf("Check without document %d = %v, %v; want none", i, different, err)
				}
			}
		})
	}
}

// Where memory is bounded the newest documents are loaded, as many as fit into a part of it.
func TestBackend_Load_bounded(t *testing.T) {
	t.Parallel()

	s := newShop(t, 150)
	client := redistest.New(t)
	ctx, b, f := t.Context(), NewBackend(Orders(), client, s.store, BackendConfig{}), s.sealed(t, Orders())
	all := f.held.All()
	slices.SortFunc(all, func(a, b *folded) int { return cmp.Compare(a.position, b.position) })
	var size int64
	for _, d := range all {
		size += int64(d.size) + loadOverhead
	}
	for _, tt := range []struct {
		memory      int64
		least, most int
	}{{0, len(all), len(all)}, {5 * size, len(all), len(all)}, {2 * size, len(all) / 4, len(all) * 3 / 4}, {1, 0, 0}} {
		if err := client.ConfigSet(ctx, "maxmemory", "0").Err(); err != nil {
			t.Fatal(err)
		}
		if tt.memory > 0 {
			if err := client.ConfigSet(ctx, "maxmemory", strconv.FormatInt(tt.memory, 10)).Err(); err != nil {
				t.Fatal(err)
			}
		}
		chosen, err := b.chosen(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		if len(chosen) < tt.least || len(chosen) > tt.most {
			t.Errorf("with %d bytes %d of %d documents were chosen; want %d to %d", tt.memory, len(chosen), len(all), tt.least, tt.most)
		}
		slices.SortFunc(chosen, func(a, b *folded) int { return cmp.Compare(a.position, b.position) })
		if newest := all[len(all)-len(chosen):]; !slices.Equal(chosen, newest) {
			t.Errorf("with %d bytes the documents chosen are not the newest ones", tt.memory)
		}
	}
}
