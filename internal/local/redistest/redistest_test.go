package redistest_test

import (
	"testing"

	"github.com/ordermill/ordermill/internal/local/redistest"
)

func TestNew_isEmptyAndApart(t *testing.T) {
	t.Parallel()

	one, other := redistest.New(t), redistest.New(t)
	if err := one.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := other.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("DBSize = %d, %v; want 0", n, err)
	}
}

func TestServer_killAndRestart(t *testing.T) {
	t.Parallel()

	server := redistest.Start(t, map[string]string{"maxmemory": "32mb"})
	client := server.Client(t)
	if got, err := client.ConfigGet(t.Context(), "maxmemory").Result(); err != nil || got["maxmemory"] != "33554432" {
		t.Errorf("maxmemory = %v, %v; want 33554432", got, err)
	}
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	url := server.URL()
	server.Kill(t)
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	server.Restart(t)
	if server.URL() != url {
		t.Errorf("URL = %s after a restart; want %s", server.URL(), url)
	}
	if n, err := client.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("DBSize = %d, %v after a kill; want 0", n, err)
	}
}
