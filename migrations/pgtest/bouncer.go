package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/ordermill/ordermill/internal/local"
)

// Bouncer starts a PgBouncer in front of the database at url, stops it with the test, and returns the database's URL by
// way of it. Settings override those of the pooler, such as "pool_mode".
func Bouncer(tb testing.TB, url string, settings map[string]string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "ordermill-pgtest-") //nolint:usetesting // the pooler may run as another user
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	bouncer, err := local.StartBouncer(tb.Context(), local.BouncerConfig{Dir: dir, Server: url, Settings: settings})
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := bouncer.Stop(ctx); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return bouncer.URL()
}
