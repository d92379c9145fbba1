package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/migrations/pgtest"
	"github.com/ordermill/ordermill/projections/products"
)

func csvFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Products come from files, all of them or none: a fault anywhere stops everything and is told with its row and column.
func TestImportProducts(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	p := startProcess(t, url, roles{project: true})
	settings := map[string]string{"DATABASE_URL": url}
	var many strings.Builder
	many.WriteString("sku,name,price_EUR,price_JPY\n")
	for i := range 2*importChunk + 1 {
		many.WriteString("SKU-" + strconv.Itoa(i) + ",Product,12.50,1900\n")
	}
	good := csvFile(t, "good.csv", many.String())
	more := csvFile(t, "more.csv", "\ufeffname,sku,price_EUR,sellable\r\n\"Mug, blue\",MUG,9.90,\r\nPoster,POSTER,5.00,false\r\n")
	bad := csvFile(t, "bad.csv", "sku,name,price_EUR\nA,Fine,1.00\nB,Broken,1.005\nA,Again,2.00\n")

	code, stdout, stderr := run(t, settings, "import", "products", good, bad)
	for _, says := range []string{"bad.csv", "price_EUR", "1.005", "row 2 already"} {
		if code != exitFailed || !strings.Contains(stdout, says) || !strings.Contains(stderr, "nothing was imported: there are 2 faults") {
			t.Fatalf("exit %d, stdout %s, stderr %s; want %q", code, stdout, stderr, says)
		}
	}
	code, stdout, _ = run(t, settings, "import", "products", bad, "-o", "json")
	var report productFiles
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitFailed || len(report.Faults) != 2 || report.Error == nil ||
		report.Faults[0].Row != 3 || report.Faults[0].Column != "price_EUR" || report.Faults[1].Row != 4 {
		t.Errorf("exit %d, %v, %s; want faults of rows 3 and 4", code, err, stdout)
	}
	if head, _, err := p.store.Head(t.Context()); err != nil || head != 0 {
		t.Fatalf("the log ends at %d, %v; want nothing in it", head, err)
	}

	code, stdout, stderr = run(t, settings, "import", "products", good, more, "-o", "json")
	report = productFiles{}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != exitDone || report.Error != nil || len(report.Files) != 2 ||
		report.Files[0].Listed != 2*importChunk+1 || report.Files[1].Listed != 2 {
		t.Fatalf("exit %d, %v, %s%s", code, err, stdout, stderr)
	}
	g, _, err := p.set.Positions(p.store.Log()).Live(t.Context(), products.Name)
	if err != nil {
		t.Fatal(err)
	}
	found, err := products.Get(t.Context(), p.projectPool, g, demoTenant, "MUG", "POSTER", "SKU-1000")
	if err != nil || found["MUG"].Name != "Mug, blue" || !found["MUG"].Sellable || found["POSTER"].Sellable || len(found["SKU-1000"].Prices) != 2 {
		t.Errorf("the catalogue has %+v, %v", found, err)
	}
	if head, _, err := p.store.Head(t.Context()); err != nil || head != 2*importChunk+3 {
		t.Errorf("the log ends at %d, %v; want an event a product", head, err)
	}
	code, stdout, _ = run(t, settings, "import", "products", good, more)
	if head, _, err := p.store.Head(t.Context()); code != exitDone || err != nil || head != 2*importChunk+3 {
		t.Errorf("again: exit %d, %s; the log ends at %d, %v", code, stdout, head, err)
	}
}
