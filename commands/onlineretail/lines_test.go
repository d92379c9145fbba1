package onlineretail_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/commands/onlineretail"
)

// sale is a row of an invoice.
func sale(invoice, description string) string {
	return invoice + ",A," + description + ",1,2011-01-10 10:00:00,2.50,7,France"
}

// Line breaks in quotes are part of a text: they make no rows, and nothing inside is one. What does not close is one bad
// row, and its neighbours stay.
func TestRead_quotes(t *testing.T) {
	t.Parallel()

	inner, good := sale("500099", "EVIL"), sale("500002", "MUG")
	for name, tt := range map[string]struct {
		rows               string
		read, entries, bad int
	}{
		"one line break":         {sale("500001", "\"MUG\nBLUE\"") + "\n" + good, 2, 2, 0},
		"and at the file's end":  {sale("500001", "\"MUG\nBLUE\""), 1, 1, 0},
		"line breaks of DOS":     {sale("500001", "\"MUG\r\n\r\nBLUE\"") + "\r\n" + good + "\r\n", 2, 2, 0},
		"a row inside a text":    {sale("500001", "\"MUG\n"+inner+"\n\"") + "\n" + good, 2, 2, 0},
		"and with quotes":        {sale("500001", "\"MUG \"\"x\"\"\n"+sale("500099", "\"\"EVIL\"\"")+"\n\"") + "\n", 1, 1, 0},
		"in the last field":      {"500001,A,MUG,1,2011-01-10 10:00:00,2.50,7,\"France\"\n" + good, 2, 2, 0},
		"in a code":              {"500001,\"A\nB\",MUG,1,2011-01-10 10:00:00,2.50,7,France\n" + good, 2, 1, 1},
		"a quote never closes":   {sale("500001", "\"MUG") + "\n" + good + "\n" + sale("500003", "MUG"), 3, 2, 1},
		"and another closes":     {sale("500001", "\"MUG") + "\n" + sale("500002", "\"MUG, BLUE\"") + "\n" + sale("500003", "MUG"), 3, 2, 1},
		"closes in the middle":   {sale("500001", "\"MUG\" BLUE") + "\n" + good, 2, 1, 1},
		"a row that is too long": {sale("500001", strings.Repeat("x", 3<<20)) + "\n" + good, 2, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			file := filepath.Join(t.TempDir(), "books.csv")
			if err := os.WriteFile(file, []byte(header+tt.rows), 0o600); err != nil {
				t.Fatal(err)
			}
			books, err := onlineretail.Read([]string{file}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if bad := books.Rejected[onlineretail.BadRow]; books.RowsRead != tt.read || books.Entries() != tt.entries || bad != tt.bad {
				t.Errorf("%d rows, %d entries, %d bad; want %d, %d, %d", books.RowsRead, books.Entries(), bad, tt.read, tt.entries, tt.bad)
			}
		})
	}
}

// One row that cannot be is one rejection, and the rest is imported.
func TestImport_badRows(t *testing.T) {
	t.Parallel()

	bad := []string{
		"500003,,MUG,1,2011-01-10 10:00:00,2.50,7,France",
		"500004," + strings.Repeat("ж", 256) + ",MUG,1,2011-01-10 10:00:00,2.50,7,France",
		"500005,A,MUG,1,2011-01-10 10:00:00,2.50,7," + strings.Repeat("x", 256),
		"500006,A,MUG,1,2011-01-10 10:00:00,2.50," + strings.Repeat("7", 256) + ",France",
		"500007,A,MUG,1,0000-01-10 10:00:00,2.50,7,France",
		"500008,A,MUG,1,1969-01-10 10:00:00,2.50,7,France",
		"500009,A,MUG,1," + time.Now().Add(48*time.Hour).Format("2006-01-02 15:04:05") + ",2.50,7,France",
		"500010,A\u202e,MUG,1,2011-01-10 10:00:00,2.50,7,France",
		"500011,A,MUG,1,2011-01-10 10:00:00,2.50,7,Fr\x1b[31mance",
		"500012,\u3164,MUG,1,2011-01-10 10:00:00,2.50,7,France",
	}
	rows := "500001,A,MUG,1,2011-01-10 10:00:00,2.50,7,EIRE\n500002,47503J ,MUG,1,2011-01-10 10:00:00,2.50,,United Kingdom\n" +
		strings.Join(bad, "\n") + "\n" +
		strings.Repeat("500013,A,MUG,1000000000,2011-01-10 10:00:00,1000000.00,7,France\n", 100) + // worth more than any order can be
		"500014,A,MUG 4111 1111 1111 1111,1,2011-01-10 10:00:00,2.50,7,France\n" +
		"C500015,A,MUG,-2,2011-01-11 10:00:00,2.50,7,France\n"
	file := filepath.Join(t.TempDir(), "books.csv")
	if err := os.WriteFile(file, []byte(header+rows), 0o600); err != nil {
		t.Fatal(err)
	}
	im := newImporter(t)
	report := run(t, im, []string{file})
	rejected := report.Rejected[onlineretail.BadRow]
	if report.Orders != 3 || rejected != len(bad)+100 || report.RowsRead != report.OrderRows+report.CreditRows+rejected {
		t.Errorf("report = %s", mustMarshal(t, report))
	}
	again := run(t, im, []string{file})
	if again.New != (onlineretail.New{}) || again.Rejected[onlineretail.BadRow] != rejected {
		t.Errorf("again = %s", mustMarshal(t, again))
	}
	events, err := im.Store.Read(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if strings.Contains(string(events[i].Data), "4111") {
			t.Errorf("a card's number was stored: %s", events[i].Data)
		}
	}
}

// Sums of credits that match nothing stop at the end of 64 bits: they never turn negative.
func TestImport_creditsBeyondCounting(t *testing.T) {
	t.Parallel()

	var rows strings.Builder
	for _, invoice := range []string{"C500001", "C500002"} {
		rows.WriteString(strings.Repeat(invoice+",A,MUG,-1000000000,2011-01-11 10:00:00,1000000.00,7,France\n", 100))
	}
	file := filepath.Join(t.TempDir(), "books.csv")
	if err := os.WriteFile(file, []byte(header+rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	report := run(t, newImporter(t), []string{file})
	if got := report.Unmatched; got.Rows != 200 || got.Value != math.MaxInt64 {
		t.Errorf("unmatched credits: %+v", got)
	}
}
