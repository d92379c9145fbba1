package eventstore

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// model is what the append function should do, in the plainest way: one append after the other.
type model struct {
	log     []modelEvent
	streams map[uuid.UUID][]modelEvent
	keys    map[keyValue]modelAnswer
	claims  map[claimValue]uuid.UUID
	noted   map[decisionValue]modelDecision
}

type modelDecision struct {
	Position Position
	Code     string
}

type modelEvent struct {
	Position Position
	Tenant   string
	Stream   uuid.UUID
	Version  Version
	ID       uuid.UUID
	Data     string
	last     Position // of its append
}

type modelAnswer struct {
	fingerprint [32]byte
	answer      Answer
	position    Position
}

// verdict is the part of an outcome that the model foretells.
type verdict struct {
	Kind     string
	Position Position
	Answer   Answer
	Conflict ConflictError
	Claimed  ClaimedError
}

func newModel() *model {
	return &model{
		streams: make(map[uuid.UUID][]modelEvent), keys: make(map[keyValue]modelAnswer), claims: make(map[claimValue]uuid.UUID),
		noted: make(map[decisionValue]modelDecision),
	}
}

// state is where a stream is.
func (m *model) state(stream uuid.UUID) Expectation {
	e := Expectation{Stream: stream}
	if events := m.streams[stream]; len(events) > 0 {
		last := events[len(events)-1]
		e.Version, e.Event = last.Version, last.ID
	}
	return e
}

func (m *model) tenantOf(stream uuid.UUID) string {
	if events := m.streams[stream]; len(events) > 0 {
		return events[0].Tenant
	}
	return ""
}

// append judges p and, if it accepts it, stores it.
func (m *model) append(p *prepared) verdict {
	if p.Key != nil {
		if k, ok := m.keys[keyValue{p.Tenant, p.Key.Client, p.Key.Hash}]; ok {
			if k.fingerprint != p.Key.Fingerprint {
				return verdict{Kind: "reused", Position: k.position, Answer: k.answer}
			}
			return verdict{Kind: "known", Position: k.position, Answer: k.answer}
		}
	}
	if len(p.Events) > 0 {
		stored := m.streams[p.Events[0].Stream]
		if v := int(p.versions[0]); v <= len(stored) && stored[v-1].ID == p.Events[0].ID && stored[v-1].Tenant == p.Tenant {
			return verdict{Kind: "already", Position: stored[v-1].last}
		}
	}
	if p.Decision != nil {
		if d, ok := m.noted[decisionValue{p.Tenant, p.Decision.ID}]; ok {
			return verdict{Kind: "already", Position: d.Position}
		}
	}
	for _, r := range p.Reads {
		owner, now := m.tenantOf(r.Stream), m.state(r.Stream)
		if owner != "" && owner != p.Tenant {
			return verdict{Kind: "conflict", Conflict: ConflictError{Stream: r.Stream}}
		}
		if now != r {
			return verdict{Kind: "conflict", Conflict: ConflictError{Stream: r.Stream, Version: now.Version, Event: now.Event}}
		}
	}
	for _, c := range p.Claims {
		if owner, ok := m.claims[claimValue{p.Tenant, c.Scope, c.Value}]; ok {
			return verdict{Kind: "claimed", Claimed: ClaimedError{Scope: c.Scope, Value: c.Value, Owner: owner}}
		}
	}
	m.store(p)
	return verdict{Kind: "appended", Position: Position(len(m.log))}
}

func (m *model) store(p *prepared) {
	last := Position(len(m.log) + len(p.Events))
	for i, e := range p.Events {
		stored := modelEvent{
			Position: Position(len(m.log) + 1), Tenant: p.Tenant, Stream: e.Stream, Version: p.versions[i], ID: e.ID,
			Data: string(e.Data), last: last,
		}
		m.log = append(m.log, stored)
		m.streams[e.Stream] = append(m.streams[e.Stream], stored)
	}
	for _, c := range p.Claims {
		m.claims[claimValue{p.Tenant, c.Scope, c.Value}] = c.Owner
	}
	if p.Key != nil {
		m.keys[keyValue{p.Tenant, p.Key.Client, p.Key.Hash}] = modelAnswer{p.Key.Fingerprint, p.Answer, last}
	}
	if p.Decision != nil {
		m.noted[decisionValue{p.Tenant, p.Decision.ID}] = modelDecision{last, p.Decision.Code}
	}
}

