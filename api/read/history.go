package read

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// clockSkew is how far a client's clock may be ahead before its present counts as the future.
const clockSkew = time.Minute

// moment is a point of an order's history. The zero value is now.
type moment struct {
	position  eventstore.Position // the last one that counts; 0: all
	time      time.Time           // the last one that counts; zero: all
	version   eventstore.Version
	versioned bool // version counts, which may be 0: before the first event
}

// before reports whether an event was recorded after the moment.
func (m *moment) before(e *eventstore.Recorded) bool {
	return m.position > 0 && e.Position > m.position || !m.time.IsZero() && e.RecordedAt.After(m.time)
}

// parseMoment reads a parameter that names a moment of an order: a version such as v3, a position of the log, or a time.
// A plain number up to latest is a version too. It looks at nothing but the text.
func (s *server) parseMoment(name, text string, latest int) (moment, error) {
	if digits, ok := strings.CutPrefix(text, "v"); ok {
		if n, err := strconv.ParseUint(digits, 10, 31); err == nil {
			return moment{version: eventstore.Version(n), versioned: true}, nil
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && latest > 0 && n >= 0 && n <= int64(latest) {
		return moment{version: eventstore.Version(n), versioned: true}, nil
	}
	if err == nil && n > 0 {
		return moment{position: eventstore.Position(n)}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil || at.Year() < 1900:
		return moment{}, noMoment(name, "this is none")
	case at.After(s.Now().Add(clockSkew)):
		return moment{}, noMoment(name, "this lies in the future")
	}
	if at.Equal(at.Truncate(time.Millisecond)) { // as answers show it: what happened within the millisecond is part of it
		at = at.Add(time.Millisecond - time.Microsecond)
	}
	return moment{time: at}, nil
}

// momentOfOrder is parseMoment for an order with these events, all of them, that the caller may see. What has not happened
// yet is refused, since it would be answered differently later. Customers are not told how far the log has got: to them a
// position beyond their order's last event has not happened.
func (s *server) momentOfOrder(ctx context.Context, call *httpx.Call, name, text string, latest int, recorded []eventstore.Recorded) (moment, error) {
	at, err := s.parseMoment(name, text, latest)
	last := recorded[len(recorded)-1].Position
	switch {
	case err != nil:
		return at, err
	case at.versioned && int(at.version) > len(recorded):
		return at, noMoment(name, fmt.Sprintf("the order is at v%d", len(recorded)))
	case at.position <= last:
		return at, nil
	case call.Identity.Viewer().Staff:
		if last, _, err = s.Store.Head(ctx); err != nil {
			return at, err
		}
	}
	if at.position > last {
		return at, noMoment(name, "the log has not got that far")
	}
	return at, nil
}

// of returns how many of an order's events there were at the moment.
func (m *moment) of(recorded []eventstore.Recorded) int {
	if m.versioned {
		return int(m.version)
	}
	n := 0
	for n < len(recorded) && !m.before(&recorded[n]) {
		n++
	}
	return n
}

// noMoment says which moments there are.
func noMoment(name, why string) error {
	allowed := []string{"a position of the log such as 1207", "a time such as 2026-03-01T12:00:00Z", "a version of the order such as v3"}
	f := httpx.Fault{
		Parameter: name, Code: httpx.CodeValidationFailed, Detail: why + "; send " + strings.Join(allowed, ", or "),
		Meta: map[string]any{"allowed": allowed},
	}
	return &httpx.Error{Code: httpx.CodeValidationFailed, Detail: name + ": " + f.Detail, Faults: []httpx.Fault{f}}
}

// history returns an order's events, at least one. It reads the log, which has every position that a token can name.
func (s *server) history(ctx context.Context, tenant string, id uuid.UUID) ([]eventstore.Recorded, error) {
	recorded, err := s.events.Load(ctx, tenant, id, 0)
	if err != nil {
		return nil, err
	}
	if len(recorded) == 0 || recorded[0].StreamType != order.StreamType {
		return nil, noSuchOrder()
	}
	return recorded, nil
}

// own fails with order_not_found if a customer asks for somebody else's order.
func own(call *httpx.Call, o *order.Order) error {
	if customer, own := call.Identity.Customer(); own && customer != o.CustomerID {
		return notTheirs()
	}
	return nil
}

// fold returns what events come to.
func fold(recorded []eventstore.Recorded) (*order.Order, error) {
	o := new(order.Order)
	for i := range recorded {
		event, err := eventstore.Decode(&recorded[i], order.Decode)
		if err != nil {
			return nil, err
		}
		o.Apply(event)
	}
	return o, nil
}

// logged returns where an answer stands that will be read from the log: at what the client asks for, and at all that this
// process knows of.
func (s *server) logged(ctx context.Context, call *httpx.Call) (now current, err error) {
	defer func() { call.Position = now.position }()
	need, err := s.need(ctx, call)
	if err != nil {
		return current{}, err
	}
	now.position = s.memory().cache.Stats().Seen
	if now.position >= need {
		return now, nil
	}
	if now.position, _, err = s.Store.Head(ctx); err != nil {
		return now, err
	}
	if now.position < need {
		return now, explain(documents.ErrAhead)
	}
	return now, nil
}

// orderAsOf returns an order as it was. Whether the caller may see the order is decided before anything is said of it, by
// whose it is now. It is kept nowhere: what is asked for is hardly ever the same.
func (s *server) orderAsOf(ctx context.Context, call *httpx.Call, id uuid.UUID, text string) (served, error) {
	if _, err := s.parseMoment("as_of", text, 0); err != nil {
		return served{}, err
	}
	recorded, err := s.history(ctx, call.Identity.Tenant, id)
	if err != nil {
		return served{}, err
	}
	latest, err := fold(recorded)
	if err != nil {
		return served{}, err
	}
	if err := own(call, latest); err != nil {
		return served{}, err
	}
	at, err := s.momentOfOrder(ctx, call, "as_of", text, 0, recorded)
	if err != nil {
		return served{}, err
	}
	if recorded = recorded[:at.of(recorded)]; len(recorded) == 0 {
		return served{}, noSuchOrder()
	}
	o, err := fold(recorded)
	if err != nil {
		return served{}, err
	}
	last := &recorded[len(recorded)-1]
	found := served{view: viewOf(o, last.Version, s.Store.Past().Epoch()), proven: last.Position, cache: cacheBypass, past: true}
	found.customer = latest.CustomerID
	return found, nil
}

// orderEvent is an event as auditors see it.
type orderEvent struct {
	ID          uuid.UUID           `json:"id"`
	Type        string              `json:"type"`
	Version     eventstore.Version  `json:"version"`
	Position    eventstore.Position `json:"position"`
	OccurredAt  resource.Time       `json:"occurred_at"`
	RecordedAt  resource.Time       `json:"recorded_at"`
	Actor       *resource.Actor     `json:"actor,omitempty"`
	RequestID   string              `json:"request_id,omitempty"`
	CausationID string              `json:"causation_id,omitempty"`
	Data        map[string]any      `json:"data"`
}

// beside is what is stored beside an event, as far as it is shown.
type beside struct {
	Actor         resource.Actor `json:"actor"`
	CorrelationID string         `json:"correlation_id"`
	CausationID   string         `json:"causation_id"`
}

// besideOf reads an event's metadata. What cannot be read is not shown: it decides nothing.
func besideOf(e *eventstore.Recorded) beside {
	var b beside
	if err := json.Unmarshal(e.Metadata, &b); err != nil {
		return beside{}
	}
	return b
}
