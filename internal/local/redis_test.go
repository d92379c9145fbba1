package local_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/internal/local"
)

func connect(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() }) // its server may be gone
	return client
}

func TestRedis_startStop(t *testing.T) {
	t.Parallel()

	dir := tempDir(t, nil)
	server, err := local.StartRedis(t.Context(), local.RedisConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	client := connect(t, server.URL())
	for setting, want := range map[string]string{"save": "", "appendonly": "no", "maxmemory": "268435456", "port": "0"} {
		got, err := client.ConfigGet(t.Context(), setting).Result()
		if err != nil || got[setting] != want {
			t.Errorf("%s = %v, %v; want %q", setting, got, err, want)
		}
	}
	if _, err := local.StartRedis(t.Context(), local.RedisConfig{Dir: dir}); !errors.Is(err, local.ErrInUse) {
		t.Errorf("second start: %v; want ErrInUse", err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v; want nil", err)
	}
	if running(server.Pid()) || server.InProcess() {
		t.Error("the server runs on, or was never a process")
	}
	_, err = local.StartRedis(t.Context(), local.RedisConfig{Dir: dir, Settings: map[string]string{"maxmemory": "much"}})
	if err == nil || !strings.Contains(err.Error(), "must be a memory value") {
		t.Errorf("start with a bad setting: %v; want the server's own words", err)
	}
}

// The stand-in expires keys by the clock and lets nobody in without the password of its URL.
func TestStartMiniRedis(t *testing.T) {
	t.Parallel()

	server, err := local.StartMiniRedis(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !server.InProcess() {
		t.Error("InProcess = false; want true")
	}
	client := connect(t, server.URL())
	if err := client.Set(t.Context(), "key", "value", 50*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if err := client.Get(t.Context(), "key").Err(); !errors.Is(err, redis.Nil) {
			return errors.New("the key has not expired")
		}
		return nil
	})
	stranger := connect(t, "redis://"+client.Options().Addr)
	if err := stranger.Ping(t.Context()).Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("ping without the password: %v; want NOAUTH", err)
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
	default:
		t.Error("Done is open after Stop")
	}
}
