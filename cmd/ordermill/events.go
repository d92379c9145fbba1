package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/eventstore"
)

// eventsPage is how many events are read at once.
const eventsPage = 500

// eventsOptions are the flags of events.
type eventsOptions struct {
	after  int64
	limit  int
	follow bool
	tenant string
	stream string
}

func (p *program) eventsCommand() *cobra.Command {
	var o eventsOptions
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List the events of the log, or follow it",
		Long: "Lists events in the order of the log: the last ones, or those after a position. As JSON it prints one object; with --follow " +
			"one object a line, until Ctrl-C. Personal data stays encrypted.",
		Example: "  ordermill events --limit 10\n  ordermill events --stream 0198… --output json\n  ordermill events --follow",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().Int64Var(&o.after, "after", -1, "begin after this position; without it the last events are listed")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "at most so many")
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what comes")
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "only this shop's")
	cmd.Flags().StringVar(&o.stream, "stream", "", "only this stream's, such as an order's id")
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.limit < 1 {
			return usagef("--limit takes 1 or more")
		}
		var stream uuid.UUID
		if o.stream != "" {
			var err error
			if stream, err = uuid.Parse(o.stream); err != nil {
				return usagef("--stream takes an id such as 01990f3c-0000-7000-8000-000000000001")
			}
		}
		return p.beside(cmd, roles{}, func(ctx context.Context, process *process) error {
			l := &eventLister{program: p, store: process.store, options: o, stream: stream, format: format}
			return ended(ctx, l.run(ctx))
		})
	}
	return cmd
}

// eventLister prints events.
type eventLister struct {
	*program
	store   *eventstore.Store
	options eventsOptions
	stream  uuid.UUID // nil UUID: any
	format  *outputFormat
}

// shownEvent is an event as it is printed.
type shownEvent struct {
	Position   eventstore.Position `json:"position"`
	Tenant     string              `json:"tenant"`
	StreamType string              `json:"stream_type"`
	Stream     uuid.UUID           `json:"stream"`
	Version    eventstore.Version  `json:"version"`
	ID         uuid.UUID           `json:"id"`
	Type       string              `json:"type"`
	OccurredAt time.Time           `json:"occurred_at"`
	RecordedAt time.Time           `json:"recorded_at"`
	Data       json.RawMessage     `json:"data"`
	Metadata   json.RawMessage     `json:"metadata"`
}

func (l *eventLister) run(ctx context.Context) error {
	found, at, err := l.first(ctx)
	if err != nil {
		return err
	}
	if !l.options.follow {
		return l.print(found, at)
	}
	for {
		if err := l.printLines(found); err != nil {
			return err
		}
		grown := l.store.Grown()
		if found, at, err = l.read(ctx, at, eventsPage); err != nil {
			return err
		}
		if len(found) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-grown:
		case <-time.After(time.Second): // another process may have appended
		}
	}
}

// first returns the events that are listed before anything is followed, and the position up to which it has looked.
func (l *eventLister) first(ctx context.Context) (found []shownEvent, at eventstore.Position, err error) {
	if l.options.after >= 0 {
		return l.read(ctx, eventstore.Position(l.options.after), l.options.limit)
	}
	if l.options.tenant == "" && l.stream == uuid.Nil {
		head, _, err := l.store.Head(ctx)
		if err != nil {
			return nil, 0, err
		}
		return l.read(ctx, max(0, head-eventstore.Position(l.options.limit)), l.options.limit)
	}
	for { // the last ones may be anywhere
		page, next, err := l.read(ctx, at, eventsPage)
		if err != nil {
			return nil, 0, err
		}
		found, at = append(found, page...), next
		found = found[max(0, len(found)-l.options.limit):]
		if len(page) < eventsPage {
			return found, at, nil
		}
	}
}

// read returns at most limit events that are asked for, and the position up to which it has looked.
func (l *eventLister) read(ctx context.Context, after eventstore.Position, limit int) ([]shownEvent, eventstore.Position, error) {
	var found []shownEvent
	for {
		events, err := l.store.Read(ctx, after, eventsPage)
		if err != nil || len(events) == 0 {
			return found, after, err
		}
		for i := range events {
			e := &events[i]
			after = e.Position
			if l.options.tenant != "" && e.Tenant != l.options.tenant || l.stream != uuid.Nil && e.Stream != l.stream {
				continue
			}
			if found = append(found, show(e)); len(found) == limit {
				return found, after, nil
			}
		}
	}
}

func show(e *eventstore.Recorded) shownEvent {
	return shownEvent{
		e.Position, e.Tenant, e.StreamType, e.Stream, e.Version, e.ID, e.Type, e.OccurredAt.UTC(), e.RecordedAt.UTC(),
		readableBytes(e.Data), readableBytes(e.Metadata),
	}
}

// readableBytes are stored bytes as JSON; those that are none become a string.
func readableBytes(b []byte) json.RawMessage {
	if json.Valid(b) {
		return b
	}
	text, err := json.Marshal(string(b))
	if err != nil {
		return []byte("null")
	}
	return text
}

func (l *eventLister) print(found []shownEvent, at eventstore.Position) error {
	if l.format.json() {
		return l.printJSON(map[string]any{"events": orEmpty(found), "position": at})
	}
	rows := make([]table.Row, len(found))
	for i, e := range found {
		rows[i] = table.Row{e.Position, e.OccurredAt.Format("2006-01-02 15:04:05"), e.Tenant, e.Type, e.Stream, e.Version, clip(string(e.Data), 80)}
	}
	l.printTable(table.Row{"position", "occurred (UTC)", "tenant", "type", "stream", "version", "data"}, rows, "position", "version")
	return nil
}

func (l *eventLister) printLines(found []shownEvent) error {
	for i := range found {
		e := &found[i]
		var err error
		if l.format.json() {
			var line []byte
			if line, err = json.Marshal(e); err == nil {
				_, err = fmt.Fprintf(l.stdout, "%s\n", line)
			}
		} else {
			_, err = fmt.Fprintf(l.stdout, "%8d  %s  %-10s  %-28s  %s  %4d  %s\n", e.Position, e.OccurredAt.Format("2006-01-02 15:04:05"),
				e.Tenant, e.Type, e.Stream, e.Version, clip(string(e.Data), 80))
		}
		if err != nil {
			return fmt.Errorf("write events: %w", err)
		}
	}
	return nil
}

// clip shortens text to n characters.
func clip(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}
