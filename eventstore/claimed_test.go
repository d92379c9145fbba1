package eventstore

import (
	"testing"

	"github.com/google/uuid"
)

// Whoever has claimed a value is found, by its tenant and scope only.
func TestClaimed(t *testing.T) {
	t.Parallel()

	s := newStore(t)
	a := first("a", uuid.New())
	a.Claims = []Claim{{"number", "1001", a.Reads[0].Stream}}
	mustAppend(t, s, a)
	for _, tt := range []struct {
		tenant, scope, value string
		want                 bool
	}{
		{"a", "number", "1001", true},
		{"a", "number", "1002", false},
		{"a", "external", "1001", false},
		{"b", "number", "1001", false},
		{"a", "number", "\x00", false},
		{"a", "number", "\xff", false},
	} {
		owner, found, err := s.Claimed(t.Context(), tt.tenant, tt.scope, tt.value)
		if err != nil || found != tt.want || (owner == a.Reads[0].Stream) != tt.want {
			t.Errorf("Claimed(%q, %q, %q) = %s, %v, %v; want found %v", tt.tenant, tt.scope, tt.value, owner, found, err, tt.want)
		}
	}
}
