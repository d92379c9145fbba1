package order

import (
	"bytes"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// MaxURLLength is how many characters a shipment's tracking URL may have.
const MaxURLLength = 2000

// Ship says that packed units have left: all of the fulfilment, or some. The caller deducts their stock in the same
// append. The same shipment again changes nothing.
type Ship struct {
	ShipmentID     uuid.UUID
	FulfillmentID  uuid.UUID
	Carrier        string
	Service        string
	TrackingNumber string
	TrackingURL    string
	LabelRef       string
	Texts          PII            // sealed: tracking_number, tracking_url
	Private        PII            // sealed: label_ref
	Lines          []LineQuantity // SKU may be empty; none: all that are packed and not shipped
	At             time.Time
}

// UpdateTracking states anew where a shipment can be followed.
type UpdateTracking struct {
	FulfillmentID  uuid.UUID
	ShipmentID     uuid.UUID // zero: the fulfilment's last one
	Carrier        *string   // nil: unchanged
	TrackingNumber *string
	TrackingURL    *string
	Texts          PII // sealed: both, as they are then; nil: unchanged
	At             time.Time
}

func (c Ship) decide(o *Order) ([]Event, error) {
	if err := o.movable(); err != nil {
		return nil, err
	}
	f, err := o.knownFulfillment(c.FulfillmentID)
	if err != nil {
		return nil, err
	}
	if again, err := c.repeated(o, f); again || err != nil {
		return nil, err
	}
	if err := f.shippable(o); err != nil {
		return nil, err
	}
	var faults rule.Faults
	checkID(&faults, "/shipment_id", "shipment", c.ShipmentID)
	c.checkTracking(&faults)
	demands := o.demands(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	places := o.places(f.Lines)
	left := func(i int) int64 {
		if places[i] == 0 {
			return 0
		}
		l := &f.Lines[places[i]-1]
		return l.Quantity - l.Shipped
	}
	if len(c.Lines) == 0 {
		demands = o.allOpen(left)
	}
	if err := o.checkHolds(demands); err != nil {
		return nil, err
	}
	event := ShipmentDispatched{
		About: o.about(), ShipmentID: c.ShipmentID, FulfillmentID: c.FulfillmentID, LocationID: f.LocationID, Carrier: c.Carrier,
		Service: c.Service, TrackingNumber: inClear(c.TrackingNumber, c.Texts), TrackingURL: inClear(c.TrackingURL, c.Texts),
		LabelRef: inClear(c.LabelRef, c.Private), Texts: c.Texts, Private: c.Private,
		Lines: o.quantities(demands), PlacedAt: o.PlacedAt, ConfirmedAt: o.ConfirmedAt, ShippedAt: instant(c.At),
	}
	for _, d := range demands {
		l := &o.Lines[d.line]
		if open := left(d.line); d.quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsOpen, d.at("/quantity"), d.quantity, open,
				"%d units of SKU %q were to be shipped, %d of fulfilment %s are packed and still here", d.quantity, l.SKU, open, f.FulfillmentID))
			continue
		}
		net, tax := l.shareFromStart(l.Counters.Shipped, d.quantity)
		event.Value += net + tax
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{event}, nil
}

// repeated reports whether the shipment has been dispatched already, just so.
func (c Ship) repeated(o *Order, of *Fulfillment) (bool, error) {
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		s := f.shipment(c.ShipmentID)
		if s == nil {
			continue
		}
		if f == of && sameUnits(s.Lines, c.Lines) && s.Carrier == c.Carrier && s.Service == c.Service && s.LabelRef == inClear(c.LabelRef, c.Private) &&
			s.TrackingNumber == inClear(c.TrackingNumber, c.Texts) && s.TrackingURL == inClear(c.TrackingURL, c.Texts) &&
			bytes.Equal(s.Texts, c.Texts) && bytes.Equal(s.Private, c.Private) {
			return true, nil
		}
		return false, o.taken("shipment", c.ShipmentID, "on its way")
	}
	return false, nil
}

// shippable returns the rule that keeps the fulfilment from being shipped.
func (f *Fulfillment) shippable(o *Order) error {
	switch f.State {
	case FulfillmentStatePacked:
		return nil
	case FulfillmentStateShipped, FulfillmentStateDelivered:
		return rule.New(rule.AlreadyShipped, "all units of fulfilment %s of order %s have been shipped", f.FulfillmentID, o.Number)
	case FulfillmentStatePlanned:
		return rule.New(rule.InvalidState, "fulfilment %s of order %s is only planned; pack it before it is shipped", f.FulfillmentID, o.Number)
	default:
		return rule.New(rule.InvalidState, "fulfilment %s of order %s is %s; pack its units anew", f.FulfillmentID, o.Number, f.State)
	}
}

// shipment returns a shipment of the fulfilment, or nil.
func (f *Fulfillment) shipment(id uuid.UUID) *Shipment {
	for i := range f.Shipments {
		if f.Shipments[i].ShipmentID == id {
			return &f.Shipments[i]
		}
	}
	return nil
}

