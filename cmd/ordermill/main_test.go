package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildDir is the variable that names where the program under test is built.
const buildDir = "ORDERMILL_TEST_BUILD_DIR"

// built is the path of the program, built once for all tests that start it.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(buildDir), "ordermill")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ordermill-test-")
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), os.Setenv(buildDir, dir)) //nolint:gosec // for everybody to run
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // in the temporary directory
	os.Exit(code)
}

// devProcess is a dev, started as a process of its own.
type devProcess struct {
	t      *testing.T
	dir    string
	path   string
	given  []string // settings beside the directory
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	ended  chan struct{} // closed once it was waited for
	write  string        // URL of the write API, from the line that dev prints
	read   string
	admin  string
	token  string
	body   string // of the line that dev prints
}

// newDev prepares a dev of a new directory on free ports.
func newDev(t *testing.T) *devProcess {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ordermill-dev-") //nolint:usetesting // the account of Postgres cannot enter t.TempDir
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // see above
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &devProcess{t: t, dir: filepath.Join(dir, "dev"), path: path}
}

// environ has only what the program needs, so that no setting of the test's environment reaches it.
func (d *devProcess) environ(more ...string) []string {
	environ := append([]string{"ORDERMILL_DEV_DIR=" + d.dir}, more...)
	environ = append(environ, d.given...)
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "ORDERMILL_PG_BIN"} {
		if value := os.Getenv(name); value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// start starts it and waits for the line ready.
func (d *devProcess) start(args ...string) {
	d.t.Helper()
	ready := d.launch(args...)
	select {
	case text := <-ready:
		d.parse(text)
	case <-d.ended:
		d.t.Fatalf("dev ended before it was ready: %v\n%s", d.cmd.ProcessState, d.stderr)
	case <-time.After(time.Minute):
		d.t.Fatal("dev is not ready after a minute")
	}
}

// launch starts it. The channel gets what it has printed once that ends with the line ready.
func (d *devProcess) launch(args ...string) <-chan string {
	d.t.Helper()
	d.cmd = exec.Command(d.path, append([]string{"dev"}, args...)...) //nolint:noctx // ended by the tests
	d.cmd.Env = d.environ("ORDERMILL_WRITE_ADDR=127.0.0.1:0", "ORDERMILL_READ_ADDR=127.0.0.1:0", "ORDERMILL_ADMIN_ADDR=127.0.0.1:0")
	d.stderr = new(bytes.Buffer)
	d.cmd.Stderr = d.stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.ended = make(chan struct{})
	ready := make(chan string, 1)
	go func() {
		var text strings.Builder
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			text.WriteString(lines.Text() + "\n")
			if lines.Text() == "ready" {
				ready <- text.String()
			}
		}
		_ = d.cmd.Wait() // its status is in ProcessState
		close(d.ended)
	}()
	d.t.Cleanup(d.kill)
	return ready
}

// parse takes the links, the token and the curl line apart.
func (d *devProcess) parse(text string) {
	d.t.Helper()
	find := func(pattern string) string {
		match := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if match == nil {
			d.t.Fatalf("dev printed nothing like %s:\n%s", pattern, text)
		}
		return match[1]
	}
	d.read = find(`read API +(http://\S+)`)
	d.admin = find(`(http://\S+)/readyz`)
	d.token = find(`(?m)^(ey\S+)$`)
	d.write = find(`(?m)^curl -sS (http://\S+)/orders `)
	d.body = find(`-d '([^']+)'`)
	if find(`-H 'Authorization: Bearer ([^']+)'`) != d.token {
		d.t.Error("the curl line has another token")
	}
}

func (d *devProcess) kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	<-d.ended
}

// stop ends it by a signal, in good order.
func (d *devProcess) stop() {
	d.t.Helper()
	began := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-d.ended:
	case <-time.After(25 * time.Second):
		d.t.Fatal("dev did not end within 25 seconds")
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("dev ended with %d after %v:\n%s", code, time.Since(began), d.stderr)
	}
}

// run runs another command beside it and returns its standard output.
func (d *devProcess) run(args ...string) []byte {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.path, args...)
	cmd.Env = d.environ()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("ordermill %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return out
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string // of the body, whatever it is
}

// do sends a request with the dev's token.
func (d *devProcess) do(method, url, body string, header map[string]string) (answer, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+d.token)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, header: response.Header}
	data, err := io.ReadAll(response.Body)
	a.text = string(data)
	if err == nil && len(data) > 0 && strings.Contains(response.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(data, &a.body)
	}
	return a, err
}

// place places the order of the curl line under a key, and again with the same key until the answer is certain.
func (d *devProcess) place(key string) (id, token string) {
	d.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		a, err := d.do(http.MethodPost, d.write+"/orders", d.body, map[string]string{"Idempotency-Key": key})
		if err == nil && a.status == http.StatusCreated {
			return fmt.Sprint(a.body["id"]), a.header.Get("Consistency-Token")
		}
		if time.Now().After(deadline) || err == nil && a.status < 500 {
			d.t.Fatalf("place order %s: %d %v, %v\n%s", key, a.status, a.body, err, d.stderr)
		}
		time.Sleep(50 * time.Millisecond) // between polls
	}
}

