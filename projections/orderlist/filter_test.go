package orderlist_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections/modeltest"
	"github.com/ordermill/ordermill/projections/orderlist"
	"github.com/ordermill/ordermill/projections/query"
)

// values are what filters of the tests compare with.
var values = map[string][]string{
	"status":         {"pending", "confirmed", "completed", "canceled"},
	"payment_status": {"paid", "unpaid", "partially_refunded", "refunded"}, "fulfillment_status": {"delivered", "unfulfilled", "canceled"},
	"return_status": {"none", "partially_returned", "returned"}, "channel": {"web", "pos", "import"}, "currency": {"EUR", "JPY"},
	"country": {"DE", "EIRE", ""}, "customer_id": {"c-1", "c-2", ""}, "order_number": {"0", "1", "A", "Z"},
	"external_id": {"web-0s", "web-1ns", "web", "%"}, "sku": modeltest.SKUs, "total": {"0", "1500", "4000"},
	"placed_at": {"2026-03-28T22:00:00Z", "2026-03-29T03:00:00+02:00"}, "updated_at": {"2026-03-28T23:00:00.5Z"},
	"confirmed_at": {"2026-03-28T23:30:00Z"}, "open_units": {"0", "3"}, "ship_by": {"2026-03-30T03:00:00Z"}, "due": {"2026-03-29T03:00:00Z"}, "backordered": {"0", "1"}, "tag": {"vip", "gift", "x"},
	"hold_reason": {"fraud_review", "manual"}, "archived": {"true", "false"}, "has": {"hold", "return", "backorder", "refund", "dispute"},
}

var operators = map[string][]orderlist.Op{
	"status": {"eq", "ne", "in", ""}, "payment_status": {"eq", "ne", "in"}, "fulfillment_status": {"eq", "ne", "in"},
	"return_status": {"eq", "ne", "in"}, "channel": {"eq", "ne", "in"}, "currency": {"eq", "ne", "in"},
	"country": {"eq", "ne", "in", "exists"}, "customer_id": {"eq", "ne", "in", "exists"}, "order_number": {"eq", "in", "prefix"},
	"external_id": {"eq", "in", "prefix", "exists"}, "sku": {"eq", "ne", "in"}, "total": {"eq", "gte", "lte"},
	"placed_at": {"eq", "gte", "lte"}, "updated_at": {"eq", "gte", "lte"}, "open_units": {"eq", "gte", "lte"},
	"confirmed_at": {"eq", "gte", "lte", "exists"}, "ship_by": {"eq", "gte", "lte", "exists"},
	"due": {"eq", "gte", "lte", "exists"}, "backordered": {"eq", "gte", "lte"}, "tag": {"eq", "ne", "in", "exists"},
	"hold_reason": {"eq", "ne", "in", "exists"}, "archived": {"eq"}, "has": {"eq", "ne", "in"},
}

// Filters pick what a plain filter in Go picks, and exact counts are exact.
func TestQuery_filters(t *testing.T) {
	t.Parallel()

	pool := prepared(t)
	rapid.Check(t, func(r *rapid.T) {
		tx, history := built(t, r, pool)
		for range 5 {
			var filter orderlist.Filter
			for range rapid.IntRange(1, 2).Draw(r, "conditions") {
				filter = append(filter, condition(r))
			}
			tenant := rapid.SampledFrom(modeltest.Tenants).Draw(r, "tenant")
			mode := rapid.SampledFrom([]orderlist.CountMode{orderlist.CountExact, orderlist.CountEstimate}).Draw(r, "count")
			got := page(t, r, tx, tenant, orderlist.Request{Filter: filter, Page: query.Page{Limit: 250}, Count: mode})
			want := slices.DeleteFunc(plain(history, tenant), func(o orderlist.Order) bool {
				return slices.ContainsFunc(filter, func(c orderlist.Condition) bool { return !meets(&o, c) })
			})
			compare(r, got.Orders, sorted(want, orderlist.Sort{Field: "placed_at", Descending: true}))
			if *got.Count != (orderlist.Count{Value: int64(len(want)), Relation: orderlist.Equal}) {
				r.Fatalf("count = %+v; want %d", *got.Count, len(want))
			}
		}
	})
}

