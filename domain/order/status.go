package order

import (
	"slices"

	"github.com/ordermill/ordermill/domain/money"
)

// Status is where an order is in its life. The statuses below it (payment, fulfilment, return) are derived.
type Status string

// The statuses of an order. Completed, canceled and expired orders are terminal; completed ones can still be returned.
const (
	StatusDraft     Status = "draft"
	StatusPending   Status = "pending"
	StatusConfirmed Status = "confirmed"
	StatusCompleted Status = "completed"
	StatusCanceled  Status = "canceled"
	StatusExpired   Status = "expired"
)

// Terminal reports whether an order in this status can no longer be changed.
func (s Status) Terminal() bool {
	return s == StatusCompleted || s == StatusCanceled || s == StatusExpired
}

// PaymentState is where one payment stands.
type PaymentState string

// The states of a payment.
const (
	PaymentInitiated      PaymentState = "initiated"
	PaymentActionRequired PaymentState = "action_required"
	PaymentAuthorized     PaymentState = "authorized"
	PaymentCaptured       PaymentState = "captured"
	PaymentVoided         PaymentState = "voided"
	PaymentFailed         PaymentState = "failed"
	PaymentDisputed       PaymentState = "disputed"
)

// PaymentStatus says in one word how an order is paid.
type PaymentStatus string

// The payment statuses, in their order of precedence.
const (
	PaymentStatusDisputed            PaymentStatus = "disputed"
	PaymentStatusFailed              PaymentStatus = "failed"
	PaymentStatusRefunded            PaymentStatus = "refunded"
	PaymentStatusPartiallyRefunded   PaymentStatus = "partially_refunded"
	PaymentStatusOverpaid            PaymentStatus = "overpaid"
	PaymentStatusPaid                PaymentStatus = "paid"
	PaymentStatusPartiallyPaid       PaymentStatus = "partially_paid"
	PaymentStatusAuthorized          PaymentStatus = "authorized"
	PaymentStatusPartiallyAuthorized PaymentStatus = "partially_authorized"
	PaymentStatusActionRequired      PaymentStatus = "action_required"
	PaymentStatusVoided              PaymentStatus = "voided"
	PaymentStatusUnpaid              PaymentStatus = "unpaid"
)

// FulfillmentStatus says in one word how far an order's goods have got.
type FulfillmentStatus string

// The fulfilment statuses.
const (
	FulfillmentStatusNotRequired        FulfillmentStatus = "not_required"
	FulfillmentStatusUnfulfilled        FulfillmentStatus = "unfulfilled"
	FulfillmentStatusPartiallyFulfilled FulfillmentStatus = "partially_fulfilled"
	FulfillmentStatusFulfilled          FulfillmentStatus = "fulfilled"
	FulfillmentStatusPartiallyShipped   FulfillmentStatus = "partially_shipped"
	FulfillmentStatusShipped            FulfillmentStatus = "shipped"
	FulfillmentStatusPartiallyDelivered FulfillmentStatus = "partially_delivered"
	FulfillmentStatusDelivered          FulfillmentStatus = "delivered"
	FulfillmentStatusOnHold             FulfillmentStatus = "on_hold"
	FulfillmentStatusCanceled           FulfillmentStatus = "canceled"
)

// ReturnStatus says in one word how much of an order came back.
type ReturnStatus string

// The return statuses.
const (
	ReturnStatusNone              ReturnStatus = "none"
	ReturnStatusRequested         ReturnStatus = "requested"
	ReturnStatusPartiallyReturned ReturnStatus = "partially_returned"
	ReturnStatusReturned          ReturnStatus = "returned"
)

// Funds sums the payments of an order up, in minor units.
type Funds struct{ Authorized, Captured, Refunded, Voided int64 }

// Funds returns the sums over all payments.
func (o *Order) Funds() Funds {
	var f Funds
	for i := range o.Payments {
		p := &o.Payments[i]
		f.Authorized = money.Clamped(f.Authorized, p.Authorized)
		f.Captured = money.Clamped(f.Captured, p.Captured)
		f.Refunded = money.Clamped(f.Refunded, p.Refunded)
		f.Voided = money.Clamped(f.Voided, p.Voided)
	}
	return f
}

// AmountDue returns what the customer still has to pay.
func (o *Order) AmountDue() int64 {
	f := o.Funds()
	return max(0, money.Clamped(o.Total(), -f.Captured, f.Refunded))
}

