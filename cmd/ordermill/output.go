package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
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

// printTable prints rows under a header.
func (p *program) printTable(header table.Row, rows []table.Row, numbers ...string) {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = 0 // as written
	t.SetStyle(style)
	var columns []table.ColumnConfig
	for _, name := range numbers {
		columns = append(columns, table.ColumnConfig{Name: name, Align: 4, AlignHeader: 4}) // to the right
	}
	t.SetColumnConfigs(columns)
	if len(header) > 0 {
		t.AppendHeader(header)
	}
	t.AppendRows(rows)
	fmt.Fprintln(p.stdout, t.Render())
}

// isTerminal reports whether a person sees what is written to w.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
