package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of fetching a key set.
const (
	jwksTimeout    = 5 * time.Second
	jwksBytes      = 1 << 20
	jwksPause      = 30 * time.Second // between two fetches, whatever tokens ask for
	jwksDefaultAge = 5 * time.Minute
	jwksMaxAge     = 24 * time.Hour
)

// keySet finds keys by id.
type keySet interface {
	// find returns the key with an id.
	find(ctx context.Context, id string) (Key, bool)
	// changed is closed over by caches: it grows whenever keys may have been taken away.
	generation() uint64
}

// staticKeys never change.
type staticKeys map[string]Key

func (k staticKeys) find(_ context.Context, id string) (Key, bool) {
	key, ok := k[id]
	return key, ok
}

func (staticKeys) generation() uint64 { return 0 }

// remoteKeys are fetched from a JWKS URL: kept as long as Cache-Control says, fetched anew on an unknown id at most once
// in 30 seconds, and kept beyond their age while the other side does not answer.
type remoteKeys struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu       sync.Mutex
	keys     map[string]Key
	version  uint64
	freshTo  time.Time
	tried    time.Time
	fetching chan struct{} // closed when the fetch that runs has ended; nil if none runs
}

func newRemoteKeys(url string, client *http.Client, now func() time.Time, log *slog.Logger) *remoteKeys {
	if client == nil {
		client = &http.Client{
			Timeout:       jwksTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &remoteKeys{url: url, client: client, now: now, log: log}
}

func (k *remoteKeys) generation() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.version
}

// find waits for a fetch only when it has no key to answer with.
func (k *remoteKeys) find(ctx context.Context, id string) (Key, bool) {
	k.mu.Lock()
	key, ok := k.keys[id]
	now := k.now()
	due := (!ok || now.After(k.freshTo)) && (k.tried.IsZero() || now.Sub(k.tried) >= jwksPause)
	if due && k.fetching == nil {
		k.tried = now
		k.fetching = make(chan struct{})
		go k.fetch(context.WithoutCancel(ctx), k.fetching)
	}
	running := k.fetching
	k.mu.Unlock()
	if ok || running == nil {
		return key, ok
	}
	select {
	case <-running:
	case <-ctx.Done():
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok = k.keys[id]
	return key, ok
}

// fetch ends by itself after jwksTimeout.
func (k *remoteKeys) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	keys, age, err := k.download(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.fetching = nil
	if err != nil {
		k.log.Warn("key set not fetched, keeping the old one", "keys", len(k.keys), "error", err)
		return
	}
	k.keys = make(map[string]Key, len(keys))
	for _, key := range keys {
		k.keys[key.ID] = key
	}
	k.version++
	k.freshTo = k.now().Add(age)
}

func (k *remoteKeys) download(ctx context.Context) (keys []Key, age time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("key set: status %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, jwksBytes))
	if err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	keys, err = ParseKeys(data)
	return keys, maxAge(response.Header.Get("Cache-Control")), err
}

// maxAge reads how long a Cache-Control header lets its bearer be kept.
func maxAge(header string) time.Duration {
	age := jwksDefaultAge
	for directive := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return jwksPause
		case "max-age":
			if seconds, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				age = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(max(age, jwksPause), jwksMaxAge)
}
