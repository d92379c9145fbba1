package modeltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/projections"
)

// Prepare makes the schema that generations live in, if it is not there.
func Prepare(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	if _, err := pool.Exec(tb.Context(), "create schema if not exists readmodel"); err != nil {
		tb.Fatal(err)
	}
}

// Build makes generation 1 of a model from events, inside tx: the first loaded events come by way of the fold and
// COPY, as in a rebuild, the others as frames of the given sizes, the last of which takes all that is left.
func Build(ctx context.Context, tx pgx.Tx, m projections.Model, events []projections.Event, loaded int, frames ...int) error {
	for _, statement := range m.Create(1) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	tables, err := Fold(m, events[:loaded], 2)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := load(ctx, tx, table); err != nil {
			return err
		}
	}
	for _, statement := range m.Index(1) {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	for rest := events[loaded:]; len(rest) > 0; {
		size := len(rest)
		if len(frames) > 0 {
			size, frames = min(size, frames[0]), frames[1:]
		}
		if err := m.Apply(ctx, tx, 1, rest[:size]); err != nil {
			return fmt.Errorf("apply %d events: %w", size, err)
		}
		rest = rest[size:]
	}
	return nil
}

// Fold folds events in as many folds as given, each with the streams that fall to it, and merges them.
func Fold(m projections.Model, events []projections.Event, folds int) ([]projections.Table, error) {
	parts := make([]projections.Fold, folds)
	for i := range parts {
		parts[i] = m.NewFold()
	}
	for i := range events {
		e := &events[i]
		if err := parts[int(e.Stream[15])%folds].Add(e); err != nil {
			return nil, err
		}
	}
	for _, part := range parts[1:] {
		if err := parts[0].Merge(part); err != nil {
			return nil, err
		}
	}
	return parts[0].Tables(), nil
}

func load(ctx context.Context, tx pgx.Tx, table projections.Table) error {
	var input bytes.Buffer
	input.WriteString("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for row := range table.Rows {
		input.Write(row.Copied())
	}
	input.Write([]byte{0xff, 0xff})
	statement := fmt.Sprintf("copy readmodel.%s_g1 (%s) from stdin (format binary)", table.Name, strings.Join(table.Columns, ", "))
	if _, err := tx.Conn().PgConn().CopyFrom(ctx, &input, statement); err != nil {
		return fmt.Errorf("copy %s: %w", table.Name, err)
	}
	return nil
}

// Compare draws a way to build the model from the events, goes it, and fails unless the rows are those of the fold,
// byte for byte and in key order. Nothing of it stays in the database.
func Compare(ctx context.Context, t *rapid.T, pool *pgxpool.Pool, m projections.Model, events []projections.Event) {
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // the rows have done their duty
	loaded := rapid.IntRange(0, len(events)).Draw(t, "loaded")
	if rapid.Bool().Draw(t, "from nothing") {
		loaded = 0
	}
	frames := rapid.SliceOfN(rapid.IntRange(1, 12), 0, len(events)).Draw(t, "frames")
	if err := Build(ctx, tx, m, events, loaded, frames...); err != nil {
		t.Fatal(err)
	}
	tables, err := Fold(m, events, rapid.IntRange(1, 3).Draw(t, "folds"))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if err := equal(ctx, tx, table); err != nil {
			t.Fatal(err)
		}
	}
}

// equal compares a stored table with a folded one.
func equal(ctx context.Context, tx pgx.Tx, table projections.Table) error {
	statement := "select " + strings.Join(table.Columns, ", ") + " from " + projections.Generation(1).Table(table.Name) +
		" order by " + strings.Join(table.Columns[:table.Key], ", ")
	rows, err := tx.Query(ctx, statement, pgx.QueryResultFormats{pgtype.BinaryFormatCode})
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer rows.Close()
	number := 0
	for want := range table.Rows {
		if !rows.Next() {
			return errors.Join(fmt.Errorf("%s has %d rows; the fold has more", table.Name, number), rows.Err())
		}
		fields := want.Fields()
		if len(fields) != len(table.Columns) {
			return fmt.Errorf("%s: %d values for %d columns", table.Name, len(fields), len(table.Columns))
		}
		for i, got := range rows.RawValues() {
			if !bytes.Equal(got, fields[i]) || (got == nil) != (fields[i] == nil) {
				return fmt.Errorf("%s.%s of row %d is %q; folded is %q", table.Name, table.Columns[i], number, got, fields[i])
			}
		}
		number++
	}
	if rows.Next() {
		return fmt.Errorf("%s has more than the %d rows of the fold", table.Name, number)
	}
	return rows.Err()
}
