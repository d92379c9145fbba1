package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// aggregates are the folders of the domain that store events, in the sequence of the page.
var aggregates = []string{"order", "stock", "reservation", "catalog", "settings", "promotion", "series", "customer"}

const head = `# Events

Every event type that is stored, with its fields and an example. Generated from the sources by ` + "`make generate`" + `; do
not edit. The examples are the golden files that keep each version readable for ever: names and fields are added, never
changed. Beside its data every event has an id, its stream and version, its position in the log, the time at which it
happened (` + "`occurred_at`" + `) and was recorded, and metadata: actor, command, correlation and cause, trace, hash of the
idempotency key. Sums are minor units of the event's currency, times are UTC.
`

// Page returns docs/events.md for the domain in a folder.
func Page(domain string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(head)
	for _, name := range aggregates {
		folder := filepath.Join(domain, name)
		source, err := parse(folder)
		if err != nil {
			return nil, err
		}
		events := source.events()
		if len(events) == 0 {
			return nil, fmt.Errorf("%s has no events", folder)
		}
		fmt.Fprintf(&out, "\n## %s\n", name)
		for _, e := range events {
			if err := section(&out, source, folder, e); err != nil {
				return nil, err
			}
		}
	}
	return out.Bytes(), nil
}

// section writes one event.
func section(out *bytes.Buffer, source *source, folder string, e event) error {
	fmt.Fprintf(out, "\n### %s\n\n%s\n\n", e.stored, words(e.name, e.comment))
	out.WriteString("| field | type | |\n| --- | --- | --- |\n")
	for _, f := range source.fields(e.name) {
		optional := ""
		if f.optional {
			optional = "?"
		}
		fmt.Fprintf(out, "| `%s`%s | %s | %s |\n", f.name, optional, f.kind, strings.ReplaceAll(f.comment, "|", `\|`))
	}
	example, err := os.ReadFile(filepath.Join(folder, "testdata", "events", e.stored+".json"))
	if err != nil {
		return fmt.Errorf("%s has no golden file: %w", e.stored, err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, bytes.TrimSpace(example), "", "  "); err != nil {
		return fmt.Errorf("golden file of %s: %w", e.stored, err)
	}
	fmt.Fprintf(out, "\n<details><summary>example</summary>\n\n```json\n%s\n```\n\n</details>\n", pretty.Bytes())
	return nil
}

// words turns a Go comment into a sentence for people who read no Go.
func words(name, comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = strings.ToUpper(rest[:1]) + rest[1:]
	}
	return text
}

// event is an event type of a package.
type event struct{ name, stored, comment string }

// events returns a package's events by their stored names.
func (s *source) events() []event {
	var all []event
	for name, stored := range s.stored {
		all = append(all, event{name, stored, s.comments[name]})
	}
	slices.SortFunc(all, func(a, b event) int { return strings.Compare(a.stored, b.stored) })
	return all
}
