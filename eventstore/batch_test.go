package eventstore

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/uuid"
)

// A read is looked up unless an earlier append of the batch has written to its stream, or has read the very same.
func TestGrounds(t *testing.T) {
	t.Parallel()

	at := func(stream, version uint64) Expectation {
		return Expectation{Stream: id(stream), Version: Version(version), Event: id(100*stream + version)} //nolint:gosec // small
	}
	of := func(tenant string, writes uint64, reads ...Expectation) *pending {
		p := &pending{prepared: prepared{Append: Append{Tenant: tenant, Reads: reads}}}
		if writes > 0 {
			p.Events = []NewEvent{fact(id(writes), "")}
		}
		return p
	}
	for name, tt := range map[string]struct {
		batch []*pending
		want  []int
	}{
		"one alone":            {[]*pending{of("a", 1, at(1, 1), at(2, 1))}, nil},
		"nothing in common":    {[]*pending{of("a", 1, at(1, 1)), of("a", 2, at(2, 1))}, nil},
		"written before":       {[]*pending{of("a", 1, at(1, 1)), of("a", 1, at(2, 1), at(1, 2))}, []int{0, 0, 1}},
		"the same":             {[]*pending{of("a", 0, at(1, 1)), of("a", 2, at(2, 1), at(1, 1)), of("a", 0, at(1, 1))}, []int{0, 0, -1, -1}},
		"the same, then moved": {[]*pending{of("a", 0, at(1, 1)), of("a", 1, at(1, 1)), of("a", 0, at(1, 1))}, []int{0, -1, 1}},
		"another version":      {[]*pending{of("a", 0, at(1, 1)), of("a", 0, at(1, 2)), of("a", 0, at(1, 1))}, []int{0, 0, -1}},
		"another tenant":       {[]*pending{of("a", 0, at(1, 1)), of("b", 0, at(1, 1)), of("a", 0, at(1, 1))}, []int{0, 0, -1}},
	} {
		streams := make(map[uuid.UUID]settled)
		n := 0
		for _, p := range tt.batch {
			n += len(p.Reads)
		}
		got := grounds(tt.batch, n, streams)
		if !slices.ContainsFunc(got, func(at int) bool { return at != 0 }) {
			got = nil
		}
		if !slices.Equal(got, tt.want) || len(streams) > 0 {
			t.Errorf("%s: grounds = %v, with %d streams kept; want %v and none", name, got, len(streams), tt.want)
		}
	}
}

// Memory that was used for one batch shows in none after it, however different their sizes are.
func TestScratch(t *testing.T) {
	t.Parallel()

	reused := newScratch()
	for _, size := range []int{0, 300, 3, 2 * keptArray, 1, 0, 40} {
		p := withAnswer("k", bytes.Repeat([]byte{'x'}, size))
		p.Events = []NewEvent{fact(id(1), string(p.Answer.Body))}
		p.Claims = make([]Claim, size%7)
		p.versions, p.schemas = []Version{1}, []int16{1}
		batch := slices.Repeat([]*pending{p}, 1+size%5)
		got, want := params(reused, 1, batch), params(newScratch(), 1, batch)
		if !slices.EqualFunc(got, want, func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }) {
			t.Errorf("a batch of %d with %d bytes is laid out differently in used memory", len(batch), size)
		}
		for i := range reused.bufs {
			if cap(reused.bufs[i]) > keptArray {
				t.Errorf("%d bytes are kept of array %d", cap(reused.bufs[i]), i)
			}
		}
	}
}

func withAnswer(key string, body []byte) *pending {
	return &pending{prepared: prepared{Append: Append{
		Tenant: "a", Key: &Key{Client: "c", Hash: hash(key)}, Answer: Answer{Request: "POST /things", Status: 201, Body: body},
	}}}
}
