package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Place says where an event is in a log, and which one it is. Who has seen it there has seen all that comes before, so
// whoever has the same event at that position, in the same epoch, has the same past up to there.
type Place struct {
	Epoch    int64
	Position Position
	Event    uuid.UUID
}

// ErrAnotherPast is matched by a *PastError.
var ErrAnotherPast = errors.New("eventstore: the log has another past")

// PastError says that a log does not have what was seen in it: it was restored to an earlier time, has lost its last
// events, or is another log altogether. Nothing may be appended until somebody has decided that this is the past from
// now on, which Store.Recover says.
type PastError struct {
	Who   string    // has seen the place
	Seen  Place     // which the log does not have
	Epoch int64     // of the log
	Head  Position  // of the log
	Event uuid.UUID // that it has at the position; zero: none
}

// Error implements error.
func (e *PastError) Error() string {
	found := fmt.Sprintf("it ends at %d", e.Head)
	switch {
	case e.Recovered():
		return fmt.Sprintf("%s was built before the log was recovered, in epoch %d of now %d; run: ordermill recover", e.Who, e.Seen.Epoch, e.Epoch)
	case e.Seen.Epoch > e.Epoch:
		found = fmt.Sprintf("it is of epoch %d", e.Epoch)
	case e.Event != uuid.Nil:
		found = fmt.Sprintf("it has %s there", e.Event)
	}
	return fmt.Sprintf("the log has another past than %s, which has seen event %s at position %d of epoch %d: %s; "+
		"if it was restored from a backup, run: ordermill recover", e.Who, e.Seen.Event, e.Seen.Position, e.Seen.Epoch, found)
}

// Recovered reports that the place is of before the log was recovered: nothing is wrong with the log, and who has seen it is
// to be built anew.
func (e *PastError) Recovered() bool { return e.Seen.Epoch < e.Epoch }

// Is reports that every PastError is an ErrAnotherPast.
func (e *PastError) Is(target error) bool { return target == ErrAnotherPast }

// How many events a process knows the ids of without asking: the newest, and some that were asked for.
const (
	recentPlaces = 1 << 14
	olderPlaces  = 1 << 12
)

// Past is the past of a log as a process has come to know it. Whatever the process remembers of the log belongs to one
// Past and is worth nothing once that has ended. It is safe for concurrent use.
type Past struct {
	epoch int64
	lost  *PastError
	ended chan struct{}

	mu     sync.RWMutex
	known  Place                  // the last one that was seen in the log
	older  map[Position]uuid.UUID // that were asked for
	recent [recentPlaces]struct {
		position Position
		event    uuid.UUID
	}
}

func newPast(known Place, lost *PastError) *Past {
	p := &Past{epoch: known.Epoch, lost: lost, ended: make(chan struct{}), older: make(map[Position]uuid.UUID)}
	if p.known = known; lost == nil { // else the log does not have it
		p.see(known.Position, known.Event)
	}
	return p
}

// Epoch is the log's.
func (p *Past) Epoch() int64 { return p.epoch }

// Err is nil, or the *PastError that keeps everything from being appended.
func (p *Past) Err() error {
	if p.lost == nil {
		return nil
	}
	return p.lost
}

// Ended is closed when the log turns out to have another past, or when it was recovered.
func (p *Past) Ended() <-chan struct{} { return p.ended }

// Known returns the last place of the log that this process has seen.
func (p *Past) Known() Place {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.known
}

// see takes note of an event that the log had in the very look that also showed the place known so far.
func (p *Past) see(position Position, event uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(position, event)
}

func (p *Past) seeAll(events []Recorded) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range events {
		p.note(events[i].Position, events[i].ID)
	}
}

func (p *Past) note(position Position, event uuid.UUID) {
	at := &p.recent[position%recentPlaces]
	if position >= at.position {
		at.position, at.event = position, event
	}
	if position >= p.known.Position {
		p.known = Place{Epoch: p.epoch, Position: position, Event: event}
	}
}

// eventAt returns the id of an event that is known.
func (p *Past) eventAt(position Position) (event uuid.UUID, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if at := &p.recent[position%recentPlaces]; position > 0 && at.position == position {
		return at.event, true
	}
	event, ok = p.older[position]
	return event, ok
}

// keep remembers an event that was asked for.
func (p *Past) keep(position Position, event uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.older) >= olderPlaces {
		clear(p.older)
	}
	p.older[position] = event
}

// pasts is the present Past of a store, and what is told when it ends.
type pasts struct {
	now     atomic.Pointer[Past]
	ending  sync.Mutex
	forget  func()        // what the store itself remembers
	suspect chan struct{} // somebody was refused: look now
	logger  *slog.Logger
}

// end puts another past in the place of one, unless somebody else has.
func (h *pasts) end(of, next *Past) {
	h.ending.Lock()
	defer h.ending.Unlock()
	if h.now.Load() != of {
		return
	}
	h.now.Store(next)
	h.forget()
	close(of.ended)
	if next.lost != nil {
		h.logger.Error("nothing is appended any more", "error", next.lost)
	} else {
		h.logger.Info("the log's past from here on", "epoch", next.epoch, "position", next.known.Position)
	}
}

// doubt has WatchPast look soon.
func (h *pasts) doubt() {
	select {
	case h.suspect <- struct{}{}:
	default:
	}
}

// Past returns the past that the store's log has, as far as this process knows.
func (s *Store) Past() *Past { return s.pasts.now.Load() }

// Lose says that somebody has seen what the log does not have. Appends are refused from now on.
func (s *Store) Lose(of *Past, why *PastError) {
	if of.lost == nil {
		s.pasts.end(of, lostPast(of, why))
	}
}

