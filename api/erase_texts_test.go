package api_test

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/internal/local/redistest"
)

// written is in every text that TestErase_texts has people write; carried is in one that tells of nobody.
const (
	written = "quokka"
	carried = "numbat"
)

// What anybody writes about an order is sealed for its person: those who may see it do, and after an erasure it is nowhere.
func TestErase_texts(t *testing.T) {
	t.Parallel()

	client := redistest.New(t)
	s := newShop(t).withReads(client)
	c := s.scene(t, "demo").written(t)
	path := "/v1/orders/" + c.path["id"]
	texts := []string{"body", "reference", "number", "url", "label", "failure", "decline", "document"}
	shown := s.get(path, c.order)
	c.wantWritten(shown, texts...)
	told := s.get(path+"/timeline", c.order)
	c.wantWritten(told, "first", "body", "hold", "lines", "reference", "unpacked", "old", "number", "failure", "decline", "document", "credit")
	own := s.as(s.token("customer", "c-7"), path)
	own.want(t, http.StatusOK)
	c.wantWritten(own, "reference", "number", "url", "failure", "decline", "document")
	if strings.Contains(string(own.body), "quokka-label") || strings.Contains(string(own.body), "quokka-body") {
		t.Errorf("a customer sees %s", own.body)
	}
	if masked := s.as(s.token("analyst", "ann"), path); masked.get(t, "personal_data") != "masked" || strings.Contains(string(masked.body), written) {
		t.Errorf("without the scope: %s", masked.body)
	}
	c.act("/fulfillments/"+c.path["fulfillment_id"]+"/deliver", `{"proof_ref":"quokka-proof"}`)
	c.wantWritten(c.order, "body", "proof")

	for _, place := range s.everywhere(t) {
		place.want(t, "events", "command_results", "order_detail")
	}
	redis := redisText(t, client)
	if !strings.Contains(redis, carried) || strings.Contains(redis, written) {
		t.Errorf("Redis, with %s and without %s: %s", carried, written, redis)
	}
	erased := c.post("/v1/customers/c-7/erase", "")
	for _, below := range []string{"", "/notes", "/timeline", "/events"} {
		if seen := s.get(path+below, erased); seen.status != http.StatusOK || strings.Contains(string(seen.body), written) {
			t.Errorf("%s after the erasure: %d %s", below, seen.status, seen.body)
		}
	}
	c.try("POST", path+"/notes", `{"body":"quokka-late"}`).wantProblem(t, http.StatusUnprocessableEntity, "erased_customer")
	c.act("/actions/mark-refunded", `{"reference":"quokka-late"}`)
	for _, place := range s.everywhere(t) {
		place.want(t)
	}
}

// written is an order of which everything is said that can be said.
func (c *scene) written(tb testing.TB) *scene {
	tb.Helper()
	c.placed("").act("/actions/cancel", `{"note":"quokka-canceled"}`)
	c.wantWritten(c.order, "canceled")
	c.placed("").act("/actions/cancel-lines", `{"note":"quokka-lines","lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	c.act("/notes", `{"body":"quokka-first"}`)
	c.act("/actions/hold", `{"note":"quokka-hold"}`)
	c.wantWritten(c.order, "first", "hold")
	c.act("/actions/release-hold", `{"hold_id":"`+c.order.get(tb, "holds", "0", "id")+`"}`)
	c.match("PATCH", "/v1/orders/"+c.path["id"]+"/notes/"+c.order.get(tb, "notes", "0", "id"), `{"body":"quokka-body"}`, "*").want(tb, http.StatusOK)
	c.act("/actions/mark-paid", `{"reference":"quokka-reference"}`)
	c.act("/fulfillments", "")
	c.act("/fulfillments/"+c.order.get(tb, "fulfillments", "last", "id")+"/cancel", `{"reason":"quokka-unpacked"}`)
	c.act("/fulfillments", "")
	c.path["fulfillment_id"] = c.order.get(tb, "fulfillments", "last", "id")
	below := "/fulfillments/" + c.path["fulfillment_id"]
	c.act(below+"/ship", `{"carrier":"numbat","tracking_number":"quokka-old","tracking_url":"https://quokka-url.test","label_ref":"quokka-label"}`)
	c.match("PATCH", "/v1/orders/"+c.path["id"]+below+"/tracking", `{"tracking_number":"quokka-number"}`, "*").want(tb, http.StatusOK)
	c.act(below+"/deliver", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	c.act(below+"/fail", `{"reason":"quokka-failure"}`)
	c.act("/returns", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1,"note":"quokka-line"}]}`)
	c.act("/returns/"+c.order.get(tb, "returns", "0", "id")+"/decline", `{"reason":"quokka-decline"}`)
	c.act("/invoices", `{"document_ref":"quokka-document"}`)
	number := c.order.get(tb, "invoices", "0", "number")
	return c.act("/credit-notes", `{"invoice_number":"`+number+`","amount":{"amount":1,"currency":"EUR"},"reason":"quokka-credit"}`)
}

