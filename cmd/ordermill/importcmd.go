package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/commands/onlineretail"
	"github.com/ordermill/ordermill/domain/money"
)

func (p *program) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Bring orders of the past, or a catalogue, into the log",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usagef("name what to import: ordermill import online-retail FILE…, or ordermill import products FILE…")
		},
	}
	cmd.AddCommand(p.onlineRetailCommand(), p.importProductsCommand())
	return cmd
}

func (p *program) onlineRetailCommand() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "online-retail FILE…",
		Short: "Import the books of the Online Retail data set (CSV, optionally gzip), in time order",
		Long: "Imports invoices as completed orders and credits as returns. Importing the same files again changes nothing, and an import " +
			"that was broken off goes on where it was. It returns once the read models have caught up.",
		Args: cobra.ArbitraryArgs,
	}
	cmd.Flags().StringVar(&tenant, "tenant", demoTenant, "the shop")
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := checkImport("online-retail", tenant, files); err != nil {
			return err
		}
		return p.beside(cmd, roles{write: true}, func(ctx context.Context, process *process) error {
			process.startWork(ctx, "")
			return p.importFiles(ctx, process, tenant, files, format)
		})
	}
	return cmd
}

// importFiles reads, imports, waits for the read models and reports.
func (p *program) importFiles(ctx context.Context, process *process, tenant string, files []string, format *outputFormat) error {
	bars := p.newBars()
	defer bars.close()
	books, err := readBooks(files, bars)
	if err != nil {
		return err
	}
	began := time.Now()
	shown := bars.bar("import", int64(books.RowsRead))
	importer := &onlineretail.Importer{Engine: process.engine, Store: process.store, Tenant: tenant, Now: p.now}
	importer.Progress = func(orders, credits, rows int) {
		shown.set(int64(rows), int64(books.RowsRead))
		shown.message(fmt.Sprintf("import %d orders", orders+credits))
	}
	var report *onlineretail.Report
	err = process.until(ctx, func(ctx context.Context) (err error) {
		report, err = importer.Run(ctx, books)
		return err
	})
	shown.done(err)
	if err != nil {
		return err
	}
	took := time.Since(began)
	waiting := bars.bar("read models catch up", 0)
	err = process.caughtUp(ctx, process.models)
	if err != nil {
		err = fmt.Errorf("everything is imported, but the read models have not caught up: %w; does a dev or a serve run their projections?", err)
	} else {
		process.warmUp(ctx)
	}
	waiting.done(err)
	bars.close()
	if format.json() {
		return errors.Join(p.printJSON(report), err)
	}
	p.printReport(report, took)
	return err
}

// warmUpPatience is how long an import waits for the caches. Without them every read still answers.
const warmUpPatience = 30 * time.Second

// warmUp waits for the caches, but not for ever: Redis may have gone away meanwhile.
func (p *process) warmUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, warmUpPatience)
	defer cancel()
	if err := p.caughtUp(ctx, p.caches); err != nil {
		p.log.InfoContext(ctx, "the caches in Redis have not caught up yet; reads answer from Postgres until then", "cause", err)
	}
}

// readBooks reads all files.
func readBooks(files []string, bars *bars) (*onlineretail.Books, error) {
	var total int64
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			total += info.Size()
		}
	}
	shown, done := bars.bar("read files", total), int64(0)
	books, err := onlineretail.Read(files, func(n int) {
		done += int64(n)
		shown.set(done, max(total, done))
	})
	shown.done(err)
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return nil, fmt.Errorf("%w: the file is damaged; fetch it again", err)
	}
	return books, err
}

func (p *program) printReport(r *onlineretail.Report, took time.Duration) {
	pounds := func(pence int64) string { return money.Format(pence, "GBP") }
	rejected := 0
	for _, n := range r.Rejected {
		rejected += n
	}
	rows := []table.Row{
		{"rows read", r.RowsRead},
		{"in orders", r.OrderRows},
		{"in credits", r.CreditRows},
		{"rejected", rejected},
		{"orders", r.Orders},
		{"customers", r.Customers},
		{"units", r.Units},
		{"gross", pounds(r.Gross)},
		{"refunds", pounds(r.Refunds)},
		{"net", pounds(r.Net)},
		{"units returned", r.ReturnedUnits},
		{"price difference", pounds(r.PriceDifference)},
		{"unmatched credit", fmt.Sprintf("%d rows, %d units, %s", r.Unmatched.Rows, r.Unmatched.Units, pounds(r.Unmatched.Value))},
		{"new orders", r.New.Orders},
		{"new credits", r.New.Credits},
		{"took", fmt.Sprintf("%s, %.0f rows a second", took.Round(time.Millisecond), float64(r.RowsRead)/took.Seconds())},
	}
	p.printTable(nil, rows)
}
