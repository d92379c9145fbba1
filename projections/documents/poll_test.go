package documents

import (
	"testing"
	"time"
)

// eventually polls until try succeeds.
func eventually(tb testing.TB, try func() error) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
