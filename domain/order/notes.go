package order

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// Limits of an order's notes.
const (
	MaxNotes    = 200  // of one order
	MaxNoteBody = 2000 // characters of a note
)

// AddNote adds words to an order, finished ones too: either staff's, as Body, or a customer's, which are personal data.
// The same note again changes nothing.
type AddNote struct {
	NoteID     uuid.UUID
	Visibility NoteVisibility // empty: NoteInternal
	Body       string
	Texts      PII // sealed: body
	PII        PII
	By         string
	At         time.Time
}

// EditNote replaces a note's words.
type EditNote struct {
	NoteID     uuid.UUID
	Visibility NoteVisibility // empty: as it was
	Body       string
	Texts      PII // sealed: body
	PII        PII
	By         string
	At         time.Time
}

// RemoveNote takes a note away.
type RemoveNote struct {
	NoteID uuid.UUID
	By     string
	At     time.Time
}

func (c AddNote) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	visibility := c.Visibility
	if visibility == "" {
		visibility = NoteInternal
	}
	if i := o.note(c.NoteID); i >= 0 {
		if n := &o.Notes[i]; n.Visibility == visibility && n.Body == inClear(c.Body, c.Texts) && bytes.Equal(n.Texts, c.Texts) && bytes.Equal(n.PII, c.PII) {
			return nil, nil
		}
		return nil, o.taken("note", c.NoteID, "there; edit it instead")
	}
	var faults rule.Faults
	checkID(&faults, "/note_id", "note", c.NoteID)
	checkWords(&faults, visibility, c.Body, c.Texts, c.PII)
	if n := len(o.Notes); n >= MaxNotes {
		faults.AddDetail(rule.Detail{
			Code: rule.ValidationFailed, Message: fmt.Sprintf("an order has at most %d notes; remove some first", MaxNotes),
			Meta: map[string]any{"requested": n + 1, "available": MaxNotes},
		})
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{NoteAdded{
		About: o.about(), NoteID: c.NoteID, Visibility: visibility, Body: inClear(c.Body, c.Texts), Texts: c.Texts, PII: c.PII, AddedBy: c.By, AddedAt: instant(c.At),
	}}, nil
}

func (c EditNote) decide(o *Order) ([]Event, error) {
	n, err := o.knownNote(c.NoteID)
	if err != nil {
		return nil, err
	}
	visibility := c.Visibility
	if visibility == "" {
		visibility = n.Visibility
	}
	if n.Visibility == visibility && n.Body == inClear(c.Body, c.Texts) && bytes.Equal(n.Texts, c.Texts) && bytes.Equal(n.PII, c.PII) {
		return nil, nil
	}
	var faults rule.Faults
	checkWords(&faults, visibility, c.Body, c.Texts, c.PII)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{NoteEdited{
		About: o.about(), NoteID: c.NoteID, Visibility: visibility, Body: inClear(c.Body, c.Texts), Texts: c.Texts, PII: c.PII, EditedBy: c.By, EditedAt: instant(c.At),
	}}, nil
}

func (c RemoveNote) decide(o *Order) ([]Event, error) {
	if _, err := o.knownNote(c.NoteID); err != nil {
		return nil, err
	}
	return []Event{NoteRemoved{About: o.about(), NoteID: c.NoteID, RemovedBy: c.By, RemovedAt: instant(c.At)}}, nil
}

// note returns the index of a note, or -1.
func (o *Order) note(id uuid.UUID) int {
	return slices.IndexFunc(o.Notes, func(n Note) bool { return n.NoteID == id })
}

func (o *Order) knownNote(id uuid.UUID) (*Note, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	if i := o.note(id); i >= 0 {
		return &o.Notes[i], nil
	}
	return nil, rule.New(rule.NoteNotFound, "order %s has no note %s", o.Number, id)
}

// checkWords records what is wrong with a note's words.
func checkWords(faults *rule.Faults, visibility NoteVisibility, body string, texts, pii PII) {
	switch visibility {
	case NoteInternal, NoteCustomer:
	default:
		faults.Add(rule.ValidationFailed, "/visibility", "a note is internal or customer, not %q", visibility)
	}
	text.Note.Check(faults, "/body", body, 0, MaxNoteBody)
	switch {
	case strings.TrimSpace(body) == "" && len(pii) == 0 && (body != "" || len(texts) == 0):
		faults.Add(rule.ValidationFailed, "/body", "a note needs words")
	case (body != "" || len(texts) > 0) && len(pii) > 0:
		faults.Add(rule.ValidationFailed, "/body", "a note has staff's words or a customer's, not both; add two")
	}
}

func (o *Order) applyNoteAdded(e *NoteAdded) {
	o.Notes = append(o.Notes, Note{
		NoteID: e.NoteID, Visibility: e.Visibility, Body: e.Body, Texts: e.Texts, PII: e.PII, AddedBy: e.AddedBy, AddedAt: e.AddedAt,
	})
	o.UpdatedAt = e.AddedAt
}

func (o *Order) applyNoteEdited(e *NoteEdited) {
	if i := o.note(e.NoteID); i >= 0 {
		n := &o.Notes[i]
		n.Visibility, n.Body, n.Texts, n.PII, n.EditedAt = e.Visibility, e.Body, e.Texts, e.PII, e.EditedAt
	}
	o.UpdatedAt = e.EditedAt
}

func (o *Order) applyNoteRemoved(e *NoteRemoved) {
	if i := o.note(e.NoteID); i >= 0 {
		o.Notes = slices.Delete(o.Notes, i, i+1)
	}
	if len(o.Notes) == 0 {
		o.Notes = nil // as it is stored
	}
	o.UpdatedAt = e.RemovedAt
}
