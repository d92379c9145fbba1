package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// restorable is a dev on servers of the test's own, whose database can be taken back to where it was.
type restorable struct {
	*devProcess
	database string // URL
	redis    *redistest.Server
}

func newRestorable(t *testing.T) *restorable {
	t.Helper()
	r := &restorable{devProcess: newDev(t), database: pgtest.New(t), redis: redistest.Start(t, nil)}
	r.given = []string{prefix + "DATABASE_URL=" + r.database, prefix + "REDIS_URL=" + r.redis.URL()}
	return r
}

// sql runs statements on the database, or on the one that is always there.
func (r *restorable) sql(maintenance bool, statements ...string) {
	r.t.Helper()
	at, err := url.Parse(r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	if maintenance {
		at.Path = "/postgres"
	}
	conn, err := pgx.Connect(context.Background(), at.String())
	if err == nil {
		for _, sql := range statements {
			_, failed := conn.Exec(context.Background(), sql)
			err = errors.Join(err, failed)
		}
		err = errors.Join(err, conn.Close(context.Background()))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *restorable) name() string {
	return r.database[strings.LastIndex(r.database, "/")+1:]
}

// backup keeps the database as it is. Nobody may be connected.
func (r *restorable) backup() {
	name, _, _ := strings.Cut(r.name(), "?")
	r.sql(true, "create database "+name+"_backup template "+name)
	r.t.Cleanup(func() { r.sql(true, "drop database "+name+"_backup with (force)") })
}

// restore puts the database back to how it was kept, whoever is connected.
func (r *restorable) restore() {
	name, _, _ := strings.Cut(r.name(), "?")
	r.sql(true, "drop database "+name+" with (force)", "create database "+name+" template "+name+"_backup")
}

// begin starts it without waiting for the line ready, which does not come while the log is not taken up.
func (r *restorable) begin() {
	r.t.Helper()
	r.launch("--no-seed")
	r.until("it has said where it is", func() bool {
		values, err := readDevEnv(r.dir)
		if err != nil || len(values) == 0 {
			return false
		}
		r.write, r.read = "http://"+values[prefix+"WRITE_ADDR"]+"/v1", "http://"+values[prefix+"READ_ADDR"]+"/v1"
		r.admin = "http://" + values[prefix+"ADMIN_ADDR"]
		a, err := r.do(http.MethodGet, r.admin+"/livez", "", nil)
		return err == nil && a.status == http.StatusOK
	})
}

func (r *restorable) until(what string, met func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !met(); time.Sleep(20 * time.Millisecond) { // between polls
		if time.Now().After(deadline) {
			r.t.Fatalf("not in 30 s: %s\n%s", what, r.stderr)
		}
	}
}

// get reads with a token.
func (r *restorable) get(path, token string) answer {
	r.t.Helper()
	header := map[string]string{}
	if token != "" {
		header["Consistency-Token"] = token
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) { // between tries
		a, err := r.do(http.MethodGet, r.read+path, "", header)
		if err != nil {
			r.t.Fatal(err)
		}
		if a.body["code"] != "dependency_unavailable" || time.Now().After(deadline) { // of connections that a restore has cut
			return a
		}
	}
}

// post sends a command until it is done, and returns its answer and token.
func (r *restorable) post(path, key, body string) (answer, string) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) { // between tries
		a, err := r.do(http.MethodPost, r.write+path, body, map[string]string{"Idempotency-Key": key})
		if err == nil && a.status < 300 {
			return a, a.header.Get("Consistency-Token")
		}
		if time.Now().After(deadline) || err == nil && a.status < 500 {
			r.t.Fatalf("%s: %d %v, %v\n%s", path, a.status, a.body, err, r.stderr)
		}
	}
}

// refuses fails unless nothing is taken and it is said why: of a restored log, until somebody takes it up.
func (r *restorable) refuses(lostKey string) {
	r.t.Helper()
	r.until("readiness is off and says what to do", func() bool {
		a, err := r.do(http.MethodGet, r.admin+"/readyz", "", nil)
		return err == nil && a.status == http.StatusServiceUnavailable && strings.Contains(a.text, "ordermill recover")
	})
	for _, key := range []string{lostKey, "new-" + lostKey} {
		a, err := r.do(http.MethodPost, r.write+"/orders", orderOfA, map[string]string{"Idempotency-Key": key})
		if err != nil || a.status != http.StatusServiceUnavailable || a.body["code"] != "another_past" || a.header.Get("Retry-After") == "" {
			r.t.Errorf("an order with key %s: %d %v, %v; want another_past", key, a.status, a.body, err)
		}
	}
}

