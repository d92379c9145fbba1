package catalog_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// numbered is a product and the row it stood in.
type numbered struct {
	row     int
	product catalog.List
}

func readCSV(text string) ([]numbered, error) {
	var got []numbered
	err := catalog.ReadCSV(strings.NewReader(text), func(row int, product catalog.List) error {
		got = append(got, numbered{row, product})
		return nil
	})
	return got, err
}

// place is what a fault says about where it is.
type place struct {
	pointer string
	code    rule.Code
}

func placesOf(err error) []place {
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok {
		return nil
	}
	var places []place
	for _, d := range v.Details {
		places = append(places, place{d.Pointer, d.Code})
	}
	return places
}

func TestReadCSV(t *testing.T) {
	t.Parallel()

	mug := catalog.List{SKU: "MUG", Name: "Mug", Prices: prices(eur(899)), RequiresShipping: true, Sellable: true}
	full := catalog.List{
		SKU: "TSHIRT-M", Name: `T-shirt, "medium"`, Prices: prices(eur(1999), money.Amount{Minor: 2500, Currency: "JPY"}, money.Amount{Minor: 6125, Currency: "KWD"}),
		TaxClass: "clothing", Sellable: true, Weight: 180, Channels: []string{"web", "pos"},
	}
	off := mug
	off.Sellable = false
	tests := map[string]struct {
		text string
		want []numbered
	}{
		"the least that a file has":       {"sku,name,price_EUR\nMUG,Mug,8.99\n", []numbered{{2, mug}}},
		"no end of line at the end":       {"sku,name,price_EUR\nMUG,Mug,8.99", []numbered{{2, mug}}},
		"a byte order mark and CRLF":      {"\ufeffsku,name,price_EUR\r\nMUG,Mug,8.99\r\n", []numbered{{2, mug}}},
		"a byte order mark before quotes": {"\ufeff\"sku\",name,price_EUR\nMUG,Mug,8.99\n", []numbered{{2, mug}}},
		"columns in any order":            {"price_EUR,sku,name\n8.99,MUG,Mug\n", []numbered{{2, mug}}},
		"no products":                     {"sku,name,price_EUR\n", nil},
		"empty lines are counted":         {"sku,name,price_EUR\n\n\nMUG,Mug,8.99\n", []numbered{{4, mug}}},
		"every column": {
			"sku,name,price_EUR,price_JPY,price_KWD,tax_class,requires_shipping,sellable,weight_grams,channels\n" +
				"TSHIRT-M,\"T-shirt, \"\"medium\"\"\",19.99,2500,6.125,clothing,false,true,180,web|pos\n" +
				"MUG,Mug,8.99,,,,,,,\n",
			[]numbered{{2, full}, {3, mug}},
		},
		"true and false in any case": {"sku,name,price_EUR,requires_shipping,sellable\nMUG,Mug,8.99,TRUE,False\n", []numbered{{2, off}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got, err := readCSV(tt.text); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("ReadCSV = %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestReadCSV_faults(t *testing.T) {
	t.Parallel()

	const invalid, currency = rule.ValidationFailed, rule.CurrencyUnsupported
	const head = "sku,name,price_EUR,price_USD,tax_class,requires_shipping,sellable,weight_grams,channels\n"
	tests := map[string]struct {
		text string
		want []place
		rows []int // those handed out
	}{
		"an empty file":            {"", []place{{"/rows/1", invalid}}, nil},
		"a byte order mark alone":  {"\ufeff", []place{{"/rows/1", invalid}}, nil},
		"a header without columns": {"color\n", []place{{"/rows/1/color", invalid}, {"/rows/1/sku", invalid}, {"/rows/1/name", invalid}, {"/rows/1/price_EUR", invalid}}, nil},
		"a column twice":           {"sku,name,price_EUR,name\n", []place{{"/rows/1/name", invalid}}, nil},
		"an unknown currency":      {"sku,name,price_EURO\n", []place{{"/rows/1/price_EURO", currency}}, nil},
		"column names differ by case, and none has a slash": {
			"SKU,name,price_EUR,a/b~c\n", []place{{"/rows/1/SKU", invalid}, {"/rows/1/a~1b~0c", invalid}, {"/rows/1/sku", invalid}}, nil,
		},
		"rows of another length": {"sku,name,price_EUR\nA,a\nB,b,1\nC,c,1,\n", []place{{"/rows/2", invalid}, {"/rows/4", invalid}}, []int{3}},
		"every cell of a row": {
			head + "A/B,,1.999,-1,\x01,maybe,2,1.5,a|\nMUG,Mug,1,,,,,,\n",
			[]place{
				{"/rows/2/price_EUR", invalid},
				{"/rows/2/requires_shipping", invalid},
				{"/rows/2/sellable", invalid},
				{"/rows/2/weight_grams", invalid},
				{"/rows/2/sku", invalid},
				{"/rows/2/name", invalid},
				{"/rows/2/price_USD", invalid},
				{"/rows/2/tax_class", invalid},
				{"/rows/2/channels", invalid},
			},
			[]int{3},
		},
		"a product without a price":     {head + "A,a,,,,,,,\n", []place{{"/rows/2", invalid}}, nil},
		"a price that is no number":     {head + "A,a,x,,,,,,\n", []place{{"/rows/2/price_EUR", invalid}}, nil},
		"a decimal comma":               {"sku,name,price_EUR\nA,a,\"1,50\"\n", []place{{"/rows/2/price_EUR", invalid}}, nil},
		"a weight with a plus":          {head + "A,a,1,,,,,+1,\n", []place{{"/rows/2/weight_grams", invalid}}, nil},
		"a weight that is negative":     {head + "A,a,1,,,,,-1,\n", []place{{"/rows/2/weight_grams", invalid}}, nil},
		"a SKU twice, in another order": {"sku,name,price_EUR\nA,a,1\nB,b,1\nA,a,2\n", []place{{"/rows/4/sku", invalid}}, []int{2, 3}},
		"bytes that are no UTF-8":       {"sku,name,price_EUR\nA,\xff,1\n", []place{{"/rows/2/name", invalid}}, nil},
		"a quote inside of a cell":      {"sku,name,price_EUR\nB,b,1\nA,a\"b,1\nC,c,1\n", []place{{"/rows/3", invalid}}, []int{2, 4}},
		"a line break in a name":        {"sku,name,price_EUR\nA,\"a\nB,b,1\n\",1\nC,c,1\n", []place{{"/rows/2/name", invalid}}, []int{5}},
		"a card's number in a name":     {"sku,name,price_EUR\nA,4111  1111/1111 1111,1\nC,c,1\n", []place{{"/rows/2/name", rule.SensitiveData}}, []int{3}},
		"names that nobody can see":     {"sku,name,price_EUR\n\u3164,a\u202eb,1\n..,\ufeff,1\n", []place{{"/rows/2/sku", invalid}, {"/rows/2/name", invalid}, {"/rows/3/sku", invalid}, {"/rows/3/name", invalid}}, nil},
		"a withdrawn currency":          {"sku,name,price_ANG\n", []place{{"/rows/1/price_ANG", currency}}, nil},
		"a quote that never ends":       {"sku,name,price_EUR\nB,b,1\nA,\"ab,1\nC,c,1\n", []place{{"/rows/3", invalid}}, []int{2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := readCSV(tt.text)
			var rows []int
			for _, n := range got {
				rows = append(rows, n.row)
			}
			if places := placesOf(err); !slices.Equal(places, tt.want) || !slices.Equal(rows, tt.rows) {
				t.Errorf("faults at %v, products in rows %v; want %v, %v (%v)", places, rows, tt.want, tt.rows, err)
			}
		})
	}
}

func TestReadCSV_saysWhere(t *testing.T) {
	t.Parallel()

	_, err := readCSV("sku,name,price_EUR\nA,a,1\nA,a,x\n")
	v, ok := errors.AsType[*rule.Violation](err)
	if !ok || len(v.Details) != 2 {
		t.Fatalf("ReadCSV: %v; want two faults", err)
	}
	if want := map[string]any{"row": 3, "column": "price_EUR"}; !reflect.DeepEqual(v.Details[0].Meta, want) {
		t.Errorf("meta %v; want %v", v.Details[0].Meta, want)
	}
	if want := `SKU "A" is in row 2 already`; v.Details[1].Message != want {
		t.Errorf("message %q; want %q", v.Details[1].Message, want)
	}
}

// rows makes a file of n products.
func rows(n int) io.Reader {
	var b strings.Builder
	b.WriteString("sku,name,price_EUR\n")
	for i := range n {
		fmt.Fprintf(&b, "S%d,n,1\n", i)
	}
	return strings.NewReader(b.String())
}

func TestReadCSV_bounds(t *testing.T) {
	t.Parallel()

	count := 0
	counting := func(int, catalog.List) error { count++; return nil }
	if err := catalog.ReadCSV(rows(catalog.MaxCSVRows), counting); err != nil || count != catalog.MaxCSVRows {
		t.Errorf("%d products: %v, %d read; want all", catalog.MaxCSVRows, err, count)
	}
	if err := catalog.ReadCSV(rows(catalog.MaxCSVRows+1), counting); rule.CodeOf(err) != rule.ValidationFailed {
		t.Errorf("one product more: %v; want validation_failed", err)
	}
	long := io.MultiReader(rows(1), strings.NewReader("X,"+strings.Repeat("x", catalog.MaxCSVBytes)+",1\n"))
	if err := catalog.ReadCSV(long, counting); rule.CodeOf(err) != rule.ValidationFailed || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("a file of more bytes: %v; want validation_failed", err)
	}
	_, err := readCSV("sku,name,price_EUR\n" + strings.Repeat("a b,n,1\n", 1000))
	if n := len(placesOf(err)); n < 100 || n > 110 {
		t.Errorf("a file full of faults reports %d of them; want about 100", n)
	}
}

func TestReadCSV_otherErrors(t *testing.T) {
	t.Parallel()

	stop := errors.New("stop")
	calls := 0
	err := catalog.ReadCSV(rows(5), func(int, catalog.List) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("ReadCSV = %v after %d products; want stop after one", err, calls)
	}
	broken := iotest.ErrReader(stop)
	if err := catalog.ReadCSV(io.MultiReader(rows(1), broken), func(int, catalog.List) error { return nil }); !errors.Is(err, stop) {
		t.Errorf("a reader that breaks: %v; want its error", err)
	}
}

// Whatever a file holds, what is handed out passes the rules of List, once a SKU.
func FuzzReadCSV(f *testing.F) {
	f.Add("sku,name,price_EUR\nMUG,Mug,8.99\n")
	f.Add("\ufeffsku,name,price_JPY,weight_grams,channels\r\nA,\"a\"\"b\",9,1,x|y\r\n")
	f.Add("sku,name,price_EUR,sellable\nA,a,1,no\n\nA,a,1,true")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readCSV(text)
		if err != nil && placesOf(err) == nil {
			t.Fatalf("ReadCSV: %v; want a violation", err)
		}
		seen := map[string]bool{}
		for _, n := range got {
			if _, err := catalog.Decide(new(catalog.Product), n.product); err != nil || seen[n.product.SKU] {
				t.Fatalf("row %d is %+v: %v", n.row, n.product, err)
			}
			seen[n.product.SKU] = true
		}
	})
}

func ExampleReadCSV() {
	file := "sku,name,price_EUR,channels\nMUG,Mug,8.99,web|pos\nTSHIRT-M,,19.999,\n"
	err := catalog.ReadCSV(strings.NewReader(file), func(row int, product catalog.List) error {
		fmt.Println(row, product.SKU, product.Prices, product.Channels)
		return nil
	})
	fmt.Println(err)
	// Output:
	// 2 MUG [8.99 EUR] [web pos]
	// validation_failed: /rows/3/price_EUR: a price in EUR is a decimal number with a point and at most 2 decimals, not "19.999" (and 1 more)
}
