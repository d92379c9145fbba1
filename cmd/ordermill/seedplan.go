package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
)

// The demo shop's past.
const (
	demoDays     = 35
	demoPending  = 5 // orders of the last hour
	demoUnpaid   = 6 // orders of the last days that wait for a bank transfer
	demoTransfer = 7 * 24 * time.Hour
)

// demoOrder is an order of the demo shop's past and what became of it.
type demoOrder struct {
	name     string // its idempotency key
	at       time.Time
	expires  time.Time
	market   demoMarket
	channel  string
	customer string // empty: a guest
	person   resource.Personal
	lines    []commands.OrderLine
	paid     time.Time // zero: never
	method   string
	canceled time.Time // zero: never
}

// planDemo invents the orders of the weeks before now. Their number and content are the same at each call; their times
// count from now.
func planDemo(now time.Time, ttl time.Duration) []demoOrder {
	random := rand.New(rand.NewPCG(2011, 12)) //nolint:gosec // a demo, the same each time
	now = now.UTC()
	midnight := now.Truncate(24 * time.Hour)
	var orders []demoOrder
	for day := demoDays; day >= 1; day-- {
		date := midnight.AddDate(0, 0, -day)
		count := 7 + random.IntN(6) + (demoDays-day)/8 // a growing shop
		for range count {
			at := date.Add(demoHour(random)).Add(time.Duration(random.IntN(3600_000)) * time.Millisecond)
			orders = append(orders, newDemoOrder(random, at, ttl))
		}
	}
	slices.SortFunc(orders, func(a, b demoOrder) int { return a.at.Compare(b.at) })
	for i := range demoUnpaid {
		o := &orders[len(orders)-3-4*i]
		o.paid, o.canceled, o.method, o.expires = time.Time{}, time.Time{}, "", o.at.Add(demoTransfer)
	}
	for i := range demoPending {
		o := newDemoOrder(random, now.Add(-time.Duration(50-9*i)*time.Minute), ttl)
		o.paid, o.canceled = time.Time{}, time.Time{}
		orders = append(orders, o)
	}
	for i := range orders {
		orders[i].name = fmt.Sprintf("order/%d", i+1)
		orders[i].paid, orders[i].canceled = orders[i].past(orders[i].paid, now), orders[i].past(orders[i].canceled, now)
	}
	return orders
}

// past keeps a time after the order was placed out of the future.
func (o *demoOrder) past(at, now time.Time) time.Time {
	if at.After(now) {
		return o.at.Add(now.Sub(o.at) / 2)
	}
	return at
}

// demoHour picks an hour of the day, when people buy.
func demoHour(random *rand.Rand) time.Duration {
	weights := []int{1, 1, 0, 0, 0, 1, 2, 4, 6, 7, 8, 8, 9, 7, 6, 6, 7, 8, 10, 12, 13, 11, 7, 3}
	return time.Duration(pick(random, weights)) * time.Hour
}

func newDemoOrder(random *rand.Rand, at time.Time, ttl time.Duration) demoOrder {
	marketWeights, productWeights := make([]int, len(demoMarkets)), make([]int, len(demoProducts))
	for i, m := range demoMarkets {
		marketWeights[i] = m.weight
	}
	for i, p := range demoProducts {
		productWeights[i] = p.weight
	}
	o := demoOrder{at: at, expires: at.Add(ttl), market: demoMarkets[pick(random, marketWeights)]}
	o.channel = []string{"web", "app", "marketplace"}[pick(random, []int{6, 3, 1})]
	given, family := random.IntN(len(demoGivenNames)), random.IntN(len(demoFamilyNames))
	if random.IntN(5) > 0 {
		o.customer = fmt.Sprintf("c-%d", 1000+given*len(demoFamilyNames)+family)
	}
	o.person = demoPerson(demoGivenNames[given], demoFamilyNames[family], o.market, random.IntN(120)+1)
	for range 1 + pick(random, []int{50, 28, 14, 8}) {
		sku := demoProducts[pick(random, productWeights)].sku
		quantity := int64(1 + pick(random, []int{70, 18, 6, 4, 2}))
		if i := slices.IndexFunc(o.lines, func(l commands.OrderLine) bool { return l.SKU == sku }); i >= 0 {
			o.lines[i].Quantity += quantity
			continue
		}
		o.lines = append(o.lines, commands.OrderLine{SKU: sku, Quantity: quantity})
	}
	o.method = []string{"card", "paypal", "bank_transfer"}[pick(random, []int{6, 3, 1})]
	paid, canceled := at.Add(time.Duration(20+random.IntN(1500))*time.Second), at.Add(time.Duration(3+random.IntN(40))*time.Minute)
	if random.IntN(100) < 8 {
		o.canceled = canceled
	} else {
		o.paid = paid
	}
	return o
}

func demoPerson(given, family string, market demoMarket, number int) resource.Personal {
	name := given + " " + family
	mail := strings.Map(func(r rune) rune {
		switch r {
		case 'é':
			return 'e'
		case 'í':
			return 'i'
		case ' ':
			return '.'
		}
		return r
	}, strings.ToLower(name))
	address := fmt.Sprintf(`{"name":%q,"line1":%q,"city":%q,"country":%q}`, name, fmt.Sprintf("Example Street %d", number), market.city, market.country)
	return resource.Personal{Email: mail + "@example.test", ShippingAddress: []byte(address)}
}

// pick returns an index with the given chances.
func pick(random *rand.Rand, weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := random.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// demoOrderID is a UUIDv7 of the time when the order was placed, whose random part is a hash of its name.
func demoOrderID(name string, at time.Time) (id uuid.UUID) {
	hash := sha256.Sum256([]byte("ordermill demo " + name))
	copy(id[:], hash[:])
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli())) //nolint:gosec // after 1970
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
