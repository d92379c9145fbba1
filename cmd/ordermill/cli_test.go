package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run runs a command line in this process, with the given settings.
func run(t *testing.T, settings map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	p := &program{environ: environWith(settings), stdout: &out, stderr: &errs, now: time.Now}
	code = p.main(ctx, args)
	return code, out.String(), errs.String()
}

// Mistakes end with the right code and one message that says what to do, and nothing goes to standard output.
func TestMistakes(t *testing.T) {
	t.Parallel()

	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	nowhere := map[string]string{"DATABASE_URL": "postgres://ada:hunter2@127.0.0.1:1/x"}
	tests := map[string]struct {
		settings map[string]string
		args     []string
		code     int
		says     string
	}{
		"an unknown command":        {nil, []string{"srve"}, exitUsage, "unknown command"},
		"an unknown flag":           {nil, []string{"version", "--loud"}, exitUsage, "unknown flag"},
		"a wrong output format":     {nil, []string{"config", "--output", "xml"}, exitUsage, "not table or json"},
		"a faulty setting":          {map[string]string{"WRITE_ADDR": "x"}, []string{"config"}, exitUsage, "ORDERMILL_WRITE_ADDR"},
		"a faulty flag":             {nil, []string{"config", "--write-addr", "x"}, exitUsage, "ORDERMILL_WRITE_ADDR"},
		"an unknown role of tokens": {nil, []string{"token", "--role", "king"}, exitUsage, "roles are admin"},
		"a customer without id":     {nil, []string{"token", "--role", "customer"}, exitUsage, "--subject"},
		"an unreachable database":   {nowhere, []string{"projections"}, exitFailed, "is it running? set ORDERMILL_DATABASE_URL, or run ordermill dev"},
		"a migration of nothing":    {nowhere, []string{"migrate"}, exitFailed, "is it running?"},
		"no dev":                    {nil, []string{"verify"}, exitFailed, "no ordermill dev runs"},
		"replay of nothing":         {nil, []string{"replay"}, exitUsage, "--all"},
		"replay of all and one":     {nil, []string{"replay", "--all", "metrics"}, exitUsage, "--all"},
		"import of nothing":         {nil, []string{"import", "online-retail"}, exitUsage, "at least one file"},
		"import of no file":         {nil, []string{"import", "online-retail", "/does/not/exist"}, exitUsage, "does not exist"},
		"products of nothing":       {nil, []string{"import", "products"}, exitUsage, "at least one file"},
		"products of a directory":   {nil, []string{"import", "products", t.TempDir()}, exitUsage, "is a directory"},
		"import of what":            {nil, []string{"import"}, exitUsage, "ordermill import products"},
		"serve without a database":  {nil, []string{"serve"}, exitUsage, "ORDERMILL_DATABASE_URL"},
		"serve without keys":        {nowhere, []string{"serve"}, exitUsage, "ORDERMILL_MASTER_KEY"},
		"a misspelt setting":        {map[string]string{"DATABSE_URL": "postgres://127.0.0.1:1/x"}, []string{"serve"}, exitUsage, "is ORDERMILL_DATABASE_URL meant?"},
		"a misspelt setting beside": {map[string]string{"REDIS_URI": "redis://x"}, []string{"config"}, exitUsage, "is ORDERMILL_REDIS_URL meant?"},
		"keys over http":            {map[string]string{"JWT_JWKS_URL": "http://login.example/jwks"}, []string{"config"}, exitUsage, "use https"},
		"serve an unknown role":     {nowhere, []string{"serve", "--roles", "write,king"}, exitUsage, "roles are write, read, project"},
		"a port that is taken":      {map[string]string{"READ_ADDR": taken.Addr().String()}, []string{"dev"}, exitFailed, "set ORDERMILL_READ_ADDR"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			settings := map[string]string{"DEV_DIR": t.TempDir(), "WRITE_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0"}
			for name, value := range tt.settings {
				settings[name] = value
			}
			code, stdout, stderr := run(t, settings, tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.says) || stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q; want %d and %q", code, stdout, stderr, tt.code, tt.says)
			}
			if strings.Contains(stderr, "hunter2") || strings.Contains(stderr, "goroutine") || strings.Contains(stderr, "Usage:") {
				t.Errorf("stderr shows what it must not: %q", stderr)
			}
		})
	}
}

// The key of a directory stays the same, and so do the tokens' issuer and key id. Without a dev there is no key, and none
// is made: nothing would accept its tokens.
func TestToken_sameKey(t *testing.T) {
	t.Parallel()

	dir := map[string]string{"DEV_DIR": t.TempDir()}
	code, stdout, stderr := run(t, dir, "token")
	if _, err := os.Stat(filepath.Join(dir["DEV_DIR"], devJWTKey)); code != exitFailed || stdout != "" || !strings.Contains(stderr, "no ordermill dev ever ran") || err == nil {
		t.Fatalf("without a dev: exit %d, stdout %q, stderr %q, a key: %v", code, stdout, stderr, err == nil)
	}
	if _, err := devIssuer(dir["DEV_DIR"], time.Now); err != nil {
		t.Fatal(err)
	}
	var headers []string
	for range 2 {
		code, stdout, stderr := run(t, dir, "token", "--tenant", "shop", "--role", "support", "--subject", "ada")
		header, _, ok := strings.Cut(stdout, ".")
		if code != exitDone || !ok || strings.Count(stdout, "\n") != 1 {
			t.Fatalf("exit %d, stdout %q, stderr %q; want one token", code, stdout, stderr)
		}
		headers = append(headers, header)
	}
	if headers[0] != headers[1] {
		t.Errorf("two keys: %v", headers)
	}
}

// Flags win over the environment, that over defaults; secrets are not shown.
func TestConfigCommand(t *testing.T) {
	t.Parallel()

	secret := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
	code, stdout, stderr := run(t, map[string]string{
		"DEV_DIR": t.TempDir(), "READ_ADDR": ":1", "WRITE_ADDR": ":2", "MASTER_KEY": secret, "DATABASE_URL": "postgres://ada:hunter2@x/y",
	}, "config", "--write-addr", ":3", "--output", "json")
	if code != exitDone || strings.Contains(stdout, secret) || strings.Contains(stdout, "hunter2") {
		t.Fatalf("exit %d, %s, %s", code, stdout, stderr)
	}
	var shown struct{ Settings []shownSetting }
	if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
		t.Fatal(err)
	}
	values := make(map[string][2]string)
	for _, s := range shown.Settings {
		values[s.Variable] = [2]string{s.Value, s.Source}
	}
	for variable, want := range map[string][2]string{
		prefix + "WRITE_ADDR": {":3", fromFlag}, prefix + "READ_ADDR": {":1", fromEnv}, prefix + "ADMIN_ADDR": {"127.0.0.1:9090", fromDefault},
	} {
		if values[variable] != want {
			t.Errorf("%s = %v, want %v", variable, values[variable], want)
		}
	}
}
