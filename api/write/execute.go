package write

import (
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
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/streamid"
	"github.com/ordermill/ordermill/eventstore"
)

// rendered is a successful outcome as a client sees it.
type rendered struct {
	status   int
	location string
	body     []byte
}

// defaultTwinWait is how long a request waits for one with the same key; the engine knows it too.
const defaultTwinWait = time.Second

// execute runs a command and returns its answer, which may be that of an earlier request with the same key.
func (s *server) execute(ctx context.Context, command commands.Command, render func(commands.Outcome) rendered) (answer, error) {
	call := httpx.CallOf(ctx)
	expect, err := httpx.ParseIfMatch(call.Header)
	if err != nil {
		return answer{}, err
	}
	request := commands.Request{
		Tenant: call.Identity.Tenant, Actor: actor(&call.Identity), Key: call.EventstoreKey(), Expect: expect, Command: command,
		Cause:  commands.Cause{CorrelationID: call.RequestID, Traceparent: call.Trace().Parent()},
		Answer: func(o commands.Outcome) eventstore.Answer { return toStore(call, o, render) },
	}
	if request.Key != nil {
		request.Cause.CommandID = streamid.New(request.Tenant, "command", request.Key.Client+" "+string(request.Key.Hash[:]))
	} else if request.Cause.CommandID, err = uuid.NewV7(); err != nil {
		return answer{}, fmt.Errorf("command id: %w", err)
	}
	response, err := s.Do(ctx, request)
	for deadline := s.Now().Add(call.Prefer.Wait - defaultTwinWait); errors.Is(err, commands.ErrKeyInUse) && s.Now().Before(deadline) && ctx.Err() == nil; {
		response, err = s.Do(ctx, request) // waits for its twin again
	}
	if err != nil {
		return answer{}, err
	}
	return s.fromStore(ctx, call, &response)
}

// answered gives the stored answer of a request that cannot be repeated because its customer was erased meanwhile. In
// any other case it fails with the cause.
func (s *server) answered(ctx context.Context, call *httpx.Call, cause error) (answer, error) {
	key := call.EventstoreKey()
	if key == nil || !errors.Is(cause, eventstore.ErrErased) {
		return answer{}, cause
	}
	result, known, err := s.Store.Known(ctx, call.Identity.Tenant, *key)
	if err != nil {
		return answer{}, err
	}
	if !known {
		return answer{}, cause
	}
	return s.fromStore(ctx, call, &commands.Response{Answer: result.Answer, Position: result.Position, Epoch: result.Epoch, Replayed: true})
}

func actor(id *httpx.Identity) commands.Actor {
	switch {
	case id.Role == httpx.RoleCustomer:
		return commands.Actor{Type: "customer", ID: id.Subject}
	case id.Subject != "" && id.Subject != id.Client && id.Role != "integrator":
		return commands.Actor{Type: "staff", ID: id.Subject}
	default:
		return commands.Actor{Type: "app", ID: id.Client}
	}
}

// storedHeaders are the headers that an answer has whenever it is given.
type storedHeaders struct {
	ContentType string `json:"content_type"`
	Location    string `json:"location,omitempty"`
	ETag        string `json:"etag,omitempty"`
	RequestID   string `json:"request_id"`
}

// toStore renders an outcome. It is called while deciding.
func toStore(call *httpx.Call, o commands.Outcome, render func(commands.Outcome) rendered) eventstore.Answer {
	headers := storedHeaders{ContentType: "application/json", RequestID: call.RequestID}
	out := rendered{}
	if violation := (*rule.Violation)(nil); errors.As(o.Refused, &violation) {
		problem := httpx.Refusal(violation)
		headers.ContentType = httpx.ProblemType
		out = rendered{status: problem.Status(), body: httpx.Marshal(problem.Problem(call.RequestID, call.Trace().ID))}
	} else {
		out = render(o)
		headers.Location = out.location
		if o.Version > 0 {
			headers.ETag = httpx.ETag(o.Version)
		}
	}
	return eventstore.Answer{
		Request: call.Route.Method + " " + call.Path, Status: int16(out.status), Headers: httpx.Marshal(headers), Body: out.body, // three digits
	}
}

// answer is what a client gets. It implements the response interfaces of all generated operations.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// fromStore makes the answer of a response: the stored one, with personal data in clear for those who may see it, and
// with what depends on this request.
func (s *server) fromStore(ctx context.Context, call *httpx.Call, r *commands.Response) (answer, error) {
	if r.Answer.Body == nil && r.Replayed {
		return answer{}, &httpx.Error{
			Code: httpx.CodeKeyExpired, Detail: "This was done: " + r.Answer.Request + ". Its answer is no longer stored; read the present state instead.",
			ExistingID: r.Answer.Resource,
		}
	}
	var stored storedHeaders
	if err := json.Unmarshal(r.Answer.Headers, &stored); err != nil {
		return answer{}, fmt.Errorf("stored headers: %w", err)
	}
	body, disclosure, err := resource.Reveal(ctx, s.Vault, call.Identity.Tenant, r.Answer.Body, call.Identity.Scopes.Has(httpx.ScopeCustomersPII))
	if err != nil {
		s.log.WarnContext(ctx, "personal data left out", "request_id", call.RequestID, "error", err)
	}
	a := answer{status: int(r.Answer.Status), header: make(http.Header, 8), body: body}
	a.header.Set("Content-Type", stored.ContentType)
	a.header.Set("Cache-Control", "no-store")
	if stored.Location != "" {
		a.header.Set(httpx.HeaderLocation, stored.Location)
	}
	if stored.ETag != "" {
		a.header[httpx.HeaderETag] = []string{stored.ETag}
	}
	if r.Epoch > 0 {
		a.header.Set(httpx.HeaderConsistencyToken, s.Tokens.Position(httpx.Position{Log: s.Store.Log(), Epoch: r.Epoch, Position: r.Position}))
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

func (a answer) write(w http.ResponseWriter) error {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // fails only when the client is gone
	return nil
}

// VisitListProductResponse implements the generated response.
func (a answer) VisitListProductResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitUpdateProductResponse implements the generated response.
func (a answer) VisitUpdateProductResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitReceiveStockResponse implements the generated response.
func (a answer) VisitReceiveStockResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitPlaceOrderResponse implements the generated response.
func (a answer) VisitPlaceOrderResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitCancelOrderResponse implements the generated response.
func (a answer) VisitCancelOrderResponse(w http.ResponseWriter) error { return a.write(w) }

// VisitMarkOrderPaidResponse implements the generated response.
func (a answer) VisitMarkOrderPaidResponse(w http.ResponseWriter) error { return a.write(w) }
