package stock

import (
	"iter"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Reservation returns a live reservation. Its slices are shared: they are not to be written to. The zero id is nobody's.
func (s *Stock) Reservation(id uuid.UUID) (Reservation, bool) {
	if id == uuid.Nil {
		return Reservation{}, false
	}
	for ; s != nil; s = s.below {
		if r, ok := s.Reservations[id]; ok {
			return r, true
		}
		if _, gone := s.hidden[id]; gone {
			return Reservation{}, false
		}
		if s.below == nil {
			return s.read.find(id)
		}
	}
	return Reservation{}, false
}

// underneath reports whether a reservation is in the snapshot or in what the scratch is of.
func (s *Stock) underneath(id uuid.UUID) bool {
	if _, gone := s.hidden[id]; gone {
		return false
	}
	if s.below != nil {
		_, ok := s.below.Reservation(id)
		return ok
	}
	_, ok := s.read.index(id)
	return ok
}

// put stores a reservation as it is now, or forgets one without units, and keeps the queue.
func (s *Stock) put(id uuid.UUID, r Reservation) {
	waits, waited := len(r.Backordered) > 0, r.turn > 0
	switch {
	case waits && !waited:
		r.turn = s.waiting.add(id, r.PlacedAt)
	case !waits && waited:
		s.waiting.remove(r.PlacedAt, r.turn)
		r.turn = 0
	}
	if s.underneath(id) {
		if s.hidden == nil {
			s.hidden = make(map[uuid.UUID]struct{})
		}
		s.hidden[id] = struct{}{}
	}
	if len(r.Allocations) == 0 && len(r.Backordered) == 0 {
		if delete(s.Reservations, id); len(s.Reservations) == 0 {
			s.Reservations = nil
		}
		return
	}
	if s.Reservations == nil {
		s.Reservations = make(map[uuid.UUID]Reservation)
	}
	s.Reservations[id] = r
}

// All returns the live reservations in no certain sequence. It takes time in proportion to them.
func (s *Stock) All() iter.Seq2[uuid.UUID, Reservation] {
	return func(yield func(uuid.UUID, Reservation) bool) {
		for id, r := range s.Reservations {
			if !yield(id, r) {
				return
			}
		}
		for id, r := range s.lower() {
			if _, gone := s.hidden[id]; !gone && !yield(id, r) {
				return
			}
		}
	}
}

func (s *Stock) lower() iter.Seq2[uuid.UUID, Reservation] {
	if s.below != nil {
		return s.below.All()
	}
	return s.read.all()
}

// Live returns how many reservations there are.
func (s *Stock) Live() int {
	lower := s.read.len()
	if s.below != nil {
		lower = s.below.Live()
	}
	return len(s.Reservations) + lower - len(s.hidden)
}

// Clone returns a copy that later changes of s do not reach. It takes time in proportion to the live reservations; to
// try out commands, a Scratch is cheaper.
func (s *Stock) Clone() Stock {
	c := *s
	c.Locations = slices.Clone(s.Locations)
	c.Reservations = maps.Clone(s.Reservations)
	c.hidden = maps.Clone(s.hidden)
	c.waiting.places = slices.Clone(s.waiting.places)
	return c
}

// Scratch is a stock that commands are tried out on, one after the other, while the stock it is of stays as it is. It
// shares that stock's reservations, so making one costs next to nothing; it is of no use any more once that stock has
// changed.
type Scratch struct{ state Stock }

// NewScratch returns a scratch of s.
func NewScratch(s *Stock) *Scratch {
	return &Scratch{Stock{
		Levels: s.withOwnLocations(), below: s, transfers: s.transfers,
		waiting: queue{turns: s.waiting.turns, below: &s.waiting},
	}}
}

// Decide decides cmd as the function of that name does, and moves the scratch on by its events.
func (x *Scratch) Decide(cmd Command) ([]Event, error) {
	events, err := Decide(&x.state, cmd)
	for _, e := range events {
		x.state.Apply(e)
	}
	return events, err
}

// Apply moves the scratch on by one event.
func (x *Scratch) Apply(e Event) { x.state.Apply(e) }

// State returns the scratch's state, which the scratch's next command changes.
func (x *Scratch) State() *Stock { return &x.state }

func (l *Levels) withOwnLocations() Levels {
	c := *l
	c.Locations = slices.Clone(l.Locations)
	return c
}
