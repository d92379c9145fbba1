package commands

import (
	"strconv"
	"strings"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/stock"
)

// decide holds the units of all SKUs, or none.
func (c MakeReservation) decide(v *view) (decision, error) {
	r := v.reservation(c.Reservation.ReservationID)
	w := begin(v, r, c.Reservation.At, c.Reservation.ReservationID.String())
	limits := v.settings().Limits()
	made := c.Reservation
	made.MaxLines = int(limits.MaxLines)
	if made.ExpiresAt.IsZero() {
		made.ExpiresAt = made.At.Add(v.settings().Reservation())
	}
	events, err := reservation.Decide(r.reservationState(), made)
	if err != nil || len(events) == 0 {
		return w.decision, err
	}
	w.add(r, facts(events)...)
	demands := make(map[string][]stock.Demand, len(made.Lines))
	var skus []string
	for i, l := range made.Lines {
		if demands[l.SKU] == nil {
			skus = append(skus, l.SKU)
		}
		demands[l.SKU] = append(demands[l.SKU], stock.Demand{LineID: l.LineID, Quantity: l.Quantity, Pointer: "/lines/" + strconv.Itoa(i) + "/quantity"})
	}
	var faults rule.Faults
	for _, sku := range skus {
		if p := v.product(sku).productState(); !p.Exists() {
			faults.AddError(strings.TrimSuffix(demands[sku][0].Pointer, "quantity")+"sku", rule.New(rule.SKUUnknown, "SKU %q is not in the catalogue; list it first", sku))
			continue
		}
		_, err := w.stock(sku, stock.Reserve{
			SKU: sku, ReservationID: made.ReservationID, Kind: stock.KindSoft, Demands: demands[sku],
			ExpiresAt: made.ExpiresAt, At: made.At,
		})
		faults.AddError("", err)
	}
	return w.decision, faults.Err()
}

// decide gives the units back.
func (c EndReservation) decide(v *view) (decision, error) {
	r := v.reservation(c.ReservationID)
	w := begin(v, r, c.At, c.ReservationID.String())
	var cmd reservation.Command = reservation.Release{ReservationID: c.ReservationID, Reason: "released", At: c.At}
	if c.Expire {
		cmd = reservation.Expire{ReservationID: c.ReservationID, At: c.At}
	}
	events, err := reservation.Decide(r.reservationState(), cmd)
	if err != nil || len(events) == 0 {
		return w.decision, err
	}
	w.add(r, facts(events)...)
	err = w.eachHeld(r, func(string) stock.Command {
		if c.Expire {
			return stock.Expire{ReservationID: c.ReservationID, At: c.At}
		}
		return stock.Release{ReservationID: c.ReservationID, Reason: "released", At: c.At}
	})
	return w.decision, err
}

// decide lets the reservation last longer, in the stock of every SKU too.
func (c ExtendReservation) decide(v *view) (decision, error) {
	r := v.reservation(c.ReservationID)
	w := begin(v, r, c.At, c.ReservationID.String())
	events, err := reservation.Decide(r.reservationState(), reservation.Extend{ReservationID: c.ReservationID, ExpiresAt: c.ExpiresAt, Pointer: c.Pointer, At: c.At})
	if err != nil || len(events) == 0 {
		return w.decision, err
	}
	w.add(r, facts(events)...)
	err = w.eachHeld(r, func(string) stock.Command {
		return stock.ExtendReservation{ReservationID: c.ReservationID, ExpiresAt: c.ExpiresAt, At: c.At}
	})
	return w.decision, err
}

// eachHeld decides a command on the stock of every SKU that a soft reservation holds.
func (w *work) eachHeld(r *aggregate, cmd func(sku string) stock.Command) error {
	done := make(map[string]bool)
	for _, l := range r.reservationState().Lines {
		if done[l.SKU] {
			continue
		}
		done[l.SKU] = true
		if _, err := w.stock(l.SKU, cmd(l.SKU)); err != nil {
			return err
		}
	}
	return nil
}