const orderOfA = `{"currency":"EUR","lines":[{"sku":"A","quantity":1}]}`

// A database that was restored to an earlier time is noticed by all that remembers the time after it: at the start, at a
// reconnect and while everything runs. What was lost is served by nothing, no token of it is taken, nothing is appended, and one
// command makes all well, with the Redis as it was.
func TestAnotherPast(t *testing.T) {
	t.Parallel()

	for name, lose := range map[string]func(*restorable){
		"restored while stopped": func(r *restorable) { r.stop(); r.restore(); r.begin() },
		"restored while running": func(r *restorable) { r.restore() },
		"the last events deleted while stopped": func(r *restorable) {
			r.stop()
			r.sql(false, "delete from events where position > (select position from mark)")
			r.begin()
		},
		"the last events deleted while running": func(r *restorable) {
			r.sql(false, "delete from events where position > (select position from mark)")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r := newRestorable(t)
			r.start("--no-seed")
			r.post("/products", "p", `{"sku":"A","name":"Thing","prices":[{"amount":1000,"currency":"EUR"}]}`)
			r.post("/inventory/A/receive", "s", `{"quantity":200}`)
			kept, early := r.post("/orders", "kept", orderOfA)
			r.stop()
			r.sql(false, "create table mark as select max(position) as position from events")
			r.backup()

			r.start("--no-seed")
			_, late := r.post("/inventory/A/receive", "t", `{"quantity":1000}`)
			gone, last := r.post("/orders", "gone", orderOfA)
			order := "/orders/" + fmt.Sprint(gone.body["id"])
			for _, path := range []string{"/inventory/A", order, "/orders", "/products", "/metrics/orders_placed"} {
				if a := r.get(path, last); a.status != http.StatusOK {
					t.Fatalf("before: %s: %d %v", path, a.status, a.body)
				}
			}

			lose(r)
			r.refuses("gone")
			lost := func() {
				t.Helper()
				if a := r.get(order, ""); a.status != http.StatusNotFound {
					t.Errorf("the lost order: %d %v", a.status, a.body)
				}
				if a := r.get("/orders/"+fmt.Sprint(kept.body["id"]), ""); a.status != http.StatusOK {
					t.Errorf("the order of before: %d %v", a.status, a.body)
				}
				for _, path := range []string{"/inventory/A", order, "/orders", "/products", "/metrics/orders_placed", "/settings"} {
					for _, token := range []string{late, last} {
						if a := r.get(path, token); a.status != http.StatusGone || a.body["code"] != "position_lost" {
							t.Errorf("%s with a token of the lost past: %d %v", path, a.status, a.body)
						}
					}
				}
			}
			lost()
			if a := r.get("/inventory/A", ""); a.status != http.StatusOK || fmt.Sprint(a.body["on_hand"]) != "200" {
				t.Errorf("stock: %d %v; want 200 on hand", a.status, a.body)
			}
			if a := r.get("/orders", ""); a.status == http.StatusOK && strings.Contains(fmt.Sprint(a.body), fmt.Sprint(gone.body["id"])) {
				t.Errorf("the lost order is listed: %v", a.body)
			}

			r.run("recover")
			r.until("it is ready again", func() bool {
				a, err := r.do(http.MethodGet, r.admin+"/readyz", "", nil)
				return err == nil && a.status == http.StatusOK
			})
			lost()
			if a := r.get("/orders", early); a.status != http.StatusGone {
				t.Errorf("a token of before the restore: %d %v; want it to be of another epoch", a.status, a.body)
			}
			again, now := r.post("/orders", "gone", orderOfA) // a key of the lost past is free
			if again.body["id"] == gone.body["id"] || again.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("a key of the lost past still has its answer: %v", again.header)
			}
			for n := range 4 {
				_, now = r.post("/inventory/A/receive", fmt.Sprint("more-", n), `{"quantity":1}`)
			}
			lost()
			if a := r.get("/inventory/A", now); a.status != http.StatusOK || fmt.Sprint(a.body["on_hand"]) != "204" {
				t.Errorf("stock: %d %v; want 204 on hand", a.status, a.body)
			}
			r.run("verify")
			r.stop()
		})
	}
}
