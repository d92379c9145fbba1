package httpx

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of what is noted of denied calls, so that nobody fills the decision log by asking again and again.
const (
	denialsEvery   = time.Second     // for so long a denied call may be in this process's memory alone
	denialsAgain   = time.Minute     // for so long calls that are alike share a line
	denialsTenant  = 100             // kinds of calls that a tenant's lines tell apart; the others share one
	denialsKinds   = 10_000          // of all tenants; beyond them there is the access log
	denialsTimeout = 5 * time.Second // of noting them
)

// Denials brings denied calls to the decision log, off the way of the requests. The first of a caller to an operation is
// noted at once; those that follow within a minute share a line, which counts them. It is safe for concurrent use.
type Denials struct {
	store func(context.Context, []eventstore.TenantDecision) error
	log   *slog.Logger

	mu      sync.Mutex
	kinds   map[denial]*denied
	tenants map[string]int // kinds of each
}

// denial is what makes calls alike.
type denial struct{ tenant, actorType, actorID, client, command, code string }

// denied are calls that are alike.
type denied struct {
	id          uuid.UUID // of the next line
	count       int       // that no line has yet
	first, last time.Time
	reason      string // of the first, as is what follows
	resource    string
	request     string
	method      string
	route       string
	noted       time.Time // when the last line was written
}

// NewDenials returns one that stores what it notes with eventstore.Store.NoteDecisions. Nothing is noted before Run.
func NewDenials(store func(context.Context, []eventstore.TenantDecision) error, log *slog.Logger) *Denials {
	return &Denials{
		store: store, log: cmp.Or(log, slog.New(slog.DiscardHandler)), kinds: make(map[denial]*denied), tenants: make(map[string]int),
	}
}

// note takes in a call that was denied.
func (d *Denials) note(call *Call, e *Error) {
	kind := denial{tenant: call.Identity.Tenant, client: call.Identity.Client, command: kebab(call.Route.Operation), code: string(e.Code)}
	kind.actorType, kind.actorID = call.Identity.Actor()
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.kinds[kind]
	if known == nil && d.tenants[kind.tenant] >= denialsTenant {
		kind = denial{tenant: kind.tenant, actorType: "system", command: "several", code: kind.code}
		known = d.kinds[kind]
	}
	if known == nil {
		if len(d.kinds) >= denialsKinds {
			return
		}
		known = &denied{}
		d.kinds[kind] = known
		d.tenants[kind.tenant]++
	}
	if known.count == 0 {
		*known = denied{
			first: now, reason: clip(e.Detail, maxDetail), request: call.RequestID, method: call.Route.Method, route: call.Route.Path,
			resource: call.resource(), noted: known.noted,
		}
	}
	known.count++
	known.last = now
}

// Run notes them until ctx ends, and then what is left.
func (d *Denials) Run(ctx context.Context) error {
	ticker := time.NewTicker(denialsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.flush(ctx, denialsAgain)
		case <-ctx.Done():
			d.flush(context.WithoutCancel(ctx), 0)
			return nil
		}
	}
}

// flush writes the lines that are due, and forgets the kinds that were silent for long enough. What cannot be written
// now stays for the next time.
func (d *Denials) flush(ctx context.Context, again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, denialsTimeout)
	defer cancel()
	due, counts := d.due(again)
	if len(due) == 0 {
		return
	}
	lines := make([]eventstore.TenantDecision, 0, len(due))
	for kind, line := range due {
		lines = append(lines, eventstore.TenantDecision{Tenant: kind.tenant, Decision: line})
	}
	if err := d.store(ctx, lines); err != nil {
		d.log.WarnContext(ctx, "denied calls are not in the decision log yet", "calls", len(lines), "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for kind := range due {
		known := d.kinds[kind]
		known.count -= counts[kind]
		known.first, known.noted, known.id = now, now, uuid.Nil
	}
}

func (d *Denials) due(again time.Duration) (map[denial]eventstore.Decision, map[denial]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	due, counts := make(map[denial]eventstore.Decision), make(map[denial]int)
	for kind, known := range d.kinds {
		switch {
		case time.Since(known.noted) < again:
		case known.count == 0:
			delete(d.kinds, kind)
			if d.tenants[kind.tenant]--; d.tenants[kind.tenant] == 0 {
				delete(d.tenants, kind.tenant)
			}
		default:
			due[kind], counts[kind] = known.line(kind), known.count
		}
	}
	return due, counts
}

// line is the decision log's line of calls that are alike. Its id stays the same until it is written.
func (k *denied) line(kind denial) eventstore.Decision {
	if k.id == uuid.Nil {
		id, err := uuid.NewV7()
		if err != nil {
			id = uuid.New()
		}
		k.id = id
	}
	meta := map[string]any{"count": k.count, "first_at": k.first.UTC(), "last_at": k.last.UTC()}
	if kind.client != "" {
		meta["client"], meta["method"], meta["route"] = kind.client, k.method, k.route
	}
	return eventstore.Decision{
		ID: k.id, Command: kind.command, Code: kind.code, Reason: k.reason, ActorType: kind.actorType, ActorID: kind.actorID,
		Resource: k.resource, RequestID: k.request, Details: Marshal([]Fault{{Code: Code(kind.code), Meta: meta}}),
	}
}

// resource returns the id in the call's path, if it is one that names no person.
func (c *Call) resource() string {
	segments := strings.Split(c.Path, "/")
	next := 0
	for i, s := range strings.Split(c.Route.Path, "/") {
		if !strings.HasPrefix(s, ":") || i >= len(segments) {
			continue
		}
		if id, ok := ParseID(segments[i]); ok && c.Route.ids[next] {
			return id.String()
		}
		next++
	}
	return ""
}

// kebab turns an operation's name, such as "placeOrder", into that of a command, "place-order".
func kebab(name string) string {
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
