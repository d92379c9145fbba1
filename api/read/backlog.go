package read

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/projections/orderlist"
)

const day = 24 * time.Hour

// ages are where the backlog is cut, and names what the pieces are called.
var (
	ages     = []time.Duration{4 * time.Hour, day, 2 * day, 3 * day, 7 * day}
	ageNames = []string{"under_4h", "4h_to_1d", "1d_to_2d", "2d_to_3d", "3d_to_7d", "over_7d"}
)

// backlogCounts are sums over some orders.
type backlogCounts struct {
	Orders      int64 `json:"orders"`
	Units       int64 `json:"units"`
	Backordered int64 `json:"backordered_units"`
	OnHold      int64 `json:"on_hold"`
}

type backlogBucket struct {
	Bucket string `json:"bucket"`
	From   int64  `json:"from_hours"`
	To     int64  `json:"to_hours,omitempty"`
	backlogCounts
	Filter string `json:"filter"`
}

// VisitGetBacklogResponse implements the generated response.
func (p page) VisitGetBacklogResponse(w http.ResponseWriter) error { return p.write(w) }

// GetBacklog serves GET /v1/backlog.
func (s *server) GetBacklog(ctx context.Context, _ GetBacklogRequestObject) (GetBacklogResponseObject, error) {
	call := httpx.CallOf(ctx)
	now, err := s.await(ctx, call, orderlist.Name)
	if err != nil {
		return nil, err
	}
	at := s.Now().UTC().Truncate(time.Millisecond) // as fine as confirmations are
	buckets, err := orderlist.Backlog(ctx, s.Pool, now.generation, call.Identity.Tenant, at, ages)
	if err != nil {
		return nil, err
	}
	out := struct {
		Data  []backlogBucket `json:"data"`
		Total backlogCounts   `json:"total"`
	}{Data: make([]backlogBucket, len(buckets))}
	for i := range buckets {
		b := &buckets[i]
		counts := backlogCounts{b.Orders, b.Units, b.Backordered, b.OnHold}
		out.Data[i] = backlogBucket{ageNames[i], int64(b.From / time.Hour), int64(b.To / time.Hour), counts, bucketFilter(b, at)}
		out.Total.Orders += b.Orders
		out.Total.Units += b.Units
		out.Total.Backordered += b.Backordered
		out.Total.OnHold += b.OnHold
	}
	return s.answer(ctx, now, httpx.Marshal(out)), nil
}

// bucketFilter returns the query of the order list that shows a bucket's orders.
func bucketFilter(b *orderlist.BacklogBucket, at time.Time) string {
	q := url.Values{"filter[status]": {"confirmed"}, "filter[open_units][gte]": {"1"}}
	if b.To > 0 {
		q.Set("filter[confirmed_at][gte]", at.Add(-b.To).Format(time.RFC3339Nano))
	}
	if b.From > 0 {
		q.Set("filter[confirmed_at][lte]", at.Add(-b.From-time.Millisecond).Format(time.RFC3339Nano))
	}
	return q.Encode()
}
