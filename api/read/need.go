package read

import (
	"context"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// defaultWait is how long a read waits for its projection unless the client says otherwise.
const defaultWait = 2 * time.Second

// need returns the position that an answer must be proven at, from the client's consistency token; 0 without one.
func (s *server) need(ctx context.Context, call *httpx.Call) (eventstore.Position, error) {
	if s.epoch.Load() == 0 { // nothing was heard of the log yet
		if err := s.askEpoch(ctx); err != nil {
			return 0, err
		}
	}
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
	if at.Epoch != s.epoch.Load() { // the log may have been restored a moment ago
		if err := s.askEpoch(ctx); err != nil {
			return 0, err
		}
	}
	if at.Epoch != s.epoch.Load() || at.Log != s.Store.Log() {
		return 0, httpx.Errorf(httpx.CodePositionLost, "The log was restored to an earlier state since the token was given out. Read without it, and check what you wrote last.")
	}
	return at.Position, nil
}

func (s *server) askEpoch(ctx context.Context) error {
	epoch, err := s.Store.Epoch(ctx)
	if err != nil {
		return err
	}
	s.epoch.Store(epoch)
	return nil
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
			Meta: map[string]any{"projection": projection, "behind_events": int64(need - now.position), "lag_ms": s.lag.of(now.position, s.Now()).Milliseconds()},
		}},
	}
}

// answer is a page with the headers that say how current it is.
func (s *server) answer(now current, body []byte) page {
	behind := s.lag.of(now.position, s.Now())
	header := map[string][]string{
		httpx.HeaderConsistencyToken: {s.Tokens.Position(httpx.Position{Log: s.Store.Log(), Epoch: s.epoch.Load(), Position: now.position})},
		httpx.HeaderProjectionLag:    {milliseconds(behind)},
	}
	if now.stale {
		header[httpx.HeaderConsistency] = []string{"stale; lag_ms=" + milliseconds(behind)}
	}
	return page{header: header, body: body}
}
