package commands

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Metadata is written as encoding/json does it, whatever is in it.
func TestRequest_metadata(t *testing.T) {
	t.Parallel()

	key := &eventstore.Key{Client: "c", Hash: [32]byte{1, 2, 250}}
	cause := Cause{CommandID: uuid.New(), CorrelationID: "req-1", CausationID: "e-1", Traceparent: "00-0af7-b7ad-01"}
	for name, r := range map[string]*Request{
		"all":     {Actor: Actor{Type: "staff", ID: "u-7"}, Cause: cause, Key: key},
		"little":  {Actor: Actor{Type: "system"}},
		"nothing": {},
		"awkward": {Actor: Actor{Type: "staff", ID: "<O'Neill> \"x\" \\ \u00e9 \u2028 \x01\xff"}, Cause: cause},
	} {
		got, err := r.metadata()
		if err != nil {
			t.Fatal(err)
		}
		m := metadata{
			Actor: r.Actor, CommandID: r.Cause.CommandID, CorrelationID: r.Cause.CorrelationID, CausationID: r.Cause.CausationID,
			Traceparent: r.Cause.Traceparent,
		}
		if r.Key != nil {
			m.KeyHash = r.Key.Hash[:]
		}
		if want, err := json.Marshal(m); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
}
