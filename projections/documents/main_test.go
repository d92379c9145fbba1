package documents

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Every check of a property works on real servers, so there are fewer than usual. -rapid.checks asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	flag.Parse()
	os.Exit(m.Run())
}
