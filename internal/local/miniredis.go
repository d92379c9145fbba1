package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// StartMiniRedis starts a stand-in for Redis inside this process, for machines without a Redis server. It listens on
// 127.0.0.1 behind a random password, which is in the URL, so that other programs of this user can be given it. It is
// slower than Redis, has no memory limit and ends with this process: for a first look, never for production. log may
// be nil.
func StartMiniRedis(ctx context.Context, log *slog.Logger) (*Redis, error) {
	server := miniredis.NewMiniRedis()
	password := rand.Text()
	server.RequireAuth(password)
	if err := server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("redis stand-in: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	done := make(chan struct{})
	go age(server, done)
	address := url.URL{Scheme: "redis", User: url.UserPassword("", password), Host: server.Addr(), Path: "/0"}
	log.InfoContext(ctx, "redis stand-in started in this process", "address", server.Addr())
	return &Redis{
		url:   address.String(),
		close: sync.OnceFunc(func() { server.Close(); close(done) }),
		done:  done,
		log:   log,
	}, nil
}

// age lets keys expire: the stand-in has a clock of its own, which somebody has to move. (It can look at the real one,
// but then it sorts all its keys at every command.)
func age(server *miniredis.Miniredis, done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			server.FastForward(time.Second)
		case <-done:
			return
		}
	}
}
