package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local"
	"github.com/ordermill/ordermill/migrations"
)

// database is a private server with a migrated database and a store on it.
type database struct {
	server *local.Postgres
	pool   *pgxpool.Pool
	store  *eventstore.Store
}

// startDatabase starts one. The caller closes it.
func startDatabase(ctx context.Context, o Options, name string) (d *database, err error) {
	d = &database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(ctx))
		}
	}()
	if d.server, err = local.StartPostgres(ctx, local.PostgresConfig{Dir: filepath.Join(o.Dir, name)}); err != nil {
		return d, err
	}
	url := d.server.URL("postgres")
	if err := migrations.Apply(ctx, url); err != nil {
		return d, err
	}
	if d.pool, err = pgxpool.New(ctx, url); err != nil {
		return d, fmt.Errorf("database: %w", err)
	}
	d.store, err = eventstore.Open(ctx, d.pool, eventstore.Config{})
	return d, err
}

// close ends what was started.
func (d *database) close(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if d.store != nil {
		err = d.store.Close(ctx)
	}
	if d.pool != nil {
		d.pool.Close()
	}
	if d.server != nil {
		err = errors.Join(err, d.server.Stop(ctx))
	}
	return err
}
