package local_test

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/internal/local"
)

func startPostgres(t *testing.T, config local.PostgresConfig) *local.Postgres {
	t.Helper()
	config.Binaries = os.Getenv("ORDERMILL_PG_BIN")
	server, err := local.StartPostgres(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil { // the test's context has ended here
			t.Error(err)
		}
	})
	return server
}

// query returns the one value that the last of the statements answers.
func query(t *testing.T, url, statements string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }() // the server may be about to be killed
	results, err := conn.PgConn().Exec(t.Context(), statements).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
	return string(results[len(results)-1].Rows[0][0])
}

func TestPostgres_startStopStart(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(tempDir(t, nil), "made", "by start")
	server := startPostgres(t, local.PostgresConfig{Dir: dir, Settings: map[string]string{"work_mem": "5MB"}})
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on", "server_encoding": "UTF8",
		"listen_addresses": "", "work_mem": "5MB", "TimeZone": "UTC",
	} {
		if got := query(t, server.URL("postgres"), "show "+setting); got != want {
			t.Errorf("%s = %q; want %q", setting, got, want)
		}
	}
	for _, private := range []string{"data", "run"} {
		if info, err := os.Stat(filepath.Join(dir, private)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v; want a directory that only its owner enters", private, info.Mode(), err)
		}
	}
	query(t, server.URL("postgres"), "create table kept as select 1; select 'done'")
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if log, err := os.ReadFile(filepath.Join(dir, "postgres.log")); err != nil || !strings.Contains(string(log), "database system is shut down") {
		t.Errorf("the server did not shut down in good order: %v\n%s", err, log)
	}
	again := startPostgres(t, local.PostgresConfig{Dir: dir})
	if got := query(t, again.URL("postgres"), "select count(*)::text from kept"); got != "1" {
		t.Errorf("rows = %s after a restart; want 1", got)
	}
}

// As a user who is not root, with root's tests running as nobody for that.
func TestPostgres_plainUserKilled(t *testing.T) {
	t.Parallel()

	testKilled(t, nobody(t))
}

func TestPostgres_killed(t *testing.T) {
	t.Parallel()

	testKilled(t, nil)
}

// Of a program that was killed nothing stays behind, and the next start finds what was committed; once after the
// servers have ended, and once at the heels of the kill.
func testKilled(t *testing.T, credential *syscall.Credential) {
	t.Helper()
	dir := tempDir(t, credential)
	first := startHolder(t, dir, credential)
	if credential == nil {
		query(t, first.url, "create table kept as select 1; select 'done'")
	}
	first.kill(t)
	first.awaitServers(t)

	second := startHolder(t, dir, credential)
	second.kill(t)
	third := startHolder(t, dir, credential)
	if running(second.postgresPid) {
		t.Error("two servers run on one data directory")
	}
	if credential == nil {
		if got := query(t, third.url, "select count(*)::text from kept"); got != "1" {
			t.Errorf("rows = %s; want 1", got)
		}
	}
}

// nobody returns another user's credential for root, and nil, which is this user, for everybody else.
func nobody(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	found, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func TestPostgres_crashRecovery(t *testing.T) {
	t.Parallel()

	dir := tempDir(t, nil)
	server := startPostgres(t, local.PostgresConfig{Dir: dir})
	query(t, server.URL("postgres"), "create table kept as select 1; select 'done'")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	again := startPostgres(t, local.PostgresConfig{Dir: dir})
	if got := query(t, again.URL("postgres"), "select count(*)::text from kept"); got != "1" {
		t.Errorf("rows = %s after a crash; want 1", got)
	}
}

func TestPostgres_doneWhenItDies(t *testing.T) {
	t.Parallel()

	server := startPostgres(t, local.PostgresConfig{Dir: tempDir(t, nil)})
	if err := syscall.Kill(server.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-server.Done():
	case <-time.After(20 * time.Second):
		t.Error("Done is open long after the server was killed")
	}
}

func TestPostgres_twoHolders(t *testing.T) {
	t.Parallel()

	dir := tempDir(t, nil)
	server := startPostgres(t, local.PostgresConfig{Dir: dir})
	_, err := local.StartPostgres(t.Context(), local.PostgresConfig{Dir: dir})
	if !errors.Is(err, local.ErrInUse) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("second start: %v; want ErrInUse and the holder's process id", err)
	}
	if got := query(t, server.URL("postgres"), "select 'alive'"); got != "alive" {
		t.Errorf("the first server says %q", got)
	}
}

// A path that is too long for a socket moves the socket, not the data.
func TestPostgres_longPath(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(tempDir(t, nil), strings.Repeat("long, \"/", 20))
	server := startPostgres(t, local.PostgresConfig{Dir: dir})
	if got := query(t, server.URL("postgres"), "show data_directory"); got != filepath.Join(dir, "data") {
		t.Errorf("data directory = %s; want it in %s", got, dir)
	}
}

func TestPostgres_badInput(t *testing.T) {
	t.Parallel()

	oldData := tempDir(t, nil)
	if err := os.MkdirAll(filepath.Join(oldData, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(oldData, "data", "PG_VERSION"), []byte("9.6\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := tempDir(t, nobody(t))
	if err := os.MkdirAll(filepath.Join(foreign, "data", "photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	if credential := nobody(t); credential != nil {
		if err := os.Chown(filepath.Join(foreign, "data"), int(credential.Uid), int(credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(tempDir(t, nil), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		config local.PostgresConfig
		want   string
	}{
		"unknown setting":       {local.PostgresConfig{Dir: tempDir(t, nil), Settings: map[string]string{"no_such": "1"}}, `unrecognized configuration parameter "no_such"`},
		"data of another major": {local.PostgresConfig{Dir: oldData}, "the data directory is of PostgreSQL 9"},
		"somebody else's files": {local.PostgresConfig{Dir: foreign}, "holds files but no database"},
		"not a directory":       {local.PostgresConfig{Dir: filepath.Join(file, "dir")}, "not a directory"},
		"no binaries there":     {local.PostgresConfig{Dir: tempDir(t, nil), Binaries: "/nowhere"}, "name the directory that holds initdb and postgres"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			server, err := local.StartPostgres(t.Context(), tt.config)
			if err == nil {
				err = server.Stop(t.Context())
				t.Fatalf("it started, and stopped: %v", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q; want %q in it", err, tt.want)
			}
		})
	}
}

// A start that is given up leaves nothing running and nothing half done.
func TestPostgres_cancelledStart(t *testing.T) {
	t.Parallel()

	dir := tempDir(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := local.StartPostgres(ctx, local.PostgresConfig{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("start: %v; want the deadline exceeded", err)
	}
	server := startPostgres(t, local.PostgresConfig{Dir: dir})
	if got := query(t, server.URL("postgres"), "select 'alive'"); got != "alive" {
		t.Errorf("the server says %q", got)
	}
}
