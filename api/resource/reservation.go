package resource

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/eventstore"
)

// Reservation renders a soft reservation.
func Reservation(r *reservation.Reservation, version eventstore.Version) []byte {
	type line struct {
		LineID   uuid.UUID `json:"line_id"`
		SKU      string    `json:"sku"`
		Quantity int64     `json:"quantity"`
	}
	out := struct {
		ID         uuid.UUID          `json:"id"`
		Version    eventstore.Version `json:"version"`
		Status     reservation.Status `json:"status"`
		CustomerID string             `json:"customer_id,omitempty"`
		Reference  string             `json:"reference,omitempty"`
		Lines      []line             `json:"lines"`
		OrderID    uuid.UUID          `json:"order_id,omitzero"`
		Reason     string             `json:"reason,omitempty"`
		ExpiresAt  Time               `json:"expires_at"`
		MadeAt     Time               `json:"made_at"`
		UpdatedAt  Time               `json:"updated_at"`
	}{
		ID: r.ID, Version: version, Status: r.Status, CustomerID: r.CustomerID, Reference: r.Reference, Lines: make([]line, len(r.Lines)),
		OrderID: r.OrderID, Reason: r.Reason, ExpiresAt: Time(r.ExpiresAt), MadeAt: Time(r.MadeAt), UpdatedAt: Time(r.UpdatedAt),
	}
	for i, l := range r.Lines {
		out.Lines[i] = line{l.LineID, l.SKU, l.Quantity}
	}
	return marshal(out)
}