func condition(r *rapid.T) orderlist.Condition {
	c := orderlist.Condition{Field: rapid.SampledFrom(orderlist.Fields()).Draw(r, "field")}
	c.Op = rapid.SampledFrom(operators[c.Field]).Draw(r, "operator")
	switch c.Op {
	case orderlist.In:
		c.Values = rapid.SliceOfN(rapid.SampledFrom(values[c.Field]), 1, 3).Draw(r, "values")
	case orderlist.Exists:
		c.Values = []string{rapid.SampledFrom([]string{"true", "false"}).Draw(r, "exists")}
	default:
		c.Values = []string{rapid.SampledFrom(values[c.Field]).Draw(r, "value")}
	}
	return c
}

// meets is the filter in plain Go.
func meets(o *orderlist.Order, c orderlist.Condition) bool {
	var compared int
	switch c.Field {
	case "sku":
		return anyOf(o.SKUs, c)
	case "tag":
		return anyOf(o.Tags, c)
	case "hold_reason":
		return anyOf(o.HoldReasons, c)
	case "has":
		return anyOf(having(o), c)
	case "archived":
		return !o.ArchivedAt.IsZero() == (c.Values[0] == "true")
	case "total", "backordered", "open_units":
		n, _ := strconv.ParseInt(c.Values[0], 10, 64)
		compared = cmp.Compare(map[string]int64{"total": o.Total, "backordered": o.Backordered, "open_units": o.Open}[c.Field], n)
	case "placed_at", "updated_at", "confirmed_at", "ship_by", "due":
		is := map[string]time.Time{
			"placed_at": o.PlacedAt, "updated_at": o.UpdatedAt, "confirmed_at": o.ConfirmedAt, "ship_by": o.ShipBy, "due": o.DueAt,
		}[c.Field]
		if c.Op == orderlist.Exists || is.IsZero() {
			return c.Op == orderlist.Exists && !is.IsZero() == (c.Values[0] == "true")
		}
		at, _ := time.Parse(time.RFC3339Nano, c.Values[0])
		compared = is.Compare(at)
	default:
		return meetsText(o, c)
	}
	switch c.Op {
	case orderlist.Gte:
		return compared >= 0
	case orderlist.Lte:
		return compared <= 0
	default:
		return compared == 0
	}
}

func meetsText(o *orderlist.Order, c orderlist.Condition) bool {
	is := map[string]string{
		"status": string(o.Status), "payment_status": string(o.Payment), "fulfillment_status": string(o.Fulfillment),
		"return_status": string(o.Return), "channel": o.Channel, "currency": o.Currency, "country": o.Country,
		"customer_id": o.CustomerID, "order_number": o.Number, "external_id": o.ExternalID,
	}[c.Field]
	switch c.Op {
	case orderlist.Prefix:
		return strings.HasPrefix(is, c.Values[0])
	case orderlist.Exists:
		return (is != "") == (c.Values[0] == "true")
	default:
		return slices.Contains(c.Values, is) != (c.Op == orderlist.Ne)
	}
}

// anyOf reports whether any of a list's elements is named, or with the operator ne that none is.
func anyOf(list []string, c orderlist.Condition) bool {
	if c.Op == orderlist.Exists {
		return len(list) > 0 == (c.Values[0] == "true")
	}
	return slices.ContainsFunc(c.Values, func(v string) bool { return slices.Contains(list, v) }) != (c.Op == orderlist.Ne)
}

// having is what an order has, as the filter names it.
func having(o *orderlist.Order) (names []string) {
	for name, has := range map[string]bool{
		"hold": o.OnHold(), "return": o.Return != order.ReturnStatusNone, "backorder": o.Backordered > 0,
		"refund":  o.Payment == order.PaymentStatusRefunded || o.Payment == order.PaymentStatusPartiallyRefunded,
		"dispute": o.Payment == order.PaymentStatusDisputed,
	} {
		if has {
			names = append(names, name)
		}
	}
	return names
}
