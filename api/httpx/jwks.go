package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
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
	jwksFirstPause = 5 * time.Second  // until the first one has succeeded
	jwksReasons    = 20               // that are logged of one set
	jwksDefaultAge = 5 * time.Minute
	jwksMaxAge     = 24 * time.Hour
)

// keySet finds keys by id.
type keySet interface {
	// find returns the keys that a token with this kid may be signed with, none if there is no such key, or an *Error
	// with a 503 if that cannot be known right now.
	find(ctx context.Context, id string) ([]Key, error)
	// generation grows whenever keys may have been taken away.
	generation() uint64
}

// staticKeys never change.
type staticKeys map[string][]Key

func (k staticKeys) find(_ context.Context, id string) ([]Key, error) { return candidates(k, id), nil }

func (staticKeys) generation() uint64 { return 0 }

// candidates are the keys with an id and those without any.
func candidates(keys map[string][]Key, id string) []Key {
	found := keys[id]
	if id != "" && len(keys[""]) > 0 {
		found = append(slices.Clip(found), keys[""]...)
	}
	return found
}

// remoteKeys are fetched from a JWKS URL: kept as long as Cache-Control says, fetched anew on an unknown id at most once
// in 30 seconds, and kept beyond their age while the other side does not answer. A set without keys is an answer, too.
type remoteKeys struct {
	url     string
	client  *http.Client
	now     func() time.Time
	log     *slog.Logger
	refused []Key

	mu       sync.Mutex
	keys     map[string][]Key
	version  uint64
	freshTo  time.Time
	tried    time.Time
	failed   error           // the last fetch; nil: it succeeded
	told     map[string]bool // why members are left out, as the log has it
	fetching chan struct{}   // closed when the fetch that runs has ended; nil if none runs
}

func newRemoteKeys(config *AuthConfig) *remoteKeys {
	client := config.Client
	if client == nil {
		client = &http.Client{
			Timeout:       jwksTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &remoteKeys{
		url: config.JWKSURL, client: client, now: config.Now, log: config.Log, refused: config.Refused,
		failed: errors.New("no key set was fetched yet"),
	}
}

func (k *remoteKeys) generation() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.version
}

// find waits for a fetch only when it has no key to answer with.
func (k *remoteKeys) find(ctx context.Context, id string) ([]Key, error) {
	k.mu.Lock()
	known := k.keys[id]
	now := k.now()
	due := (len(known) == 0 || now.After(k.freshTo)) && (k.tried.IsZero() || now.Sub(k.tried) >= k.pause())
	if due && k.fetching == nil {
		k.tried = now
		k.fetching = make(chan struct{})
		go k.fetch(context.WithoutCancel(ctx), k.fetching)
	}
	running, found := k.fetching, candidates(k.keys, id)
	k.mu.Unlock()
	if len(known) > 0 {
		return found, nil
	}
	if running != nil {
		select {
		case <-running:
		case <-ctx.Done():
			return nil, keysUnknown(ctx.Err())
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if found = candidates(k.keys, id); len(found) == 0 && k.failed != nil {
		return nil, keysUnknown(k.failed)
	}
	return found, nil
}

// pause is the time between two fetches. A process that has no keys at all asks sooner.
func (k *remoteKeys) pause() time.Duration {
	if k.version == 0 {
		return jwksFirstPause
	}
	return jwksPause
}

// keysUnknown answers a token that may be as good as any: the key that would tell cannot be had.
func keysUnknown(cause error) *Error {
	return &Error{
		Code: CodeDependencyUnavailable, Detail: "The keys that tokens are verified with cannot be had right now. Nothing was done. Send the same request again.",
		RetryAfter: jwksFirstPause, Cause: cause,
	}
}

// fetch ends by itself after jwksTimeout.
func (k *remoteKeys) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, jwksTimeout)
	defer cancel()
	set, age, err := k.download(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.fetching, k.failed = nil, err
	if err != nil {
		k.log.Warn("key set not fetched, keeping the old one", "keys", len(k.keys), "error", err)
		return
	}
	k.tell(set)
	k.keys = keysByID(set.keys)
	k.version++
	k.freshTo = k.now().Add(age)
}

// tell logs what of a set is left out, once.
func (k *remoteKeys) tell(set *parsedSet) {
	told := make(map[string]bool, len(set.ignored))
	for _, reason := range set.ignored {
		told[reason.Error()] = true
		if !k.told[reason.Error()] && len(told) <= jwksReasons {
			k.log.Warn("member of the key set left out", "reason", reason)
		}
	}
	k.told = told
	if len(set.keys) == 0 {
		k.log.Warn("the key set has no key for ES256, EdDSA or RS256 signatures: no token is accepted")
	}
}

func (k *remoteKeys) download(ctx context.Context) (set *parsedSet, age time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return nil, 0, errors.New("key set: its URL cannot be read")
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := k.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the URL, which may hold a secret
		}
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("key set: status %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, jwksBytes+1))
	if err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	if len(data) > jwksBytes {
		return nil, 0, fmt.Errorf("key set: it has more than %d bytes", jwksBytes)
	}
	if set, err = parseKeySet(data); err != nil {
		return nil, 0, fmt.Errorf("key set: %w", err)
	}
	set.keys = slices.DeleteFunc(set.keys, func(key Key) bool {
		bad := key.Development(k.refused)
		if bad {
			set.ignored = append(set.ignored, fmt.Errorf("key %q is a development key", key.ID))
		}
		return bad
	})
	return set, maxAge(response.Header.Get("Cache-Control")), nil
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
