package onlineretail

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/text"
	"github.com/ordermill/ordermill/domain/zone"
)

// timeLayout is the one form of a time. It is London's.
const timeLayout = "2006-01-02 15:04:05"

// parser reads rows. It keeps each code and name once, since a year repeats few of them often.
type parser struct {
	fields []string
	names  map[string]string
	london *time.Location
	now    time.Time // history lies before it
}

func badRow() (row, Reason) { return row{}, BadRow }

func (p *parser) parse(line string) (row, Reason) {
	var ok bool
	if p.fields, ok = split(line, p.fields); !ok || len(p.fields) != len(columns) {
		return badRow()
	}
	f := p.fields
	units, unitsOK := parseInt(f[3])
	at, timeOK := p.parseTime(f[4])
	price, whole, priceOK := parsePence(f[5])
	credit := strings.HasPrefix(f[0], "C")
	switch {
	case !unitsOK || !timeOK || !priceOK || !writable(f[1], f[6], f[7]):
		return badRow()
	case units == 0:
		return row{}, ZeroQuantity
	case units < 0 && !credit:
		return row{}, NotASale
	case units > 0 && credit:
		return row{}, PositiveCredit
	case price < 0 || (price == 0 && whole):
		return row{}, NonpositivePrice
	case !whole:
		return row{}, FractionalMinorUnit
	case !sixDigits(strings.TrimPrefix(f[0], "C")):
		return row{}, UnknownInvoiceKind
	}
	if credit {
		units = -units
	}
	return row{
		invoice: p.keep(f[0]), sku: p.keep(f[1]), description: p.keep(readable(f[2])), units: units, at: at, price: price,
		customer: p.keep(strings.TrimSuffix(f[6], ".0")), country: p.keep(f[7]),
	}, ""
}

func (p *parser) keep(s string) string {
	if kept, ok := p.names[s]; ok {
		return kept
	}
	if p.names == nil {
		p.names = make(map[string]string)
	}
	s = strings.Clone(s)
	p.names[s] = s
	return s
}

func (p *parser) parseTime(s string) (time.Time, bool) {
	if len(s) != len(timeLayout) {
		return time.Time{}, false
	}
	if p.london == nil {
		london, err := zone.Load("Europe/London")
		if err != nil {
			return time.Time{}, false // cannot be: the zones are part of the program
		}
		p.london = london
	}
	t, err := time.ParseInLocation(timeLayout, s, p.london)
	return t.UTC(), err == nil && t.Unix() >= 0 && !t.After(p.now)
}

// parseInt reads an optional minus and digits.
func parseInt(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= -maxUnits && n <= maxUnits
}

// parsePence reads an optional minus, digits and an optional fraction of pounds. A fraction of a penny is cut off, and
// whole is false; the sign stays with the pence that are left, or with -1 when none are.
func parsePence(s string) (pence int64, whole, ok bool) {
	negative := strings.HasPrefix(s, "-")
	pounds, fraction, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if pounds == "" || (dotted && fraction == "") || strings.Trim(pounds+fraction, "0123456789") != "" {
		return 0, false, false
	}
	rest := ""
	if len(fraction) > 2 {
		fraction, rest = fraction[:2], fraction[2:]
	}
	n, err := strconv.ParseInt(pounds+(fraction + "00")[:2], 10, 64)
	if err != nil || n > maxPence {
		return 0, false, false
	}
	whole = strings.Trim(rest, "0") == ""
	if negative {
		n = -n
		if n == 0 && !whole {
			n = -1
		}
	}
	return n, whole, true
}

func sixDigits(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

// writable says whether an order can have a row's codes as they are written. History has codes with spaces at their ends
// and countries of its own; what nobody can see it has not.
func writable(sku, customer, country string) bool {
	return text.Name.Fault(sku, 1, order.MaxKeyLength) == "" && text.Identifier.Fault(customer, 0, order.MaxKeyLength) == "" &&
		text.Name.Fault(country, 0, order.MaxKeyLength) == ""
}

// longestDescription is how many characters of a description are kept.
const longestDescription = 500

// readable makes a description storable; no figure depends on it. Nothing of a payment card's number is kept.
func readable(s string) string {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
	}
	if text.HoldsCardNumber(s) {
		s = strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.Nd, unicode.No) {
				return '*'
			}
			return r
		}, s)
	}
	if utf8.RuneCountInString(s) > longestDescription {
		s = string([]rune(s)[:longestDescription])
	}
	return s
}
