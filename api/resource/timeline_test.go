package resource_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
)

// golden returns a stored event of each type, the placing first.
func golden(t *testing.T) []resource.Happening {
	t.Helper()

	var out []resource.Happening
	const first = "order.placed.v1"
	types := append([]string{first}, slices.DeleteFunc(order.Types(), func(name string) bool { return name == first })...)
	for i, name := range types {
		data, err := os.ReadFile(filepath.Join("..", "..", "domain", "order", "testdata", "events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		event, err := order.Decode(name, data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, resource.Happening{
			Event: event, Type: name, ID: uuid.New(), At: time.Unix(int64(i), 0), By: resource.Actor{Type: "staff", ID: "u-7"},
		})
	}
	return out
}

// Every event has something to tell, and customers learn neither who of the staff did it nor what they wrote.
func TestTimeline(t *testing.T) {
	t.Parallel()

	happenings := golden(t)
	staff := resource.Timeline(happenings, resource.Viewer{Staff: true}, nil)
	if len(staff) != len(happenings) {
		t.Fatalf("%d of %d events are told", len(staff), len(happenings))
	}
	for i, e := range staff {
		if e.Code == "" || strings.Contains(e.Text, "cannot tell") || !strings.HasSuffix(e.Text, ".") || strings.Contains(e.Text, "  ") || strings.Contains(e.Text, "()") {
			t.Errorf("%s: %q", happenings[i].Type, e.Text)
		}
		if e.By == nil || e.By.ID != "u-7" {
			t.Errorf("%s: by %+v", e.Code, e.By)
		}
		for name, value := range e.References {
			if value == "" || value == uuid.Nil.String() {
				t.Errorf("%s: an empty reference %s", e.Code, name)
			}
		}
	}
	public := map[string]bool{}
	for _, e := range resource.Timeline(happenings, resource.Viewer{}, nil) {
		public[e.Code] = true
		if e.Note != "" || e.By == nil || e.By.ID != "" {
			t.Errorf("a customer sees of %s: %q by %+v", e.Code, e.Note, e.By)
		}
	}
	for code, want := range map[string]bool{
		"placed": true, "confirmed": true, "canceled": true, "shipment_dispatched": true, "return_resolved": true, "edit_committed": true,
		"held": false, "hold_released": false, "edit_begun": false, "edit_staged": false, "tags_changed": false, "metadata_changed": false,
		"archived": false, "note_removed": false, "fulfillment_planned": false,
	} {
		if public[code] != want {
			t.Errorf("a customer sees %s: %v, want %v", code, public[code], want)
		}
	}
}

// A note counts as what it is now: one that was hidden later is hidden from the beginning.
func TestTimeline_notes(t *testing.T) {
	t.Parallel()

	note := func(visibility order.NoteVisibility) resource.Happening {
		return resource.Happening{Event: order.NoteAdded{NoteID: id, Visibility: visibility, Body: "words"}, Type: "order.note_added.v1"}
	}
	hidden := resource.Happening{Event: order.NoteEdited{NoteID: id, Visibility: order.NoteInternal}, Type: "order.note_edited.v1"}
	for name, tt := range map[string]struct {
		given []resource.Happening
		want  int
	}{
		"internal": {[]resource.Happening{note(order.NoteInternal)}, 0},
		"shown":    {[]resource.Happening{note(order.NoteCustomer)}, 1},
		"hidden":   {[]resource.Happening{note(order.NoteCustomer), hidden}, 0},
	} {
		if got := resource.Timeline(tt.given, resource.Viewer{}, nil); len(got) != tt.want {
			t.Errorf("%s: a customer sees %+v", name, got)
		}
	}
	if got := resource.Timeline(nil, resource.Viewer{}, nil); got == nil || len(got) != 0 {
		t.Errorf("nothing happened: %v", got)
	}
}
