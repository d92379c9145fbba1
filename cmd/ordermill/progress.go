package main

import (
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// bars shows how far long work has got, on standard error and only if a person looks at it.
type bars struct {
	writer progress.Writer // nil: nobody looks
	ended  chan struct{}
}

// newBars begins to show bars. close ends it.
func (p *program) newBars() *bars {
	if !isTerminal(p.stderr) || p.environ["TERM"] == "dumb" {
		return &bars{}
	}
	w := progress.NewWriter()
	w.SetOutputWriter(p.stderr)
	w.SetUpdateFrequency(200 * time.Millisecond)
	w.SetTrackerLength(30)
	w.SetMessageLength(24)
	style := progress.StyleBlocks
	style.Visibility = progress.StyleVisibility{ETA: true, Percentage: true, Speed: true, Time: true, Tracker: true, Value: true}
	style.Options.SpeedPrecision = time.Second
	style.Options.TimeInProgressPrecision = time.Second
	if p.environ["NO_COLOR"] == "" {
		style.Colors = progress.StyleColorsExample
	}
	w.SetStyle(style)
	b := &bars{writer: w, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		w.Render()
	}()
	return b
}

// close ends the showing, with every bar as it stands.
func (b *bars) close() {
	if b.writer == nil {
		return
	}
	for !b.writer.IsRenderInProgress() {
		select {
		case <-b.ended:
			return
		case <-time.After(time.Millisecond): // Stop before Render has begun would be lost
		}
	}
	b.writer.Stop()
	<-b.ended
}

// bar is one piece of work. Its methods are safe for concurrent use.
type bar struct{ tracker *progress.Tracker }

// bar adds one. total may be 0 as long as it is not known.
func (b *bars) bar(message string, total int64) *bar {
	tracker := &progress.Tracker{Message: message, Total: total, AutoStopDisabled: true}
	if b.writer != nil {
		b.writer.AppendTracker(tracker)
	}
	return &bar{tracker}
}

func (b *bar) set(done, total int64) {
	b.tracker.UpdateTotal(total)
	b.tracker.SetValue(done)
}

func (b *bar) message(text string) { b.tracker.UpdateMessage(text) }

// done ends the bar, which failed if err is not nil.
func (b *bar) done(err error) {
	if err != nil {
		b.tracker.MarkAsErrored()
		return
	}
	if total := max(b.tracker.Total, b.tracker.Value(), 1); !b.tracker.IsDone() { // what is done is done wholly
		b.tracker.UpdateTotal(total)
		b.tracker.SetValue(total)
	}
	b.tracker.MarkAsDone()
}
