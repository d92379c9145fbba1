package onlineretail_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/commands/onlineretail"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// dataFolder finds the real books, which are not part of the repository.
func dataFolder(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("ORDERMILL_TEST_DATA"); dir != "" {
		return dir
	}
	dir := filepath.Join("..", "..", "..", "shared", "data", "online-retail")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the Online Retail files are not part of the repository; set ORDERMILL_TEST_DATA to their folder")
	}
	return dir
}

// newImporter returns an importer over a fresh database.
func newImporter(t *testing.T) *onlineretail.Importer {
	t.Helper()
	store, err := eventstore.Open(t.Context(), pgtest.Pool(t), eventstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	engine := commands.New(store, commands.Config{})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := store.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &onlineretail.Importer{Engine: engine, Store: store, Tenant: "demo", Now: time.Now}
}

// The nine months of the shared data give the figures that a program written apart from this one has found.
func TestImport_nineMonths(t *testing.T) {
	t.Parallel()

	dir := dataFolder(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	im := newImporter(t)
	began := time.Now()
	report := run(t, im, files)
	t.Logf("%d rows in %v", report.RowsRead, time.Since(began))

	expected, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, want := fields(t, mustMarshal(t, report)), fields(t, expected)
	for name := range want {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s = %v, want %v", name, got[name], want[name])
		}
	}
	if report.New.Orders != report.Orders || report.New.Credits == 0 {
		t.Errorf("new = %+v, want all %d orders", report.New, report.Orders)
	}
}

func run(t *testing.T, im *onlineretail.Importer, files []string) *onlineretail.Report {
	t.Helper()
	books, err := onlineretail.Read(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := im.Run(t.Context(), books)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func fields(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Months imported one after the other, by a program that is broken off in between and begun again, give the same as all
// at once; importing everything again changes nothing.
func TestImport_again(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob(filepath.Join(dataFolder(t), "*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	files = files[:3]
	want := run(t, newImporter(t), files)

	im := newImporter(t)
	run(t, im, files[:1])
	breakOff(t, im, files)
	got := run(t, im, files)
	if got.New.Orders == 0 || got.New.Orders == want.New.Orders {
		t.Errorf("%d orders of %d are new; the broken-off import should have left some of them", got.New.Orders, want.New.Orders)
	}
	head, _, err := im.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again := run(t, im, files)
	if again.New != (onlineretail.New{}) {
		t.Errorf("importing again: new = %+v, want nothing", again.New)
	}
	if after, _, err := im.Store.Head(t.Context()); err != nil || after != head {
		t.Errorf("importing again moved the log from %d to %d (%v)", head, after, err)
	}
	want.New, got.New, again.New = onlineretail.New{}, onlineretail.New{}, onlineretail.New{}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(again, want) {
		t.Errorf("continued import = %+v\nagain = %+v\nwant %+v", got, again, want)
	}
}

// breakOff cancels an import when it has done some of its work.
func breakOff(t *testing.T, im *onlineretail.Importer, files []string) {
	t.Helper()
	books, err := onlineretail.Read(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	im.Progress = func(orders, _, _ int) {
		if orders == books.Entries()/2 {
			cancel()
		}
	}
	defer func() { im.Progress = nil }()
	if _, err := im.Run(ctx, books); !errors.Is(err, context.Canceled) {
		t.Fatalf("broken-off import: %v, want context.Canceled", err)
	}
}

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// Every rule of the import on a small set of rows.
func TestImport_rules(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "books.csv")
	rows := header +
		"500001,A,\"MUG, BLUE\",10,2011-01-10 10:00:00,2.50,7.0,France\r\n" +
		"500002,A,MUG \xa3\x00,5,2011-01-11 10:00:00,3.00,7,France\n" +
		"500001,a,mug,1,2011-01-10 09:59:00,1.00,7.0,France\n" + // another SKU, an earlier row of the same invoice
		"500003,A,MUG,4,2011-01-12 10:00:00,2.00,,EIRE\n" + // a guest
		"C500004,A,MUG,-7,2011-01-12 10:00:00,2.75,7,France\n" + // 5 of 500002, 2 of 500001
		"C500005,A,MUG,-9,2011-01-13 10:00:00,2.50,7,France\n" + // 8 are left, 1 is not
		"C500006,A,MUG,-1,2011-01-13 10:00:00,2.00,,EIRE\n" + // guests' units are not found
		"500007,A,MUG,0,2011-01-13 10:00:00,2.00,7,France\n" +
		"500008,A,MUG,-1,2011-01-13 10:00:00,2.00,7,France\n" +
		"C500009,A,MUG,1,2011-01-13 10:00:00,2.00,7,France\n" +
		"500010,A,MUG,1,2011-01-13 10:00:00,0.00,7,France\n" +
		"500011,A,MUG,1,2011-01-13 10:00:00,-1.005,7,France\n" +
		"500012,A,MUG,1,2011-01-13 10:00:00,0.001,7,France\n" +
		"A50013,A,MUG,1,2011-01-13 10:00:00,1.00,7,France\n" +
		"500014,A,MUG,+1,2011-01-13 10:00:00,1.00,7,France\n" +
		"500015,A,MUG,1,2011-01-13 1:00:00,1.00,7,France\n" +
		"500016,A,\"MUG,1,2011-01-13 10:00:00,1.00,7,France\n" +
		"500017,A,MUG,1,2011-01-13 10:00:00,1.00,7\n" +
		"500018,A\xff,MUG,1,2011-01-13 10:00:00,1.00,7,France\n" +
		"500019,A\x00,MUG,1,2011-01-13 10:00:00,1.00,7,France\n"
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, newImporter(t), []string{file})
	want := &onlineretail.Report{
		RowsRead: 20,
		Rejected: map[onlineretail.Reason]int{
			onlineretail.ZeroQuantity: 1, onlineretail.NotASale: 1, onlineretail.PositiveCredit: 1, onlineretail.NonpositivePrice: 2,
			onlineretail.FractionalMinorUnit: 1, onlineretail.UnknownInvoiceKind: 1, onlineretail.BadRow: 6,
		},
		Orders: 3, OrderRows: 4, CreditRows: 3, Customers: 1, Units: 20, Gross: 2500 + 1500 + 100 + 800,
		Refunds: 5*300 + 2*250 + 8*250, ReturnedUnits: 15, PriceDifference: 5*(275-300) + 2*(275-250),
		Net:          4900 - 4000,
		Unmatched:    onlineretail.Unmatched{Rows: 2, Units: 2, Value: 250 + 200},
		Months:       map[string]onlineretail.Month{"2011-01": {Gross: 4900, Refunds: 4000, Net: 900, Orders: 3}},
		TopCountries: []onlineretail.Ranked{{Name: "France", Value: 4100}, {Name: "EIRE", Value: 800}},
		TopByUnits:   []onlineretail.Ranked{{Name: "A", Value: 19}, {Name: "a", Value: 1}},
		TopByNet:     []onlineretail.Ranked{{Name: "A", Value: 800}, {Name: "a", Value: 100}},
		New:          onlineretail.New{Orders: 3, Credits: 3},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("report = %s\nwant     %s", mustMarshal(t, got), mustMarshal(t, want))
	}
}

// A file that is no such book is refused with what is wrong, before anything is imported.
func TestRead_refuses(t *testing.T) {
	t.Parallel()

	for name, content := range map[string]string{
		"empty":       "",
		"other table": "a,b,c\n1,2,3\n",
		"broken gzip": "\x1f\x8b\x08\x00 this is not it",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			file := filepath.Join(t.TempDir(), "books.csv")
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := onlineretail.Read([]string{file}, nil); err == nil {
				t.Error("Read accepts the file, want an error")
			}
		})
	}
	if _, err := onlineretail.Read([]string{"no such file.csv"}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Read of a missing file: %v, want os.ErrNotExist", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(header + "500001,A,\"M\"\"UG\",10,2011-01-10 10:00:00,2.50,7.0,France\n")
	f.Add(header + "\"\"\",\n,,,,,,,\nC,,,-,,-.,,")
	f.Fuzz(func(t *testing.T, content string) {
		file := filepath.Join(t.TempDir(), "books.csv")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		books, err := onlineretail.Read([]string{file}, nil)
		if err == nil && books.Entries() > books.RowsRead {
			t.Errorf("%d entries of %d rows", books.Entries(), books.RowsRead)
		}
	})
}
