// Package rule describes violations of business rules in one form that all aggregates share.
//
// A violation says which rule forbids a command, what was asked and what would be possible. Its code comes from a
// closed list that clients switch on; a border such as an HTTP API translates the code's kind into a status of its own.
package rule

import (
	"errors"
	"fmt"
)

// Code names a rule. The list below is closed: a code is never renamed, since clients depend on it.
type Code string

// The rules that the aggregates of this module enforce.
const (
	ValidationFailed         Code = "validation_failed"
	EmptyOrder               Code = "empty_order"
	QuantityOutOfRange       Code = "quantity_out_of_range"
	SKUUnknown               Code = "sku_unknown"
	SKUNotSellable           Code = "sku_not_sellable"
	CurrencyUnsupported      Code = "currency_unsupported"
	DiscountInvalid          Code = "discount_invalid"
	ShippingMethodInvalid    Code = "shipping_method_invalid"
	FutureDate               Code = "future_date"
	TotalsMismatch           Code = "totals_mismatch"
	QuantityBelowFulfilled   Code = "quantity_below_fulfilled"
	QuantityExceedsOpen      Code = "quantity_exceeds_open"
	QuantityExceedsDelivery  Code = "quantity_exceeds_delivered"
	QuantityExceedsRequested Code = "quantity_exceeds_requested"
	RefundExceedsCaptured    Code = "refund_exceeds_captured"
	ReturnWindowClosed       Code = "return_window_closed"
	MetadataLimit            Code = "metadata_limit"
	ErasedCustomer           Code = "erased_customer"
	SensitiveData            Code = "sensitive_data_rejected"

	InsufficientStock   Code = "insufficient_stock"
	PriceChanged        Code = "price_changed"
	InvalidState        Code = "invalid_state"
	OrderTerminal       Code = "order_terminal"
	NothingToCancel     Code = "nothing_to_cancel"
	AlreadyShipped      Code = "already_shipped"
	OrderOnHold         Code = "order_on_hold"
	PaymentRequired     Code = "payment_required"
	UnpaidNotAllowed    Code = "unpaid_not_allowed"
	ReservationExpired  Code = "reservation_expired"
	DuplicateExternalID Code = "duplicate_external_id"
	EditAlreadyOpen     Code = "edit_already_open"
	EditStale           Code = "edit_stale"
	QuantityMismatch    Code = "quantity_mismatch"
	LegalHold           Code = "legal_hold"

	OrderNotFound       Code = "order_not_found"
	ProductNotFound     Code = "product_not_found"
	HoldNotFound        Code = "hold_not_found"
	EditNotFound        Code = "edit_not_found"
	FulfillmentNotFound Code = "fulfillment_not_found"
	ReturnNotFound      Code = "return_not_found"
	NoteNotFound        Code = "note_not_found"
	ReservationNotFound Code = "reservation_not_found"
	TransferNotFound    Code = "transfer_not_found"
	LocationUnknown     Code = "location_unknown"
	SettingNotFound     Code = "setting_not_found"
	CustomerNotFound    Code = "customer_not_found"
)

// Kind groups codes by what the caller can do about them.
type Kind uint8

const (
	// Invalid means that the command can never succeed as it was sent.
	Invalid Kind = iota + 1
	// StateConflict means that the command may succeed once the state has changed.
	StateConflict
	// NotFound means that the thing which the command names does not exist.
	NotFound
)

// String returns the kind in words, for logs and test failures.
func (k Kind) String() string {
	switch k {
	case Invalid:
		return "invalid"
	case StateConflict:
		return "state conflict"
	case NotFound:
		return "not found"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// Kind returns the group that the code belongs to.
func (c Code) Kind() Kind {
	switch c {
	case InsufficientStock, PriceChanged, InvalidState, OrderTerminal, NothingToCancel, AlreadyShipped, OrderOnHold,
		PaymentRequired, UnpaidNotAllowed, ReservationExpired, DuplicateExternalID, EditAlreadyOpen, EditStale,
		QuantityMismatch, LegalHold:
		return StateConflict
	case OrderNotFound, ProductNotFound, HoldNotFound, EditNotFound, FulfillmentNotFound, ReturnNotFound, NoteNotFound,
		ReservationNotFound, TransferNotFound, LocationUnknown, SettingNotFound, CustomerNotFound:
		return NotFound
	default:
		return Invalid
	}
}

// Detail is one fault of several that a violation reports at once.
type Detail struct {
	Pointer string         // where in the command, as a JSON Pointer (RFC 6901) such as /lines/0/quantity; may be empty
	Code    Code           // the rule that this part breaks
	Message string         // what was asked and what is possible
	Meta    map[string]any // figures for machines, such as requested and available; JSON scalars or plain structs
}

// Violation is the error of every refused command.
type Violation struct {
	Code       Code
	Message    string
	Details    []Detail
	ExistingID string // what the command collided with, if anything
}

// New returns a violation whose message is formatted as by fmt.Sprintf.
func New(code Code, format string, args ...any) *Violation {
	return &Violation{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the code and the message.
func (v *Violation) Error() string { return string(v.Code) + ": " + v.Message }

// Kind returns the group of the violation's code.
func (v *Violation) Kind() Kind { return v.Code.Kind() }

// Is reports whether target is a violation of the same rule, so that errors.Is(err, rule.New(rule.OrderTerminal, ""))
// asks for a rule without looking at the words.
func (v *Violation) Is(target error) bool {
	other, ok := target.(*Violation)
	return ok && other.Code == v.Code
}

// CodeOf returns the code of the violation in err's chain, or "" if there is none.
func CodeOf(err error) Code {
	if v, ok := errors.AsType[*Violation](err); ok {
		return v.Code
	}
	return ""
}
