package read

import (
	"context"
	"errors"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// defaultWait is how long a read waits for its projection unless the client says otherwise.
const defaultWait = 2 * time.Second

// need returns the position that an answer must be proven at, from the client's consistency token; 0 without one. A token
// of another past than the log's is refused, also when the log has got as far again.
func (s *server) need(ctx context.Context, call *httpx.Call) (eventstore.Position, error) {
	token := ""
	if values := call.Header[httpx.HeaderConsistencyToken]; len(values) > 0 {
		token = values[0]
	} else if token = call.Query.Get("consistency_token"); token == "" {
		return 0, nil
	}
	at, err := s.Tokens.ParsePosition(token)
	if err != nil {
		return 0, err
	}
	if at.Epoch > s.Store.Past().Epoch() { // the log may have been recovered a moment ago
		if err := s.Store.CheckPast(ctx); err != nil && !errors.Is(err, eventstore.ErrAnotherPast) {
			return 0, err
		}
	}
	if at.Epoch != s.Store.Past().Epoch() || at.Log != s.Store.Log() {
		return 0, lost()
	}
	event, err := s.Store.EventAt(ctx, at.Position)
	switch {
	case err != nil:
		return 0, err
	case !s.Tokens.Proves(at, event):
		return 0, lost()
	}
	return at.Position, nil
}

// current is where a projection is: the generation to read and a position that it has reached.
type current struct {
	generation projections.Generation
	position   eventstore.Position
	stale      bool // behind what the client asked for, which it said it would take
}

// await returns a projection once it is as far as the client needs. It waits as long as the client prefers.
func (s *server) await(ctx context.Context, call *httpx.Call, projection string) (current, error) {
	need, err := s.need(ctx, call)
	if err != nil {
		return current{}, err
	}
	if need > 0 && s.positions.Get(projection) < need {
		wait := defaultWait
		if call.Prefer.HasWait {
			wait = call.Prefer.Wait
		}
		bounded, cancel := context.WithTimeout(ctx, wait)
		err = s.positions.Wait(bounded, projection, need)
		cancel()
	}
	now := current{}
	if live, position, liveErr := s.positions.Live(ctx, projection); liveErr != nil {
		return now, liveErr
	} else {
		now.generation, now.position = live, position
		call.Position = position
	}
	if err == nil || now.position >= need {
		return now, nil
	}
	if now.stale = true; call.Prefer.Lenient {
		return now, nil
	}
	return now, &httpx.Error{
		Code: httpx.CodeProjectionLagging, Detail: "The read model has not got to the token's position yet. Try again, wait longer with Prefer: wait=10, or take what there is with Prefer: handling=lenient.",
		RetryAfter: time.Second, Cause: err,
		Faults: []httpx.Fault{{
			Header: httpx.HeaderConsistencyToken, Code: httpx.CodeProjectionLagging,
			Meta: map[string]any{"projection": projection, "behind_events": int64(need - now.position), "lag_ms": s.memory().lag.of(now.position, s.Now()).Milliseconds()},
		}},
	}
}

// answer is a page with the headers that say how current it is.
func (s *server) answer(ctx context.Context, now current, body []byte) page {
	m := s.memory()
	behind := m.lag.of(now.position, s.Now())
	header := map[string][]string{
		httpx.HeaderProjectionLag: {milliseconds(behind)},
	}
	if token := s.tokenHeader(ctx, m, m.past.Epoch(), now.position); token != nil {
		header[httpx.HeaderConsistencyToken] = token
	}
	if now.stale {
		header[httpx.HeaderConsistency] = []string{"stale; lag_ms=" + milliseconds(behind)}
	}
	return page{header: header, body: body}
}