// redisText is all that Redis holds.
func redisText(tb testing.TB, client *redis.Client) string {
	tb.Helper()
	keys, err := client.Keys(tb.Context(), "*").Result()
	must(tb, err)
	var all strings.Builder
	for _, key := range keys {
		text, _ := client.Get(tb.Context(), key).Result() // what is no string holds positions
		all.WriteString(text)
	}
	return all.String()
}

func (c *scene) wantWritten(r reply, texts ...string) {
	c.tb.Helper()
	for _, text := range texts {
		if strings.Count(string(r.body), written+"-"+text) != 1 {
			c.tb.Errorf("%s is not there once: %s", text, r.body)
		}
	}
}

// kept is what a table holds, as text.
type kept struct{ table, rows string }

func (k *kept) want(tb testing.TB, carries ...string) {
	tb.Helper()
	for _, name := range []string{written, hex.EncodeToString([]byte(written))} {
		if at := strings.Index(k.rows, name); at >= 0 {
			tb.Errorf("%s has in clear: %.200s", k.table, k.rows[max(0, at-80):])
		}
	}
	for _, table := range carries { // what is not sealed is found, so nothing hides from the search
		if strings.Contains(k.table, table) && !strings.Contains(k.table, "parked") && !strings.Contains(k.rows, carried) && !strings.Contains(k.rows, hex.EncodeToString([]byte(carried))) {
			tb.Errorf("%s has not even what is in clear", k.table)
		}
	}
}

// everywhere is the whole database.
func (s *shop) everywhere(tb testing.TB) []kept {
	tb.Helper()
	rows, err := s.pool.Query(tb.Context(), `select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`)
	must(tb, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(tb, err)
	all := make([]kept, len(tables))
	for i, table := range tables {
		all[i].table = table
		must(tb, s.pool.QueryRow(tb.Context(), "select coalesce(string_agg(t::text, ' '), '') from "+table+" t").Scan(&all[i].rows))
	}
	return all
}

// Orders of somebody erased go on: what is asked for happens, and what is said of it is not recorded.
func TestErase_ordersGoOn(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").fulfilled("")
	c.post("/v1/customers/c-7/erase", "")
	below := "/fulfillments/" + c.path["fulfillment_id"]
	c.act(below+"/ship", `{"carrier":"numbat","tracking_number":"quokka","label_ref":"quokka"}`)
	c.act(below+"/fail", `{"reason":"quokka"}`)
	if got := c.order.get(t, "fulfillments", "0", "shipments", "0", "failure_reason"); got != "withheld" {
		t.Errorf("failed: %s", c.order.body)
	}
	c.match("PATCH", "/v1/orders/"+c.path["id"]+below+"/tracking", `{"carrier":"bilby","tracking_number":"quokka"}`, "*").want(t, http.StatusOK)
	c.act(below+"/deliver", `{"proof_ref":"quokka"}`)
	c.act("/returns", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	c.act("/returns/"+c.order.get(t, "returns", "0", "id")+"/decline", `{"reason":"quokka"}`)
	if state := c.order.get(t, "returns", "0", "state"); state != "declined" || c.order.get(t, "fulfillments", "0", "shipments", "0", "carrier") != "bilby" {
		t.Errorf("at the end: %s", c.order.body)
	}
	for _, place := range s.everywhere(t) {
		place.want(t)
	}
}

// A note from before there was sealing is not recorded in clear once more.
func TestErase_oldNote(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	c := s.scene(t, "demo").placed("")
	id, note := uuid.MustParse(c.path["id"]), uuid.New()
	_, err := s.engine.Do(t.Context(), commands.Request{
		Tenant:  "demo",
		Command: commands.ChangeOrder{OrderID: id, Command: order.AddNote{NoteID: note, Body: "quokka", At: time.Now()}, At: time.Now()},
		Answer:  func(commands.Outcome) eventstore.Answer { return eventstore.Answer{} },
	})
	must(t, err)
	c.match("PATCH", "/v1/orders/"+c.path["id"]+"/notes/"+note.String(), `{"visibility":"customer"}`, "*").want(t, http.StatusOK)
	recorded := s.recorded(t)
	last := &recorded[len(recorded)-1]
	if last.Type != "order.note_edited.v1" || strings.Contains(string(last.Data), written) {
		t.Errorf("%s: %s", last.Type, last.Data)
	}
}
