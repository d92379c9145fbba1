package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/products"
)

// importChunk is how many products are listed in one step.
const importChunk = 500

func (p *program) importProductsCommand() *cobra.Command {
	var tenant string
	cmd := &cobra.Command{
		Use:   "products FILE…",
		Short: "List the products of CSV files, or bring those that are listed to what the files say",
		Long: "Reads products (columns sku, name, price_EUR and its like, and optionally tax_class, requires_shipping, sellable, weight_grams, " +
			"channels). All files are checked before anything is listed: a file with a fault stops the import, and every fault is told with its " +
			"row and column. Importing the same files again changes nothing. It returns once the catalogue shows the products.",
		Example: "  ordermill import products catalogue.csv --tenant demo",
		Args:    cobra.ArbitraryArgs,
	}
	cmd.Flags().StringVar(&tenant, "tenant", demoTenant, "the shop")
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		if err := checkImport("products", tenant, names); err != nil {
			return err
		}
		files, err := readProducts(cmd.Context(), names, p.now())
		if err != nil {
			return err
		}
		if faulty := len(files.Faults); faulty > 0 {
			return p.reportProducts(files, format, fmt.Errorf("nothing was imported: there are %d faults; mend them and import again", faulty))
		}
		return p.beside(cmd, roles{write: true}, func(ctx context.Context, process *process) error {
			process.startWork(ctx, "")
			return p.reportProducts(files, format, p.listProducts(ctx, process, tenant, files))
		})
	}
	return cmd
}

// checkImport refuses a tenant that nobody could ask for, and names of what is no file.
func checkImport(what, tenant string, names []string) error {
	if !httpx.IsTenant(tenant) {
		return usagef("%q is no shop's name: use visible ASCII characters without spaces for --tenant", tenant)
	}
	if len(names) == 0 {
		return usagef("name at least one file: ordermill import %s FILE…", what)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return usagef("%s does not exist", name)
		case err != nil:
			return err
		case info.IsDir():
			return usagef("%s is a directory; name its files: %s", name, filepath.Join(name, "*"))
		}
	}
	return nil
}

// productFiles are files with products, and what came of them. It is what is printed as JSON.
type productFiles struct {
	Files  []productFile  `json:"files"`
	Faults []productFault `json:"faults"`
	Error  *string        `json:"error"`
}

// productFile is one file.
type productFile struct {
	File     string `json:"file"`
	Products int    `json:"products"` // in the file
	Listed   int    `json:"listed"`   // of them, by now
	products []catalog.List
}

// productFault is a fault of a cell, or of a row if it has no column.
type productFault struct {
	File    string    `json:"file"`
	Row     int       `json:"row"` // line of the file that it begins on; the header is in row 1
	Column  string    `json:"column,omitempty"`
	Code    rule.Code `json:"code"`
	Message string    `json:"message"`
}

// readProducts reads and checks all files.
func readProducts(ctx context.Context, names []string, now time.Time) (*productFiles, error) {
	all := &productFiles{Faults: []productFault{}}
	for _, name := range names {
		file := productFile{File: name}
		err := readFile(name, func(_ int, product catalog.List) error {
			product.At = now
			file.products = append(file.products, product)
			return ctx.Err()
		})
		var violation *rule.Violation
		switch {
		case errors.As(err, &violation):
			for _, d := range violation.Details {
				row, _ := d.Meta["row"].(int)
				column, _ := d.Meta["column"].(string)
				all.Faults = append(all.Faults, productFault{File: name, Row: row, Column: column, Code: d.Code, Message: d.Message})
			}
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		file.Products = len(file.products)
		all.Files = append(all.Files, file)
	}
	return all, nil
}

func readFile(name string, list func(int, catalog.List) error) (err error) {
	file, err := os.Open(name) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return catalog.ReadCSV(file, list)
}

// listProducts lists the products of all files, and waits until the catalogue shows them.
func (p *program) listProducts(ctx context.Context, process *process, tenant string, files *productFiles) error {
	bars := p.newBars()
	defer bars.close()
	var total, done int64
	for i := range files.Files {
		total += int64(files.Files[i].Products)
	}
	shown := bars.bar("import", total)
	err := process.until(ctx, func(ctx context.Context) error {
		for i := range files.Files {
			f := &files.Files[i]
			for f.Listed < f.Products {
				chunk := f.products[f.Listed:min(f.Listed+importChunk, f.Products)]
				if err := listChunk(ctx, process.engine, tenant, chunk); err != nil {
					return fmt.Errorf("%s: after %d of %d products: %w", f.File, f.Listed, f.Products, err)
				}
				f.Listed += len(chunk)
				done += int64(len(chunk))
				shown.set(done, total)
			}
		}
		return nil
	})
	shown.done(err)
	if err != nil {
		return err
	}
	if err := process.caughtUp(ctx, []string{products.Name}); err != nil {
		return fmt.Errorf("everything is imported, but the catalogue has not caught up: %w; does a dev or a serve run its projection?", err)
	}
	return nil
}

// listChunk lists some products, all or none.
func listChunk(ctx context.Context, engine *commands.Engine, tenant string, chunk []catalog.List) error {
	response, err := engine.Do(ctx, commands.Request{
		Tenant: tenant, Actor: commands.Actor{Type: "system", ID: "import"}, Command: commands.ListProducts{Products: chunk},
		Answer: func(o commands.Outcome) eventstore.Answer {
			if o.Refused == nil {
				return eventstore.Answer{}
			}
			return eventstore.Answer{Body: []byte(o.Refused.Error())}
		},
	})
	if err == nil && response.Refused {
		err = fmt.Errorf("refused: %s", response.Answer.Body)
	}
	return err
}

// reportProducts prints what came of an import that ended with an error, or without.
func (p *program) reportProducts(files *productFiles, format *outputFormat, err error) error {
	if format.json() {
		files.Error = message(err)
		return errors.Join(p.printJSON(files), err)
	}
	if len(files.Faults) > 0 {
		rows := make([]table.Row, len(files.Faults))
		for i, f := range files.Faults {
			rows[i] = table.Row{f.File, f.Row, f.Column, f.Message}
		}
		p.printTable(table.Row{"file", "row", "column", "fault"}, rows, "row")
		return err
	}
	rows := make([]table.Row, len(files.Files))
	for i, f := range files.Files {
		rows[i] = table.Row{f.File, f.Products, f.Listed}
	}
	p.printTable(table.Row{"file", "products", "listed"}, rows, "products", "listed")
	return err
}
