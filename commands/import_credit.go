package commands

import (
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

// decide takes each row's units from its candidates in turn, as far as they have units that were not returned, and
// books one return an order. What finds no unit is part of the outcome.
func (c ImportCredit) decide(v *view) (decision, error) {
	m := creditMatch{view: v, taken: make(map[CreditCandidate]int64), lines: make(map[uuid.UUID][]order.ReturnLine)}
	out := &CreditOutcome{CreditNumber: c.CreditNumber}
	for i, row := range c.Rows {
		if err := m.match(out, i, row); err != nil {
			return decision{}, err
		}
	}
	w := begin(v, nil, c.ReturnedAt, c.CreditNumber)
	w.result = out
	for _, id := range m.orders {
		err := w.order(v.order(id), order.ImportReturn{
			ReturnID: uuid.NewSHA1(id, []byte("credit:"+c.CreditNumber)), CreditNumber: c.CreditNumber, Source: c.Source,
			Lines: m.lines[id], ReturnedAt: c.ReturnedAt, At: c.At,
		})
		if err != nil {
			return w.decision, err
		}
	}
	return w.decision, nil
}

// creditMatch is the matching of one credit so far.
type creditMatch struct {
	view   *view
	taken  map[CreditCandidate]int64 // units that earlier rows have taken
	orders []uuid.UUID               // in the sequence of their first match
	lines  map[uuid.UUID][]order.ReturnLine
}

func (m *creditMatch) match(out *CreditOutcome, index int, row CreditRow) error {
	left := row.Units
	for _, c := range row.Candidates {
		if left == 0 {
			break
		}
		line := findLine(m.view.order(c.OrderID).orderState(), c.LineID)
		if line == nil || line.SKU != row.SKU {
			continue
		}
		units := min(left, line.Counters.Delivered-line.Counters.Returned-m.taken[c])
		if units <= 0 {
			continue
		}
		if err := out.add(CreditMatch{Row: index, OrderID: c.OrderID, LineID: c.LineID, SKU: row.SKU, Units: units, UnitPrice: line.UnitPrice}, row); err != nil {
			return err
		}
		m.take(c, units)
		left -= units
	}
	if left == 0 {
		return nil
	}
	value, err := product(left, row.UnitPrice)
	if err != nil {
		return err
	}
	out.UnmatchedRows++
	out.UnmatchedUnits += left
	out.UnmatchedValue = money.Clamped(out.UnmatchedValue, value)
	return nil
}

// take adds units to the return of a candidate's order, once a line.
func (m *creditMatch) take(c CreditCandidate, units int64) {
	if m.lines[c.OrderID] == nil {
		m.orders = append(m.orders, c.OrderID)
	}
	if m.taken[c] == 0 {
		m.lines[c.OrderID] = append(m.lines[c.OrderID], order.ReturnLine{LineID: c.LineID, Quantity: units})
	} else {
		for i := range m.lines[c.OrderID] {
			if m.lines[c.OrderID][i].LineID == c.LineID {
				m.lines[c.OrderID][i].Quantity += units
			}
		}
	}
	m.taken[c] += units
}

func (o *CreditOutcome) add(match CreditMatch, row CreditRow) error {
	refund, err := product(match.Units, match.UnitPrice)
	if err != nil {
		return err
	}
	credited, err := product(match.Units, row.UnitPrice)
	if err != nil {
		return err
	}
	o.Returns = append(o.Returns, match)
	o.ReturnedUnits += match.Units
	o.Refunds = money.Clamped(o.Refunds, refund)
	o.PriceDifference = money.Clamped(o.PriceDifference, credited, -refund)
	return nil
}

func findLine(o *order.Order, id uuid.UUID) *order.LineState {
	for i := range o.Lines {
		if o.Lines[i].LineID == id {
			return &o.Lines[i]
		}
	}
	return nil
}

// product multiplies units by a price, both at least 0.
func product(units, price int64) (int64, error) {
	if price > 0 && units > math.MaxInt64/price {
		return 0, rule.New(rule.ValidationFailed, "%d units at %d are more than fits an amount", units, price)
	}
	return units * price, nil
}

func unlisted(sku string) error {
	if strings.TrimSpace(sku) == "" {
		return rule.New(rule.SKUUnknown, "the sku is empty; name a listed product")
	}
	return rule.New(rule.ProductNotFound, "%s", fmt.Sprintf("there is no product %q; list it with POST /v1/products first", sku))
}
