package eventstore_test

import (
	"context"
	"log"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// exampleDatabase returns a pool of a fresh, migrated database and a function that drops it.
func exampleDatabase() (*pgxpool.Pool, func()) {
	tb := &exampleTB{}
	return pgtest.Pool(tb), tb.cleanUp
}

// exampleTB is as much of a testing.TB as pgtest asks for; examples have none.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (*exampleTB) Helper() {}

func (*exampleTB) Context() context.Context { return context.Background() }

func (*exampleTB) Errorf(format string, args ...any) { log.Printf(format, args...) }

func (*exampleTB) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func (tb *exampleTB) Cleanup(f func()) { tb.cleanups = append(tb.cleanups, f) }

func (tb *exampleTB) cleanUp() {
	for _, f := range slices.Backward(tb.cleanups) {
		f()
	}
}
