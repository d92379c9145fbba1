package bench

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/commands/onlineretail"
)

// imports measures an import of a wholesaler's books, from the files to the read models that have caught up, against
// the same files being read and put into one table by COPY.
func imports(ctx context.Context, o Options) (figures []Figure, err error) {
	s, err := start(ctx, o, "imports")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	books := o.Books
	if len(books) == 0 {
		if books, err = generateBooks(o.Dir); err != nil {
			return nil, err
		}
	}
	round := 0
	f, err := pair(o.Rounds,
		func() (float64, error) { round++; return s.importOnce(ctx, fmt.Sprintf("import%d", round), books) },
		func() (float64, error) { return copyBooks(ctx, s.database, books) })
	f.Name, f.Unit, f.Limit, f.Promise = "import of order books", "rows/s", "COPY of the rows into one table", Promise{Rate: 20_000}
	return []Figure{f}, err
}

// importOnce imports the books for a tenant that has none yet.
func (s *system) importOnce(ctx context.Context, tenant string, books []string) (float64, error) {
	began := time.Now()
	out, err := s.command(ctx, append([]string{"import", "online-retail", "--tenant", tenant, "--output", "json"}, books...)...)
	if err != nil {
		return 0, err
	}
	var report struct {
		Rows int `json:"rows_read"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return 0, fmt.Errorf("import's report: %w", err)
	}
	return float64(report.Rows) / time.Since(began).Seconds(), nil
}

const bookTable = `create temporary table book (invoice text, sku text, description text, quantity text, at text, price text, customer text, country text)`

// copyBooks puts the rows of all files into a table, as text, by one COPY a file.
func copyBooks(ctx context.Context, url string, books []string) (float64, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }() // the table goes with it
	if _, err := conn.Exec(ctx, bookTable); err != nil {
		return 0, err
	}
	began, rows := time.Now(), int64(0)
	for _, name := range books {
		n, err := copyBook(ctx, conn, name)
		if err != nil {
			return 0, fmt.Errorf("copy %s: %w", name, err)
		}
		rows += n
	}
	return float64(rows) / time.Since(began).Seconds(), nil
}

func copyBook(ctx context.Context, conn *pgx.Conn, name string) (int64, error) {
	file, err := onlineretail.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }() // it was only read
	tag, err := conn.PgConn().CopyFrom(ctx, io.Reader(file), "copy book from stdin (format csv, header)")
	return tag.RowsAffected(), err
}

// generateBooks writes a year of invoices that looks like the real one in size and shape.
func generateBooks(dir string) ([]string, error) {
	name := filepath.Join(dir, "books.csv")
	f, err := os.Create(name) //nolint:gosec // in the benchmark's own directory
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewWriter(f)
	w := csv.NewWriter(buffered)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same year each time
	at := time.Date(2011, time.January, 1, 8, 0, 0, 0, time.UTC)
	err = w.Write([]string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"})
	for invoice := range 12_000 {
		at = at.Add(time.Duration(random.IntN(40)) * time.Minute)
		for range 1 + random.IntN(50) {
			sku := random.IntN(3000)
			err = errors.Join(err, w.Write([]string{
				strconv.Itoa(500_000 + invoice), strconv.Itoa(20_000 + sku), "PRODUCT " + strconv.Itoa(sku), strconv.Itoa(1 + random.IntN(24)),
				at.Format(time.DateTime), fmt.Sprintf("%d.%02d", sku%20, 1+sku%99), strconv.Itoa(12_000 + random.IntN(4000)), "United Kingdom",
			}))
		}
	}
	w.Flush()
	return []string{name}, errors.Join(err, w.Error(), buffered.Flush(), f.Close())
}
