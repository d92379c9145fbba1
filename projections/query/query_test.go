package query_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections/query"
)

// Under row-level security a query sees the rows of its tenant and of nobody else, and the next user of the connection
// sees none.
func TestSend_showsOneTenant(t *testing.T) {
	t.Parallel()

	conn, err := pgx.Connect(t.Context(), pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), `
		create schema shown;
		create table shown.goods (tenant_id text, name text);
		insert into shown.goods values ('one', 'a'), ('two', 'b'), ('', 'c');
		alter table shown.goods enable row level security;
		create policy tenant on shown.goods for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
		grant usage on schema shown to ordermill_read;
		grant select on shown.goods to ordermill_read;
		set role ordermill_read`)
	if err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string][]string{"one": {"a"}, "two": {"b"}, "three": nil} {
		var got []string
		err := query.Send(t.Context(), conn, tenant, func(batch *pgx.Batch) {
			batch.Queue("select name from shown.goods").Query(func(rows pgx.Rows) (err error) {
				got, err = pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s sees %q, %v; want %q", tenant, got, err, want)
		}
		var left string
		if err := conn.QueryRow(t.Context(), "select current_setting('ordermill.tenant', true)").Scan(&left); err != nil || left != "" {
			t.Errorf("the tenant after the query is %q, %v; want none", left, err)
		}
	}
}

// Walking any list in pages of any size forward and then backward meets each row once.
func TestTurn(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		size, limit := rapid.IntRange(0, 30).Draw(r, "size"), rapid.IntRange(1, 7).Draw(r, "limit")
		list := make([]byte, size)
		for i := range list {
			list[i] = byte(i + 1)
		}
		read := func(from *query.Cursor) ([]byte, *query.Cursor, *query.Cursor) {
			p := query.Page{Limit: limit, From: from}
			rows := list
			switch {
			case p.Back():
				rows = slices.Clone(list[:from.ID[0]-1])
				slices.Reverse(rows)
			case from != nil:
				rows = list[from.ID[0]:]
			}
			return query.Turn(p, slices.Clone(rows[:min(len(rows), limit+1)]), func(row *byte) query.Cursor { return query.Cursor{ID: uuid.UUID{*row}} })
		}
		page, next, previous := read(nil)
		forward := slices.Clone(page)
		for next != nil {
			page, next, previous = read(next)
			forward = append(forward, page...)
		}
		backward := slices.Clone(page)
		for previous != nil {
			page, next, previous = read(previous)
			backward = slices.Concat(page, backward)
		}
		if !slices.Equal(forward, list) || !slices.Equal(backward, list) || (next != nil) != (size > limit) {
			r.Fatalf("forward %v, backward %v; want %v", forward, backward, list)
		}
	})
}

func TestPage_Check(t *testing.T) {
	t.Parallel()

	for limit, ok := range map[int]bool{-1: false, 0: false, 1: true, 250: true, 251: false} {
		if err := (query.Page{Limit: limit}).Check(); (err == nil) != ok {
			t.Errorf("limit %d: %v; want an error: %v", limit, err, !ok)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()

	got := query.Unknown("sort", "sort", "colour", []string{"total", "-total"})
	want := &query.Error{
		Parameter: "sort", Message: `sort "colour" is unknown; use total, -total`, Allowed: []string{"total", "-total"}, Unknown: true,
	}
	if !reflect.DeepEqual(got, want) || got.Error() != "sort: "+want.Message {
		t.Errorf("Unknown = %+v; want %+v", got, want)
	}
}
