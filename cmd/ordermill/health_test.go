package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
)

// probe asks a host of operators.
func probe(t *testing.T, url string) (status int, text string) {
	t.Helper()
	begun := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("%s took %s", url, took)
	}
	return response.StatusCode, string(data)
}

// becomes waits until readyz has a status and names what is missing.
func (d *devProcess) becomes(status int, names string) {
	d.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(50 * time.Millisecond) { // between polls
		got, text := probe(d.t, d.admin+"/readyz")
		if got == status && strings.Contains(text, names) {
			return
		}
		if live, why := probe(d.t, d.admin+"/livez"); live != http.StatusOK {
			d.t.Fatalf("livez = %d %s", live, why)
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("readyz = %d %s; want %d and %q\n%s", got, text, status, names, d.stderr)
		}
	}
}

// family returns a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	pids := []int{pid}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}

// Readiness says what cannot be promised right now, and comes back by itself; the process lives on all the while.
func TestReadiness(t *testing.T) {
	t.Parallel()

	d := newDev(t)
	d.start("--no-seed")
	d.becomes(http.StatusOK, "ready")

	frozen := family(t, d.postgres())
	signal := func(s syscall.Signal) {
		for _, pid := range frozen {
			_ = syscall.Kill(pid, s) // some end meanwhile
		}
	}
	signal(syscall.SIGSTOP)
	t.Cleanup(func() { signal(syscall.SIGCONT) })
	d.becomes(http.StatusServiceUnavailable, "database: no answer")
	signal(syscall.SIGCONT)
	d.becomes(http.StatusOK, "ready")

	file, err := readDevEnv(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), file[prefix+"DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	do := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do("set application_name = 'a stranger'; begin; select from logs for update")
	d.becomes(http.StatusServiceUnavailable, "held by session "+strconv.Itoa(int(conn.PgConn().PID())))
	if _, figures := probe(t, d.admin+"/metrics"); !strings.Contains(figures, `ordermill_log_held_seconds{address="",application="a stranger"`) {
		t.Error("the figures do not name the session that holds the log")
	}
	do("rollback")
	d.becomes(http.StatusOK, "ready")

	do(`update projection_leases set epoch = epoch + 1, owner = 'a stranger', problem = 'it is over', expires_at = now() + interval '1 hour' where name = 'metrics'`)
	d.becomes(http.StatusServiceUnavailable, "metrics stopped: it is over")
	do(`update projection_leases set expires_at = now() where name = 'metrics'`)
	d.becomes(http.StatusOK, "ready")

	do(`update projection_leases set epoch = epoch + 1, owner = 'a stranger', expires_at = now() + interval '1 hour' where name = 'metrics'`)
	for i := range 2 { // whoever had the lease may take the first before it notices
		sku := "A" + strconv.Itoa(i)
		a, err := d.do(http.MethodPost, d.write+"/products", `{"sku":"`+sku+`","name":"A","prices":[{"amount":1,"currency":"EUR"}]}`, map[string]string{"Idempotency-Key": sku})
		if err != nil || a.status != http.StatusCreated {
			t.Fatalf("product: %d %v, %v", a.status, a.body, err)
		}
		d.run("projections") // takes longer than to notice
	}
	d.becomes(http.StatusServiceUnavailable, "metrics stays at position ")
	do(`update projection_leases set expires_at = now() where name = 'metrics'`)
	d.becomes(http.StatusOK, "ready")
	d.stop()
	for _, line := range []string{`"msg":"another session keeps the log from being appended to"`, `"application":"a stranger"`, `"msg":"ready again"`} {
		if !strings.Contains(d.stderr.String(), line) {
			t.Errorf("the log has nothing like %s", line)
		}
	}
	for line := range strings.Lines(d.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not a line of JSON: %s", line)
		}
	}
}

// shared is a text that looks read while a test changes it. Its zero value is empty.
type shared struct{ text atomic.Pointer[string] }

func (s *shared) store(text string) { s.text.Store(&text) }

func (s *shared) load() string {
	if text := s.text.Load(); text != nil {
		return *text
	}
	return ""
}

// A look that hangs hides nothing and keeps nobody waiting; whatever is stuck for good asks for a restart.
func TestHealth(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(slog.New(slog.DiscardHandler))
		var fault, stuck shared
		a.health.watch("one", func(context.Context) []string {
			if text := fault.load(); text != "" {
				return []string{text}
			}
			return nil
		})
		hang := make(chan struct{})
		a.health.watch("two", func(context.Context) []string { <-hang; return nil })
		a.health.watchOptional("three", func(context.Context) []string { return []string{"away"} })
		a.health.stuck = stuck.load
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.health.run(ctx) }()
		ask := func(path string, status int, text string) {
			t.Helper()
			synctest.Wait()
			recorder := httptest.NewRecorder()
			a.handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
			if recorder.Code != status || recorder.Body.String() != text {
				t.Errorf("%s = %d %q; want %d %q", path, recorder.Code, recorder.Body, status, text)
			}
		}
		ask("/readyz", 503, "starting\nslower without three: away\n")
		a.ready()
		time.Sleep(10 * time.Second)
		ask("/readyz", 503, "not ready\ntwo: has not answered for 10s\nslower without three: away\n")
		close(hang)
		ask("/readyz", 200, "ready\nslower without three: away\n")
		fault.store("broken")
		time.Sleep(time.Second)
		ask("/readyz", 503, "not ready\none: broken\nslower without three: away\n")
		ask("/livez", 200, "live\n")
		stuck.store("a loop")
		time.Sleep(2 * time.Second)
		ask("/livez", 200, "live\n") // not yet: the process may have been frozen itself
		time.Sleep(5 * time.Second)
		ask("/livez", 503, "stuck\na loop\n")
		fault.store("")
		stuck.store("")
		time.Sleep(time.Second)
		ask("/livez", 200, "live\n")
		ask("/readyz", 200, "ready\nslower without three: away\n")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		ask("/livez", 503, "stuck\nthe process has not looked after itself for 1m0s\n")
	})
}
