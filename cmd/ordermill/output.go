package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

// Values of --output.
const (
	asTable = "table"
	asJSON  = "json"
)

// addOutputFlag adds --output and returns where its checked value will be.
func addOutputFlag(cmd *cobra.Command) *outputFormat {
	format := outputFormat(asTable)
	cmd.Flags().VarP(&format, "output", "o", "table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{asTable, asJSON}, cobra.ShellCompDirectiveNoFileComp))
	return &format
}

// outputFormat is how results are printed. It implements pflag.Value.
type outputFormat string

func (f *outputFormat) String() string { return string(*f) }
func (f *outputFormat) Type() string   { return "format" }
func (f *outputFormat) Set(value string) error {
	if value != asTable && value != asJSON {
		return fmt.Errorf("%q is not %s or %s", value, asTable, asJSON)
	}
	*f = outputFormat(value)
	return nil
}

func (f *outputFormat) json() bool { return *f == asJSON }

// printJSON prints one JSON object.
func (p *program) printJSON(value any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// Columns of what is printed for people.
const (
	tableWidth  = 100
	columnLeast = 10
)

// printTable prints rows under a header, in at most 100 columns, or as many as COLUMNS says if that is less. Long texts
// are broken.
func (p *program) printTable(header table.Row, rows []table.Row, numbers ...string) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	style.Format.Header = 0 // as written
	t.SetStyle(style)
	columns := fit(header, rows, p.columns(), "stream", "file")
	for i := range columns {
		if i < len(header) && slices.Contains(numbers, fmt.Sprint(header[i])) {
			columns[i].Align, columns[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	t.SetColumnConfigs(columns)
	if len(header) > 0 {
		t.AppendHeader(header)
	}
	t.AppendRows(rows)
	for line := range strings.Lines(t.Render()) {
		fmt.Fprintln(p.stdout, strings.TrimRight(line, " \n"))
	}
}

// columns is how wide a table may be.
func (p *program) columns() int {
	if n, err := strconv.Atoi(p.environ["COLUMNS"]); err == nil && n >= 40 && n < tableWidth {
		return n
	}
	return tableWidth
}

// fit narrows the widest columns until a table has the width, but never those whose values are for copying.
func fit(header table.Row, rows []table.Row, width int, whole ...string) []table.ColumnConfig {
	var widths []int
	for _, row := range append([]table.Row{header}, rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], text.LongestLineLen(fmt.Sprint(cell)))
		}
	}
	sum, narrow := 2*len(widths), slices.Clone(widths)
	for i, w := range widths {
		sum += w
		if i < len(header) && slices.Contains(whole, fmt.Sprint(header[i])) {
			narrow[i] = 0
		}
	}
	for ; sum > width && len(widths) > 0; sum-- {
		widest := slices.Index(narrow, slices.Max(narrow))
		if narrow[widest] <= columnLeast {
			break
		}
		narrow[widest]--
		widths[widest]--
	}
	columns := make([]table.ColumnConfig, len(widths))
	for i, w := range widths {
		columns[i] = table.ColumnConfig{Number: i + 1, WidthMax: max(w, 1), WidthMaxEnforcer: text.WrapSoft}
	}
	return columns
}

// printPairs prints what is for copying, each on a line of its own that is never broken.
func (p *program) printPairs(rows [][2]string) {
	width := 0
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	for _, row := range rows {
		fmt.Fprintf(p.stdout, "  %-*s  %s\n", width, row[0], row[1])
	}
}

// isTerminal reports whether a person sees what is written to w.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
