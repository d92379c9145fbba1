package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"sync"

	"github.com/alicebob/miniredis/v2"
)

// StartMiniRedis starts a stand-in for Redis inside this process, for machines without a Redis server. It listens on
// 127.0.0.1 behind a random password, which is in the URL, so that other programs of this user can be given it. It is
// slower than Redis, has no memory limit and ends with this process: for a first look, never for production. log may
// be nil.
func StartMiniRedis(ctx context.Context, log *slog.Logger) (*Redis, error) {
	server := miniredis.NewMiniRedis()
	server.ClockTTL(true) // else no key ever expires
	password := rand.Text()
	server.RequireAuth(password)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("redis stand-in: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	done := make(chan struct{})
	address := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: server.Addr(), Path: "/0"}
	log.InfoContext(ctx, "redis stand-in started in this process", "address", server.Addr())
	return &Redis{
		url:   address.String(),
		close: sync.OnceFunc(func() { server.Close(); close(done) }),
		done:  done,
		log:   log,
	}, nil
}
