package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// system is a running `ordermill dev` that is measured from outside.
type system struct {
	binary      string
	env         []string
	client      *http.Client
	write, read string // base URLs
	admin       string
	database    string
	token       string
	process     *exec.Cmd
}

// Bounds of starting and stopping a system.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
)

// start runs the whole program on free ports and waits until it is ready.
func start(ctx context.Context, o Options, name string, env ...string) (*system, error) {
	dir := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the database's own user must be able to enter it
		return nil, err
	}
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return nil, err
	}
	s := &system{binary: o.Binary, write: "http://" + ports[0], read: "http://" + ports[1], admin: "http://" + ports[2]}
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	s.env = append(os.Environ(), "ORDERMILL_DEV_DIR="+dir, "ORDERMILL_WRITE_ADDR="+ports[0], "ORDERMILL_READ_ADDR="+ports[1], "ORDERMILL_ADMIN_ADDR="+ports[2])
	s.env = append(s.env, env...)
	s.process = exec.CommandContext(ctx, o.Binary, "dev", "--no-seed")
	s.process.Env = s.env
	s.process.Cancel = func() error { return s.process.Process.Signal(syscall.SIGTERM) }
	s.process.WaitDelay = stopTimeout
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var problems bytes.Buffer
	s.process.Stderr = &problems
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s dev: %w", o.Binary, err)
	}
	if err := awaitReady(out); err != nil {
		return nil, errors.Join(err, s.stop(), errors.New(strings.TrimSpace(problems.String())))
	}
	return s, s.learn(ctx, dir)
}

// awaitReady reads the program's output up to the line that says ready, and then lets it go on.
func awaitReady(out io.Reader) error {
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if lines.Text() == "ready" {
				ready <- nil
				_, _ = io.Copy(io.Discard, out) // until the program ends
				return
			}
		}
		ready <- errors.New("the program ended before it was ready")
	}()
	select {
	case err := <-ready:
		return err
	case <-time.After(startTimeout):
		return fmt.Errorf("the program was not ready after %v", startTimeout)
	}
}

// learn reads how to reach the system: its database's URL and a token.
func (s *system) learn(ctx context.Context, dir string) error {
	env, err := os.ReadFile(filepath.Join(dir, "env")) //nolint:gosec // the program's own file
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(env)) {
		if _, url, found := strings.Cut(line, "ORDERMILL_DATABASE_URL="); found {
			s.database = strings.Trim(strings.TrimSpace(url), `'"`)
		}
	}
	if s.database == "" {
		return fmt.Errorf("%s names no ORDERMILL_DATABASE_URL", filepath.Join(dir, "env"))
	}
	token, err := s.command(ctx, "token", "--tenant", tenant, "--role", "admin")
	s.token = strings.TrimSpace(string(token))
	return err
}

// tenant is whose orders are measured.
const tenant = "demo"

// command runs the program beside the system and returns its standard output.
func (s *system) command(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Env = s.env
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(s.binary), args[0], err, strings.TrimSpace(problems.String()))
	}
	return out, nil
}

// call makes one request and decodes its answer.
func (s *system) call(ctx context.Context, method, url string, body any, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it is read to its end
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, url, res.Status, got)
	}
	return json.Unmarshal(got, answer)
}

// stop ends the system and waits for it.
func (s *system) stop() error {
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended already
	if err := s.process.Wait(); err != nil {
		return fmt.Errorf("%s dev: %w", filepath.Base(s.binary), err)
	}
	return nil
}

func freePorts(ctx context.Context, n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // all are held until all are known
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
