package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/internal/local/redistest"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// installation is what processes of `ordermill serve` share.
type installation struct {
	t       *testing.T
	path    string
	environ []string
	token   string
	redis   *redistest.Server

	database string // URL
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	set := fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}]}`, base64.RawURLEncoding.EncodeToString(public))
	if err := os.WriteFile(keys, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "https://issuer.example", "aud": "ordermill", "sub": "s", "client_id": "c", "tenant": "shop", "role": "admin", "jti": "1",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	token.Header["typ"], token.Header["kid"] = "at+jwt", "k"
	signed, err := token.SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	master := make([]byte, 32)
	_, _ = rand.Read(master) // never fails
	i := &installation{t: t, path: path, token: signed, database: pgtest.New(t), redis: redistest.Start(t, map[string]string{"maxmemory-policy": "volatile-lru"})}
	i.environ = []string{
		"PATH=" + os.Getenv("PATH"), prefix + "DATABASE_URL=" + i.database, prefix + "REDIS_URL=" + i.redis.URL(),
		prefix + "JWT_KEY_FILE=" + keys, prefix + "JWT_ISSUER=https://issuer.example", prefix + "JWT_AUDIENCE=ordermill",
		prefix + "MASTER_KEY=m:" + base64.StdEncoding.EncodeToString(master), prefix + "ALLOW_UNSAFE_ROLE=true",
	}
	return i
}

// served is one process of it.
type served struct {
	t                  *testing.T
	cmd                *exec.Cmd
	stderr             *bytes.Buffer
	ended              chan struct{}
	write, read, admin string // addresses
}

// port returns a free port's address.
func port(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// serve starts a process and waits until it is ready.
func (i *installation) serve(roles string) *served {
	i.t.Helper()
	s := &served{t: i.t, stderr: new(bytes.Buffer), ended: make(chan struct{}), write: port(i.t), read: port(i.t), admin: port(i.t)}
	s.cmd = exec.Command(i.path, "serve", "--roles", roles) //nolint:noctx // ended by the tests
	s.cmd.Env = append(slices.Clone(i.environ), prefix+"WRITE_ADDR="+s.write, prefix+"READ_ADDR="+s.read, prefix+"ADMIN_ADDR="+s.admin)
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // its status is in ProcessState
		close(s.ended)
	}()
	i.t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		<-s.ended
	})
	poll(i.t, "readiness", func() (bool, error) {
		select {
		case <-s.ended:
			i.t.Fatalf("serve ended: %v\n%s", s.cmd.ProcessState, s.stderr)
		default:
		}
		a, err := i.do(http.DefaultClient, http.MethodGet, "http://"+s.admin+"/readyz", "", nil)
		return err == nil && a.status == http.StatusOK, err
	})
	return s
}

// end ends it as an orchestrator does.
func (s *served) end() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Error(err)
	}
	select {
	case <-s.ended:
	case <-time.After(25 * time.Second):
		s.t.Errorf("serve did not end within 25 seconds\n%s", s.stderr)
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("serve ended with %d\n%s", code, s.stderr)
	}
}

func (i *installation) do(client *http.Client, method, url, body string, header map[string]string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+i.token)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, header: response.Header, text: string(data)}
	if err == nil && strings.Contains(response.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(data, &a.body)
	}
	return a, err
}

// stocked makes something that can be ordered.
func (i *installation) stocked(write string) {
	i.t.Helper()
	for _, goods := range [][2]string{
		{"/v1/products", `{"sku":"A","name":"Thing","prices":[{"amount":1000,"currency":"EUR"}]}`},
		{"/v1/inventory/A/receive", `{"quantity":1000000}`},
	} {
		path, body := goods[0], goods[1]
		poll(i.t, path, func() (bool, error) {
			a, err := i.do(http.DefaultClient, http.MethodPost, "http://"+write+path, body, map[string]string{"Idempotency-Key": path[4:6]})
			return err == nil && a.status < 300, fmt.Errorf("%d %s %w", a.status, a.text, err)
		})
	}
}

// Processes with one role each tell each other of what they append: what is read with a token somewhere else is there in
// a moment, not with the next poll.
func TestServe_rolesApart(t *testing.T) {
	t.Parallel()

	i := newInstallation(t)
	write, project, read := i.serve("write"), i.serve("project"), i.serve("read")
	i.stocked(write.write)
	const orders = 15
	for _, path := range []string{"/v1/orders?limit=1", "/v1/inventory/A", "/v1/products/A"} {
		var took []time.Duration
		for n := range orders {
			placed, err := i.do(http.DefaultClient, http.MethodPost, "http://"+write.write+"/v1/orders", orderOfA, map[string]string{"Idempotency-Key": fmt.Sprintf("%s-%d", path[4:7], n)})
			if err != nil || placed.status != http.StatusCreated {
				t.Fatalf("%d %s, %v", placed.status, placed.text, err)
			}
			began := time.Now()
			got, err := i.do(http.DefaultClient, http.MethodGet, "http://"+read.read+path, "", map[string]string{"Consistency-Token": placed.header.Get("Consistency-Token")})
			took = append(took, time.Since(began))
			if err != nil || got.status != http.StatusOK {
				t.Fatalf("%s: %d %s, %v\n%s", path, got.status, got.text, err, project.stderr)
			}
		}
		slices.Sort(took)
		t.Logf("%s: median %s, most %s", path, took[orders/2], took[orders-1])
		if took[orders/2] > 400*time.Millisecond { // a poll is a second; on an idle machine it is some tens of milliseconds
			t.Errorf("%s takes %s at the median", path, took[orders/2])
		}
	}
	i.loseLast()
	for _, s := range []*served{write, project} { // and whoever else has seen it
		i.becomes(s, http.StatusServiceUnavailable)
	}
	i.run("recover")
	for _, s := range []*served{write, project, read} {
		i.becomes(s, http.StatusOK)
	}
	again, err := i.do(http.DefaultClient, http.MethodPost, "http://"+write.write+"/v1/orders", orderOfA, map[string]string{"Idempotency-Key": "again"})
	if err != nil || again.status != http.StatusCreated {
		t.Errorf("after recover: %d %s, %v", again.status, again.text, err)
	}
	for _, s := range []*served{read, project, write} {
		s.end()
	}
}

// loseLast does to the log what a restore to a moment ago does.
func (i *installation) loseLast() {
	i.t.Helper()
	conn, err := pgx.Connect(i.t.Context(), i.database)
	if err == nil {
		_, err = conn.Exec(i.t.Context(), "delete from events where position > (select max(position) - 3 from events)")
		err = errors.Join(err, conn.Close(i.t.Context()))
	}
	if err != nil {
		i.t.Fatal(err)
	}
}

// becomes waits until a process's readiness has a status.
func (i *installation) becomes(s *served, status int) {
	i.t.Helper()
	poll(i.t, fmt.Sprint("readiness ", status), func() (bool, error) {
		a, err := i.do(http.DefaultClient, http.MethodGet, "http://"+s.admin+"/readyz", "", nil)
		return err == nil && a.status == status, fmt.Errorf("%d %s %w", a.status, a.text, err)
	})
}

// run runs another command on the same servers.
func (i *installation) run(args ...string) {
	i.t.Helper()
	cmd := exec.CommandContext(i.t.Context(), i.path, args...)
	cmd.Env = i.environ
	if out, err := cmd.CombinedOutput(); err != nil {
		i.t.Fatalf("ordermill %v: %v\n%s", args, err, out)
	}
}

// Redis never costs an answer: serve starts while it is down and takes it up when it comes, and while it is frozen
// nothing waits for it.
func TestServe_withoutRedis(t *testing.T) {
	t.Parallel()

	i := newInstallation(t)
	i.redis.Kill(t)
	s := i.serve("write,read,project")
	i.stocked(s.write)
	placed, err := i.do(http.DefaultClient, http.MethodPost, "http://"+s.write+"/v1/orders", orderOfA, map[string]string{"Idempotency-Key": "k"})
	if err != nil || placed.status != http.StatusCreated {
		t.Fatalf("%d %s, %v", placed.status, placed.text, err)
	}
	token := map[string]string{"Consistency-Token": placed.header.Get("Consistency-Token"), "Prefer": "wait=10"}
	paths := []string{
		"/v1/orders", "/v1/products", "/v1/products/A", "/v1/inventory/A", "/v1/inventory", "/v1/metrics/orders_placed", "/v1/metrics/top_skus",
		"/v1/customers", "/v1/backlog", "/v1/projections", "/v1/settings", "/v1/orders/" + fmt.Sprint(placed.body["id"]),
	}
	slowest := func(when string) {
		t.Helper()
		for range 10 {
			for _, path := range paths {
				began := time.Now()
				a, err := i.do(http.DefaultClient, http.MethodGet, "http://"+s.read+path, "", token)
				if took := time.Since(began); err != nil || a.status != http.StatusOK || took > 2*time.Second {
					t.Errorf("%s: %s: %d %s, %v, after %s", when, path, a.status, a.text, err, took)
				}
			}
		}
	}
	slowest("down")
	i.redis.Restart(t)
	client := i.redis.Client(t)
	poll(t, "documents in Redis", func() (bool, error) {
		n, err := client.DBSize(t.Context()).Result()
		return n > 100, err
	})
	poll(t, "an answer from Redis", func() (bool, error) {
		a, err := i.do(http.DefaultClient, http.MethodGet, "http://"+s.read+"/v1/inventory/A", "", token)
		return a.header.Get("Cache") == "hit", err
	})
	if err := syscall.Kill(i.redis.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	slowest("frozen")
	if err := syscall.Kill(i.redis.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.end()
}

// A rolling restart fails no request: clients that keep their connections are told to close them before they are closed.
func TestServe_rollingRestart(t *testing.T) {
	t.Parallel()

	i := newInstallation(t)
	now := i.serve("write,read,project")
	i.stocked(now.write)
	var target atomic.Pointer[served] // where new connections go, as a load balancer decides it
	target.Store(now)
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		at := target.Load()
		if strings.HasPrefix(address, "write") {
			return new(net.Dialer).DialContext(ctx, network, at.write)
		}
		return new(net.Dialer).DialContext(ctx, network, at.read)
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var sent, failed atomic.Int64
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				for _, try := range []func() (answer, error){
					func() (answer, error) {
						return i.do(client, http.MethodPost, "http://write/v1/orders", orderOfA, map[string]string{"Idempotency-Key": fmt.Sprintf("%d-%d", n, k)})
					},
					func() (answer, error) { return i.do(client, http.MethodGet, "http://read/v1/orders?limit=1", "", nil) },
				} {
					sent.Add(1)
					if a, err := try(); err != nil || a.status >= 400 {
						failed.Add(1)
						t.Errorf("%d %s, %v", a.status, a.text, err)
					}
				}
				if n%2 == 1 { // some use their connections now and then only
					pause(ctx, time.Duration(n)*100*time.Millisecond)
				}
			}
		})
	}
	for range 4 {
		next := i.serve("write,read,project")
		before := sent.Load()
		poll(t, "requests", func() (bool, error) { return sent.Load() > before+100, nil })
		target.Store(next)
		now.end()
		now = next
	}
	stop()
	clients.Wait()
	now.end()
	t.Logf("%d requests over 4 restarts, %d failed", sent.Load(), failed.Load())
	if sent.Load() < 400 {
		t.Error(errors.New("too few requests to say anything"))
	}
}