// has fails unless the read API shows the order, at least as it is at the token. Right after a server was killed it may
// say once or twice that it is not there yet, and never anything else.
func (d *devProcess) has(id, token string) {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // between polls
		a, err := d.do(http.MethodGet, d.read+"/orders/"+id, "", map[string]string{"Consistency-Token": token})
		if err == nil && a.status == http.StatusServiceUnavailable && time.Now().Before(deadline) {
			continue
		}
		if err != nil || a.status != http.StatusOK || a.body["id"] != id || a.body["status"] != "pending" {
			d.t.Errorf("get order %s: %d %v, %v", id, a.status, a.body, err)
		}
		return
	}
}

// head returns the log's last position.
func (d *devProcess) head() int64 {
	d.t.Helper()
	var page struct{ Position int64 }
	if err := json.Unmarshal(d.run("events", "--limit", "1", "--output", "json"), &page); err != nil {
		d.t.Fatal(err)
	}
	return page.Position
}

// postgres returns the process id of its private server.
func (d *devProcess) postgres() int {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		d.t.Fatal(err)
	}
	return pid
}

// succeeds waits until another Postgres than the killed one takes connections. The killed one's sessions can go on for a
// moment, so that an answer alone does not tell.
func (d *devProcess) succeeds(killed int) {
	d.t.Helper()
	path := filepath.Join(d.dir, "postgres", "data", "postmaster.pid")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) { // between polls
		text, err := os.ReadFile(path)
		lines := strings.Fields(string(text)) // the process first, the state last
		if err == nil && len(lines) > 1 && lines[0] != strconv.Itoa(killed) && lines[len(lines)-1] == "ready" {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("no other server is ready: %q, %v", text, err)
		}
	}
}

// gone waits until a process does not exist any more.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); syscall.Kill(pid, 0) == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
		time.Sleep(20 * time.Millisecond) // between polls
	}
}

// The whole program: an order placed as dev's curl line says is there to read at once, and stays, whatever is killed.
func TestDev(t *testing.T) {
	t.Parallel()

	d := newDev(t)
	d.start()
	if a, err := d.do(http.MethodGet, d.admin+"/readyz", "", nil); err != nil || a.status != http.StatusOK {
		t.Errorf("readyz = %d, %v", a.status, err)
	}
	first, token := d.place("first")
	d.has(first, token)
	if again, _ := d.place("first"); again != first {
		t.Errorf("the same key placed order %s and then %s", first, again)
	}
	head, postgres := d.head(), d.postgres()

	d.kill()
	gone(t, postgres)
	d.start()
	if now := d.head(); now != head {
		t.Errorf("the log went from %d to %d by a restart", head, now)
	}
	d.has(first, token)
	if again, _ := d.place("first"); again != first {
		t.Errorf("after a restart the same key placed order %s and then %s", first, again)
	}

	killed := d.postgres()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second, token := d.place("second")
	d.has(first, token)
	d.has(second, token)
	d.succeeds(killed)

	d.run("replay", "--all")
	d.run("verify")
	d.has(second, token)

	postgres = d.postgres()
	d.stop()
	gone(t, postgres)
	if _, err := os.Stat(filepath.Join(d.dir, devEnvFile)); !os.IsNotExist(err) {
		t.Errorf("the env file is still there: %v", err)
	}
}

// A directory has one dev at a time; a dev that is given servers starts none, and leaves them running.
func TestDev_givenServers(t *testing.T) {
	t.Parallel()

	d := newDev(t)
	d.start("--no-seed")
	if head := d.head(); head != 0 {
		t.Errorf("the log of an empty shop ends at %d", head)
	}
	code, _, stderr := run(t, map[string]string{"DEV_DIR": d.dir}, "dev")
	if code != exitFailed || !strings.Contains(stderr, "another ordermill dev runs") {
		t.Errorf("a second dev: exit %d, %s", code, stderr)
	}
	file, err := readDevEnv(d.dir)
	if err != nil {
		t.Fatal(err)
	}

	other := newDev(t)
	for _, name := range []string{prefix + "DATABASE_URL", prefix + "REDIS_URL"} {
		other.given = append(other.given, name+"="+file[name])
	}
	code, _, stderr = run(t, map[string]string{
		"DEV_DIR": other.dir, "DATABASE_URL": file[prefix+"DATABASE_URL"], "WRITE_ADDR": "127.0.0.1:0", "READ_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
	}, "dev")
	if code != exitFailed || !strings.Contains(stderr, "ORDERMILL_MASTER_KEY") {
		t.Errorf("a dev with another master key: exit %d, %s", code, stderr)
	}
	master, err := devMasterKeyOf(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	other.given = append(other.given, prefix+"MASTER_KEY="+master)
	other.start()
	id, _ := other.place("here")
	if _, err := os.Stat(filepath.Join(other.dir, "postgres")); !os.IsNotExist(err) {
		t.Errorf("it started a server of its own: %v", err)
	}
	other.stop()
	for deadline := time.Now().Add(20 * time.Second); ; {
		a, err := d.do(http.MethodGet, d.read+"/orders/"+id, "", nil) // a token of the other one's key is of no use here
		if err == nil && a.status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("get order %s: %d %v, %v", id, a.status, a.body, err)
		}
		time.Sleep(20 * time.Millisecond) // between polls
	}
	d.stop()
}
