package order

import (
	"bytes"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// RecordDelivery says that shipped units have arrived. What has arrived already does not arrive again.
type RecordDelivery struct {
	FulfillmentID uuid.UUID
	ShipmentID    uuid.UUID      // zero: all shipments of the fulfilment
	Lines         []LineQuantity // SKU may be empty; none: all that are under way
	ProofRef      string
	Texts         PII       // sealed: proof_ref
	DeliveredAt   time.Time // zero: At
	At            time.Time
}

// RecordDeliveryFailure says that a shipment did not arrive.
type RecordDeliveryFailure struct {
	FulfillmentID uuid.UUID
	ShipmentID    uuid.UUID // zero: the fulfilment's last one
	Reason        string
	Texts         PII // sealed: failure_reason
	At            time.Time
}

func (c RecordDelivery) decide(o *Order) ([]Event, error) {
	if err := o.followable(); err != nil {
		return nil, err
	}
	f, s, err := o.knownShipment(c.FulfillmentID, c.ShipmentID)
	if err != nil {
		return nil, err
	}
	shipments := f.Shipments
	if c.ShipmentID != uuid.Nil {
		shipments = []Shipment{*s}
	}
	var faults rule.Faults
	at := c.At
	if !c.DeliveredAt.IsZero() {
		at = c.DeliveredAt
		checkPast(&faults, "/delivered_at", at, c.At)
	}
	text.Identifier.Check(&faults, "/proof_ref", c.ProofRef, 0, MaxURLLength)
	demands := o.demands(&faults, c.Lines)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	var wanted []int64 // units by line of the order that are to be delivered, less those that have found their shipment
	if len(c.Lines) > 0 {
		wanted = make([]int64, len(o.Lines))
		for _, d := range demands {
			wanted[d.line] = d.quantity
		}
	}
	var events []Event
	for i := range shipments {
		lines := shipments[i].arriving(o, wanted)
		if len(lines) == 0 {
			continue
		}
		arrived := instant(at)
		if shipped := shipments[i].ShippedAt; arrived.Equal(shipped.Truncate(time.Second)) {
			arrived = shipped // told in whole seconds
		}
		if arrived.Before(shipments[i].ShippedAt) {
			faults.Add(rule.ValidationFailed, "/delivered_at", "shipment %s left at %s; it cannot have arrived before, at %s",
				shipments[i].ShipmentID, stamp(shipments[i].ShippedAt), stamp(at))
		}
		events = append(events, ShipmentDelivered{
			About: o.about(), ShipmentID: shipments[i].ShipmentID, FulfillmentID: f.FulfillmentID, Lines: lines,
			ProofRef: inClear(c.ProofRef, c.Texts), Texts: c.Texts, ShippedAt: shipments[i].ShippedAt, DeliveredAt: arrived,
		})
	}
	if len(events) == 0 && there(o, shipments, demands) {
		return nil, nil
	}
	for _, d := range demands {
		l := &o.Lines[d.line]
		if open := d.quantity - wanted[d.line]; d.quantity > open {
			faults.AddDetail(l.fault(rule.QuantityExceedsOpen, d.at("/quantity"), d.quantity, open,
				"%d units of SKU %q are to have arrived, %d were under way", d.quantity, l.SKU, open))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return events, nil
}

// arriving returns the units of the shipment that are under way: all, or those wanted, which it takes off wanted.
func (s *Shipment) arriving(o *Order, wanted []int64) []LineQuantity {
	lines, line := make([]LineQuantity, 0, len(s.Lines)), o.finder()
	for n := range s.Lines {
		units := s.Lines[n].LineQuantity
		units.Quantity -= s.Lines[n].Delivered
		if i := line.find(units.LineID); wanted != nil && i >= 0 {
			units.Quantity = min(units.Quantity, wanted[i])
			wanted[i] -= units.Quantity
		}
		if units.Quantity > 0 {
			lines = append(lines, units)
		}
	}
	return lines
}

// there reports whether all demanded lines are among the shipments, so that having nothing under way means that they
// have arrived.
func there(o *Order, shipments []Shipment, demands []demand) bool {
	shipped, line := make([]bool, len(o.Lines)), o.finder()
	for n := range shipments {
		for k := range shipments[n].Lines {
			if i := line.find(shipments[n].Lines[k].LineID); i >= 0 {
				shipped[i] = true
			}
		}
	}
	for _, d := range demands {
		if !shipped[d.line] {
			return false
		}
	}
	return true
}

func (c RecordDeliveryFailure) decide(o *Order) ([]Event, error) {
	if err := o.followable(); err != nil {
		return nil, err
	}
	f, s, err := o.knownShipment(c.FulfillmentID, c.ShipmentID)
	if err != nil {
		return nil, err
	}
	var faults rule.Faults
	if text.Note.Check(&faults, "/reason", c.Reason, 0, MaxNoteLength); strings.TrimSpace(c.Reason) == "" {
		faults.Add(rule.ValidationFailed, "/reason", "say why the shipment did not arrive")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if !s.DeliveredAt.IsZero() {
		return nil, rule.New(rule.InvalidState, "shipment %s of order %s arrived at %s", s.ShipmentID, o.Number, stamp(s.DeliveredAt))
	}
	at := instant(c.At)
	if s.FailureReason == inClear(c.Reason, c.Texts) && bytes.Equal(s.FailureTexts, c.Texts) && s.FailedAt.Equal(at) {
		return nil, nil
	}
	return []Event{DeliveryFailed{
		About: o.about(), ShipmentID: s.ShipmentID, FulfillmentID: f.FulfillmentID, Reason: inClear(c.Reason, c.Texts),
		Texts: c.Texts, FailedAt: at,
	}}, nil
}

func (o *Order) applyShipmentDelivered(e *ShipmentDelivered) {
	if e.DeliveredAt.After(o.UpdatedAt) { // it may be known late
		o.UpdatedAt = e.DeliveredAt
	}
	f := o.fulfillment(e.FulfillmentID)
	if f == nil {
		return
	}
	s := f.shipment(e.ShipmentID)
	if s == nil {
		return
	}
	line, packed, shipped := o.finder(), o.places(f.Lines), o.places(s.Lines)
	for n := range e.Lines {
		i := line.find(e.Lines[n].LineID)
		if i < 0 {
			continue
		}
		o.Lines[i].Counters.Delivered += e.Lines[n].Quantity
		if packed[i] > 0 {
			f.Lines[packed[i]-1].arrive(e.Lines[n].Quantity, e.DeliveredAt)
		}
		if shipped[i] > 0 {
			s.Lines[shipped[i]-1].arrive(e.Lines[n].Quantity, e.DeliveredAt)
		}
	}
	s.arrive(e)
	f.advance()
}

func (l *FulfillmentLine) arrive(units int64, at time.Time) {
	l.Delivered += units
	if at.After(l.DeliveredAt) {
		l.DeliveredAt = at
	}
}

// arrive notes that units of the shipment have arrived, which ends what kept them.
func (s *Shipment) arrive(e *ShipmentDelivered) {
	s.FailureReason, s.FailureTexts, s.FailedAt = "", nil, time.Time{}
	if e.ProofRef != "" || len(e.Texts) > 0 {
		s.ProofRef, s.ProofTexts = e.ProofRef, e.Texts
	}
	var last time.Time
	for i := range s.Lines {
		l := &s.Lines[i]
		if l.Delivered < l.Quantity {
			return
		}
		if l.DeliveredAt.After(last) {
			last = l.DeliveredAt
		}
	}
	s.DeliveredAt = last
}

func (o *Order) applyDeliveryFailed(e *DeliveryFailed) {
	o.UpdatedAt = e.FailedAt
	if f := o.fulfillment(e.FulfillmentID); f != nil {
		if s := f.shipment(e.ShipmentID); s != nil {
			s.FailureReason, s.FailureTexts, s.FailedAt = e.Reason, e.Texts, e.FailedAt
		}
	}
}
