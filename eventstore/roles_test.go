package eventstore

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// poolAs returns a pool of connections with the rights of a role.
func poolAs(t *testing.T, url, role string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["role"] = role
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// countOf queues counting the rows of a table that can be seen.
func countOf(table string, n *int) func(*pgx.Batch) {
	return func(batch *pgx.Batch) {
		batch.Queue("select count(*) from " + table).QueryRow(func(row pgx.Row) error { return row.Scan(n) })
	}
}

// denied says whether the server has refused for lack of rights.
func denied(err error) bool {
	pgErr := new(pgconn.PgError)
	return errors.As(err, &pgErr) && pgErr.Code == "42501"
}
