package onlineretail

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/zone"
)

// Report says what books hold and what an import of them has changed. Sums are pence, at what was paid; they stop at the
// ends of 64 bits.
type Report struct {
	RowsRead        int              `json:"rows_read"`
	Rejected        map[Reason]int   `json:"rejected"`
	Orders          int              `json:"orders"`
	OrderRows       int              `json:"order_rows"`
	CreditRows      int              `json:"credit_rows"`
	Customers       int              `json:"customers"` // of orders, guests left out
	Units           int64            `json:"units"`
	Gross           int64            `json:"gross"`
	Refunds         int64            `json:"refunds"`
	ReturnedUnits   int64            `json:"returned_units"`
	PriceDifference int64            `json:"price_difference"` // what credits say beyond what was paid
	Net             int64            `json:"net"`
	Unmatched       Unmatched        `json:"unmatched_credit"`
	Months          map[string]Month `json:"months"` // of London
	TopCountries    []Ranked         `json:"top_countries"`
	TopByUnits      []Ranked         `json:"top_skus_by_units"` // returns not deducted
	TopByNet        []Ranked         `json:"top_skus_by_net"`
	New             New              `json:"new"`
}

// Unmatched counts what credits claim back and no order has.
type Unmatched struct {
	Rows  int64 `json:"rows"`
	Units int64 `json:"units"`
	Value int64 `json:"value"` // at the credits' prices
}

// Month is one month's trade. Refunds count in the month of the credit.
type Month struct {
	Gross   int64 `json:"gross"`
	Refunds int64 `json:"refunds"`
	Net     int64 `json:"net"`
	Orders  int   `json:"orders"`
}

// New counts what was not there before.
type New struct {
	Orders  int `json:"orders"`
	Credits int `json:"credits"`
}

// tally counts towards a report.
type tally struct {
	Report
	customers map[string]bool
	countries map[string]int64
	units     map[string]int64
	net       map[string]int64
	months    map[string]*Month
	london    *time.Location
}

func newTally(b *Books) *tally {
	london, err := zone.Load("Europe/London")
	if err != nil {
		london = time.UTC // cannot be: the zones are part of the program
	}
	return &tally{
		Report:    Report{RowsRead: b.RowsRead, Rejected: maps.Clone(b.Rejected), Months: make(map[string]Month)},
		customers: make(map[string]bool), countries: make(map[string]int64), units: make(map[string]int64),
		net: make(map[string]int64), months: make(map[string]*Month), london: london,
	}
}

func (t *tally) month(at time.Time) *Month {
	name := at.In(t.london).Format("2006-01")
	if t.months[name] == nil {
		t.months[name] = new(Month)
	}
	return t.months[name]
}

func (t *tally) order(e *entry, fresh bool) {
	m := t.month(e.at)
	m.Orders++
	t.Orders++
	t.OrderRows += len(e.rows)
	if fresh {
		t.New.Orders++
	}
	if customer := e.rows[0].customer; customer != "" {
		t.customers[customer] = true
	}
	for _, r := range e.rows {
		value := r.units * r.price
		t.Units += r.units
		t.Gross = money.Clamped(t.Gross, value)
		m.Gross = money.Clamped(m.Gross, value)
		t.countries[e.rows[0].country] = money.Clamped(t.countries[e.rows[0].country], value)
		t.units[r.sku] += r.units
		t.net[r.sku] = money.Clamped(t.net[r.sku], value)
	}
}

// refused counts the rows of an invoice that no order can be, such as one that is worth more than any may be.
func (t *tally) refused(e *entry) { t.Rejected[BadRow] += len(e.rows) }

func (t *tally) credit(e *entry, o *commands.CreditOutcome, fresh bool) {
	t.CreditRows += len(e.rows)
	if fresh {
		t.New.Credits++
	}
	m := t.month(e.at)
	m.Refunds = money.Clamped(m.Refunds, o.Refunds)
	t.Refunds = money.Clamped(t.Refunds, o.Refunds)
	t.ReturnedUnits += o.ReturnedUnits
	t.PriceDifference = money.Clamped(t.PriceDifference, o.PriceDifference)
	t.Unmatched.Rows += o.UnmatchedRows
	t.Unmatched.Units += o.UnmatchedUnits
	t.Unmatched.Value = money.Clamped(t.Unmatched.Value, o.UnmatchedValue)
	for _, r := range o.Returns {
		t.net[r.SKU] = money.Clamped(t.net[r.SKU], -r.Units*r.UnitPrice)
	}
}

func (t *tally) report() *Report {
	t.Customers = len(t.customers)
	t.Net = money.Clamped(t.Gross, -t.Refunds)
	for name, m := range t.months {
		m.Net = money.Clamped(m.Gross, -m.Refunds)
		t.Months[name] = *m
	}
	t.TopCountries, t.TopByUnits, t.TopByNet = top(t.countries), top(t.units), top(t.net)
	return &t.Report
}

// Ranked is a name with its sum. In JSON it is the pair of both.
type Ranked struct {
	Name  string
	Value int64
}

// topLength is how many a top list names.
const topLength = 10

// top lists the largest sums; ties go by name, bytewise.
func top(sums map[string]int64) []Ranked {
	var all []Ranked
	for _, name := range slices.Collect(maps.Keys(sums)) {
		all = append(all, Ranked{name, sums[name]})
	}
	slices.SortFunc(all, func(x, y Ranked) int {
		return cmp.Or(cmp.Compare(y.Value, x.Value), strings.Compare(x.Name, y.Name))
	})
	return all[:min(topLength, len(all))]
}

// MarshalJSON writes the pair [name, value].
func (r Ranked) MarshalJSON() ([]byte, error) { return json.Marshal([]any{r.Name, r.Value}) }

// UnmarshalJSON reads the pair [name, value].
func (r *Ranked) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&r.Name, &r.Value})
}
