package write

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
	"github.com/ordermill/ordermill/eventstore"
)

// defaultTwinWait is how long a request waits for one with the same key; the engine knows it too.
const defaultTwinWait = time.Second

// execute runs a command and returns its answer, which may be that of an earlier request with the same key.
func (s *server) execute(ctx context.Context, r *request, command commands.Command, show func(commands.Outcome) rendered) (answer, error) {
	wish := commands.Request{
		Tenant: r.Identity.Tenant, Actor: actor(&r.Identity), Key: r.EventstoreKey(), Expect: r.expect, Command: command,
		Cause:  commands.Cause{CorrelationID: r.RequestID, Traceparent: r.Trace().Parent()},
		Answer: func(o commands.Outcome) eventstore.Answer { return toStore(r.Call, o, show) },
	}
	if r.Prefer.DryRun {
		return s.rehearse(ctx, r, wish, show)
	}
	if wish.Key != nil {
		wish.Cause.CommandID = streamid.New(wish.Tenant, "command", wish.Key.Client+" "+string(wish.Key.Hash[:]))
	} else {
		var err error
		if wish.Cause.CommandID, err = uuid.NewV7(); err != nil {
			return answer{}, fmt.Errorf("command id: %w", err)
		}
	}
	r.CommandID = wish.Cause.CommandID
	response, err := s.Do(ctx, wish)
	defer func() { s.dropUnusedKey(ctx, r, &response, err) }()
	for deadline := s.Now().Add(r.Prefer.Wait - defaultTwinWait); errors.Is(err, commands.ErrKeyInUse) && s.Now().Before(deadline) && ctx.Err() == nil; {
		response, err = s.Do(ctx, wish) // waits for its twin again
	}
	if version := (*commands.VersionError)(nil); errors.As(err, &version) && len(r.Header[httpx.HeaderIfMatch]) == 0 {
		return answer{}, commands.ErrConcurrentModification // the version was ours, not the client's
	}
	if err != nil {
		return answer{}, err
	}
	return s.fromStore(ctx, r.Call, &response)
}

// dropUnusedKey takes back the key that was made for a guest whose order was refused, or was placed before under the same
// idempotency key: what is refused leaves no trace. Only this request knows the order's id, and its outcome is known. Where
// the key cannot be dropped it stays, which costs a row.
func (s *server) dropUnusedKey(ctx context.Context, r *request, response *commands.Response, err error) {
	violation := (*rule.Violation)(nil)
	known := err == nil && (response.Refused || response.Replayed) || errors.Is(err, eventstore.ErrKeyReused) || errors.As(err, &violation)
	if !r.guest || !known {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.Vault.DropUnused(ctx, r.Identity.Tenant, customer.KeyOf(customer.Person("", r.fresh)), r.fresh); err != nil {
		s.Host.Log.DebugContext(ctx, "an unused key stays", "request_id", r.RequestID, "error", err)
	}
}

// answered gives the stored answer of a request that cannot be repeated, because the customer was erased meanwhile, a
// quote has ended, or the order is another one by now. If there is none it fails with the cause.
func (s *server) answered(ctx context.Context, r *request, cause error) (answer, error) {
	key := r.EventstoreKey()
	if key == nil || r.Prefer.DryRun {
		return answer{}, cause
	}
	if err := s.Store.Past().Err(); err != nil {
		return answer{}, err
	}
	result, known, err := s.Store.Known(ctx, r.Identity.Tenant, *key)
	if err != nil {
		return answer{}, err
	}
	if !known {
		return answer{}, cause
	}
	return s.fromStore(ctx, r.Call, &commands.Response{Answer: result.Answer, Position: result.Position, Epoch: result.Epoch, Replayed: true})
}

// storedHeaders are the headers that an answer has whenever it is given.
type storedHeaders struct {
	ContentType string `json:"content_type,omitempty"`
	Location    string `json:"location,omitempty"`
	ETag        string `json:"etag,omitempty"`
	RequestID   string `json:"request_id"`
}

// toStore renders an outcome. It is called while deciding.
func toStore(call *httpx.Call, o commands.Outcome, show func(commands.Outcome) rendered) eventstore.Answer {
	headers := storedHeaders{ContentType: "application/json", RequestID: call.RequestID}
	out := rendered{}
	if violation := (*rule.Violation)(nil); errors.As(o.Refused, &violation) {
		if !call.Identity.Viewer().Staff {
			violation = forCustomers(violation)
		}
		problem := call.Refusal(violation)
		headers.ContentType = httpx.ProblemType
		out = rendered{status: problem.Status(), body: httpx.Marshal(problem.Problem(call.RequestID, call.Trace().ID))}
	} else {
		out = show(o)
		headers.Location = out.location
		if out.body == nil {
			out.body, headers.ContentType = []byte{}, ""
		} else if o.Version > 0 {
			headers.ETag = httpx.ETag(o.Version)
		}
	}
	return eventstore.Answer{
		Request: call.Route.Method + " " + call.Path, Status: int16(out.status), Headers: httpx.Marshal(headers), Body: out.body, // three digits
	}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// fromStore makes the answer of a response: the stored one, as this caller may see it, and with what depends on this
// request.
func (s *server) fromStore(ctx context.Context, call *httpx.Call, r *commands.Response) (answer, error) {
	if r.Answer.Body == nil && r.Replayed {
		return answer{}, &httpx.Error{
			Code: httpx.CodeKeyExpired, Detail: "This was done: " + r.Answer.Request + ". Its answer is no longer stored; read the present state instead.",
			ExistingID: r.Answer.Resource,
		}
	}
	call.Position, call.Replayed = r.Position, r.Replayed
	var stored storedHeaders
	if err := json.Unmarshal(r.Answer.Headers, &stored); err != nil {
		return answer{}, fmt.Errorf("stored headers: %w", err)
	}
	body, disclosure, err := resource.Reveal(ctx, s.Vault, call.Identity.Tenant, r.Answer.Body, call.Identity.Viewer())
	if err != nil {
		s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
	}
	if stored.Location != "" {
		stored.Location = s.Host.ReadURL + stored.Location // what was stored is the same wherever it is read
	}
	if stored.ETag != "" && !call.Identity.Viewer().All(disclosure) && !bytes.Equal(body, r.Answer.Body) {
		stored.ETag = httpx.ViewTag(stored.ETag, body)
	}
	a := answer{status: int(r.Answer.Status), header: make(http.Header, 8), body: body}
	a.header.Set("Cache-Control", "no-store")
	for name, value := range map[string]string{
		"Content-Type": stored.ContentType, httpx.HeaderLocation: stored.Location, httpx.HeaderETag: stored.ETag,
	} {
		if value != "" {
			a.header[name] = []string{value}
		}
	}
	if r.Epoch > 0 {
		event, err := s.Store.EventAt(ctx, r.Position)
		if err != nil {
			return answer{}, err // the same request gets the same answer later
		}
		a.header.Set(httpx.HeaderConsistencyToken, s.Tokens.Position(s.Store.Log(), eventstore.Place{Epoch: r.Epoch, Position: r.Position, Event: event}))
	}
	if r.Replayed {
		a.header.Set(httpx.HeaderReplayed, "true")
		if disclosure == resource.Erased {
			a.header.Set(httpx.HeaderReplayed, "redacted")
		}
		a.header.Set(httpx.HeaderOriginalRequest, stored.RequestID)
	}
	return a, nil
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // fails only when the client is gone
}