// generator makes appends that mostly fit what is stored and what the appends before them will store, and sometimes
// do not, in every way there is.
type generator struct {
	m    *model // run ahead of the one that judges
	calm bool   // few appends do not fit, so that batches are often accepted whole
	ids  uint64
	sent []Append
}

// rarely is true once in some times, and far less often when it is calm.
func (g *generator) rarely(t *rapid.T, times int, what string) bool {
	if g.calm {
		times *= 12
	}
	return rapid.IntRange(1, times).Draw(t, what) == times // rapid prefers what is small
}

func (g *generator) next(t *rapid.T) Append {
	if len(g.sent) > 0 && g.rarely(t, 16, "resend") {
		a := rapid.SampledFrom(g.sent).Draw(t, "sent before")
		if rapid.IntRange(0, 3).Draw(t, "by another") == 0 {
			a.Tenant = "b"
		}
		return a
	}
	a := Append{Tenant: "a"}
	if g.rarely(t, 8, "another tenant") {
		a.Tenant = "b"
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "reads") {
		stream := id(uint64(1 + (rapid.IntRange(0, 3).Draw(t, "stream")+i)%6)) // may be another tenant's
		if rapid.IntRange(0, 3).Draw(t, "new") == 0 {
			stream = g.id()
		}
		if !slices.ContainsFunc(a.Reads, func(r Expectation) bool { return r.Stream == stream }) {
			a.Reads = append(a.Reads, g.expectation(t, stream))
		}
	}
	if len(a.Reads) > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "events") {
			e := fact(rapid.SampledFrom(a.Reads).Draw(t, "to").Stream, fmt.Sprint(g.ids))
			e.ID = g.id()
			a.Events = append(a.Events, e)
		}
	}
	if len(a.Events) == 0 && len(a.Reads) == 0 || rapid.IntRange(0, 7).Draw(t, "keyed") == 0 {
		n := int(g.ids) << 5 //nolint:gosec // small
		if g.rarely(t, 2, "used key") {
			n = rapid.IntRange(0, 31).Draw(t, "key")
		}
		a.Key = &Key{Client: "c" + fmt.Sprint(n%2), Hash: hash(fmt.Sprint(n / 2)), Fingerprint: hash(fmt.Sprint(n, rapid.IntRange(0, 3).Draw(t, "body") == 0))}
		a.Answer = Answer{Request: "POST /things", Resource: fmt.Sprint(g.ids), Status: 201, Headers: []byte("h"), Body: []byte(fmt.Sprint(g.ids))}
	}
	for i := range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "claims") {
		value := int(g.ids) << 5 //nolint:gosec // small
		if g.rarely(t, 2, "used value") {
			value = rapid.IntRange(0, 20).Draw(t, "value")
		}
		a.Claims = append(a.Claims, Claim{Scope: "number", Value: fmt.Sprint(value*2 + i), Owner: g.id()})
	}
	if len(a.Events) == 0 || rapid.IntRange(0, 9).Draw(t, "decision beside events") == 0 {
		a.Decision = g.decision(t)
	}
	return a
}

// expectation is right in most cases, also about streams that only this batch has written to.
func (g *generator) expectation(t *rapid.T, stream uuid.UUID) Expectation {
	e := g.m.state(stream)
	if !g.rarely(t, 10, "wrong") {
		return e
	}
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0: // stale
		if stored := g.m.streams[stream]; len(stored) > 1 {
			before := stored[len(stored)-2]
			return Expectation{Stream: stream, Version: before.Version, Event: before.ID}
		}
		return Expectation{Stream: stream}
	case 1: // the right version, of another past
		if e.Version > 0 {
			e.Event = g.id()
		}
	case 2: // ahead
		e.Version, e.Event = e.Version+1, g.id()
	case 3: // the right event, of another version
		if e.Version > 0 {
			e.Version++
		}
	}
	return e
}

