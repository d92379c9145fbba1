package commands

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ordermill/ordermill/eventstore"
)

// recentAnswers and recentBytes bound the answers that a process keeps to give again without asking the database.
const (
	recentAnswers = 4096
	recentBytes   = 16 << 10 // of one body
)

// twins lets requests with the same key meet: the later one waits for the first one's answer. It is safe for concurrent
// use.
type twins struct {
	mu      sync.Mutex
	past    *eventstore.Past // of the log, which recent is of
	running map[keyID]*twin
	recent  map[keyID]remembered
	ring    [recentAnswers]keyID // the recent ones, to forget the oldest
	next    int
}

type keyID struct {
	tenant, client string
	hash           [32]byte
}

// twin is a request that others may wait for. Its fields are set when done is closed.
type twin struct {
	fingerprint [32]byte
	done        chan struct{}
	response    Response
	err         error
}

type remembered struct {
	fingerprint [32]byte
	response    Response
}

func newTwins() *twins {
	return &twins{running: make(map[keyID]*twin), recent: make(map[keyID]remembered)}
}

// join runs the request, unless one with the same key has just been answered or is running: then it waits for that
// one's answer, at most as long as patience. When the other one failed, its turn has come. What was answered in another
// past of the log counts no more.
func (t *twins) join(ctx context.Context, past *eventstore.Past, tenant string, key eventstore.Key, patience time.Duration, run func() (Response, error)) (Response, error) {
	id := keyID{tenant, key.Client, key.Hash}
	var timeout <-chan time.Time
	for {
		t.mu.Lock()
		if t.past != past {
			t.past = past
			clear(t.recent)
		}
		if known, ok := t.recent[id]; ok {
			t.mu.Unlock()
			return again(known.response, known.fingerprint == key.Fingerprint)
		}
		first := t.running[id]
		if first == nil {
			first = &twin{fingerprint: key.Fingerprint, done: make(chan struct{})}
			t.running[id] = first
			t.mu.Unlock()
			return t.lead(past, id, first, run)
		}
		t.mu.Unlock()
		if timeout == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-first.done:
			if first.err == nil {
				return again(first.response, first.fingerprint == key.Fingerprint)
			}
		case <-timeout:
			return Response{}, ErrKeyInUse
		case <-ctx.Done():
			return Response{}, fmt.Errorf("%w: %w", ErrKeyInUse, ctx.Err())
		}
	}
}

func (t *twins) lead(past *eventstore.Past, id keyID, first *twin, run func() (Response, error)) (Response, error) {
	defer func() {
		t.mu.Lock()
		delete(t.running, id)
		if first.err == nil && t.past == past && len(first.response.Answer.Body) <= recentBytes {
			t.remember(id, remembered{first.fingerprint, first.response})
		}
		t.mu.Unlock()
		close(first.done)
	}()
	first.err = ErrKeyInUse // should run panic
	first.response, first.err = run()
	return first.response, first.err
}

func (t *twins) remember(id keyID, r remembered) {
	delete(t.recent, t.ring[t.next])
	t.ring[t.next] = id
	t.next = (t.next + 1) % recentAnswers
	t.recent[id] = r
}

// again is the answer to a later use of a key.
func again(r Response, same bool) (Response, error) {
	if !same {
		return Response{}, &eventstore.KeyReusedError{Request: r.Answer.Request}
	}
	r.Replayed, r.Refused = true, false
	return r, nil
}