// Shipment returns a shipment of a fulfilment, the last one if none is named; nil if there is none.
func (o *Order) Shipment(fulfillment, shipment uuid.UUID) *Shipment {
	f := o.fulfillment(fulfillment)
	switch {
	case f == nil || len(f.Shipments) == 0:
		return nil
	case shipment == uuid.Nil:
		return &f.Shipments[len(f.Shipments)-1]
	}
	return f.shipment(shipment)
}

// knownShipment returns a shipment of a fulfilment, the last one if none is named, or the refusal of a command that
// names none.
func (o *Order) knownShipment(fulfillment, shipment uuid.UUID) (*Fulfillment, *Shipment, error) {
	f, err := o.knownFulfillment(fulfillment)
	switch {
	case err != nil:
		return nil, nil, err
	case f.unshipped():
		return nil, nil, rule.New(rule.InvalidState, "nothing of fulfilment %s of order %s has been shipped; ship it first", fulfillment, o.Number)
	}
	if s := o.Shipment(fulfillment, shipment); s != nil {
		return f, s, nil
	}
	return nil, nil, rule.New(rule.FulfillmentNotFound, "fulfilment %s of order %s has no shipment %s", fulfillment, o.Number, shipment)
}

func (c Ship) checkTracking(faults *rule.Faults) {
	text.Name.Check(faults, "/carrier", c.Carrier, 0, MaxKeyLength)
	text.Name.Check(faults, "/service", c.Service, 0, MaxKeyLength)
	text.Identifier.Check(faults, "/tracking_number", c.TrackingNumber, 0, MaxKeyLength)
	text.Identifier.Check(faults, "/label_ref", c.LabelRef, 0, MaxURLLength)
	checkURL(faults, "/tracking_url", c.TrackingURL)
}

// checkURL records a fault unless s is empty or a web address, which customers are to follow.
func checkURL(faults *rule.Faults, pointer, s string) {
	text.Identifier.Check(faults, pointer, s, 0, MaxURLLength)
	if s == "" {
		return
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		faults.Add(rule.ValidationFailed, pointer, "a tracking URL begins with https:// or http://")
	}
}

func (c UpdateTracking) decide(o *Order) ([]Event, error) {
	if err := o.followable(); err != nil {
		return nil, err
	}
	f, s, err := o.knownShipment(c.FulfillmentID, c.ShipmentID)
	if err != nil {
		return nil, err
	}
	event := TrackingUpdated{
		About: o.about(), ShipmentID: s.ShipmentID, FulfillmentID: f.FulfillmentID, Carrier: or(c.Carrier, s.Carrier),
		TrackingNumber: or(c.TrackingNumber, s.TrackingNumber), TrackingURL: or(c.TrackingURL, s.TrackingURL), Texts: c.Texts, UpdatedAt: instant(c.At),
	}
	if len(c.Texts) == 0 && event.Carrier == s.Carrier && event.TrackingNumber == s.TrackingNumber && event.TrackingURL == s.TrackingURL {
		return nil, nil
	}
	var faults rule.Faults
	text.Name.Check(&faults, "/carrier", event.Carrier, 0, MaxKeyLength)
	text.Identifier.Check(&faults, "/tracking_number", event.TrackingNumber, 0, MaxKeyLength)
	checkURL(&faults, "/tracking_url", event.TrackingURL)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	event.TrackingNumber, event.TrackingURL = inClear(event.TrackingNumber, c.Texts), inClear(event.TrackingURL, c.Texts)
	return []Event{event}, nil
}

// or returns what was given, or what there is.
func or(given *string, there string) string {
	if given != nil {
		return *given
	}
	return there
}

func (o *Order) applyShipmentDispatched(e *ShipmentDispatched) {
	o.UpdatedAt = e.ShippedAt
	f := o.fulfillment(e.FulfillmentID)
	if f == nil {
		return
	}
	line, places := o.finder(), o.places(f.Lines)
	for n := range e.Lines {
		i := line.find(e.Lines[n].LineID)
		if i < 0 {
			continue
		}
		c := &o.Lines[i].Counters
		c.Shipped += e.Lines[n].Quantity
		c.Reserved = max(0, c.Reserved-e.Lines[n].Quantity)
		if places[i] > 0 {
			f.Lines[places[i]-1].Shipped += e.Lines[n].Quantity
		}
	}
	f.Shipments = append(f.Shipments, Shipment{
		ShipmentID: e.ShipmentID, Carrier: e.Carrier, Service: e.Service, TrackingNumber: e.TrackingNumber,
		TrackingURL: e.TrackingURL, LabelRef: e.LabelRef, Texts: e.Texts, Private: e.Private, Lines: fulfillmentLines(e.Lines), ShippedAt: e.ShippedAt,
	})
	f.advance()
}

func (o *Order) applyTrackingUpdated(e *TrackingUpdated) {
	o.UpdatedAt = e.UpdatedAt
	if f := o.fulfillment(e.FulfillmentID); f != nil {
		if s := f.shipment(e.ShipmentID); s != nil {
			s.Carrier, s.TrackingNumber, s.TrackingURL = e.Carrier, e.TrackingNumber, e.TrackingURL
			if len(e.Texts) > 0 || e.TrackingNumber != "" || e.TrackingURL != "" { // else they are as they were
				s.Texts = e.Texts
			}
		}
	}
}
