package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two renderings of the same thing. The changes of Diff, done one after the other, lead
// from the first to the second, as in RFC 6902.
type Change struct {
	Op   string          `json:"op"`   // add, remove or replace
	Path string          `json:"path"` // RFC 6901
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
}

// Diff returns what must change for one JSON document to become another one. Elements of arrays are recognised by their
// id, so that what comes or goes in the middle does not look as if all behind it had changed.
func Diff(before, after []byte) ([]Change, error) {
	old, err := tree(before)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	now, err := tree(after)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	d := differ{changes: []Change{}}
	d.value("", old, now)
	return d.changes, nil
}

func tree(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // amounts are exact
	var value any
	err := decoder.Decode(&value)
	return value, err
}

type differ struct{ changes []Change }

func (d *differ) add(at string, now any) {
	d.changes = append(d.changes, Change{Op: "add", Path: at, New: marshal(now)})
}

func (d *differ) remove(at string, old any) {
	d.changes = append(d.changes, Change{Op: "remove", Path: at, Old: marshal(old)})
}

func (d *differ) value(at string, old, now any) {
	if reflect.DeepEqual(old, now) {
		return
	}
	switch before := old.(type) {
	case map[string]any:
		if after, ok := now.(map[string]any); ok {
			d.object(at, before, after)
			return
		}
	case []any:
		if after, ok := now.([]any); ok && d.array(at, before, after) {
			return
		}
	}
	d.changes = append(d.changes, Change{Op: "replace", Path: at, Old: marshal(old), New: marshal(now)})
}

// escaper writes a name into a pointer.
var escaper = strings.NewReplacer("~", "~0", "/", "~1")

func (d *differ) object(at string, old, now map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(old)) {
		place := at + "/" + escaper.Replace(name)
		if value, ok := now[name]; ok {
			d.value(place, old[name], value)
		} else {
			d.remove(place, old[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, ok := old[name]; !ok {
			d.add(at+"/"+escaper.Replace(name), now[name])
		}
	}
}

// array compares element by element, and reports false if that would say nothing: when elements cannot be told apart,
// or stand in another sequence.
func (d *differ) array(at string, old, now []any) bool {
	before, ok := identities(old)
	if !ok {
		return false
	}
	after, ok := identities(now)
	if !ok || !inSequence(before, now) {
		return false
	}
	for i := len(old) - 1; i >= 0; i-- { // from the end, so that the places before stay what they are
		if _, kept := after[identity(old[i])]; !kept {
			d.remove(at+"/"+strconv.Itoa(i), old[i])
		}
	}
	for i, element := range now {
		place := at + "/" + strconv.Itoa(i)
		if was, kept := before[identity(element)]; kept {
			d.value(place, old[was], element)
		} else {
			d.add(place, element)
		}
	}
	return true
}

// inSequence reports whether what both arrays have stands in the same sequence in both.
func inSequence(before map[string]int, now []any) bool {
	last := -1
	for _, element := range now {
		was, kept := before[identity(element)]
		if kept && was < last {
			return false
		}
		if kept {
			last = was
		}
	}
	return true
}

// identities returns where the elements are by what each is known by. It reports false if two are known by the same.
func identities(elements []any) (map[string]int, bool) {
	places := make(map[string]int, len(elements))
	for i, element := range elements {
		places[identity(element)] = i
	}
	return places, len(places) == len(elements)
}

func identity(element any) string {
	if object, ok := element.(map[string]any); ok {
		for _, name := range [...]string{"id", "line_id", "number"} {
			if id, ok := object[name].(string); ok {
				return name + " " + id
			}
		}
	}
	return string(marshal(element))
}
