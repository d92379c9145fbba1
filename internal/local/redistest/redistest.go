// Package redistest gives each test a Redis server of its own, which takes some ten milliseconds to start. A missing
// Redis fails the test and says how to install it.
package redistest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/internal/local"
)

// Server is a private Redis of one test's own, which may be killed and restarted. Its methods must be called by the
// test's goroutine.
type Server struct {
	config local.RedisConfig
	redis  *local.Redis
}

// New returns a client of an empty Redis that only this test uses. Both end with the test.
func New(tb testing.TB) *redis.Client {
	tb.Helper()
	return Start(tb, nil).Client(tb)
}

// Start starts an empty Redis and stops it with the test. Settings override those of the server, such as "maxmemory".
func Start(tb testing.TB, settings map[string]string) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "ordermill-redistest-") //nolint:usetesting // a socket's path must be short
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("redistest: %v", err)
		}
	})
	s := &Server{config: local.RedisConfig{Dir: dir, Settings: settings}}
	s.Restart(tb)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.redis.Stop(ctx); err != nil {
			tb.Errorf("redistest: %v", err)
		}
	})
	return s
}

// URL returns the server's URL for redis.ParseURL. It stays the same across restarts.
func (s *Server) URL() string { return s.redis.URL() }

// Pid returns the server's process id, for signals such as SIGSTOP.
func (s *Server) Pid() int { return s.redis.Pid() }

// Client returns a client of the server, closed with the test.
func (s *Server) Client(tb testing.TB) *redis.Client {
	tb.Helper()
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	client := redis.NewClient(options)
	tb.Cleanup(func() {
		if err := client.Close(); err != nil {
			tb.Errorf("redistest: %v", err)
		}
	})
	return client
}

// Kill ends the server as a crash would; what it held is lost.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	if err := s.redis.Kill(); err != nil {
		tb.Fatalf("redistest: %v", err)
	}
}

// Restart starts the server again, empty, after Kill.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	running, err := local.StartRedis(tb.Context(), s.config)
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	s.redis = running
}
