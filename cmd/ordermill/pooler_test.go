package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// withQuery returns a URL with more of its parameters set.
func withQuery(t *testing.T, text string, parameters ...string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// runApart is run in a process of its own, whose memory limit is nobody else's.
func runApart(t *testing.T, settings map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range settings {
		cmd.Env = append(cmd.Env, prefix+name+"="+value)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// ignored are all parameters of a session's start that the program has ever sent, for a pooler that does not mind any.
const ignored = "role, plan_cache_mode, enable_seqscan, jit, lock_timeout, statement_timeout, idle_in_transaction_session_timeout, " +
	"tcp_keepalives_idle, tcp_keepalives_interval, tcp_keepalives_count, default_transaction_isolation, default_transaction_read_only"

// Behind a pooler that shares sessions everything that opens the database ends at once and says what to set, in one message,
// and has changed nothing in the server's processes, which are others' next.
func TestPooler_sharedSessions(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	products := filepath.Join(dir, "products.csv")
	if err := os.WriteFile(products, []byte("sku,name,price_EUR\nA,A,1.00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	books := filepath.Join(dir, "books.csv")
	if err := os.WriteFile(books, []byte("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "keys")
	jwk := `{"kty":"OKP","crv":"Ed25519","kid":"a","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`
	if err := os.WriteFile(keys, []byte(jwk), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, pooler := range map[string]map[string]string{
		"transaction":            {"pool_mode": "transaction"},
		"transaction, ignoring":  {"pool_mode": "transaction", "ignore_startup_parameters": ignored},
		"transaction, one":       {"pool_mode": "transaction", "default_pool_size": "1"},
		"transaction, in turn":   {"pool_mode": "transaction", "server_round_robin": "1", "min_pool_size": "5"},
		"transaction, resetting": {"pool_mode": "transaction", "server_reset_query": "discard all", "server_reset_query_always": "1"},
		"statement":              {"pool_mode": "statement", "ignore_startup_parameters": ignored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pooled := pgtest.Bouncer(t, pgtest.New(t), pooler)
			settings := map[string]string{
				"DATABASE_URL": pooled, "DEV_DIR": filepath.Join(t.TempDir(), "dev"), "REDIS_URL": "redis://127.0.0.1:1/0", "ALLOW_UNSAFE_ROLE": "true",
				"WRITE_ADDR": "127.0.0.1:0", "READ_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
				"MASTER_KEY": "2026:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "JWT_KEY_FILE": keys, "JWT_ISSUER": "https://login.example",
			}
			for _, args := range []string{
				"serve", "dev", "migrate", "verify", "replay --all", "projections", "projections parked", "events",
				"import products " + products, "import online-retail " + books,
			} {
				code, stdout, stderr := runApart(t, settings, strings.Fields(args)...)
				if code != exitFailed || stdout != "" {
					t.Errorf("%s: exit %d, %s", args, code, stdout)
				}
				if n := strings.Count(stderr, "set pool_mode = session"); n != 1 || !strings.Contains(stderr, "ORDERMILL_DATABASE_URL") || strings.Contains(stderr, "is it running") {
					t.Errorf("%s: what to set is said %d times:\n%s", args, n, stderr)
				}
			}
		})
	}
}

// Behind a pooler in session mode everything works, without a setting of the pooler for the program's sake.
func TestPooler_ownSessions(t *testing.T) {
	t.Parallel()

	for name, pooler := range map[string]map[string]string{
		"session":           nil,
		"session, ignoring": {"ignore_startup_parameters": ignored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := newDev(t)
			d.given = []string{
				prefix + "DATABASE_URL=" + pgtest.Bouncer(t, pgtest.Empty(t), pooler),
				prefix + "REDIS_URL=" + redistest.Start(t, nil).URL(),
			}
			d.start()
			id, token := d.place("pooled")
			d.has(id, token)
			d.run("replay", "--all")
			d.run("verify")
			d.has(id, token)
			d.stop()
		})
	}
}

// What the program does behind a pooler it does with the least rights, too.
func TestPooler_roles(t *testing.T) {
	t.Parallel()

	pooled := pgtest.Bouncer(t, pgtest.New(t), nil)
	for _, role := range []string{writeRole, projectRole, readRole} {
		pool, err := newPool(t.Context(), config{DatabaseURL: pooled}, role, 1)
		if err != nil {
			t.Fatal(err)
		}
		var is string
		if err := pool.QueryRow(t.Context(), "select current_user").Scan(&is); err != nil || is != role {
			t.Errorf("%s: current_user is %s, %v", role, is, err)
		}
		pool.Close()
	}
}

// A parameter that does not get through is named, with what to do.
func TestPooler_startParameters(t *testing.T) {
	t.Parallel()

	direct := pgtest.New(t)
	pooled := pgtest.Bouncer(t, direct, nil)
	for name, tt := range map[string]struct {
		url  string
		says []string
	}{
		"refused by the pooler":  {withQuery(t, pooled, "statement_timeout=5000"), []string{"statement_timeout", "ignore_startup_parameters", "session mode"}},
		"options":                {withQuery(t, pooled, "options=-c jit=off"), []string{"options", "ignore_startup_parameters"}},
		"unknown to the server":  {withQuery(t, direct, "pgbouncer=true"), []string{"does not know the parameter pgbouncer", "ORDERMILL_DATABASE_URL"}},
		"unknown to the pooler":  {withQuery(t, pooled, "prefer_simple_protocol=true"), []string{"prefer_simple_protocol"}},
		"of another kind of URL": {withQuery(t, direct, "schema=public"), []string{"parameter schema"}},
	} {
		for _, command := range []string{"migrate", "verify"} {
			code, _, stderr := run(t, map[string]string{"DATABASE_URL": tt.url}, command)
			for _, says := range tt.says {
				if code != exitFailed || !strings.Contains(stderr, says) || strings.Contains(stderr, "is it running") {
					t.Errorf("%s: %s: exit %d, %s; want %q", name, command, code, stderr, says)
				}
			}
		}
	}
	if code, _, stderr := run(t, map[string]string{"DATABASE_URL": withQuery(t, direct, "pool_max_conns=7")}, "migrate"); code != exitDone {
		t.Errorf("pool_max_conns: exit %d, %s", code, stderr)
	}
}

// Ways of sending statements that work are taken, and the others refused before anything is opened.
func TestExecModes(t *testing.T) {
	t.Parallel()

	for mode, says := range map[string]string{
		"default_query_exec_mode=exec":                                                      "take it out",
		"default_query_exec_mode=simple_protocol":                                           "take it out",
		"statement_cache_capacity=0":                                                        "describe_exec",
		"description_cache_capacity=0&default_query_exec_mode=cache_describe":               "describe_exec",
		"default_query_exec_mode=whatever":                                                  `unknown value "whatever"`,
		"statement_cache_capacity=many":                                                     "statement_cache_capacity",
		"default_query_exec_mode=cache_describe":                                            "",
		"default_query_exec_mode=describe_exec":                                             "",
		"default_query_exec_mode=describe_exec&statement_cache_capacity=0&pool_max_conns=9": "",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()

			database := withQuery(t, pgtest.New(t), strings.Split(mode, "&")...)
			if says != "" {
				code, _, stderr := run(t, map[string]string{"DATABASE_URL": database}, "verify")
				if code != exitUsage || !strings.Contains(stderr, says) || !strings.Contains(stderr, "ORDERMILL_DATABASE_URL") {
					t.Errorf("exit %d, %s; want %q", code, stderr, says)
				}
				return
			}
			d := newDev(t)
			d.given = []string{prefix + "DATABASE_URL=" + database, prefix + "REDIS_URL=" + redistest.Start(t, nil).URL()}
			d.start()
			id, token := d.place("mode")
			d.has(id, token)
			d.run("verify")
			d.stop()
		})
	}
}

// Sessions are told apart while others keep the pooler busy, too.
func TestCheckSessions_busyPooler(t *testing.T) {
	t.Parallel()

	pooled := pgtest.Bouncer(t, pgtest.New(t), map[string]string{"pool_mode": "transaction", "default_pool_size": "6"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	const others = 12
	for range others {
		go func() {
			defer func() { ended <- struct{}{} }()
			conn, err := pgconn.Connect(ctx, pooled)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			for ctx.Err() == nil {
				if _, err := conn.Exec(ctx, "select pg_sleep(0.002)").ReadAll(); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	for range 5 {
		if err := checkSessions(t.Context(), pooled); err == nil || !strings.Contains(err.Error(), "pool_mode = session") {
			t.Errorf("checkSessions = %v", err)
		}
	}
	stop()
	for range others {
		<-ended
	}
}
