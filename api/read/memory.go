package read

import (
	"context"
	"sync/atomic"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// memory is what the process remembers of one past of the log. When that ends another one takes its place: whoever still
// works with the old one leaves what he finds there, where nobody looks.
type memory struct {
	past     *eventstore.Past
	cache    *documents.Cache[*view]
	settings *documents.Cache[*setting]
	uses     *uses
	lag      *lag
	token    atomic.Pointer[madeToken]
}

func (s *server) newMemory(past *eventstore.Past) (*memory, error) {
	cache, err := documents.NewCache[*view](documents.CacheConfig{MaxBytes: s.CacheBytes})
	if err != nil {
		return nil, err
	}
	settings, err := documents.NewCache[*setting](documents.CacheConfig{MaxBytes: settingsBytes, Slots: settingsSlots})
	if err != nil {
		return nil, err
	}
	return &memory{past: past, cache: cache, settings: settings, uses: newUses(), lag: newLag()}, nil
}

// memory returns what is remembered of the log's present past.
func (s *server) memory() *memory {
	past := s.Store.Past()
	if m := s.remembered.Load(); m.past == past {
		return m
	}
	s.forgetting.Lock()
	defer s.forgetting.Unlock()
	m := s.remembered.Load()
	if m.past == past {
		return m
	}
	next, err := s.newMemory(past)
	if err != nil {
		panic(err) // the first one could be made, in the same way
	}
	s.remembered.Store(next)
	return next
}

// madeToken is the last token that was made: many answers in a row prove the same position.
type madeToken struct {
	epoch    int64
	position eventstore.Position
	header   []string
}

// tokenHeader returns the header value of a position's token, or none if it is not known which event is there.
func (s *server) tokenHeader(ctx context.Context, m *memory, epoch int64, position eventstore.Position) []string {
	if made := m.token.Load(); made != nil && made.position == position && made.epoch == epoch {
		return made.header
	}
	event, err := s.Store.EventAt(ctx, position)
	if err != nil {
		s.log.DebugContext(ctx, "an answer without a token", "position", position, "error", err)
		return nil
	}
	made := &madeToken{epoch, position, []string{s.Tokens.Position(s.Store.Log(), eventstore.Place{Epoch: epoch, Position: position, Event: event})}}
	m.token.Store(made)
	return made.header
}

// lost is the error of a token of another past.
func lost() error {
	return httpx.Errorf(httpx.CodePositionLost, "The log was restored to an earlier state since the token was given out. Read without it, and check what you wrote last.")
}
