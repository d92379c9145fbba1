package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/ordermill/ordermill/internal/local"
	"github.com/ordermill/ordermill/migrations"
)

// PrivateServer is a whole Postgres of one test's own, which may be killed and restarted. Its methods must be called
// by the test's goroutine.
type PrivateServer struct {
	config   local.PostgresConfig
	postgres *local.Postgres
	alive    *os.File
}

// Server starts a private server with one migrated database, and stops it with the test. Starting takes about a
// second, so it is for tests that New cannot serve. Settings override those of the server, such as "fsync".
func Server(tb testing.TB, settings map[string]string) *PrivateServer {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "ordermill-pgtest-") //nolint:usetesting // the server may run as another user
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	alive, err := removeAtExit(dir)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	s := &PrivateServer{config: config(dir, settings), alive: alive}
	tb.Cleanup(func() { s.close(tb) })
	s.start(tb)
	if err := execute(&server{s.postgres, alive}, "create database ordermill"); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	if err := migrations.Apply(tb.Context(), s.URL()); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return s
}

// URL returns the URL, for the superuser, of the server's database. It stays the same across restarts.
func (s *PrivateServer) URL() string { return s.postgres.URL("ordermill") }

// Pid returns the server's process id, for signals such as SIGSTOP.
func (s *PrivateServer) Pid() int { return s.postgres.Pid() }

// Kill ends the server as a crash would. What was committed is there after Restart.
func (s *PrivateServer) Kill(tb testing.TB) {
	tb.Helper()
	if err := s.postgres.Kill(); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// Stop shuts the server down in good order.
func (s *PrivateServer) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.postgres.Stop(tb.Context()); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// Restart starts the server again after Kill or Stop.
func (s *PrivateServer) Restart(tb testing.TB) {
	tb.Helper()
	s.start(tb)
}

func (s *PrivateServer) start(tb testing.TB) {
	tb.Helper()
	var err error
	if s.postgres, err = local.StartPostgres(tb.Context(), s.config); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
}

// close leaves removing the directory to the shell behind the pipe, once the server is gone.
func (s *PrivateServer) close(tb testing.TB) {
	tb.Helper()
	if s.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := s.postgres.Stop(ctx); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	}
	if err := s.alive.Close(); err != nil {
		tb.Errorf("pgtest: %v", err)
	}
}
