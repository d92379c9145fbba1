package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/internal/local"
)

// demoDatabase is the database of a dev's private server.
const demoDatabase = "ordermill"

// restartPause is waited between two tries to bring a private server back.
const restartPause = time.Second

// servers are the PostgreSQL and the Redis of a dev: private ones, which it brings back when they die, or those whose
// URLs it was given.
type servers struct {
	databaseURL, redisURL string
	standIn               bool // Redis is the one inside this process

	log            *slog.Logger
	postgresConfig local.PostgresConfig
	redisConfig    local.RedisConfig
	mu             sync.Mutex
	postgres       *local.Postgres // nil: given
	redis          *local.Redis    // nil: given
	watching       sync.WaitGroup
	stopWatching   context.CancelFunc
}

// startServers starts what c gives no URL for.
func startServers(ctx context.Context, c config, log *slog.Logger) (_ *servers, err error) {
	s := &servers{
		databaseURL: c.DatabaseURL, redisURL: c.RedisURL, log: log,
		postgresConfig: local.PostgresConfig{
			Dir: filepath.Join(c.DevDir, "postgres"), Binaries: c.PGBin, Log: log,
			Settings: map[string]string{
				"max_wal_size": "1GB", "checkpoint_timeout": "15min",
				"wal_level": "minimal", "max_wal_senders": "0", // nobody follows this server, so a load need not be logged twice
			},
		},
		redisConfig: local.RedisConfig{
			Dir: filepath.Join(c.DevDir, "redis"), Log: log,
			Settings: map[string]string{"maxmemory-policy": "volatile-lru"}, // documents expire, checkpoints do not
		},
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopWatching = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop(context.WithoutCancel(ctx)))
		}
	}()
	if s.databaseURL == "" {
		if err := s.startPostgres(ctx); err != nil {
			return nil, err
		}
		s.watching.Go(func() { s.keepPostgres(watch) })
	}
	if s.redisURL == "" {
		if err := s.startRedis(ctx); err != nil {
			return nil, err
		}
		s.watching.Go(func() { s.keepRedis(watch) })
	}
	return s, nil
}

func (s *servers) startPostgres(ctx context.Context) error {
	postgres, err := local.StartPostgres(ctx, s.postgresConfig)
	var missing *local.MissingError
	if errors.As(err, &missing) {
		return fmt.Errorf("%w\n  or run `ordermill dev --install`, or set %sDATABASE_URL to a server that is there", missing, prefix)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.postgres, s.databaseURL = postgres, postgres.URL(demoDatabase)
	s.mu.Unlock()
	return createDatabase(ctx, postgres.URL("postgres"))
}

// createDatabase makes the database of a new server.
func createDatabase(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", demoDatabase).Scan(&there); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "create database "+demoDatabase); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

func (s *servers) startRedis(ctx context.Context) error {
	redis, err := local.StartRedis(ctx, s.redisConfig)
	var missing *local.MissingError
	if errors.As(err, &missing) {
		s.log.Warn("no Redis server is installed: a stand-in inside this program takes its place", "install", missing.Command)
		redis, err = local.StartMiniRedis(ctx, s.log)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.redis, s.redisURL, s.standIn = redis, redis.URL(), redis.InProcess()
	s.mu.Unlock()
	return nil
}

// keepPostgres brings the server back whenever it has died by itself, under the same URL.
func (s *servers) keepPostgres(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.postgres.Done():
		}
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("postgres has died; it is started again")
		for {
			err := s.postgres.Stop(ctx)
			if err == nil {
				err = s.startPostgres(ctx)
			}
			if err == nil {
				break
			}
			s.log.Error("postgres does not start", "error", err)
			if !pause(ctx, restartPause) {
				return
			}
		}
	}
}

// keepRedis does the same for Redis. What it held is made again by the projections.
func (s *servers) keepRedis(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.redis.Done():
		}
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("redis has died; it is started again")
		for {
			err := s.redis.Stop(ctx)
			if err == nil {
				err = s.startRedis(ctx)
			}
			if err == nil {
				break
			}
			s.log.Error("redis does not start", "error", err)
			if !pause(ctx, restartPause) {
				return
			}
		}
	}
}

// stop ends the private servers.
func (s *servers) stop(ctx context.Context) error {
	s.stopWatching()
	s.watching.Wait()
	var err error
	if s.redis != nil {
		err = s.redis.Stop(ctx)
	}
	if s.postgres != nil {
		err = errors.Join(err, s.postgres.Stop(ctx))
	}
	return err
}

// private reports whether PostgreSQL is the dev's own.
func (s *servers) private() bool { return s.postgres != nil }

// pause waits for d and reports whether ctx is still alive then.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