// decision is a new one, none, or now and then one that was sent with another append.
func (g *generator) decision(t *rapid.T) *Decision {
	switch {
	case len(g.sent) > 0 && g.rarely(t, 10, "again"):
		return rapid.SampledFrom(g.sent).Draw(t, "decided before").Decision
	case rapid.IntRange(0, 2).Draw(t, "decision") == 0:
		return nil
	}
	return &Decision{ID: g.id(), Code: fmt.Sprint(g.ids)}
}

func (g *generator) id() uuid.UUID {
	g.ids++
	return id(1000 + g.ids)
}

// Whatever the batches, in whatever way they are sent and by whichever of several sessions, append_events judges and
// stores as the model does.
func TestAppendEvents_model(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	config := pool.Config().ConnConfig
	laneConfig(&config.Config, defaultBounds())
	var lanes []*lane
	for range 2 {
		l, err := openLane(t.Context(), &config.Config, defaultBounds())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.close(true) })
		lanes = append(lanes, l)
	}
	var log atomic.Int32
	log.Store(1)
	seen := make(map[string]int)
	rapid.Check(t, func(rt *rapid.T) {
		number := LogID(log.Add(1)) // a new log is as good as a new database
		if _, err := pool.Exec(t.Context(), "insert into logs (log_id) values ($1)", number); err != nil {
			rt.Fatal(err)
		}
		m, g := newModel(), &generator{m: newModel(), calm: rapid.Bool().Draw(rt, "calm")}
		l, views := lanes[0], map[*lane]*model{lanes[0]: m.clone(), lanes[1]: m.clone()}
		for range rapid.IntRange(1, 12).Draw(rt, "rounds") {
			if rapid.IntRange(0, 2).Draw(rt, "another session") == 0 {
				lanes[0], lanes[1] = lanes[1], lanes[0]
				l = lanes[0]
				if rapid.Bool().Draw(rt, "has not noticed") {
					g.m = views[l]
				}
			}
			var queue []*pending
			for range rapid.IntRange(1, 7).Draw(rt, "appends") {
				a := g.next(rt)
				p, err := prepare(a)
				if err != nil {
					rt.Fatal(err)
				}
				g.m.append(&p)
				g.sent = append(g.sent, a)
				queue = append(queue, &pending{prepared: p})
			}
			j := judge{t: rt, lane: l, log: number, model: m, seen: seen}
			for len(queue) > 0 {
				var batch []*pending
				batch, queue = cut(queue, &values{})
				j.send(batch, rapid.SampledFrom([]way{insertFirst, lookFirst}).Draw(rt, "way"))
				if len(j.flying) == maxInFlight || rapid.Bool().Draw(rt, "wait") {
					j.receiveAll()
				}
			}
			j.receiveAll()
			g.m, views[l] = m.clone(), m.clone()
		}
		checkLog(rt, pool, number, m)
	})
	for _, kind := range []string{
		"whole batch", "one by one", "vouched", "vouched in vain", "inserted first", "sent again", "new stream",
		"appended", "known", "reused", "already", "conflict", "claimed", "decision",
	} {
		if seen[kind] == 0 {
			t.Errorf("no outcome was %q; want some of each: %v", kind, seen)
		}
	}
	t.Log(seen)
}

func (m *model) clone() *model {
	c := newModel()
	c.log = slices.Clone(m.log)
	for k, v := range m.streams {
		c.streams[k] = slices.Clone(v)
	}
	for k, v := range m.keys {
		c.keys[k] = v
	}
	for k, v := range m.claims {
		c.claims[k] = v
	}
	for k, v := range m.noted {
		c.noted[k] = v
	}
	return c
}

// judge runs batches through the server and the model.
type judge struct {
	t      *rapid.T
	lane   *lane
	log    LogID
	model  *model
	seen   map[string]int
	flying []judged
}

type judged struct {
	batch []*pending
	plan  plan
}

func (j *judge) send(batch []*pending, w way) {
	known := j.lane.chain.next(batch, w)
	if err := j.lane.sendPlanned(j.log, batch, &known, Place{}); err != nil {
		j.t.Fatal(err)
	}
	j.flying = append(j.flying, judged{batch, known})
}