// lostPast keeps what was known, so that a log which has it again after all is taken for what it was.
func lostPast(of *Past, why *PastError) *Past { return newPast(of.Known(), why) }

// pastSQL looks at where the log ends and what it has at two positions, in one moment.
const pastSQL = `select l.epoch, coalesce(h.position, 0), coalesce(h.event_id, '00000000-0000-0000-0000-000000000000'),
		array(select coalesce((select e.event_id from events e where e.log_id = $1 and e.position = s.position), '00000000-0000-0000-0000-000000000000')
			from unnest($2::bigint[]) with ordinality as s(position, n) order by s.n)
	from logs l left join lateral (select e.position, e.event_id from events e where e.log_id = $1 order by e.position desc limit 1) h on true
	where l.log_id = $1`

// look returns the log's end and the events that it has at some positions.
func (s *Store) look(ctx context.Context, at ...Position) (head Place, events []uuid.UUID, err error) {
	err = s.pool.QueryRow(ctx, pastSQL, s.log, at).Scan(&head.Epoch, &head.Position, &head.Event, &events)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = ErrNoSuchLog
	case err == nil && len(events) != len(at):
		err = fmt.Errorf("%d positions were asked for and %d answered", len(at), len(events))
	}
	if err != nil {
		err = fmt.Errorf("past of log %d: %w", s.log, err)
	}
	return head, events, err
}

// Compare fails with a *PastError unless the log has a place that somebody has seen. The place before the first event is
// in every log.
func (s *Store) Compare(ctx context.Context, who string, seen Place) error {
	past := s.Past()
	if seen.Position == 0 {
		return nil
	}
	if event, ok := past.eventAt(seen.Position); ok && past.lost == nil && seen.Epoch == past.epoch && event == seen.Event {
		return nil
	}
	head, events, err := s.look(ctx, seen.Position)
	switch {
	case err != nil:
		return err
	case head.Epoch == seen.Epoch && events[0] == seen.Event:
		if head.Epoch == past.epoch && past.lost == nil {
			past.keep(seen.Position, seen.Event)
		}
		return nil
	}
	return &PastError{Who: who, Seen: seen, Epoch: head.Epoch, Head: head.Position, Event: events[0]}
}

// CheckPast looks whether the log still has what this process has seen in it. The Past ends if it has not, and if the
// log was recovered; one that was lost for nothing, since the log has everything again, begins anew.
func (s *Store) CheckPast(ctx context.Context) error {
	past := s.Past()
	known, also := past.Known(), Place{}
	if past.lost != nil {
		also = past.lost.Seen
	}
	head, events, err := s.look(ctx, known.Position, also.Position)
	if err != nil {
		return err
	}
	has := func(p Place, event uuid.UUID) bool {
		return p.Position == 0 || head.Epoch == p.Epoch && event == p.Event
	}
	switch {
	case head.Epoch > past.epoch && (head.Epoch > also.Epoch || has(also, events[1])):
		s.pasts.end(past, newPast(head, nil))
	case head.Epoch == past.epoch && has(known, events[0]) && past.lost == nil:
		past.see(head.Position, head.Event)
	case head.Epoch == past.epoch && has(known, events[0]) && has(also, events[1]):
		s.pasts.end(past, newPast(head, nil))
	case past.lost == nil:
		s.Lose(past, &PastError{Who: "this process", Seen: known, Epoch: head.Epoch, Head: head.Position, Event: events[0]})
	}
	return s.Past().Err()
}

// watchPast is how often a process looks whether the log is still the same.
const watchPast = 200 * time.Millisecond

// WatchPast keeps calling CheckPast until ctx ends. A database that does not answer changes nothing.
func (s *Store) WatchPast(ctx context.Context) error {
	tick := time.NewTicker(watchPast)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.pasts.suspect:
		}
		looking, cancel := context.WithTimeout(ctx, signalTimeout)
		_ = s.CheckPast(looking) // the Past says it to all who ask
		cancel()
	}
}

// Recovered is what Recover has found and done.
type Recovered struct {
	Epoch   int64    `json:"epoch"`
	Head    Position `json:"head"`
	Answers int64    `json:"answers_dropped"`   // stored under keys
	Decided int64    `json:"decisions_dropped"` // from the decision log
	Claims  int64    `json:"claims_dropped"`    // such as order numbers
}

// Recover says that the log's past is what it has now, as an operator does after a restore: it raises the epoch, beyond
// least too, and drops stored answers, decisions and claims of what the log no longer has. What was built from the log before is to be
// built anew. The pool's role needs the right to do that.
func (s *Store) Recover(ctx context.Context, least int64) (r Recovered, err error) {
	err = s.pool.QueryRow(ctx, "select epoch, head, answers, decided, claimed from recover_log($1, $2)", s.log, least).
		Scan(&r.Epoch, &r.Head, &r.Answers, &r.Decided, &r.Claims)
	if err == nil {
		err = s.CheckPast(ctx)
	}
	if err != nil {
		return r, fmt.Errorf("recover log %d: %w", s.log, err)
	}
	return r, nil
}

// EachPast runs something that ends with the log's past, such as a subscription, again with the next one, until ctx ends. It
// fails when that ends by itself.
func (s *Store) EachPast(ctx context.Context, what string, run func(ctx context.Context) error) error {
	for ctx.Err() == nil {
		past := s.Past()
		if err := run(ctx); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		select {
		case <-past.Ended():
		default:
			if ctx.Err() == nil {
				return fmt.Errorf("%s: it ended by itself", what)
			}
		}
	}
	return nil
}