// AmountOwedToCustomer returns what was paid beyond the order's present total.
func (o *Order) AmountOwedToCustomer() int64 {
	f := o.Funds()
	return max(0, money.Clamped(f.Captured, -f.Refunded, -max(0, o.Total())))
}

// PaymentStatus returns the first status that fits, in the order of the constants. A canceled order that was paid
// stays paid until the money goes back; AmountOwedToCustomer tells how much that is.
func (o *Order) PaymentStatus() PaymentStatus {
	var (
		f     = o.Funds()
		total = max(0, o.Total())
		held  = f.Captured - f.Refunded // money that the shop has
		bound = f.Authorized - f.Voided // money that it has or may take
		last  PaymentState              // of the latest attempt
		due   = o.Status == StatusPending || o.Status == StatusConfirmed || o.Status == StatusCompleted
	)
	if n := len(o.Payments); n > 0 {
		last = o.Payments[n-1].State
	}
	disputed := slices.ContainsFunc(o.Payments, func(p Payment) bool { return p.State == PaymentDisputed })
	switch {
	case disputed:
		return PaymentStatusDisputed
	case last == PaymentFailed && held == 0 && bound == 0:
		return PaymentStatusFailed
	case f.Captured > 0 && held == 0:
		return PaymentStatusRefunded
	case f.Refunded > 0:
		return PaymentStatusPartiallyRefunded
	case held > total && total > 0:
		return PaymentStatusOverpaid
	case held > 0 && held >= total, total == 0 && due:
		return PaymentStatusPaid
	case held > 0:
		return PaymentStatusPartiallyPaid
	case bound > 0 && bound >= total:
		return PaymentStatusAuthorized
	case bound > 0:
		return PaymentStatusPartiallyAuthorized
	case last == PaymentActionRequired:
		return PaymentStatusActionRequired
	case f.Voided > 0:
		return PaymentStatusVoided
	default:
		return PaymentStatusUnpaid
	}
}

// FulfillmentStatus returns how far the live units that need shipping have got: the furthest stage that any of them
// has reached, called partial as long as others are behind. An order is on hold only if none of its units can move.
func (o *Order) FulfillmentStatus() FulfillmentStatus {
	var live, all, fulfilled, shipped, delivered, held int64
	holds := o.holdsByLine()
	for i := range o.Lines {
		l := &o.Lines[i]
		live += l.Counters.Live()
		if !l.RequiresShipping {
			continue
		}
		all += l.Counters.Live()
		fulfilled += l.Counters.Fulfilled
		shipped += l.Counters.Shipped
		delivered += l.Counters.Delivered
		if holds != nil && holds[i] != nil {
			held += l.Counters.Live() - l.Counters.Shipped
		}
	}
	switch {
	case live == 0:
		return FulfillmentStatusCanceled
	case all == 0:
		return FulfillmentStatusNotRequired
	case held > 0 && held == all-delivered:
		return FulfillmentStatusOnHold
	case delivered > 0:
		return whole(delivered == all, FulfillmentStatusDelivered, FulfillmentStatusPartiallyDelivered)
	case shipped > 0:
		return whole(shipped == all, FulfillmentStatusShipped, FulfillmentStatusPartiallyShipped)
	case fulfilled > 0:
		return whole(fulfilled == all, FulfillmentStatusFulfilled, FulfillmentStatusPartiallyFulfilled)
	default:
		return FulfillmentStatusUnfulfilled
	}
}

func whole(complete bool, full, partial FulfillmentStatus) FulfillmentStatus {
	if complete {
		return full
	}
	return partial
}

// ReturnStatus returns how many of the live units came back or are asked back.
func (o *Order) ReturnStatus() ReturnStatus {
	var live, returned int64
	var requested bool
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		live += c.Live()
		returned += c.Returned
		requested = requested || c.ReturnRequested > max(c.Returned, c.RefundedQuantity) // a claim may be refunded without goods
	}
	switch {
	case returned > 0 && returned == live:
		return ReturnStatusReturned
	case returned > 0:
		return ReturnStatusPartiallyReturned
	case requested:
		return ReturnStatusRequested
	default:
		return ReturnStatusNone
	}
}

// InspectionPending reports whether goods came back about which nothing is decided yet.
func (o *Order) InspectionPending() bool {
	return slices.ContainsFunc(o.Returns, func(r Return) bool {
		return r.State == ReturnStatePartiallyReceived || r.State == ReturnStateReceived
	})
}
