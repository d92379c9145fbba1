// Package series draws numbers without gaps, such as those of invoices: one stream a series, and every number is drawn
// in the append that writes the document which bears it. An append that fails draws nothing, and of two that saw the
// same last number only one succeeds; so a series goes 1, 2, 3 and on, whatever happens.
//
// A series is the fold of its events. It remembers the last few owners only, so that a decision that is made again gives
// the same number; that no owner draws twice over a longer time is for the owner's own stream to guard, which holds the
// number once it has one. Nothing here is safe for concurrent changes; reading a state is.
package series

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
	"github.com/ordermill/ordermill/domain/text"
)

// StreamType is the type of every series' stream.
const StreamType = "series"

// StreamID returns the id of the stream of a tenant's series. Names differ by case.
func StreamID(tenant, name string) uuid.UUID { return streamid.New(tenant, StreamType, name) }

// Remembered is how many of the last numbers keep their owners.
const Remembered = 16

// MaxLength is the most characters of a series' or an owner's name.
const MaxLength = 100

// Series is the state of one series. Its zero value is one that nobody drew from.
type Series struct {
	Name   string    `json:"series"`
	Last   int64     `json:"last"`             // the last number drawn; 0: none
	Recent []Drawing `json:"recent,omitempty"` // the last ones, oldest first
}

// Drawing is a number and who has it.
type Drawing struct {
	Number int64  `json:"number"`
	Owner  string `json:"owner"`
}

// Exists reports whether a number was ever drawn.
func (s *Series) Exists() bool { return s.Last > 0 }

// NumberOf returns the number that an owner drew, if it is one of the last Remembered.
func (s *Series) NumberOf(owner string) (int64, bool) {
	for _, d := range s.Recent {
		if d.Owner == owner {
			return d.Number, true
		}
	}
	return 0, false
}

// Apply moves s on by one event, in place. It checks nothing: the event has already happened.
func (s *Series) Apply(e Event) {
	switch e := e.(type) {
	case Drawn:
		s.Name, s.Last = e.Series, e.Number
		if len(s.Recent) == Remembered {
			s.Recent = slices.Delete(s.Recent, 0, 1)
		}
		s.Recent = append(s.Recent, Drawing{Number: e.Number, Owner: e.Owner})
	}
}

// Replay folds events, oldest first, from nothing.
func Replay(events ...Event) Series {
	var s Series
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// Clone returns a copy that later changes of s do not reach.
func (s *Series) Clone() Series {
	c := *s
	c.Recent = slices.Clone(s.Recent)
	return c
}

// Command asks for a change of one series. Its unexported method seals the set and is the rule itself.
type Command interface {
	decide(s *Series) ([]Event, error)
}

// Decide returns the events that cmd causes in state s, or a *rule.Violation. It changes nothing. No events and no error
// means that the owner has a number already, which NumberOf returns.
func Decide(s *Series, cmd Command) ([]Event, error) { return cmd.decide(s) }

// Draw draws the next number for an owner. Names and owners are 1 to MaxLength characters.
type Draw struct {
	Series string // such as invoice:2026
	Owner  string // the document that bears the number, such as its id
	At     time.Time
}

func (c Draw) decide(s *Series) ([]Event, error) {
	var faults rule.Faults
	checkName(&faults, "/series", c.Series)
	checkName(&faults, "/owner", c.Owner)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if _, has := s.NumberOf(c.Owner); has {
		return nil, nil
	}
	return []Event{Drawn{Series: c.Series, Number: s.Last + 1, Owner: c.Owner, DrawnAt: instant(c.At)}}, nil
}

func checkName(faults *rule.Faults, pointer, name string) {
	text.Identifier.Check(faults, pointer, name, 1, MaxLength)
}

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
