package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations"
)

// Database roles that connections take on, whoever they have logged in as: each can do no more than its work needs.
const (
	writeRole   = "ordermill_write"
	projectRole = "ordermill_project"
	readRole    = "ordermill_read"
)

// connectTimeout bounds the wait for an unreachable server, unless the URL does.
const connectTimeout = 5 * time.Second

// newPool returns a pool whose connections act as one of the roles. It connects when it is used first.
func newPool(ctx context.Context, c config, role string, connections int) (*pgxpool.Pool, error) {
	p, err := pgxpool.ParseConfig(c.DatabaseURL)
	if err != nil {
		return nil, usagef("%sDATABASE_URL cannot be used%s", prefix, cause(c.DatabaseURL, err))
	}
	p.MaxConns = int32(connections) //nolint:gosec // at most 1000
	p.MaxConnIdleTime = 5 * time.Minute
	p.MaxConnLifetime, p.MaxConnLifetimeJitter = time.Hour, 10*time.Minute
	if p.ConnConfig.ConnectTimeout == 0 {
		p.ConnConfig.ConnectTimeout = connectTimeout
	}
	eventstore.SetParameters(&p.ConnConfig.Config, map[string]string{"role": role, "application_name": strings.Replace(role, "_", " ", 1)})
	pool, err := pgxpool.NewWithConfig(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return pool, nil
}

// newRedis returns a client for Redis. It connects when it is used first. Its patience is short: whoever asks Redis has
// another way to an answer.
func newRedis(c config) (redis.UniversalClient, error) {
	options, err := redis.ParseURL(c.RedisURL)
	if err != nil {
		return nil, usagef("%sREDIS_URL cannot be used%s", prefix, cause(c.RedisURL, err))
	}
	options.ClientName = "ordermill"
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
	return redis.NewClient(options), nil
}

// checkSchema fails unless the database has the schema of this build: what is missing would fail later, and what is newer
// may mean other things by the same names.
func checkSchema(ctx context.Context, c config) error {
	err := migrations.Check(ctx, c.DatabaseURL)
	if errors.Is(err, migrations.ErrNewer) && c.NewerSchema {
		return nil
	}
	return err
}

// errNoRedis says that Redis does not answer, which nothing has to wait for.
var errNoRedis = errors.New("redis is not reachable")

// checkRedis refuses a Redis that evicts what must not go alone: checkpoints have no expiry.
func checkRedis(ctx context.Context, client redis.UniversalClient) error {
	info, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return fmt.Errorf("%w (%w); is it running? correct %sREDIS_URL, or unset it to serve from the database alone", errNoRedis, err, prefix)
	}
	for line := range strings.SplitSeq(info, "\r\n") {
		policy, ok := strings.CutPrefix(line, "maxmemory_policy:")
		if ok && strings.HasPrefix(policy, "allkeys-") {
			return fmt.Errorf("redis evicts any key when it is full (maxmemory-policy %s); set it to volatile-lru", policy)
		}
	}
	return nil
}
