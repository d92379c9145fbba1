package commands

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// Every aggregate of the domain is wired: its stream type, and each event that it has ever stored.
func TestKinds_complete(t *testing.T) {
	t.Parallel()

	sources, err := filepath.Glob("../domain/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^(?:const |\t)StreamType\s*= "([a-z_]+)"`)
	var want []string
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range declared.FindAllSubmatch(text, -1) {
			want = append(want, string(found[1]))
			checkEvents(t, string(found[1]), filepath.Join(filepath.Dir(source), "testdata", "events", "*.json"))
		}
	}
	var got []string
	for _, k := range kinds {
		got = append(got, k.streamType)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || len(want) < 8 {
		t.Errorf("kinds has %v; the domain has %v", got, want)
	}
}

// checkEvents decodes, applies and encodes the stored events of a kind.
func checkEvents(t *testing.T, streamType, files string) {
	t.Helper()

	i := slices.IndexFunc(kinds[:], func(k *kind) bool { return k.streamType == streamType })
	if i < 0 {
		return // told by the comparison of all
	}
	k := kinds[i]
	paths, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		eventType := strings.TrimSuffix(filepath.Base(path), ".json")
		stored, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := k.decode(eventType, stored)
		if err != nil {
			t.Errorf("%s: decode %s: %v", streamType, eventType, err)
			continue
		}
		if again, err := k.encode(f); err != nil || string(again) != strings.TrimSpace(string(stored)) {
			t.Errorf("%s: encode %s = %s, %v; want %s", streamType, eventType, again, err, stored)
		}
		a := newAggregate(ref{"demo", k, uuid.New()})
		id := uuid.New()
		a.apply(id, f, 0)
		if a.version != 1 || a.event != id {
			t.Errorf("%s: after %s the aggregate is at %d, %s; want 1, %s", streamType, eventType, a.version, a.event, id)
		}
		for _, other := range kinds {
			if _, err := other.encode(f); (err == nil) != (other == k) {
				t.Errorf("%s is taken for an event of %s too", eventType, other.streamType)
			}
		}
	}
}
