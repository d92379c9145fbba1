package order

import (
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// A return is requested, approved, received in one or several parts and resolved. Requested units cannot be asked back
// a second time; what does not come is given back when the return is declined, canceled or resolved. A claim may be
// resolved without goods.

// ApproveReturn lets the goods come.
type ApproveReturn struct {
	ReturnID uuid.UUID
	By       string
	At       time.Time
}

// DeclineReturn refuses a requested return.
type DeclineReturn struct {
	ReturnID uuid.UUID
	Reason   string
	Texts    PII // sealed: decline_reason
	By       string
	At       time.Time
}

// CancelReturn takes back what of a return has not come. What has come stays and is to be resolved.
type CancelReturn struct {
	ReturnID uuid.UUID
	At       time.Time
}

func (c ApproveReturn) decide(o *Order) ([]Event, error) {
	r, err := o.knownReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	switch r.State {
	case ReturnStateRequested:
		return []Event{ReturnApproved{
			About: o.about(), ReturnID: c.ReturnID, ApprovedBy: c.By, ApprovedAt: instant(c.At),
		}}, nil
	case ReturnStateApproved, ReturnStatePartiallyReceived, ReturnStateReceived:
		return nil, nil
	default:
		return nil, o.returnIs(r, "request a new one")
	}
}

func (c DeclineReturn) decide(o *Order) ([]Event, error) {
	r, err := o.knownReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	var faults rule.Faults
	text.Note.Check(&faults, "/reason", c.Reason, 0, MaxNoteLength)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	switch r.State {
	case ReturnStateRequested:
		return []Event{ReturnDeclined{
			About: o.about(), ReturnID: c.ReturnID, Lines: o.units(o.outstanding(r)), Reason: inClear(c.Reason, c.Texts), Texts: c.Texts, DeclinedBy: c.By,
			DeclinedAt: instant(c.At),
		}}, nil
	case ReturnStateDeclined:
		return nil, nil
	case ReturnStateApproved:
		return nil, o.returnIs(r, "cancel it instead")
	default:
		return nil, o.returnIs(r, "only requested ones can be declined")
	}
}

func (c CancelReturn) decide(o *Order) ([]Event, error) {
	r, err := o.knownReturn(c.ReturnID)
	if err != nil {
		return nil, err
	}
	switch {
	case !r.CanceledAt.IsZero():
		return nil, nil
	case r.State == ReturnStateReceived:
		return nil, o.returnIs(r, "all its goods have come; resolve it")
	case !r.open():
		return nil, o.returnIs(r, "there is nothing left to cancel")
	}
	return []Event{ReturnCanceled{
		About: o.about(), ReturnID: c.ReturnID, Lines: o.units(o.outstanding(r)), CanceledAt: instant(c.At),
	}}, nil
}

// returnable returns the rule that keeps goods of the order from coming back.
func (o *Order) returnable() error {
	switch o.Status {
	case StatusConfirmed, StatusCompleted:
		return nil
	case StatusDraft, StatusPending:
		return rule.New(rule.InvalidState, "order %s is %s and nothing of it has been shipped; cancel it instead", o.Number, o.Status)
	case StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s and nothing of it can come back", o.Number, o.Status)
	default:
		return notFound()
	}
}

// knownReturn returns a return or the refusal of a command that names none.
func (o *Order) knownReturn(id uuid.UUID) (*Return, error) {
	if err := o.returnable(); err != nil {
		return nil, err
	}
	if r := o.returnOf(id); r != nil {
		return r, nil
	}
	return nil, rule.New(rule.ReturnNotFound, "order %s has no return %s", o.Number, id)
}

// returnOf returns a return, or nil.
func (o *Order) returnOf(id uuid.UUID) *Return {
	for i := range o.Returns {
		if o.Returns[i].ReturnID == id {
			return &o.Returns[i]
		}
	}
	return nil
}

// returnIs returns the refusal of what a return's state forbids.
func (o *Order) returnIs(r *Return, advice string) error {
	state := r.State
	if state == "" {
		state = ReturnStateResolved // an imported one
	}
	return rule.New(rule.InvalidState, "return %s of order %s is %s; %s", r.ReturnID, o.Number, state, advice)
}

// requestedUnits returns the units of every line that were asked back, whether or not they came.
func (o *Order) requestedUnits(r *Return) []int64 {
	units, line := make([]int64, len(o.Lines)), o.finder()
	for n := range r.Requested {
		if i := line.find(r.Requested[n].LineID); i >= 0 {
			units[i] += r.Requested[n].Quantity
		}
	}
	return units
}

// receivedUnits returns the units of every line that came back with a return.
func (o *Order) receivedUnits(r *Return) []int64 {
	units, line := make([]int64, len(o.Lines)), o.finder()
	for n := range r.Received {
		if i := line.find(r.Received[n].LineID); i >= 0 {
			units[i] += r.Received[n].Quantity
		}
	}
	return units
}

// outstanding returns the units of every line that are still to come.
func (o *Order) outstanding(r *Return) []int64 {
	units := make([]int64, len(o.Lines))
	switch r.State {
	case ReturnStateRequested, ReturnStateApproved, ReturnStatePartiallyReceived:
	default:
		return units
	}
	requested, received := o.requestedUnits(r), o.receivedUnits(r)
	for i := range units {
		units[i] = requested[i] - received[i]
	}
	return units
}

// units writes counts by line as events name them.
func (o *Order) units(counts []int64) []LineQuantity {
	return o.quantities(o.allOpen(func(i int) int64 { return counts[i] }))
}

// giveBack counts requested units as kept.
func (o *Order) giveBack(lines []LineQuantity) {
	line := o.finder()
	for n := range lines {
		if i := line.find(lines[n].LineID); i >= 0 {
			o.Lines[i].Counters.ReturnRequested -= lines[n].Quantity
		}
	}
}

func (o *Order) applyReturnApproved(e *ReturnApproved) {
	if r := o.returnOf(e.ReturnID); r != nil {
		r.State = ReturnStateApproved
	}
	o.UpdatedAt = e.ApprovedAt
}

func (o *Order) applyReturnDeclined(e *ReturnDeclined) {
	if r := o.returnOf(e.ReturnID); r != nil {
		r.State, r.DeclineReason, r.Texts = ReturnStateDeclined, e.Reason, e.Texts
	}
	o.giveBack(e.Lines)
	o.UpdatedAt = e.DeclinedAt
}

func (o *Order) applyReturnCanceled(e *ReturnCanceled) {
	if r := o.returnOf(e.ReturnID); r != nil {
		r.State, r.CanceledAt = ReturnStateCanceled, e.CanceledAt
		if len(r.Received) > 0 {
			r.State = ReturnStateReceived
		}
	}
	o.giveBack(e.Lines)
	o.UpdatedAt = e.CanceledAt
}
