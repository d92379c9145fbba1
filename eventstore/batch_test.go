package eventstore

import (
	"bytes"
	"slices"
	"testing"
)

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
		got, want := params(reused, 1, batch, &plan{}, Place{}), params(newScratch(), 1, batch, &plan{}, Place{})
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
