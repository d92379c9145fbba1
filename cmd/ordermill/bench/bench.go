// Package bench measures ordermill beside the limits of the machine it runs on.
//
// Machines differ and are noisy, so no figure stands alone: each is taken in turn with a limit that nobody can beat on
// this machine, such as the same rows inserted without any check, or the same bytes answered from memory. The ratio of
// the two is what is promised, and what can be compared between machines.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Options says how long and with what to measure.
type Options struct {
	Binary string        // the ordermill program, which is measured from outside
	Dir    string        // an empty directory for servers and data
	Round  time.Duration // of one measurement
	Rounds int           // how often each measurement is taken, in turn with its limit
	Events int           // of the replay
	Orders int           // by which a program is aged
	Books  []string      // Online Retail files; none: a generated year
	Only   string        // measure only what begins with it
	Log    io.Writer     // what is going on
}

// Run takes all figures, in turn with their limits.
func Run(ctx context.Context, o Options) ([]Figure, error) {
	var figures []Figure
	for _, part := range []struct {
		name string
		run  func(context.Context, Options) ([]Figure, error)
	}{{"appends", appends}, {"orders", orders}, {"long", long}, {"import", imports}, {"reads", reads}, {"replay", replays}, {"aging", aging}} {
		if !strings.HasPrefix(part.name, o.Only) {
			continue
		}
		_, _ = fmt.Fprintf(o.Log, "measuring %s\n", part.name)
		got, err := part.run(ctx, o)
		if err != nil {
			return figures, fmt.Errorf("%s: %w", part.name, err)
		}
		figures = append(figures, got...)
	}
	return figures, nil
}

// Figure is one line of the result: a rate, its limit on this machine, and the ratio that is promised.
type Figure struct {
	Name    string  `json:"name"`
	Rate    float64 `json:"rate"`
	Unit    string  `json:"unit"`
	Limit   string  `json:"limit"`      // what the limit is
	Bare    float64 `json:"limit_rate"` // the limit's rate, in the same unit
	Ratio   float64 `json:"ratio"`      // median over the rounds
	Low     float64 `json:"ratio_low"`
	High    float64 `json:"ratio_high"`
	Promise Promise `json:"promise"`
}

// Promise is the least that a figure must reach: a ratio to the limit, or a rate where one was named.
type Promise struct {
	Ratio float64 `json:"ratio,omitempty"`
	Rate  float64 `json:"rate,omitempty"`
}

// Held says whether the promise is kept.
func (f *Figure) Held() bool { return f.Ratio >= f.Promise.Ratio && f.Rate >= f.Promise.Rate }

// pair measures two rates in turn, so that both meet the same weather, and returns the medians.
func pair(rounds int, ours, bare func() (float64, error)) (f Figure, err error) {
	var rates, limits, ratios []float64
	for range rounds {
		limit, err := bare()
		if err != nil {
			return f, err
		}
		rate, err := ours()
		if err != nil {
			return f, err
		}
		rates, limits, ratios = append(rates, rate), append(limits, limit), append(ratios, rate/limit)
	}
	f.Rate, f.Bare, f.Ratio = median(rates), median(limits), median(ratios)
	f.Low, f.High = slices.Min(ratios), slices.Max(ratios)
	return f, nil
}

func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, cmp.Compare[float64])
	return sorted[len(sorted)/2]
}

// Print writes the figures as a table.
func Print(w io.Writer, figures []Figure) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.AppendHeader(table.Row{"figure", "measured", "limit of this machine", "limit's rate", "ratio", "promised", "held"})
	for _, f := range figures {
		promise := fmt.Sprintf("≥ %.2f of it", f.Promise.Ratio)
		if f.Promise.Rate > 0 {
			promise = "≥ " + rate(f.Promise.Rate, f.Unit)
		}
		held := "yes"
		if !f.Held() {
			held = "NO"
		}
		t.AppendRow(table.Row{
			f.Name, rate(f.Rate, f.Unit), f.Limit, rate(f.Bare, f.Unit),
			fmt.Sprintf("%.2f (%.2f–%.2f)", f.Ratio, f.Low, f.High), promise, held,
		})
	}
	style := table.StyleLight
	style.Options, style.Format.Header = table.OptionsNoBordersAndSeparators, 0
	t.SetStyle(style)
	t.SetColumnConfigs([]table.ColumnConfig{ // 100 columns in all
		{Number: 1, WidthMax: 22, WidthMaxEnforcer: text.WrapSoft},
		{Number: 3, WidthMax: 18, WidthMaxEnforcer: text.WrapSoft},
		{Number: 2, WidthMax: 12, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, WidthMax: 12, WidthMaxEnforcer: text.WrapSoft},
		{Number: 6, WidthMax: 12, WidthMaxEnforcer: text.WrapSoft},
	})
	t.Render()
}

func rate(v float64, unit string) string { return fmt.Sprintf("%.0f %s", v, unit) }
