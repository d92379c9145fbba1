package customers

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// list turns keys into one column of a statement's arrays.
func list[K, T any](keys []K, value func(K) T) []T {
	values := make([]T, len(keys))
	for i, k := range keys {
		values[i] = value(k)
	}
	return values
}

// sumColumns returns the arguments of change.sql, which are the first ones of place.sql.
func (f *frame) sumColumns(keys []key) []any {
	args := []any{
		list(keys, func(k key) string { return k.tenant }), list(keys, func(k key) string { return k.id }),
		list(keys, func(k key) string { return k.currency }), list(keys, func(k key) int64 { return f.rows[k].position }),
	}
	for i := range figureCount {
		args = append(args, list(keys, func(k key) string { return f.rows[k].figures[i].String() }))
	}
	return args
}

// orderColumns returns the other arguments of place.sql.
func (f *frame) orderColumns(keys []key) []any {
	return []any{
		list(keys, func(k key) time.Time { return f.rows[k].first.at }),
		list(keys, func(k key) int64 { return f.rows[k].first.position }),
		list(keys, func(k key) uuid.UUID { return f.rows[k].first.order }),
		list(keys, func(k key) time.Time { return f.rows[k].last.at }),
		list(keys, func(k key) int64 { return f.rows[k].last.position }),
		list(keys, func(k key) uuid.UUID { return f.rows[k].last.order }),
		list(keys, func(k key) []byte { return f.rows[k].pii }),
	}
}

// contactColumns returns the arguments of contact.sql.
func contactColumns(contacts map[uuid.UUID]contact) []any {
	all := slices.SortedFunc(maps.Values(contacts), func(a, b contact) int { return byKey(a.key, b.key) })
	return []any{
		list(all, func(c contact) string { return c.tenant }), list(all, func(c contact) string { return c.id }),
		list(all, func(c contact) string { return c.currency }), list(all, func(c contact) uuid.UUID { return c.order }),
		list(all, func(c contact) []byte { return c.pii }),
	}
}

// erasedColumns returns the arguments of erase.sql.
func erasedColumns(erased map[person]erasure) []any {
	people := slices.SortedFunc(maps.Keys(erased), byPerson)
	return []any{
		list(people, func(p person) string { return p.tenant }), list(people, func(p person) string { return p.id }),
		list(people, func(p person) time.Time { return erased[p].at }),
		list(people, func(p person) int64 { return erased[p].position }),
	}
}
