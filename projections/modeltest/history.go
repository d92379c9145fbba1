// Package modeltest checks read models: histories as a shop's life makes them go through a model's tables and through
// its fold, and must leave the same rows.
package modeltest

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// SKUs are the SKUs of all histories: some differ by case only, some need quoting, one is not ASCII.
var SKUs = []string{"MUG", "mug", `a "b", {c}\d`, "Ärmel", "TSHIRT-M", "NULL"}

// Tenants are the tenants of all histories.
var Tenants = []string{"demo", "Other", "zürich"}

// world is some shops and what happened in them.
type world struct {
	t        *rapid.T
	history  []projections.Event
	versions map[uuid.UUID]eventstore.Version
	shops    []*shop
	now      time.Time
	byHand   bool // staff complete orders
}

// shop is one tenant's aggregates.
type shop struct {
	tenant   string
	orders   []*order.Order
	stocks   map[string]*stock.Stock
	products map[string]*catalog.Product
}

// History draws what happens in some shops through the domain's own decisions: up to steps commands, each of which
// may cause no, one or several events. The events went through storage form.
func History(t *rapid.T, steps int) []projections.Event {
	w := newWorld(t)
	for range rapid.IntRange(0, steps).Draw(t, "steps") {
		w.step()
	}
	return w.history
}

// newWorld returns some shops in which nothing has happened.
func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, versions: map[uuid.UUID]eventstore.Version{},
		now: time.Date(2026, time.March, 28, 21, 7, 30, 123e6, time.UTC), // a switch to summer time is near
	}
	for _, tenant := range Tenants {
		w.shops = append(w.shops, &shop{tenant: tenant, stocks: map[string]*stock.Stock{}, products: map[string]*catalog.Product{}})
	}
	return w
}

// turn lets some time go by and returns the shop in which something happens next.
func (w *world) turn() *shop {
	w.now = w.now.Add(time.Duration(w.pick("minutes", 0, 400)) * 17 * time.Second)
	return rapid.SampledFrom(w.shops).Draw(w.t, "tenant")
}

func (w *world) step() {
	s := w.turn()
	switch action := w.pick("action", 0, 11); action {
	case 0:
		w.list(s)
	case 1:
		w.update(s)
	case 2:
		w.receive(s)
	case 3, 4:
		w.reservation(s)
	case 5:
		w.importOrder(s, nil)
	case 6, 7:
		w.place(s, nil)
	default:
		w.change(s)
	}
}

func (w *world) pick(label string, from, to int) int {
	return rapid.IntRange(from, to).Draw(w.t, label)
}

func (w *world) flip(label string) bool { return rapid.Bool().Draw(w.t, label) }

func pickOf[T any](w *world, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(w.t, label)
}

// id returns a new id. The order of ids has nothing to do with the order of time.
func (w *world) id() uuid.UUID {
	var seed [16]byte
	binary.BigEndian.PutUint64(seed[:], uint64(len(w.history)+1))
	binary.BigEndian.PutUint64(seed[8:], uint64(w.pick("id", 0, 1<<20)))
	return uuid.NewSHA1(uuid.NameSpaceOID, seed[:])
}

// fact is what all events have in common.
type fact interface{ EventType() string }

// record appends an event in storage form and returns it as it comes out again.
func record[T fact](w *world, s *shop, streamType string, stream uuid.UUID, f T, data []byte, err error, occurred time.Time) T {
	if err != nil {
		w.t.Fatalf("encode %s: %v", f.EventType(), err)
	}
	w.versions[stream]++
	position := eventstore.Position(len(w.history) + 1)
	event, err := projections.Decode(eventstore.Recorded{
		Log: 1, Position: position, Tenant: s.tenant, Stream: stream, StreamType: streamType,
		Version: w.versions[stream], ID: uuid.NewSHA1(uuid.NameSpaceURL, binary.AppendVarint(nil, int64(position))),
		Type: f.EventType(), Schema: 1, Data: data, OccurredAt: occurred.UTC(), RecordedAt: w.now.UTC(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	body, ok := event.Body.(T)
	if !ok {
		w.t.Fatalf("%s comes out as %T", f.EventType(), event.Body)
	}
	w.history = append(w.history, event)
	return body
}

// list lists a product, or states it anew.
func (w *world) list(s *shop) {
	cmd := catalog.List{
		SKU: pickOf(w, "sku", SKUs...), Name: pickOf(w, "name", "Mug <big>", "Ärmel & more", "x"), At: w.now,
		Prices:   catalogPrices(w),
		TaxClass: pickOf(w, "tax class", "", "reduced"), RequiresShipping: w.flip("shipping"), Sellable: w.flip("sellable"),
		Weight: int64(w.pick("weight", 0, 2)) * 250, Channels: w.channels(),
	}
	w.decideProduct(s, cmd.SKU, cmd)
}

func (w *world) update(s *shop) {
	sku, name, sellable := pickOf(w, "sku", SKUs...), pickOf(w, "name", "Renamed", "x"), w.flip("sellable")
	cmd := catalog.Update{SKU: sku, Name: &name, Sellable: &sellable, At: w.now}
	if w.flip("reprice") {
		cmd.Prices = catalogPrices(w)
	}
	if w.flip("elsewhere") {
		channels, weight := w.channels(), int64(w.pick("weight", 0, 2))*250
		cmd.Channels, cmd.Weight = &channels, &weight
	}
	w.decideProduct(s, sku, cmd)
}

func (w *world) channels() []string {
	return [][]string{nil, {"web"}, {"Ärzte", "pos", "web"}}[w.pick("channels", 0, 2)]
}

func (w *world) decideProduct(s *shop, sku string, cmd catalog.Command) {
	state := s.products[sku]
	if state == nil {
		state = &catalog.Product{}
	}
	events, err := catalog.Decide(state, cmd)
	if err != nil {
		return // refused: no event
	}
	for _, e := range events {
		data, err := catalog.Encode(e)
		state.Apply(record[catalog.Event](w, s, catalog.StreamType, catalog.StreamID(s.tenant, sku), e, data, err, w.now))
		s.products[sku] = state
	}
}
