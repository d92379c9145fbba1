package httpx

import (
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/domain/rule"
)

// inner are members of commands that stand elsewhere in bodies, or have another name there.
var inner = []struct{ command, body string }{
	{"/customer_id", "/customer/id"},
	{"/set", "/metadata"},
	{"/unset", "/metadata"},
	{"/country", "/shipping_address/country"},
	{"/refund_amount", "/refund"},
	{"/expires_at", "/expires_in_seconds"},
}

// Refusal is the error of a command that the domain's rules forbid, with its pointers into the body that was sent.
func (c *Call) Refusal(v *rule.Violation) *Error { return c.locate(Refusal(v)) }

// locate makes the faults that were found behind the border point to what the client has sent: into the body (RFC 6901),
// or to a parameter of the path. One that is about nothing of it has no pointer, and says in its figures what it is about.
func (c *Call) locate(e *Error) *Error {
	if !c.whole || c.Body != nil && c.Route.media != mediaJSON || len(e.Faults) == 0 {
		return e // the border's own faults are right; those of a table name row and column
	}
	out := *e
	out.Faults = bounded(e.Faults)
	for i := range out.Faults {
		f := &out.Faults[i]
		if f.Pointer == "" {
			continue
		}
		was := f.Pointer
		c.point(f)
		if rest, ok := strings.CutPrefix(out.Detail, was+": "); ok && i == 0 && f.Pointer != was {
			out.Detail = strings.TrimPrefix(f.Pointer+": "+rest, ": ")
		}
	}
	return &out
}

// point moves one fault.
func (c *Call) point(f *Fault) {
	candidates := []string{f.Pointer}
	for _, name := range inner {
		if rest, ok := strings.CutPrefix(f.Pointer, name.command); ok && (rest == "" || rest[0] == '/') {
			candidates = append(candidates, name.body+rest)
		}
	}
	for _, p := range candidates {
		if _, there := at(c.value, p); there || c.could(p) {
			f.Pointer = p
			return
		}
	}
	if name := c.parameter(f.Pointer[1:]); name != "" {
		f.Pointer, f.Parameter = "", name
		return
	}
	for p := candidates[len(candidates)-1]; p != ""; p = p[:strings.LastIndexByte(p, '/')] {
		if _, there := at(c.value, p); there {
			f.Pointer = p
			return
		}
	}
	if strings.Count(f.Pointer, "/") > 1 { // into what the command is about, such as an edit's staged changes
		if f.Meta == nil {
			f.Meta = make(map[string]any, 1)
		}
		f.Meta["about"] = f.Pointer
	}
	f.Pointer = ""
}

// parameter returns the parameter of the path that a member of a command comes from, if one does.
func (c *Call) parameter(name string) string {
	for segment := range strings.SplitSeq(c.Route.Path, "/") {
		p, ok := strings.CutPrefix(segment, ":")
		if ok && (p == name || name == "id" && strings.HasSuffix(p, "_id") || p == "id" && name == "order_id") {
			return p
		}
	}
	return ""
}

// could reports whether a pointer names a member that the body has not, but could have.
func (c *Call) could(p string) bool {
	cut := strings.LastIndexByte(p, '/')
	parent, there := at(c.value, p[:cut])
	if _, object := parent.(map[string]any); !there || !object {
		return false
	}
	schema := c.Route.body
	for name := range strings.SplitSeq(p, "/") {
		switch {
		case name == "" || schema == nil:
		case schema.Type.Is(openapi3.TypeArray):
			schema = schema.Items.Value
		case schema.Properties[name] != nil:
			schema = schema.Properties[name].Value
		default:
			return false
		}
	}
	return schema != nil
}

// at returns what a pointer points to.
func at(value any, p string) (any, bool) {
	if p == "" {
		return value, value != nil
	}
	for name := range strings.SplitSeq(p[1:], "/") {
		switch v := value.(type) {
		case map[string]any:
			member, there := v[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
			if !there {
				return nil, false
			}
			value = member
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}
