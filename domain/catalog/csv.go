package catalog

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// Bounds of a CSV file.
const (
	MaxCSVBytes  = 32 << 20
	MaxCSVRows   = 100_000 // products
	maxCSVFaults = 100     // what is reported at most
)

// The columns of a CSV file. Prices have one column a currency, such as price_EUR.
const (
	columnSKU      = "sku"
	columnName     = "name"
	columnPrice    = "price_"
	columnTaxClass = "tax_class"
	columnShipping = "requires_shipping"
	columnSellable = "sellable"
	columnWeight   = "weight_grams"
	columnChannels = "channels"
)

// byteOrderMark is what some programs begin UTF-8 files with.
const byteOrderMark = "\ufeff"

// ReadCSV reads products from a CSV file (RFC 4180, UTF-8 with or without a byte order mark) and hands each one that has
// no fault to list, in the order of the file. A row is the number of the line it begins on: the header is row 1. The
// command's At is left to list. An error of list ends the reading and is returned as it is.
//
// The header names the columns, in any order: sku and name, at least one price_ with a currency (decimal numbers with a
// point, such as 12.50), and optionally tax_class, requires_shipping and sellable (true or false; empty is true),
// weight_grams, and channels with '|' between them. An empty price is none in that currency. Anything else is a fault:
// unknown or repeated columns, rows of another length, repeated SKUs, and whatever List would refuse.
//
// A file with faults fails with a *rule.Violation whose details name row and column; the products without a fault were
// handed out all the same, so a caller that wants all or nothing collects them first. It reads at most MaxCSVBytes and
// MaxCSVRows.
func ReadCSV(r io.Reader, list func(row int, product List) error) error {
	limited := &io.LimitedReader{R: r, N: MaxCSVBytes + 1}
	buffered := bufio.NewReader(limited)
	if mark, _ := buffered.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark)) // what was peeked at can be discarded
	}
	reader := csv.NewReader(buffered)
	reader.FieldsPerRecord = -1 // counted here, so that one short row is one fault and no end
	reader.ReuseRecord = true
	t := table{seen: make(map[string]int)}
	for n := 0; ; n++ { // products read so far, but for the header
		record, err := reader.Read()
		row := n + 1
		if err == nil {
			row, _ = reader.FieldPos(0)
		}
		switch syntax, broken := errors.AsType[*csv.ParseError](err); {
		case limited.N <= 0:
			return t.end(row, "a file has at most %d bytes; split it", MaxCSVBytes)
		case errors.Is(err, io.EOF) && n == 0:
			return t.end(1, "the file is empty; its first row names the columns, such as sku,name,price_EUR")
		case errors.Is(err, io.EOF):
			return t.faults.Err()
		case broken && n > 0: // the next row begins on the next line
			t.add(rule.ValidationFailed, syntax.StartLine, "", "line %d, byte %d: %v", syntax.Line, syntax.Column, syntax.Err)
			if t.count >= maxCSVFaults {
				return t.end(syntax.StartLine, "there are %d faults or more; mend these first", maxCSVFaults)
			}
			continue
		case broken:
			return t.end(syntax.StartLine, "line %d, byte %d: %v", syntax.Line, syntax.Column, syntax.Err)
		case err != nil:
			return fmt.Errorf("read row %d: %w", row, err)
		case n > MaxCSVRows:
			return t.end(row, "a file has at most %d products; split it", MaxCSVRows)
		case n == 0:
			if t.header(record); t.count > 0 {
				return t.faults.Err() // nothing can be said about the rows
			}
			continue
		}
		product, ok := t.product(row, record)
		if t.count >= maxCSVFaults {
			return t.end(row, "there are %d faults or more; mend these first", maxCSVFaults)
		}
		if !ok {
			continue
		}
		if err := list(row, product); err != nil {
			return err
		}
	}
}

// table is the reading of one file.
type table struct {
	columns    []string // their names, as the header gives them
	currencies []string // of each column that is a price
	exponents  []int    // of these currencies
	seen       map[string]int
	faults     rule.Faults
	count      int
}

// add records a fault of a cell, or of a whole row if there is no column.
func (t *table) add(code rule.Code, row int, column, format string, args ...any) {
	d := rule.Detail{
		Pointer: "/rows/" + strconv.Itoa(row), Code: code, Message: fmt.Sprintf(format, args...), Meta: map[string]any{"row": row},
	}
	if column != "" {
		d.Pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(column)
		d.Meta["column"] = column
	}
	t.faults.AddDetail(d)
	t.count++
}

// end records what makes reading on impossible.
func (t *table) end(row int, format string, args ...any) error {
	t.add(rule.ValidationFailed, row, "", format, args...)
	return t.faults.Err()
}

// header learns the columns.
func (t *table) header(record []string) {
	t.columns = slices.Clone(record)
	t.currencies, t.exponents = make([]string, len(record)), make([]int, len(record))
	prices, named := 0, make(map[string]bool, len(record))
	for i, name := range t.columns {
		if named[name] {
			t.add(rule.ValidationFailed, 1, name, "there are two columns %q", name)
			continue
		}
		named[name] = true
		currency, isPrice := strings.CutPrefix(name, columnPrice)
		switch {
		case isPrice:
			exponent, err := money.Exponent(currency)
			if err != nil || !money.Known(currency) {
				t.add(rule.CurrencyUnsupported, 1, name, "%q is not an ISO 4217 currency code such as EUR", currency)
			}
			t.currencies[i], t.exponents[i] = currency, exponent
			prices++
		case !slices.Contains([]string{columnSKU, columnName, columnTaxClass, columnShipping, columnSellable, columnWeight, columnChannels}, name):
			t.add(rule.ValidationFailed, 1, name, "there is no column %q; the columns are sku, name, price_ with a currency, tax_class, requires_shipping, sellable, weight_grams and channels", name)
		}
	}
	for _, needed := range [...]string{columnSKU, columnName} {
		if !named[needed] {
			t.add(rule.ValidationFailed, 1, needed, "the column %s is missing", needed)
		}
	}
	if prices == 0 {
		t.add(rule.ValidationFailed, 1, columnPrice+"EUR", "there is no column with prices, such as price_EUR")
	}
}
