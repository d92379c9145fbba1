package resource_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/api/resource"
)

// document draws an object such as an order has them: values, objects, and lists of things with ids.
func document(r *rapid.T, depth int) map[string]any {
	out := map[string]any{}
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b/c", "d~e", "lines", "tags", ""}), rapid.ID[string]).Draw(r, "names") {
		switch kind := rapid.IntRange(0, 5).Draw(r, "kind"); {
		case kind == 0 && depth > 0:
			out[name] = document(r, depth-1)
		case kind == 1 && depth > 0:
			list := []any{}
			for _, id := range rapid.SliceOfDistinct(rapid.IntRange(0, 5), rapid.ID[int]).Draw(r, "ids") {
				item := document(r, 0)
				item["id"] = strconv.Itoa(id)
				list = append(list, item)
			}
			out[name] = list
		case kind == 2:
			list := []any{}
			for _, tag := range rapid.SliceOf(rapid.SampledFrom([]string{"x", "y", "z"})).Draw(r, "tags") {
				list = append(list, tag)
			}
			out[name] = list
		case kind == 3:
			out[name] = nil
		default:
			out[name] = strconv.Itoa(rapid.IntRange(0, 3).Draw(r, "value"))
		}
	}
	return out
}

// Doing the changes one after the other leads from the first document to the second, and what they call old was there.
func TestDiff(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(r *rapid.T) {
		old, now := document(r, 2), document(r, 2)
		before, _ := json.Marshal(old)
		after, _ := json.Marshal(now)
		changes, err := resource.Diff(before, after)
		if err != nil {
			r.Fatal(err)
		}
		if (len(changes) == 0) != reflect.DeepEqual(old, now) {
			r.Fatalf("%d changes from %s to %s", len(changes), before, after)
		}
		var got any
		if err := json.Unmarshal(before, &got); err != nil {
			r.Fatal(err)
		}
		for _, c := range changes {
			if got, err = patched(got, c); err != nil {
				r.Fatalf("%+v: %v", c, err)
			}
		}
		if !reflect.DeepEqual(got, any(now)) {
			r.Fatalf("%+v lead from %s to %v, want %s", changes, before, got, after)
		}
	})
}

// patched returns a document after a change, as RFC 6902 does it.
func patched(document any, c resource.Change) (any, error) {
	if c.Path == "" {
		var value any
		return value, json.Unmarshal(c.New, &value)
	}
	parts := strings.Split(c.Path, "/")[1:]
	for i := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[i])
	}
	return change(document, parts, c)
}

func change(at any, path []string, c resource.Change) (any, error) {
	var old, now any
	if c.Old != nil {
		if err := json.Unmarshal(c.Old, &old); err != nil {
			return nil, err
		}
	}
	if c.New != nil {
		if err := json.Unmarshal(c.New, &now); err != nil {
			return nil, err
		}
	}
	switch v := at.(type) {
	case map[string]any:
		was, there := v[path[0]]
		if len(path) > 1 {
			value, err := change(was, path[1:], c)
			v[path[0]] = value
			return v, err
		}
		if there != (c.Op != "add") || there && !reflect.DeepEqual(was, old) {
			return nil, fmt.Errorf("%v is at %s", was, c.Path)
		}
		if c.Op == "remove" {
			delete(v, path[0])
		} else {
			v[path[0]] = now
		}
		return v, nil
	case []any:
		n, err := strconv.Atoi(path[0])
		switch {
		case err != nil || n > len(v) || n == len(v) && c.Op != "add":
			return nil, fmt.Errorf("no element %s", c.Path)
		case len(path) > 1:
			v[n], err = change(v[n], path[1:], c)
			return v, err
		case c.Op == "add":
			return slices.Insert(v, n, now), nil
		case !reflect.DeepEqual(v[n], old):
			return nil, fmt.Errorf("%v is at %s", v[n], c.Path)
		case c.Op == "remove":
			return slices.Delete(v, n, n+1), nil
		}
		v[n] = now
		return v, nil
	default:
		return nil, fmt.Errorf("nothing is at %s", c.Path)
	}
}

func TestDiff_paths(t *testing.T) {
	t.Parallel()

	changes, err := resource.Diff(
		[]byte(`{"status":"pending","lines":[{"id":"1","n":1},{"id":"2","n":9007199254740993},{"id":"3","n":3}],"tags":["a","b"]}`),
		[]byte(`{"status":"canceled","lines":[{"id":"2","n":9007199254740995},{"id":"3","n":3},{"id":"4","n":4}],"tags":["b"],"note":"<x>"}`),
	)
	got, _ := json.Marshal(changes)
	want := `[{"op":"remove","path":"/lines/0","old":{"id":"1","n":1}},{"op":"replace","path":"/lines/0/n","old":9007199254740993,"new":9007199254740995},` +
		`{"op":"add","path":"/lines/2","new":{"id":"4","n":4}},{"op":"replace","path":"/status","old":"pending","new":"canceled"},` +
		`{"op":"remove","path":"/tags/0","old":"a"},{"op":"add","path":"/note","new":"\u003cx\u003e"}]`
	if err != nil || string(got) != want {
		t.Errorf("Diff = %s, %v\nwant %s", got, err, want)
	}
	if _, err := resource.Diff([]byte("{"), []byte("{}")); err == nil {
		t.Error("half a document is compared")
	}
}
