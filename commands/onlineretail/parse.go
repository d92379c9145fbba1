package onlineretail

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/zone"
)

// timeLayout is the one form of a time. It is London's.
const timeLayout = "2006-01-02 15:04:05"

// parser reads rows. It keeps each code and name once, since a year repeats few of them often.
type parser struct {
	fields []string
	names  map[string]string
	london *time.Location
}

func (p *parser) parse(line string) (row, Reason) {
	var ok bool
	if p.fields, ok = split(strings.TrimSuffix(line, "\r"), p.fields); !ok || len(p.fields) != len(columns) {
		return row{}, BadRow
	}
	f := p.fields
	units, unitsOK := parseInt(f[3])
	at, timeOK := p.parseTime(f[4])
	price, whole, priceOK := parsePence(f[5])
	credit := strings.HasPrefix(f[0], "C")
	switch {
	case !unitsOK || !timeOK || !priceOK || !storable(f[0]+f[1]+f[6]+f[7]):
		return row{}, BadRow
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
	return t.UTC(), err == nil
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

// storable says whether a code can be kept byte for byte: it is UTF-8 without the character zero.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// readable makes a description storable; no figure depends on it.
func readable(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
