package catalog

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
)

// product reads one row and reports whether it has no fault.
func (t *table) product(row int, record []string) (List, bool) {
	before := t.count
	p := List{RequiresShipping: true, Sellable: true}
	if len(record) != len(t.columns) {
		t.add(rule.ValidationFailed, row, "", "the row has %d cells, the header %d", len(record), len(t.columns))
		return p, false
	}
	var priced []string // the columns of p.Prices
	unreadable := false // whether there is a price that is no number
	for i, cell := range record {
		switch name := t.columns[i]; name {
		case columnSKU:
			p.SKU = cell
		case columnName:
			p.Name = cell
		case columnTaxClass:
			p.TaxClass = cell
		case columnShipping:
			p.RequiresShipping = t.boolean(row, name, cell)
		case columnSellable:
			p.Sellable = t.boolean(row, name, cell)
		case columnWeight:
			p.Weight = t.weight(row, cell)
		case columnChannels:
			if cell != "" {
				p.Channels = strings.Split(cell, "|")
			}
		default:
			if cell == "" {
				continue // no price in this currency
			}
			minor, ok := t.price(row, i, cell)
			if !ok {
				unreadable = true
				continue
			}
			p.Prices, priced = append(p.Prices, money.Amount{Minor: minor, Currency: t.currencies[i]}), append(priced, name)
		}
	}
	t.check(row, &p, priced, unreadable)
	return p, t.count == before
}

// check holds a product against the rules of List, whose pointers become columns.
func (t *table) check(row int, p *List, priced []string, unreadable bool) {
	if p.SKU != "" {
		if first, again := t.seen[p.SKU]; again {
			t.add(rule.ValidationFailed, row, columnSKU, "SKU %q is in row %d already", p.SKU, first)
		} else {
			t.seen[p.SKU] = row
		}
	}
	v, ok := errors.AsType[*rule.Violation](p.check())
	if !ok {
		return
	}
	for _, d := range v.Details {
		if d.Pointer == "/prices" && unreadable {
			continue // a price that could not be read is not missing
		}
		field, rest, _ := strings.Cut(strings.TrimPrefix(d.Pointer, "/"), "/")
		if field == "prices" {
			index, _, _ := strings.Cut(rest, "/")
			if i, err := strconv.Atoi(index); err == nil && i < len(priced) {
				field = priced[i]
			} else {
				field = ""
			}
		}
		t.add(d.Code, row, field, "%s", d.Message)
	}
}

func (t *table) boolean(row int, column, cell string) bool {
	switch strings.ToLower(cell) {
	case "", "true":
		return true
	case "false":
		return false
	}
	t.add(rule.ValidationFailed, row, column, "true or false fits here, not %q", cell)
	return false
}

func (t *table) weight(row int, cell string) int64 {
	if cell == "" {
		return 0
	}
	grams, err := strconv.ParseInt(cell, 10, 64)
	if err != nil || cell[0] == '+' {
		t.add(rule.ValidationFailed, row, columnWeight, "a weight is a whole number of grams, not %q", cell)
		return 0
	}
	return grams
}

func (t *table) price(row, column int, cell string) (int64, bool) {
	minor, err := money.ParseMinor(cell, t.exponents[column])
	if err != nil {
		t.add(rule.ValidationFailed, row, t.columns[column], "a price in %s is a decimal number with a point and at most %d decimals, not %q",
			t.currencies[column], t.exponents[column], cell)
		return 0, false
	}
	return minor, true
}
