package commands

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/series"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
)

// The kinds of aggregates that commands are about. A new one needs a definition here, a place in kinds, and accessors
// below, as far as commands need them: of the aggregate, of its state, and of its state in the middle of a decision.
var (
	orders = define(order.StreamType, (*order.Order).Apply, order.Decode, order.Encode,
		copied((*order.Order).Clone))
	stocks = snapshotted(define(stock.StreamType, (*stock.Stock).Apply, stock.Decode, stock.Encode,
		overlaid), stock.SnapshotFingerprint(), (*stock.Stock).AppendSnapshot, stock.ReadSnapshot).keyed(stock.StreamID).weighed(weighStock)
	products = define(catalog.StreamType, (*catalog.Product).Apply, catalog.Decode, catalog.Encode,
		copied((*catalog.Product).Clone)).keyed(catalog.StreamID).weighed(atMost(8 << 10))
	tenants = define(settings.StreamType, (*settings.Settings).Apply, settings.Decode, settings.Encode,
		copied((*settings.Settings).Clone)).keyed(func(tenant, _ string) uuid.UUID { return settings.StreamID(tenant) }).weighed(atMost(256 << 10))
	promotions = define(promotion.StreamType, (*promotion.Promotion).Apply, promotion.Decode, promotion.Encode,
		copied((*promotion.Promotion).Clone)).keyed(promotion.StreamID).weighed(weighPromotion)
	numbers = define(series.StreamType, (*series.Series).Apply, series.Decode, series.Encode,
		copied((*series.Series).Clone)).keyed(series.StreamID).weighed(atMost(1 << 10))
	reservations = define(reservation.StreamType, (*reservation.Reservation).Apply, reservation.Decode, reservation.Encode,
		copied((*reservation.Reservation).Clone))
	customers = define(customer.StreamType, (*customer.Customer).Apply, customer.Decode, customer.Encode,
		copied((*customer.Customer).Clone)).keyed(customer.StreamID).weighed(atMost(2 << 10))
)

// kinds lists them all.
var kinds = [...]*kind{orders, stocks, products, tenants, promotions, numbers, reservations, customers}

// weighStock and weighPromotion count what comes and goes.

func weighStock(s state, _ int) int { return valueOf[stock.Stock](s).Weight() }

func weighPromotion(s state, _ int) int { return 256 + 64*int(valueOf[promotion.Promotion](s).Used()) }

// Accessors of aggregates. They never fail: what does not exist has a state without events, and so has what is not loaded
// yet, but then the decision does not count and is begun again.

// order returns an order by its id.
func (v *view) order(id uuid.UUID) *aggregate { return v.look(orders, id) }

// fresh is order for an id that was just made: the database is not asked, since the append would notice.
func (v *view) fresh(id uuid.UUID) *aggregate {
	r := ref{v.tenant, orders, id}
	a := v.states.get(r)
	if a == nil && v.first {
		a = newAggregate(r)
		v.states.put(a)
	}
	return v.see(a, r)
}

// stock returns the stock of a SKU.
func (v *view) stock(sku string) *aggregate {
	return v.named(stocks, sku)
}

// product returns the product with a SKU.
func (v *view) product(sku string) *aggregate {
	return v.named(products, sku)
}

// settings returns the tenant's settings before the decision.
func (v *view) settings() *settings.Settings { return v.settingsStream().settingsState() }

// settingsStream returns the tenant's settings as an aggregate, to be changed.
func (v *view) settingsStream() *aggregate { return v.named(tenants, "") }

// promotion returns the uses of a discount.
func (v *view) promotion(discountID string) *aggregate {
	return v.named(promotions, discountID)
}

// series returns a series of numbers by its name, such as "invoice:2026".
func (v *view) series(name string) *aggregate {
	return v.named(numbers, name)
}

// reservation returns a soft reservation by its id.
func (v *view) reservation(id uuid.UUID) *aggregate { return v.look(reservations, id) }

// customer returns a customer by its id.
func (v *view) customer(id string) *aggregate {
	return v.named(customers, id)
}

// Accessors of states as they are before a decision. They are to be read only.

func (a *aggregate) orderState() *order.Order          { return valueOf[order.Order](a.state) }
func (a *aggregate) stockState() *stock.Stock          { return valueOf[stock.Stock](a.state) }
func (a *aggregate) productState() *catalog.Product    { return valueOf[catalog.Product](a.state) }
func (a *aggregate) settingsState() *settings.Settings { return valueOf[settings.Settings](a.state) }
func (a *aggregate) seriesState() *series.Series       { return valueOf[series.Series](a.state) }
func (a *aggregate) reservationState() *reservation.Reservation {
	return valueOf[reservation.Reservation](a.state)
}

func (a *aggregate) customerState() *customer.Customer { return valueOf[customer.Customer](a.state) }

// Accessors of states with the events that a decision has added so far. They are to be read only, and of use until more
// events of that aggregate are added. Before the first are added they are the states above.

func (d *decision) orderOf(a *aggregate) *order.Order       { return valueOf[order.Order](d.on(a)) }
func (d *decision) stockOf(a *aggregate) *stock.Stock       { return valueOf[stock.Stock](d.on(a)) }
func (d *decision) productOf(a *aggregate) *catalog.Product { return valueOf[catalog.Product](d.on(a)) }

func (d *decision) promotionOf(a *aggregate) *promotion.Promotion {
	return valueOf[promotion.Promotion](d.on(a))
}
func (d *decision) seriesOf(a *aggregate) *series.Series { return valueOf[series.Series](d.on(a)) }
func (d *decision) reservationOf(a *aggregate) *reservation.Reservation {
	return valueOf[reservation.Reservation](d.on(a))
}
