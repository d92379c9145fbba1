package httpx

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkBody holds a parsed body against its schema: first that all its fields exist (400), then all else (422). Each
// time everything that is wrong is reported at once, up to a hundred faults.
func checkBody(schema *openapi3.Schema, value any) error {
	quick := checker{limit: 1}
	if quick.value(schema, value); !quick.full() {
		return nil
	}
	c := checker{limit: maxFaults, sorted: true}
	c.value(schema, value)
	if len(c.unknown) > 0 {
		return &Error{Code: CodeUnknownField, Detail: c.unknown[0].Pointer + ": " + c.unknown[0].Detail, Faults: c.unknown}
	}
	return invalid(c.faults)
}

// checker walks a value along its schema. Objects and arrays it checks itself, since what is wrong with them may be as
// large as they are; for everything else it asks the library. What has too many elements is not looked into.
type checker struct {
	limit   int
	sorted  bool // faults come in the order of the fields' names
	path    []string
	unknown []Fault // fields that do not exist
	faults  []Fault
}

// full reports that enough is wrong. A field that does not exist weighs more than all else, so that those are looked for
// as long as there is room for them.
func (c *checker) full() bool {
	return len(c.unknown) >= c.limit || c.limit == 1 && len(c.faults) > 0
}

func (c *checker) fault(detail string) {
	if len(c.faults) < c.limit {
		c.faults = append(c.faults, Fault{Pointer: pointer(c.path), Code: CodeValidationFailed, Detail: detail})
	}
}

func (c *checker) value(schema *openapi3.Schema, value any) {
	switch v := value.(type) {
	case map[string]any:
		if schema.Type.Is(openapi3.TypeObject) {
			c.object(schema, v)
			return
		}
	case []any:
		if schema.Type.Is(openapi3.TypeArray) {
			c.array(schema, v)
			return
		}
	case string:
		if schema.Format == "date-time" && !isTime(v) {
			c.fault("must be a time of the years 1900 to 9998, such as 2026-03-01T12:00:00Z")
			return
		}
	}
	if len(c.faults) >= c.limit {
		return // it would not be told
	}
	if detail := valueFault(schema, value); detail != "" {
		c.fault(detail)
	}
}

func (c *checker) object(schema *openapi3.Schema, object map[string]any) {
	if schema.MaxProps != nil && uint64(len(object)) > *schema.MaxProps {
		c.fault("has at most " + strconv.FormatUint(*schema.MaxProps, 10) + " fields")
		return
	}
	if uint64(len(object)) < schema.MinProps {
		c.fault("has at least " + strconv.FormatUint(schema.MinProps, 10) + " fields")
	}
	if c.sorted {
		names := slices.Concat(slices.Collect(maps.Keys(object)), schema.Required)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			c.member(schema, object, name)
			if c.full() {
				return
			}
		}
		return
	}
	for name := range object {
		if c.member(schema, object, name); c.full() {
			return
		}
	}
	for _, name := range schema.Required {
		if _, given := object[name]; !given {
			c.member(schema, object, name)
		}
	}
}

// member checks one field of an object, which may be missing.
func (c *checker) member(schema *openapi3.Schema, object map[string]any, name string) {
	c.path = append(c.path, name)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	value, given := object[name]
	property, known := schema.Properties[name]
	switch more := schema.AdditionalProperties; {
	case !given:
		c.fault("is missing")
	case known:
		c.value(property.Value, value)
	case more.Schema != nil:
		c.value(more.Schema.Value, value)
	case more.Has != nil && !*more.Has:
		c.unknown = append(c.unknown, Fault{Pointer: pointer(c.path), Code: CodeUnknownField, Detail: suggestion(schema, name)})
	}
}

func (c *checker) array(schema *openapi3.Schema, array []any) {
	if schema.MaxItems != nil && uint64(len(array)) > *schema.MaxItems {
		c.fault("has at most " + strconv.FormatUint(*schema.MaxItems, 10) + " elements")
		return
	}
	if uint64(len(array)) < schema.MinItems {
		c.fault("has at least " + strconv.FormatUint(schema.MinItems, 10) + " elements")
	}
	if schema.Items == nil {
		return
	}
	c.path = append(c.path, "")
	for i, item := range array {
		if c.sorted { // else a fault is only counted
			c.path[len(c.path)-1] = strconv.Itoa(i)
		}
		if c.value(schema.Items.Value, item); c.full() {
			break
		}
	}
	c.path = c.path[:len(c.path)-1]
}

// isTime reports whether text is a time that somebody could mean.
func isTime(text string) bool {
	at, err := time.Parse(time.RFC3339Nano, text)
	return err == nil && at.Year() >= 1900 && at.Year() < 9999
}

// suggestion says what a field may have been meant to be.
func suggestion(schema *openapi3.Schema, key string) string {
	names := slices.Sorted(maps.Keys(schema.Properties))
	for _, name := range names {
		if strings.EqualFold(name, key) {
			return "there is no such field; it is written " + strconv.Quote(name)
		}
	}
	if len(key) > maxEcho {
		return "there is no field " + strconv.Quote(clip(key, maxEcho))
	}
	return "there is no such field, only " + strings.Join(names, ", ")
}
