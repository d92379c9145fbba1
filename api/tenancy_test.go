package api_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// readPool is the database as the read host has it: its sessions have the role that serves reads. With blind on it takes
// the tenant out of the conditions of every statement, as a fault of ours might, and leaves all else as it is.
type readPool struct {
	*pgxpool.Pool
	blind atomic.Bool

	mu     sync.Mutex
	missed []string // statements of a tenant that have no such condition to take out
}

func newReadPool(tb testing.TB, of *pgxpool.Pool) *readPool {
	tb.Helper()
	config := of.Config()
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role ordermill_read")
		return err
	}
	pool, err := pgxpool.NewWithConfig(tb.Context(), config)
	must(tb, err)
	tb.Cleanup(pool.Close)
	return &readPool{Pool: pool}
}

// tenantCondition is how statements say whose rows they want. What takes its place is true and uses the parameter.
var tenantCondition = regexp.MustCompile(`(\w+\.)?tenant_id = (\$\d+)`)

func (p *readPool) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	if p.blind.Load() {
		for _, q := range batch.QueuedQueries {
			if strings.HasPrefix(q.SQL, "select set_config(") || strings.Contains(q.SQL, "log_progress") {
				continue // it names the tenant or sets the planner, or has nobody's rows
			}
			without := tenantCondition.ReplaceAllString(q.SQL, "$2::text is not null")
			if without == q.SQL {
				p.mu.Lock()
				p.missed = append(p.missed, q.SQL)
				p.mu.Unlock()
			}
			q.SQL = without
		}
	}
	return p.Pool.SendBatch(ctx, batch)
}

// With every condition on the tenant taken out, the database still shows nobody else's rows on any read.
func TestTenancy_blind(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	c := s.scene(t, "demo")
	c.cameBack()
	c.act("/notes", `{"body":"rang twice"}`)
	reserved := c.post("/v1/reservations", `{"lines":[{"sku":"TSHIRT-M","quantity":1}]}`)
	c.try("POST", "/v1/orders", `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":900000}]}`).wantProblem(t, http.StatusConflict, "insufficient_stock")
	named := c.post("/v1/orders", `{"currency":"EUR","external_id":"x-1","customer":{"id":"c-7"},"lines":`+goods+`}`)
	order := "/v1/orders/" + c.path["id"]
	last := named.header.Get("Consistency-Token")
	as := func(tenant, path string) reply {
		return s.do(call{
			method: http.MethodGet, path: path, token: s.tokenOf(tenant, "admin", "eve"),
			header: map[string]string{"Consistency-Token": last, "Prefer": "wait=10"},
		})
	}
	single := []string{
		order, order + "?as_of=v1", order + "/timeline", order + "/events", order + "/diff", order + "/notes", "/v1/orders/" + named.get(t, "id"),
		"/v1/orders/by-number/" + c.order.get(t, "order_number"), "/v1/orders/by-external-id/x-1", "/v1/orders/by-external-id/x-1?channel=web",
		"/v1/reservations/" + reserved.get(t, "id"), "/v1/products/TSHIRT-M", "/v1/customers/c-7", "/v1/settings/shipping-methods/standard", "/v1/settings/discounts/spring",
	}
	lists := []string{
		"/v1/orders", "/v1/products", "/v1/customers", "/v1/reservations", "/v1/decisions", "/v1/settings/shipping-methods", "/v1/settings/discounts",
		"/v1/inventory", "/v1/metrics/top_skus",
	}
	s.reads.blind.Store(true)
	for _, path := range slices.Concat(single, lists) { // the stranger first: nothing of it is in memory yet
		foreign := as("other", path)
		if slices.Contains(single, path) && foreign.status != http.StatusNotFound {
			t.Errorf("another tenant reads %s: %d %s", path, foreign.status, foreign.body)
		}
		if slices.Contains(lists, path) && foreign.get(t, "data") != "[]" {
			t.Errorf("another tenant lists %s: %s", path, foreign.body)
		}
	}
	if stock := as("other", "/v1/inventory/TSHIRT-M"); stock.status == http.StatusOK && stock.get(t, "on_hand") != "0" {
		t.Errorf("another tenant's stock: %s", stock.body)
	}
	for _, path := range slices.Concat(single, lists) {
		if own := as("demo", path); own.status != http.StatusOK {
			t.Errorf("the tenant itself reads %s: %d %s; so the test would not notice", path, own.status, own.body)
		}
	}
	for _, sql := range s.reads.missed {
		t.Errorf("a statement without a condition on the tenant: %s", sql)
	}
	// Without a name in the transaction there are no rows at all.
	for _, table := range []string{"events", "claims", "decisions", "command_results", "snapshots", "person_keys"} {
		var n int
		err := s.reads.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n)
		if n != 0 || err != nil && !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("without a tenant: %d rows of %s, %v", n, table, err)
		}
	}
}
