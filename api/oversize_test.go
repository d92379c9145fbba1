package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/api/httpx"
)

// answerLimit is how large an answer to a request that is wrong may be, whatever was sent.
const answerLimit = 64 << 10

// oversized returns bodies of about a size that are wrong in as many ways as fit: one for each value of a schema. Around
// it is what encloses the value, with %s in its place.
func oversized(around string, schema *openapi3.Schema, size int) map[string]string {
	bodies := make(map[string]string)
	many := func(what, element string) {
		bodies[fmt.Sprintf(around, what+" "+element)] = fmt.Sprintf(around, "["+strings.Repeat(element+",", size/(len(element)+1))+element+"]")
	}
	switch {
	case schema.Type.Is(openapi3.TypeObject):
		var fields strings.Builder
		for i := 0; fields.Len() < size; i++ {
			fmt.Fprintf(&fields, `"f%d":{},`, i)
		}
		bodies[fmt.Sprintf(around, "many fields")] = fmt.Sprintf(around, `{`+fields.String()+`"f":1}`)
		bodies[fmt.Sprintf(around, "a long name")] = fmt.Sprintf(around, `{"`+strings.Repeat("~/é", size/4)+`":{"a":1}}`)
		bodies[fmt.Sprintf(around, "a name twice")] = fmt.Sprintf(around, `{"`+strings.Repeat("n", size/2)+`":1,"`+strings.Repeat("n", size/2)+`":1}`)
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			maps.Copy(bodies, oversized(fmt.Sprintf(around, `{"`+name+`":%s}`), schema.Properties[name].Value, size))
		}
		if more := schema.AdditionalProperties.Schema; more != nil {
			var entries strings.Builder
			for i := 0; entries.Len() < size; i++ {
				fmt.Fprintf(&entries, `"f%d":[],`, i)
			}
			bodies[fmt.Sprintf(around, "many entries")] = fmt.Sprintf(around, `{`+entries.String()+`"f":1}`)
		}
	case schema.Type.Is(openapi3.TypeArray):
		for _, element := range []string{"{}", "1", "null", `""`, "[]", "1.5"} {
			many("many", element)
		}
		maps.Copy(bodies, oversized(fmt.Sprintf(around, "[%s]"), schema.Items.Value, size))
	default:
		bodies[fmt.Sprintf(around, "a long text")] = fmt.Sprintf(around, `"`+strings.Repeat(`\u202e`, size/6)+`"`)
	}
	return bodies
}

// Whatever is wrong with a body, and however often, the answer is short and names its first faults.
func TestOversizedBodies(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, r := range writes(t) {
		operation := s.contract.operation(r)
		if operation.RequestBody == nil || operation.RequestBody.Value.Content["application/json"] == nil {
			continue
		}
		schema := operation.RequestBody.Value.Content["application/json"].Schema.Value
		t.Run(r.Operation, func(t *testing.T) {
			t.Parallel()

			for what, body := range oversized("%s", schema, 64<<10) {
				got := s.do(call{method: r.Method, path: path(r, nowhere, ""), body: body, header: map[string]string{"If-Match": "*"}})
				calm(t, what, got)
				if len(got.body) > answerLimit {
					t.Errorf("%.100s: the answer has %d bytes", what, len(got.body))
				}
				var problem struct{ Errors []httpx.Fault }
				if unmarshal(t, got.body, &problem); len(problem.Errors) > 100 {
					t.Errorf("%.100s: %d faults", what, len(problem.Errors))
				}
			}
		})
	}
}

// An array that is too long is the one thing that is said of it, and costs little.
func TestOversizedBodies_cost(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, element := range []string{`{}`, `{"sku":"","quantity":"x","a":1,"b":2}`, `[]`} {
		body := `{"currency":"EUR","lines":[` + strings.Repeat(element+",", (1<<20-64)/(len(element)+1)) + element + `]}`
		best := time.Hour
		for range 3 { // the machine has others to serve
			begin := time.Now()
			got := s.post("/v1/orders", body)
			best = min(best, time.Since(begin))
			got.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
			if got.get(t, "errors", "last", "pointer") != "/lines" || got.get(t, "errors", "0", "detail") != "has at most 1000 elements" || got.get(t, "errors", "1") != "" || len(got.body) > 1<<10 {
				t.Errorf("%.20s: %.300s", element, got.body)
			}
		}
		if best > time.Second {
			t.Errorf("%.20s takes %v", element, best)
		}
	}
}

// Queries and headers are bounded as bodies are.
func TestOversizedQueries(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "&p%d=1", i)
	}
	for what, query := range map[string]string{
		"many parameters": many.String(), "a long name": "&" + strings.Repeat("x", 20_000) + "=1", "a long value": "&sort=" + strings.Repeat("x", 20_000),
		"many filters": strings.ReplaceAll(many.String(), "&p", "&filter[f]"), "a long filter": "&filter[" + strings.Repeat("x", 20_000) + "]=1",
		"a long operator": "&filter[status][" + strings.Repeat("x", 20_000) + "]=1", "a long status": "&filter[status]=" + strings.Repeat("x", 20_000),
		"many values": "&filter[sku][in]=" + strings.Repeat("x,", 10_000), "many times": strings.Repeat("&limit=1", 3000), "a long cursor": "&cursor=" + strings.Repeat("x", 20_000),
	} {
		got := s.do(call{method: http.MethodGet, path: "/v1/orders?" + query[1:]})
		calm(t, what, got)
		if len(got.body) > answerLimit || got.status < 400 && what != "many values" {
			t.Errorf("%s: %d with %d bytes", what, got.status, len(got.body))
		}
	}
}

// Bodies are bounded by their schemas: every array says how long it may be, and the schemas use no words that the check
// does not know.
func TestRequestSchemas(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, r := range writes(t) {
		if operation := s.contract.operation(r); operation.RequestBody != nil {
			if media := operation.RequestBody.Value.Content["application/json"]; media != nil {
				checkSchema(t, r.Operation, media.Schema.Value)
			}
		}
	}
}

func checkSchema(t *testing.T, at string, schema *openapi3.Schema) {
	t.Helper()
	object, array := schema.Type.Is(openapi3.TypeObject), schema.Type.Is(openapi3.TypeArray)
	if schema.Type == nil || (object || array) && (schema.OneOf != nil || schema.AnyOf != nil || schema.AllOf != nil || schema.Not != nil || schema.Enum != nil || schema.UniqueItems) {
		t.Errorf("%s: a word that the check of bodies does not know", at)
	}
	if array {
		if schema.MaxItems == nil || schema.Items == nil {
			t.Errorf("%s: an array without an end", at)
			return
		}
		checkSchema(t, at+"/0", schema.Items.Value)
	}
	if object && schema.AdditionalProperties.Schema == nil && (schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has) {
		t.Errorf("%s: an object of any fields", at)
	}
	for name, property := range schema.Properties {
		checkSchema(t, at+"/"+name, property.Value)
	}
	if more := schema.AdditionalProperties.Schema; more != nil {
		checkSchema(t, at+"/*", more.Value)
	}
}
