package order

import "slices"

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
	FulfillmentNotRequired        FulfillmentStatus = "not_required"
	FulfillmentUnfulfilled        FulfillmentStatus = "unfulfilled"
	FulfillmentPartiallyFulfilled FulfillmentStatus = "partially_fulfilled"
	FulfillmentFulfilled          FulfillmentStatus = "fulfilled"
	FulfillmentPartiallyShipped   FulfillmentStatus = "partially_shipped"
	FulfillmentShipped            FulfillmentStatus = "shipped"
	FulfillmentPartiallyDelivered FulfillmentStatus = "partially_delivered"
	FulfillmentDelivered          FulfillmentStatus = "delivered"
	FulfillmentOnHold             FulfillmentStatus = "on_hold"
	FulfillmentCanceled           FulfillmentStatus = "canceled"
)

// ReturnStatus says in one word how much of an order came back.
type ReturnStatus string

// The return statuses.
const (
	ReturnNone              ReturnStatus = "none"
	ReturnRequested         ReturnStatus = "requested"
	ReturnPartiallyReturned ReturnStatus = "partially_returned"
	ReturnReturned          ReturnStatus = "returned"
)

// Action is something that can be asked of an order in its present state.
type Action string

// The actions, named as their commands.
const (
	ActionConfirm  Action = "confirm"
	ActionMarkPaid Action = "mark-paid"
	ActionCancel   Action = "cancel"
)

// Funds sums the payments of an order up, in minor units.
type Funds struct{ Authorized, Captured, Refunded, Voided int64 }

// Funds returns the sums over all payments.
func (o *Order) Funds() Funds {
	var f Funds
	for i := range o.Payments {
		p := &o.Payments[i]
		f.Authorized += p.Authorized
		f.Captured += p.Captured
		f.Refunded += p.Refunded
		f.Voided += p.Voided
	}
	return f
}

// AmountDue returns what the customer still has to pay.
func (o *Order) AmountDue() int64 {
	f := o.Funds()
	return max(0, o.Total()-(f.Captured-f.Refunded))
}

// AmountOwedToCustomer returns what was paid beyond the order's present total.
func (o *Order) AmountOwedToCustomer() int64 {
	f := o.Funds()
	return max(0, (f.Captured-f.Refunded)-o.Total())
}

// PaymentStatus returns the first status that fits, in the order of the constants. A canceled order that was paid
// stays paid until the money goes back; AmountOwedToCustomer tells how much that is.
func (o *Order) PaymentStatus() PaymentStatus {
	var (
		f     = o.Funds()
		total = o.Total()
		held  = f.Captured - f.Refunded // money that the shop has
		bound = f.Authorized - f.Voided // money that it has or may take
		last  PaymentState              // of the latest attempt
		due   = !o.Status.Terminal() || o.Status == StatusCompleted
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
		if o.held(l) {
			held += l.Counters.Live() - l.Counters.Shipped
		}
	}
	switch {
	case live == 0:
		return FulfillmentCanceled
	case all == 0:
		return FulfillmentNotRequired
	case held > 0 && held == all-delivered:
		return FulfillmentOnHold
	case delivered > 0:
		return whole(delivered == all, FulfillmentDelivered, FulfillmentPartiallyDelivered)
	case shipped > 0:
		return whole(shipped == all, FulfillmentShipped, FulfillmentPartiallyShipped)
	case fulfilled > 0:
		return whole(fulfilled == all, FulfillmentFulfilled, FulfillmentPartiallyFulfilled)
	default:
		return FulfillmentUnfulfilled
	}
}

func whole(complete bool, full, partial FulfillmentStatus) FulfillmentStatus {
	if complete {
		return full
	}
	return partial
}

// held reports whether a hold covers the line.
func (o *Order) held(l *LineState) bool {
	return slices.ContainsFunc(o.Holds, func(h Hold) bool {
		return len(h.LineIDs) == 0 || slices.Contains(h.LineIDs, l.LineID)
	})
}

// ReturnStatus returns how many of the live units came back or are asked back.
func (o *Order) ReturnStatus() ReturnStatus {
	var live, requested, returned int64
	for i := range o.Lines {
		c := &o.Lines[i].Counters
		live += c.Live()
		requested += c.ReturnRequested
		returned += c.Returned
	}
	switch {
	case returned > 0 && returned == live:
		return ReturnReturned
	case returned > 0:
		return ReturnPartiallyReturned
	case requested > 0:
		return ReturnRequested
	default:
		return ReturnNone
	}
}

// AllowedActions returns the actions that would not be refused in the present state, so that a client can draw buttons
// without copying the rules. It is never nil.
func (o *Order) AllowedActions() []Action {
	actions := make([]Action, 0, 3)
	if o.Status == StatusPending && o.confirmable() == nil {
		actions = append(actions, ActionConfirm)
	}
	if o.payable() == nil && (o.AmountDue() > 0 || o.Status == StatusPending) {
		actions = append(actions, ActionMarkPaid)
	}
	if o.cancelable() == nil {
		actions = append(actions, ActionCancel)
	}
	return actions
}
