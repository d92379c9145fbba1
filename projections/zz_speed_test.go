package projections_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/documents"
	"github.com/ordermill/ordermill/projections/metrics"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/products"
)

func TestZZSpeed(t *testing.T) {
	s := openShop(t, 250_000)
	ctx := context.Background()
	const n = 1_000_000
	data := received(t, 1)
	conn, err := s.pool.Acquire(ctx)
	if err != nil { t.Fatal(err) }
	i := 0
	versions := map[uuid.UUID]int64{}
	_, err = conn.Conn().CopyFrom(ctx, pgx.Identifier{"events"}, []string{"log_id", "position", "tenant_id", "stream_id", "stream_type", "version", "event_id", "type", "schema_version", "data", "metadata", "occurred_at", "recorded_at"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if i == n { return nil, nil }
			i++
			st := s.streams[i%250_000]
			versions[st]++
			return []any{int32(1), int64(i), "demo", st, "stock", versions[st], uuid.New(), "stock.received.v1", int16(1), data, []byte(`{"actor":"x"}`), time.Now(), time.Now()}, nil
		}))
	if err != nil { t.Fatal(err) }
	if _, err := s.pool.Exec(ctx, "vacuum analyze events"); err != nil { t.Fatal(err) }
	for range 2 {
	began := time.Now()
	tag, err := conn.Conn().PgConn().CopyTo(ctx, io.Discard, "copy events to stdout (format binary)")
	fmt.Println("bare copy", float64(tag.RowsAffected())/time.Since(began).Seconds(), err)
	}
	began := time.Now()
	c := 0
	err = s.store.Scan(ctx, 0, n, func(e []eventstore.Recorded) error { c += len(e); return nil })
	fmt.Println("scan", float64(c)/time.Since(began).Seconds(), err)
	_ = documents.Orders
	models := []projections.Model{orderlist.Model{}, products.Model{}, metrics.Model{}, documents.NewModel(documents.Orders()), documents.NewModel(documents.StockLevels())}
	set := s.set(models...)
	pf, _ := os.Create("/tmp/pj/rb.prof")
	pprof.StartCPUProfile(pf)
	defer pprof.StopCPUProfile()
	for range 2 {
		began = time.Now()
		r, err := set.Rebuild(ctx, projections.RebuildOptions{})
		fmt.Println("rebuild", n/time.Since(began).Seconds(), err)
		for _, x := range r { fmt.Printf("%+v\n", x) }
	}
	conn.Release()
}
