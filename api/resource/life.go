package resource

import (
	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

type hold struct {
	ID      uuid.UUID        `json:"id"`
	Reason  order.HoldReason `json:"reason"`
	LineIDs []uuid.UUID      `json:"line_ids,omitempty"`
	Until   Time             `json:"until,omitzero"`
	HeldAt  Time             `json:"held_at,omitzero"`
	Note    string           `json:"note,omitempty"`
}

// openEdit is an edit and what is staged in it. Customers do not see it.
type openEdit struct {
	ID          uuid.UUID      `json:"id"`
	BaseVersion int64          `json:"base_version"`
	Changes     []StagedChange `json:"changes"`
	BegunBy     string         `json:"begun_by,omitempty"`
	BegunAt     Time           `json:"begun_at"`
}

// StagedChange is one wish of an edit.
type StagedChange struct {
	ID             uuid.UUID      `json:"id"`
	Kind           order.EditKind `json:"kind"`
	LineID         uuid.UUID      `json:"line_id,omitzero"`
	SKU            string         `json:"sku,omitempty"`
	Quantity       int64          `json:"quantity"`
	From           int64          `json:"from"`
	ShippingMethod string         `json:"shipping_method,omitempty"`
}

// StagedChanges renders what is staged in an edit; none is an empty list.
func StagedChanges(e *order.Edit) []StagedChange {
	out := []StagedChange{}
	if e == nil {
		return out
	}
	for _, c := range e.Changes {
		out = append(out, StagedChange{c.ChangeID, c.Kind, c.LineID, c.SKU, c.Quantity, c.From, c.ShippingMethod})
	}
	return out
}

type fulfillment struct {
	ID         uuid.UUID              `json:"id"`
	State      order.FulfillmentState `json:"state"`
	Lines      []fulfilled            `json:"lines"`
	PackedAt   Time                   `json:"packed_at,omitzero"`
	CanceledAt Time                   `json:"canceled_at,omitzero"`
}

// staffFulfillment is what customers are not shown of a fulfilment.
type staffFulfillment struct {
	LocationID string          `json:"location_id"`
	Packages   []order.Package `json:"packages,omitempty"`
	ShipBy     Time            `json:"ship_by,omitzero"`
	PlannedAt  Time            `json:"planned_at,omitzero"`
}

type fulfilled struct {
	LineID    uuid.UUID `json:"line_id"`
	SKU       string    `json:"sku"`
	Quantity  int64     `json:"quantity"`
	Shipped   int64     `json:"shipped"`
	Delivered int64     `json:"delivered"`
}

type shipment struct {
	ID             uuid.UUID   `json:"id"`
	Carrier        string      `json:"carrier,omitempty"`
	Service        string      `json:"service,omitempty"`
	TrackingNumber string      `json:"tracking_number,omitempty"`
	TrackingURL    string      `json:"tracking_url,omitempty"`
	Lines          []fulfilled `json:"lines"`
	FailureReason  string      `json:"failure_reason,omitempty"`
	ProofRef       string      `json:"proof_ref,omitempty"`
	ShippedAt      Time        `json:"shipped_at"`
	DeliveredAt    Time        `json:"delivered_at,omitzero"`
	FailedAt       Time        `json:"failed_at,omitzero"`
}

// fulfillmentOf renders a fulfilment without its shipments.
func fulfillmentOf(f *order.Fulfillment) fulfillment {
	return fulfillment{
		ID: f.FulfillmentID, State: f.State, Lines: fulfilledLines(f.Lines), PackedAt: Time(f.PackedAt), CanceledAt: Time(f.CanceledAt),
	}
}

func shipmentOf(s *order.Shipment) shipment {
	return shipment{
		ID: s.ShipmentID, Carrier: s.Carrier, Service: s.Service, TrackingNumber: s.TrackingNumber, TrackingURL: s.TrackingURL,
		Lines: fulfilledLines(s.Lines), FailureReason: s.FailureReason, ProofRef: s.ProofRef,
		ShippedAt: Time(s.ShippedAt), DeliveredAt: Time(s.DeliveredAt), FailedAt: Time(s.FailedAt),
	}
}

func fulfilledLines(lines []order.FulfillmentLine) []fulfilled {
	out := make([]fulfilled, len(lines))
	for i := range lines {
		l := &lines[i]
		out[i] = fulfilled{l.LineID, l.SKU, l.Quantity, l.Shipped, l.Delivered}
	}
	return out
}

type returned struct {
	ID                  uuid.UUID         `json:"id"`
	Kind                order.ReturnKind  `json:"kind,omitempty"`
	State               order.ReturnState `json:"state"`
	CreditNumber        string            `json:"credit_number,omitempty"`
	Source              string            `json:"source,omitempty"`
	Requested           []requested       `json:"requested,omitempty"`
	Lines               []returnedLine    `json:"lines,omitempty"`
	Refund              *money.Amount     `json:"refund,omitempty"`
	Fee                 *money.Amount     `json:"fee,omitempty"`
	StoreCredit         *money.Amount     `json:"store_credit,omitempty"`
	ReplacementOrderID  uuid.UUID         `json:"replacement_order_id,omitzero"`
	RequestedResolution string            `json:"requested_resolution,omitempty"`
	DeclineReason       string            `json:"decline_reason,omitempty"`
	RequestedAt         Time              `json:"requested_at,omitzero"`
	CanceledAt          Time              `json:"canceled_at,omitzero"`
	ReturnedAt          Time              `json:"returned_at,omitzero"`
	ResolvedAt          Time              `json:"resolved_at,omitzero"`
}

type requested struct {
	LineID     uuid.UUID `json:"line_id"`
	SKU        string    `json:"sku"`
	Quantity   int64     `json:"quantity"`
	ReasonCode string    `json:"reason_code,omitempty"`
	Note       string    `json:"note,omitempty"`
}

type received struct {
	LineID   uuid.UUID `json:"line_id"`
	SKU      string    `json:"sku"`
	Quantity int64     `json:"quantity"`
}

// inspected is what customers are not shown of what came back.
type inspected struct {
	Condition   string            `json:"condition,omitempty"`
	Disposition order.Disposition `json:"disposition"`
}

type returnedLine struct {
	LineID   uuid.UUID    `json:"line_id"`
	SKU      string       `json:"sku"`
	Quantity int64        `json:"quantity"`
	Amount   money.Amount `json:"amount"`
}

// returnOf renders a return without what was received, and without the customer's words.
func returnOf(r *order.Return, m minor) returned {
	out := returned{
		ID: r.ReturnID, Kind: r.Kind, State: r.State, CreditNumber: r.CreditNumber, Source: r.Source,
		ReplacementOrderID: r.ReplacementOrderID, RequestedResolution: r.RequestedResolution, DeclineReason: r.DeclineReason,
		RequestedAt: Time(r.RequestedAt), CanceledAt: Time(r.CanceledAt), ReturnedAt: Time(r.ReturnedAt), ResolvedAt: Time(r.ResolvedAt),
	}
	if r.State == "" {
		out.State = order.ReturnStateResolved // an imported one
	}
	for _, l := range r.Requested {
		out.Requested = append(out.Requested, requested(l))
	}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, returnedLine{l.LineID, l.SKU, l.Quantity, m(l.Amount + l.Tax)})
	}
	if out.State == order.ReturnStateResolved {
		refund := m(r.Refund)
		out.Refund = &refund
		out.Fee, out.StoreCredit = some(r.Fee, m), some(r.StoreCredit, m)
	}
	return out
}

// some returns an amount unless it is 0.
func some(n int64, m minor) *money.Amount {
	if n == 0 {
		return nil
	}
	amount := m(n)
	return &amount
}

// note is words about an order, without these words.
type note struct {
	ID         uuid.UUID            `json:"id"`
	Visibility order.NoteVisibility `json:"visibility"`
	From       string               `json:"from"` // staff or customer
	AddedAt    Time                 `json:"added_at"`
	EditedAt   Time                 `json:"edited_at,omitzero"`
}
