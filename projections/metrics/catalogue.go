package metrics

import (
	"math/big"
	"slices"

	"github.com/ordermill/ordermill/domain/money"
)

// Unit says what a metric's values are.
type Unit string

// The units. Money is minor units of one currency, a ratio parts per million.
const (
	UnitMoney Unit = "money"
	UnitCount Unit = "count"
	UnitRatio Unit = "ratio"
)

// Metric defines one metric. A value of several buckets is computed from their summed figures, so a ratio of a month is
// not the mean of its days.
type Metric struct {
	Name        string
	Unit        Unit
	Meaning     string
	PerCurrency bool // whether it is made of money, so that it needs one currency
	inputs      []figure
	value       func(*figures) money.Total
}

// catalogue is every metric there is, by name. A literal, never changed.
var catalogue = []Metric{
	moneyOf("gross_sales", "value of the lines of placed orders and of what edits add, before discounts, without tax", grossSales),
	moneyOf("discounts", "discounts on the lines of placed orders and on what edits add, without tax", discounts),
	moneyOf("tax", "taxes of placed orders and of what edits add, on lines and shipping, inside prices or on top", tax),
	moneyOf("shipping", "shipping charges of placed orders, as edits change them, without tax", shipping),
	moneyOf("cancellations", "value of units that were canceled, taken out by edits or expired, after discounts, without tax, when they were", cancellations),
	moneyOf("refunds", "what orders cost less for returned units, no more than those had cost, without tax, when that was settled", refunds),
	moneyOf("refunds_shipping", "what orders cost less for their shipping when returns were settled, without tax", refundsShipping),
	moneyOf("goodwill", "what was given when returns were settled beyond what the units and the shipping had cost", goodwill),
	{
		Name: "net_revenue", Unit: UnitMoney, PerCurrency: true, value: netRevenue,
		Meaning: "gross sales - discounts - cancellations - refunds of goods, all without tax",
		inputs:  []figure{grossSales, discounts, cancellations, refunds},
	},
	moneyOf("captured", "money received for orders, when it was captured", captured),
	moneyOf("paid_back", "money returned to customers, tax included, when it was paid back", paidBack),
	countOf("orders_placed", "orders placed or imported", ordersPlaced),
	countOf("orders_confirmed", "orders confirmed; imported ones when they were placed", ordersConfirmed),
	countOf("orders_canceled", "orders canceled; drafts do not count", ordersCanceled),
	countOf("orders_expired", "orders expired", ordersExpired),
	countOf("orders_completed", "orders completed; imported ones when they were placed", ordersCompleted),
	countOf("units", "units of placed orders and of what edits add; canceled and returned ones are not taken off", units),
	countOf("units_canceled", "units canceled, taken out by edits or expired, when they were", unitsCanceled),
	countOf("units_returned", "units returned, when they were", unitsReturned),
	{
		Name: "aov", Unit: UnitMoney, PerCurrency: true, Meaning: "net revenue / orders confirmed",
		inputs: []figure{grossSales, discounts, cancellations, refunds, ordersConfirmed},
		value:  func(f *figures) money.Total { return quotient(netRevenue(f), 1, f[ordersConfirmed]) },
	},
	ratioOf("units_per_order", "units / orders placed", false, units, ordersPlaced),
	ratioOf("refund_rate", "refunds / gross sales", true, refunds, grossSales),
	ratioOf("return_rate", "units returned / units", false, unitsReturned, units),
	ratioOf("cancellation_rate", "orders canceled / orders placed", false, ordersCanceled, ordersPlaced),
}

// Catalogue returns every metric there is, with its definition.
func Catalogue() []Metric { return slices.Clone(catalogue) }

// Names returns the names of all metrics.
func Names() []string {
	names := make([]string, len(catalogue))
	for i := range catalogue {
		names[i] = catalogue[i].Name
	}
	return names
}

func moneyOf(name, meaning string, f figure) Metric {
	m := countOf(name, meaning, f)
	m.Unit, m.PerCurrency = UnitMoney, true
	return m
}

func countOf(name, meaning string, f figure) Metric {
	return Metric{Name: name, Unit: UnitCount, Meaning: meaning, inputs: []figure{f}, value: func(all *figures) money.Total { return all[f] }}
}

func ratioOf(name, meaning string, perCurrency bool, part, whole figure) Metric {
	return Metric{
		Name: name, Unit: UnitRatio, Meaning: meaning, PerCurrency: perCurrency, inputs: []figure{part, whole},
		value: func(f *figures) money.Total { return quotient(f[part], 1_000_000, f[whole]) },
	}
}

func netRevenue(f *figures) money.Total {
	return f[grossSales].Minus(f[discounts], f[cancellations], f[refunds])
}

// quotient returns part × factor ÷ whole, halves rounded away from zero, or 0 if there is no whole.
func quotient(part money.Total, factor int64, whole money.Total) money.Total {
	if whole.IsZero() {
		return money.Total{}
	}
	n := new(big.Int).Mul(part.Big(), big.NewInt(2*factor))
	d := whole.Big()
	half := new(big.Int).Abs(d)
	if n.Sign() < 0 {
		half.Neg(half)
	}
	result, err := money.TotalOfBig(n.Add(n, half).Quo(n, d.Lsh(d, 1)))
	if err != nil { // cannot be: there are fewer than 2^40 events in a figure
		return money.Total{}
	}
	return result
}
