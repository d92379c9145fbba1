package onlineretail

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
)

// shelf knows which units of which order lines were delivered and not returned: what a credit can take back. It plans;
// the command that books the credit looks at the orders themselves.
type shelf struct {
	lots   map[lotKey][]*lot
	byLine map[commands.CreditCandidate]*lot
}

type lotKey struct{ customer, sku string }

// lot is one order line.
type lot struct {
	line     commands.CreditCandidate
	placedAt time.Time
	invoice  string
	index    int // of the line in its order
	left     int64
}

func newShelf() *shelf {
	return &shelf{lots: make(map[lotKey][]*lot), byLine: make(map[commands.CreditCandidate]*lot)}
}

// add puts an order's lines on the shelf. Guests' lines cannot be found again, so they are left out.
func (s *shelf) add(o *order.Imported) {
	if o.CustomerID == "" {
		return
	}
	for i := range o.Lines {
		line := &o.Lines[i]
		id := commands.CreditCandidate{OrderID: o.OrderID, LineID: line.LineID}
		if s.byLine[id] != nil {
			continue
		}
		l := &lot{line: id, placedAt: o.OriginalPlacedAt, invoice: o.ExternalID, index: i, left: line.Quantity}
		s.byLine[id] = l
		key := lotKey{o.CustomerID, line.SKU}
		s.lots[key] = append(s.lots[key], l)
	}
}

// take removes units that were returned.
func (s *shelf) take(line commands.CreditCandidate, units int64) {
	if l := s.byLine[line]; l != nil {
		l.left -= units
	}
}

// plan lists the lines that a credit row takes its units from, and takes them: orders placed no later, the newest
// first, the higher invoice number at equal times, line by line.
func (s *shelf) plan(customer, sku string, units int64, at time.Time) []commands.CreditCandidate {
	if customer == "" {
		return nil
	}
	var found []*lot
	for _, l := range s.lots[lotKey{customer, sku}] {
		if l.left > 0 && !l.placedAt.After(at) {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(x, y *lot) int {
		return cmp.Or(y.placedAt.Compare(x.placedAt), cmp.Compare(y.invoice, x.invoice), cmp.Compare(x.index, y.index))
	})
	var lines []commands.CreditCandidate
	for _, l := range found {
		if units == 0 {
			break
		}
		n := min(units, l.left)
		l.left -= n
		units -= n
		lines = append(lines, l.line)
	}
	return lines
}

// orders returns the distinct orders of some lines.
func orders(rows []commands.CreditRow) []uuid.UUID {
	var ids []uuid.UUID
	for _, r := range rows {
		for _, c := range r.Candidates {
			if !slices.Contains(ids, c.OrderID) {
				ids = append(ids, c.OrderID)
			}
		}
	}
	return ids
}
