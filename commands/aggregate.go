package commands

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// ref names an aggregate of a tenant by its stream.
type ref struct {
	tenant string
	kind   *kind
	stream uuid.UUID
}

// aggregate is an aggregate's state as the engine holds it: what the log says, and the events of appends that are still
// on their way.
type aggregate struct {
	ref
	version eventstore.Version
	event   uuid.UUID // of version
	state   state

	key  string // its natural key, once it was found by that
	kept bool   // by the states
	used bool   // since it came into their queue

	bytes  int // of the events, or the snapshot and the events, that the state is made of
	weight int // that the states count for it

	long      bool // reading it took long, so that its next change is to have a snapshot
	alien     bool // the stream is one of another kind of aggregate: for this kind there is nothing
	doubtful  bool // an append on it has failed: whether the log has event must be looked up before it is used again
	contested int  // rounds for which it is only decided on under the log's lock, since other processes write to it too
}

func newAggregate(r ref) *aggregate { return &aggregate{ref: r, state: r.kind.empty()} }

// apply moves the state on by one event, which has so many bytes.
func (a *aggregate) apply(id uuid.UUID, f fact, bytes int) {
	a.state.apply(f)
	a.version++
	a.event = id
	a.bytes += bytes
}

// errSnapshot says that a snapshot cannot be read.
var errSnapshot = errors.New("damaged snapshot")

// follow brings the aggregate to the end of its stream. An error leaves it in between.
func (a *aggregate) follow(rest *eventstore.StreamRest) error {
	switch s := rest.Snapshot; {
	case s != nil:
		restored, err := a.kind.restore(s.Data)
		if err != nil {
			return fmt.Errorf("stream %s version %d: %w: %w", a.stream, s.Version, errSnapshot, err)
		}
		a.state, a.version, a.event, a.bytes = restored, s.Version, s.Event, len(s.Data)
	case rest.After != a.version: // of another past, or of appends that have failed
		a.reset()
	case a.version > 0 && len(rest.Events) > 0:
		a.contested = contestedRounds
	}
	for i := range rest.Events {
		if err := a.replay(&rest.Events[i]); err != nil {
			return err
		}
	}
	a.doubtful = false
	return nil
}

// reset makes the aggregate one of which nothing is known.
func (a *aggregate) reset() {
	a.state, a.version, a.event, a.alien, a.bytes = a.kind.empty(), 0, uuid.Nil, false, 0
}

// replay moves the state on by a recorded event.
func (a *aggregate) replay(rec *eventstore.Recorded) error {
	if rec.Version != a.version+1 {
		return fmt.Errorf("stream %s: version %d follows %d", rec.Stream, rec.Version, a.version)
	}
	if rec.StreamType != a.kind.streamType {
		a.version, a.event, a.alien = rec.Version, rec.ID, true
		return nil
	}
	f, err := eventstore.Decode(rec, a.kind.decode)
	if err != nil {
		return err
	}
	a.apply(rec.ID, f, len(rec.Data))
	return nil
}
