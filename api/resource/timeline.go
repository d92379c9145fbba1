package resource

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// Actor is who did something.
type Actor struct {
	Type string `json:"type"` // customer, staff, app, system or psp
	ID   string `json:"id,omitempty"`
}

// Happening is one event of an order and what was recorded beside it.
type Happening struct {
	Event    order.Event
	Type     string // stored name, such as order.placed.v1
	ID       uuid.UUID
	Version  eventstore.Version
	Position eventstore.Position
	At       time.Time
	By       Actor
}

// Entry is a happening as people are told of it.
type Entry struct {
	ID         uuid.UUID               `json:"id"`
	Version    eventstore.Version      `json:"version"`
	Position   eventstore.Position     `json:"position"`
	At         Time                    `json:"at"`
	Code       string                  `json:"code"` // such as shipment_dispatched, for programs
	Text       string                  `json:"text"` // one English sentence
	By         *Actor                  `json:"by,omitempty"`
	Units      int64                   `json:"units,omitempty"`
	Amounts    map[string]money.Amount `json:"amounts,omitempty"`
	References map[string]string       `json:"references,omitempty"`
	Note       string                  `json:"note,omitempty"` // staff's words, for staff only
}

// telling is what is said of one event.
type telling struct {
	text     string
	internal bool // not for customers
	units    int64
	amounts  map[string]money.Amount
	refs     map[string]string
	note     string
	inside   map[string]string // further references, for staff only
}

// Timeline tells an order's events in sequence. Customers are told what concerns them, without names and words of staff;
// nobody is told the customer's own words and data. Open opens sealed texts, or returns nil; nil leaves all of them out.
func Timeline(happenings []Happening, viewer Viewer, open func(order.PII) map[string]string) []Entry {
	if len(happenings) == 0 {
		return []Entry{}
	}
	story := newStory(happenings, viewer)
	story.open = open
	entries := make([]Entry, 0, len(happenings))
	for i := range happenings {
		h := &happenings[i]
		t := story.tell(h.Event)
		if t.internal && !viewer.Staff {
			continue
		}
		e := Entry{
			ID: h.ID, Version: h.Version, Position: h.Position, At: Time(h.At), Code: codeOf(h.Type), Text: t.text, Units: t.units,
			Amounts: t.amounts, References: filled(t.refs),
		}
		if by := h.By; by.Type != "" {
			e.By = &by
		}
		if viewer.Staff {
			e.Note = t.note
			e.References = joined(e.References, filled(t.inside))
		} else if e.By != nil && e.By.Type != "customer" {
			e.By.ID = ""
		}
		entries = append(entries, e)
	}
	return entries
}

// codeOf returns the middle of a stored name: shipment_dispatched of order.shipment_dispatched.v1.
func codeOf(eventType string) string {
	const before, after = len("order."), len(".v1")
	if len(eventType) <= before+after {
		return eventType
	}
	return eventType[before : len(eventType)-after]
}

// filled leaves out references that there are none of.
func filled(refs map[string]string) map[string]string {
	for name, value := range refs {
		if value == "" || value == uuid.Nil.String() {
			delete(refs, name)
		}
	}
	return refs
}

// joined returns the entries of both.
func joined(a, b map[string]string) map[string]string {
	if len(a) == 0 {
		return b
	}
	maps.Copy(a, b)
	return a
}

// story is what single events do not say of themselves.
type story struct {
	m     minor
	staff bool               // listens
	notes map[uuid.UUID]bool // that customers may see now
	open  func(order.PII) map[string]string
}

// written returns a text that an event has in clear or sealed under a name; nothing if it is not to be read.
func (s *story) written(clear string, sealed order.PII, name string) string {
	if sealed == nil || s.open == nil {
		return clear
	}
	return s.open(sealed)[name]
}

// private is written for what only staff may read.
func (s *story) private(clear string, sealed order.PII, name string) string {
	if !s.staff {
		return ""
	}
	return s.written(clear, sealed, name)
}

func newStory(happenings []Happening, viewer Viewer) *story {
	s := &story{staff: viewer.Staff, notes: make(map[uuid.UUID]bool)}
	for i := range happenings {
		switch e := happenings[i].Event.(type) {
		case order.NoteAdded:
			s.notes[e.NoteID] = e.Visibility == order.NoteCustomer
		case order.NoteEdited:
			s.notes[e.NoteID] = e.Visibility == order.NoteCustomer
		case order.NoteRemoved:
			s.notes[e.NoteID] = false
		default: // it says nothing of notes
		}
	}
	s.m = in(currencyOf(happenings[0].Event))
	return s
}

// currencyOf returns the currency of the event that began an order.
func currencyOf(first order.Event) string {
	switch e := first.(type) {
	case order.Placed:
		return e.Currency
	case order.Imported:
		return e.Currency
	case order.Drafted:
		return e.Currency
	default:
		return ""
	}
}

// amounts returns an amount under a name, unless it is 0.
func (s *story) amounts(name string, n int64) map[string]money.Amount {
	if n == 0 {
		return nil
	}
	return map[string]money.Amount{name: s.m(n)}
}
