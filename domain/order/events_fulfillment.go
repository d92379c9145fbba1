package order

import (
	"time"

	"github.com/google/uuid"
)

// FulfillmentPlanned assigns open units to a location.
type FulfillmentPlanned struct {
	About
	FulfillmentID uuid.UUID      `json:"fulfillment_id"`
	LocationID    string         `json:"location_id"`
	Lines         []LineQuantity `json:"lines"`
	ShipBy        time.Time      `json:"ship_by,omitzero"` // UTC, milliseconds
	PlannedAt     time.Time      `json:"planned_at"`       // UTC, milliseconds
}

// FulfillmentMoved assigns a planned fulfilment to another location.
type FulfillmentMoved struct {
	About
	FulfillmentID uuid.UUID `json:"fulfillment_id"`
	From          string    `json:"from_location_id"`
	To            string    `json:"to_location_id"`
	MovedAt       time.Time `json:"moved_at"` // UTC, milliseconds
}

// FulfillmentCreated says that units are packed at a location.
type FulfillmentCreated struct {
	About
	FulfillmentID uuid.UUID      `json:"fulfillment_id"`
	LocationID    string         `json:"location_id"`
	Lines         []LineQuantity `json:"lines"`
	Packages      []Package      `json:"packages,omitempty"`
	PackedBy      string         `json:"packed_by,omitempty"`
	PackedAt      time.Time      `json:"packed_at"` // UTC, milliseconds
}

// Package is a parcel as it was weighed and measured.
type Package struct {
	WeightGrams int64 `json:"weight_grams,omitempty"`
	LengthMM    int64 `json:"length_mm,omitempty"`
	WidthMM     int64 `json:"width_mm,omitempty"`
	HeightMM    int64 `json:"height_mm,omitempty"`
}

// ShipmentDispatched says that packed units have left. Their stock is deducted in the same append.
type ShipmentDispatched struct {
	About
	ShipmentID     uuid.UUID      `json:"shipment_id"`
	FulfillmentID  uuid.UUID      `json:"fulfillment_id"`
	LocationID     string         `json:"location_id"`
	Carrier        string         `json:"carrier,omitempty"`
	Service        string         `json:"service,omitempty"`
	TrackingNumber string         `json:"tracking_number,omitempty"`
	TrackingURL    string         `json:"tracking_url,omitempty"`
	LabelRef       string         `json:"label_ref,omitempty"`
	Texts          PII            `json:"texts,omitempty"`   // tracking_number, tracking_url
	Private        PII            `json:"private,omitempty"` // label_ref
	Lines          []LineQuantity `json:"lines"`
	Value          int64          `json:"value"` // what these units cost, with tax
	PlacedAt       time.Time      `json:"placed_at"`
	ConfirmedAt    time.Time      `json:"confirmed_at"`
	ShippedAt      time.Time      `json:"shipped_at"` // UTC, milliseconds
}

// TrackingUpdated states anew where a shipment can be followed.
type TrackingUpdated struct {
	About
	ShipmentID     uuid.UUID `json:"shipment_id"`
	FulfillmentID  uuid.UUID `json:"fulfillment_id"`
	Carrier        string    `json:"carrier,omitempty"`
	TrackingNumber string    `json:"tracking_number,omitempty"`
	TrackingURL    string    `json:"tracking_url,omitempty"`
	Texts          PII       `json:"texts,omitempty"` // tracking_number, tracking_url; absent: unchanged, if they are sealed
	UpdatedAt      time.Time `json:"updated_at"`      // UTC, milliseconds
}

// ShipmentDelivered says that units of a shipment have arrived.
type ShipmentDelivered struct {
	About
	ShipmentID    uuid.UUID      `json:"shipment_id"`
	FulfillmentID uuid.UUID      `json:"fulfillment_id"`
	Lines         []LineQuantity `json:"lines"`
	ProofRef      string         `json:"proof_ref,omitempty"`
	Texts         PII            `json:"texts,omitempty"` // proof_ref
	ShippedAt     time.Time      `json:"shipped_at"`      // UTC, milliseconds
	DeliveredAt   time.Time      `json:"delivered_at"`    // UTC, milliseconds
}

// DeliveryFailed says that a shipment did not arrive.
type DeliveryFailed struct {
	About
	ShipmentID    uuid.UUID `json:"shipment_id"`
	FulfillmentID uuid.UUID `json:"fulfillment_id"`
	Reason        string    `json:"reason"`
	Texts         PII       `json:"texts,omitempty"` // failure_reason
	FailedAt      time.Time `json:"failed_at"`       // UTC, milliseconds
}

// FulfillmentCanceled takes a fulfilment back that has not left; its units are open again.
type FulfillmentCanceled struct {
	About
	FulfillmentID uuid.UUID      `json:"fulfillment_id"`
	LocationID    string         `json:"location_id"`
	Lines         []LineQuantity `json:"lines"` // what was packed and not shipped
	Restock       bool           `json:"restock"`
	Reason        string         `json:"reason,omitempty"`
	Private       PII            `json:"private,omitempty"` // reason
	CanceledAt    time.Time      `json:"canceled_at"`       // UTC, milliseconds
}

// EventType returns "order.fulfillment_planned.v1".
func (FulfillmentPlanned) EventType() string { return "order.fulfillment_planned.v1" }

// EventType returns "order.fulfillment_moved.v1".
func (FulfillmentMoved) EventType() string { return "order.fulfillment_moved.v1" }

// EventType returns "order.fulfillment_created.v1".
func (FulfillmentCreated) EventType() string { return "order.fulfillment_created.v1" }

// EventType returns "order.shipment_dispatched.v1".
func (ShipmentDispatched) EventType() string { return "order.shipment_dispatched.v1" }

// EventType returns "order.tracking_updated.v1".
func (TrackingUpdated) EventType() string { return "order.tracking_updated.v1" }

// EventType returns "order.shipment_delivered.v1".
func (ShipmentDelivered) EventType() string { return "order.shipment_delivered.v1" }

// EventType returns "order.delivery_failed.v1".
func (DeliveryFailed) EventType() string { return "order.delivery_failed.v1" }

// EventType returns "order.fulfillment_canceled.v1".
func (FulfillmentCanceled) EventType() string { return "order.fulfillment_canceled.v1" }

func (FulfillmentPlanned) orderEvent()  {}
func (FulfillmentMoved) orderEvent()    {}
func (FulfillmentCreated) orderEvent()  {}
func (ShipmentDispatched) orderEvent()  {}
func (TrackingUpdated) orderEvent()     {}
func (ShipmentDelivered) orderEvent()   {}
func (DeliveryFailed) orderEvent()      {}
func (FulfillmentCanceled) orderEvent() {}
