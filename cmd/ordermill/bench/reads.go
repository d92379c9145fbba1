package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// readers is how many connections ask at once.
const readers = 32

// reads measures a hot GET of an order, answered from the process's memory, against a bare Echo handler in a process of
// its own that answers the same bytes.
func reads(ctx context.Context, o Options) (figures []Figure, err error) {
	s, err := start(ctx, o, "reads")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	path, err := s.placeOrder(ctx)
	if err != nil {
		return nil, err
	}
	body, err := s.settled(ctx, path)
	if err != nil {
		return nil, err
	}
	bare, stopBare, err := startBare(ctx, o.Binary, body)
	if err != nil {
		return nil, err
	}
	defer stopBare()
	f, err := pair(o.Rounds,
		func() (float64, error) {
			return ask(ctx, strings.TrimPrefix(s.read, "http://"), path, s.token, len(body), o.Round)
		},
		func() (float64, error) { return ask(ctx, bare, "/", "", len(body), o.Round) })
	f.Name, f.Unit, f.Limit, f.Promise = "hot cached GET of an order", "requests/s", "bare Echo handler, same bytes from memory", Promise{Ratio: 0.5}
	return []Figure{f}, err
}

// placeOrder places the order that is read, and returns its path.
func (s *system) placeOrder(ctx context.Context) (string, error) {
	var ignored map[string]any
	product := map[string]any{"sku": "BENCH", "name": "Bench", "prices": []any{map[string]any{"amount": 1299, "currency": "EUR"}}}
	if err := s.call(ctx, http.MethodPost, s.write+"/v1/products", product, &ignored); err != nil {
		return "", err
	}
	if err := s.call(ctx, http.MethodPost, s.write+"/v1/inventory/BENCH/receive", map[string]any{"quantity": 10}, &ignored); err != nil {
		return "", err
	}
	var placed struct {
		ID string `json:"id"`
	}
	order := map[string]any{"currency": "EUR", "lines": []any{map[string]any{"sku": "BENCH", "quantity": 2}}}
	err := s.call(ctx, http.MethodPost, s.write+"/v1/orders", order, &placed)
	return "/v1/orders/" + placed.ID, err
}

// settled reads the order until two answers in a row are the same and come from the cache.
func (s *system) settled(ctx context.Context, path string) ([]byte, error) {
	var last []byte
	for range 200 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.read+path, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+s.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // it is read to its end
		if err != nil {
			return nil, err
		}
		if res.StatusCode == http.StatusOK && res.Header.Get("Cache") == "hit" && bytes.Equal(body, last) {
			return body, nil
		}
		last = body
		time.Sleep(20 * time.Millisecond)
	}
	return nil, fmt.Errorf("GET %s did not come from the cache: %s", path, last)
}

// ServeBare answers every request with the bytes of standard input, by a handler that does nothing else. It prints its
// address and ends when ctx does.
func ServeBare(ctx context.Context, in io.Reader, out io.Writer) error {
	body, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/json", body) })
	e.Listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, e.Listener.Addr()); err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		_ = e.Close() // nobody waits for it
	}()
	if err := e.Start(""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func startBare(ctx context.Context, binary string, body []byte) (addr string, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, binary, "bench", "--bare-echo")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(body), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return "", nil, err
	}
	addr, err = bufio.NewReader(out).ReadString('\n')
	stop = func() {
		cancel()
		_ = cmd.Wait() // it was told to end
	}
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("bare handler: %w", err)
	}
	return strings.TrimSpace(addr), stop, nil
}

// ask requests one path over and over from some connections and returns the answers a second. It speaks HTTP itself:
// a full client costs more than the servers that are compared, and would make them look alike.
func ask(ctx context.Context, addr, path, token string, size int, d time.Duration) (float64, error) {
	request := "GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nAccept: application/json\r\n"
	if token != "" {
		request += "Authorization: Bearer " + token + "\r\n"
	}
	request += "\r\n"
	conns := make(chan *connection, readers)
	for range readers {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return 0, err
		}
		defer func() { _ = c.Close() }() // nothing is on its way
		conns <- &connection{c, bufio.NewReaderSize(c, 16<<10)}
	}
	return hammer(ctx, readers, d, func(context.Context) error {
		c := <-conns
		defer func() { conns <- c }()
		return c.get(request, size)
	})
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

func (c *connection) get(request string, size int) error {
	if _, err := io.WriteString(c, request); err != nil {
		return err
	}
	status, length := "", -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if status == "" {
			status = string(line[:min(len(line), 12)])
		} else if name, value, _ := bytes.Cut(line, []byte(": ")); textproto.CanonicalMIMEHeaderKey(string(name)) == "Content-Length" {
			length, _ = strconv.Atoi(string(value))
		}
	}
	if status != "HTTP/1.1 200" || length != size {
		return fmt.Errorf("answer %s with %d bytes, want 200 with %d", status, length, size)
	}
	_, err := c.in.Discard(length)
	return err
}
