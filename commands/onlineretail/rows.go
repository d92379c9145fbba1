// Package onlineretail imports the books of an online wholesaler, as published in the UCI Online Retail data set
// (doi 10.24432/C5BW33): invoices become orders of the past, credit notes become returns of what those orders
// delivered.
package onlineretail

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Columns are what the first line of a file must name.
var columns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// Reason says why a row is no part of the books.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	BadRow              Reason = "bad_row"               // wrong number of columns, or a number or time that is none
	ZeroQuantity        Reason = "zero_quantity"         // nothing was sold
	NotASale            Reason = "not_a_sale"            // a negative quantity outside a credit
	PositiveCredit      Reason = "positive_credit"       // a credit that takes nothing back
	NonpositivePrice    Reason = "nonpositive_price"     // given away, or an adjustment of the books
	FractionalMinorUnit Reason = "fractional_minor_unit" // no whole number of pence
	UnknownInvoiceKind  Reason = "unknown_invoice_kind"  // neither six digits nor C and six digits
)

// row is an accepted row.
type row struct {
	invoice     string
	sku         string
	description string
	units       int64 // at least 1, also of a credit
	at          time.Time
	price       int64 // pence, at least 1
	customer    string
	country     string
}

// Limits of a row's numbers: far above any trade, and small enough that a line's value fits an amount.
const (
	maxUnits = 1_000_000_000
	maxPence = 100_000_000
	maxRow   = 1 << 20 // bytes
)

// Open opens a file of books for reading, gzipped or not.
func Open(name string) (io.ReadCloser, error) { return open(name, func(int) {}) }

// open also tells how many bytes are taken from the file, for progress.
func open(name string, progress func(bytes int)) (io.ReadCloser, error) {
	f, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("%w; name the CSV files that are to be imported", err)
	}
	in := bufio.NewReaderSize(&counted{f, progress}, 1<<16)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return file{in, f}, nil
	}
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		_ = f.Close() // it was only read
		return nil, fmt.Errorf("%s: %w; the file is broken, fetch it again", name, err)
	}
	return file{unzipped, f}, nil
}

// file reads a file through what unpacks it.
type file struct {
	io.Reader
	io.Closer
}

// readFile calls visit for every row of a file.
func readFile(name string, now time.Time, visit func(row, Reason) error, progress func(bytes int)) error {
	f, err := open(name, progress)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := readRows(f, now, visit); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// counted tells how much was read through it.
type counted struct {
	r    io.Reader
	told func(int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.told(n)
	return n, err
}

// split cuts a row into its fields: separated by commas, in double quotes where they contain some, a quote inside
// doubled. It reports false when a quote is not closed.
func split(line string, fields []string) ([]string, bool) {
	fields = fields[:0]
	for {
		if !strings.HasPrefix(line, `"`) {
			field, rest, more := strings.Cut(line, ",")
			fields = append(fields, field)
			if !more {
				return fields, true
			}
			line = rest
			continue
		}
		field, rest, ok := unquote(line[1:])
		if !ok {
			return fields, false
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, true
		}
		line = rest[1:]
	}
}

// unquote reads a field up to its closing quote, which a comma or the row's end must follow.
func unquote(s string) (field, rest string, ok bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `"`)
		if !found {
			return "", "", false
		}
		b.WriteString(before)
		if strings.HasPrefix(after, `"`) {
			b.WriteByte('"')
			s = after[1:]
			continue
		}
		return b.String(), after, after == "" || after[0] == ','
	}
}