// receiveAll judges what is on its way, and sends again what was sent on good faith and rightly refused.
func (j *judge) receiveAll() {
	for len(j.flying) > 0 {
		f := j.flying[0]
		j.flying = j.flying[1:]
		j.lane.expect(time.Now().Add(patient))
		rows, err := j.lane.receive()
		if failed := new(pgconn.PgError); errors.As(err, &failed) && failed.Code == uniqueViolation && f.plan.way == insertFirst {
			before := j.model.clone()
			if !slices.ContainsFunc(f.batch, func(p *pending) bool { return before.append(&p.prepared).Kind != "appended" }) {
				j.t.Fatalf("%v, though all in the batch was free", failed)
			}
			j.seen["sent again"]++
			j.send(f.batch, lookFirst)
			continue
		}
		if err == nil {
			err = complete(rows, len(f.batch))
		}
		if err != nil {
			j.t.Fatal(err)
		}
		j.count(&f, rows)
		j.compare(f.batch, rows)
	}
}

func (j *judge) count(f *judged, rows []outcome) {
	if !whole(rows) {
		j.seen["one by one"]++
		return
	}
	j.seen["whole batch"]++
	if f.plan.way == insertFirst {
		j.seen["inserted first"]++
	}
	for _, p := range f.batch {
		if f.plan.way == insertFirst && len(p.Events) > 0 && p.versions[0] == 1 {
			j.seen["new stream"]++
		}
	}
	if since := rows[0].since; since > 0 {
		j.lane.chain.since.Store(since)
		if len(f.plan.vouched) > 0 && f.plan.since >= since {
			j.seen["vouched"]++
		} else if len(f.plan.vouched) > 0 {
			j.seen["vouched in vain"]++
		}
	}
}

func (j *judge) compare(batch []*pending, rows []outcome) {
	for p, o := range spread(batch, rows) {
		want := j.model.append(&p.prepared)
		got := verdict{o.kind, o.position, o.answer, o.conflict, o.claimed}
		if !reflect.DeepEqual(got, want) {
			j.t.Fatalf("an append of %d: got %+v; want %+v", len(batch), got, want)
		}
		if o.epoch != 1 || o.recorded.IsZero() {
			j.t.Fatalf("epoch %d, recorded at %s; want 1 and a time", o.epoch, o.recorded)
		}
		j.seen[o.kind]++
		if o.kind == "appended" && p.Decision != nil {
			j.seen["decision"]++
		}
	}
}

// checkLog compares all that is stored with the model.
func checkLog(t *rapid.T, db queryer, log LogID, m *model) {
	ctx := t.Context()
	rows, err := db.Query(ctx, `select position, tenant_id, stream_id, version, event_id, convert_from(data, 'UTF8'), 0::bigint
		from events where log_id = $1 order by position`, log)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e modelEvent, err error) {
		var none int64
		return e, row.Scan(&e.Position, &e.Tenant, &e.Stream, &e.Version, &e.ID, &e.Data, &none)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(m.log)
	for i := range want {
		want[i].last = 0
	}
	if !slices.Equal(got, want) {
		t.Fatalf("log = %+v; want %+v", got, want)
	}
	rows, err = db.Query(ctx, `select (select count(*) from command_results where log_id = $1), (select count(*) from claims where log_id = $1)`, log)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[struct{ Keys, Claims int }])
	if err != nil || counts.Keys != len(m.keys) || counts.Claims != len(m.claims) {
		t.Fatalf("keys and claims = %+v, %v; want %d and %d", counts, err, len(m.keys), len(m.claims))
	}
	rows, err = db.Query(ctx, `select tenant_id, decision_id, position, code from decisions where log_id = $1`, log)
	if err != nil {
		t.Fatal(err)
	}
	noted := make(map[decisionValue]modelDecision)
	var id decisionValue
	var d modelDecision
	if _, err := pgx.ForEachRow(rows, []any{&id.tenant, &id.id, &d.Position, &d.Code}, func() error { noted[id] = d; return nil }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(noted, m.noted) {
		t.Fatalf("decisions = %v; want %v", noted, m.noted)
	}
}
