package order

import "slices"

// Action is something that can be asked of an order in its present state.
type Action string

// The actions, named as their commands.
const (
	ActionUpdateDraft   Action = "update-draft"
	ActionPlace         Action = "place"
	ActionConfirm       Action = "confirm"
	ActionMarkPaid      Action = "mark-paid"
	ActionMarkRefunded  Action = "mark-refunded"
	ActionHold          Action = "hold"
	ActionReleaseHold   Action = "release-hold"
	ActionEdit          Action = "edit"
	ActionCancel        Action = "cancel"
	ActionCancelLines   Action = "cancel-lines"
	ActionFulfill       Action = "fulfill"
	ActionShip          Action = "ship"
	ActionDeliver       Action = "deliver"
	ActionReturn        Action = "return"
	ActionReceiveReturn Action = "receive-return"
	ActionResolveReturn Action = "resolve-return"
	ActionComplete      Action = "complete"
	ActionArchive       Action = "archive"
)

// AllowedActions returns the actions that would not be refused in the present state, so that a client can draw buttons
// without copying the rules. It is never nil. Every answer to a command has them, so what is cheap to see comes before what
// words a refusal.
func (o *Order) AllowedActions() []Action {
	actions := make([]Action, 0, 8)
	for _, a := range [...]struct {
		action  Action
		allowed func() bool
	}{
		{ActionUpdateDraft, func() bool { return o.Status == StatusDraft }},
		{ActionPlace, func() bool { return o.Status == StatusDraft && len(o.Lines) > 0 }},
		{ActionConfirm, o.ready},
		{ActionMarkPaid, func() bool { return o.payable() == nil && (o.AmountDue() > 0 || o.ready()) }},
		{ActionMarkRefunded, o.canRefund},
		{ActionHold, func() bool { return o.holdable() == nil }},
		{ActionReleaseHold, func() bool { return o.holdable() == nil && len(o.Holds) > 0 }},
		{ActionEdit, func() bool { return o.changeable("edit") == nil }},
		{ActionCancel, func() bool { return o.cancelable() == nil }},
		{ActionCancelLines, func() bool { return o.changeable("cancel") == nil && o.anyLine((*Counters).cancelable) }},
		{ActionFulfill, o.canPack},
		{ActionShip, o.canShip},
		{ActionDeliver, o.canDeliver},
		{ActionReturn, o.canReturn},
		{ActionReceiveReturn, func() bool { return o.anyReturn(func(r *Return) bool { return r.receivable() }) }},
		{ActionResolveReturn, func() bool { return o.anyReturn(func(r *Return) bool { return o.resolvable(r) == nil }) }},
		{ActionComplete, o.finished},
		{ActionArchive, func() bool { return o.Status.Terminal() && o.ArchivedAt.IsZero() }},
	} {
		if a.allowed() {
			actions = append(actions, a.action)
		}
	}
	return actions
}

func (o *Order) canRefund() bool {
	f := o.Funds()
	return f.Captured > f.Refunded
}

// canPack reports whether units could be packed: those that are planned nowhere, or those of a plan. It knows nothing of
// shops that let goods go before they are paid.
func (o *Order) canPack() bool {
	if o.Status != StatusConfirmed || o.movable() != nil {
		return false
	}
	if o.packed(o.toPack(nil), false) == nil {
		return true
	}
	for i := range o.Fulfillments {
		if f := &o.Fulfillments[i]; f.State == FulfillmentStatePlanned && o.packed(o.toPack(f), false) == nil {
			return true
		}
	}
	return false
}

// canShip reports whether packed units are here that no hold keeps.
func (o *Order) canShip() bool {
	if o.Status != StatusConfirmed || o.movable() != nil {
		return false
	}
	holds, find := o.holdsByLine(), o.finder()
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		if f.State != FulfillmentStatePacked {
			continue
		}
		for n := range f.Lines {
			line := find.find(f.Lines[n].LineID)
			if line >= 0 && f.Lines[n].Quantity > f.Lines[n].Shipped && (holds == nil || holds[line] == nil) {
				return true
			}
		}
	}
	return false
}

// canDeliver reports whether units are under way.
func (o *Order) canDeliver() bool {
	return len(o.Fulfillments) > 0 && o.anyLine(func(c *Counters) int64 { return c.Shipped - c.Delivered }) && o.followable() == nil
}

func (o *Order) anyLine(units func(*Counters) int64) bool {
	return slices.ContainsFunc(o.Lines, func(l LineState) bool { return units(&l.Counters) > 0 })
}

// canReturn reports whether the customer has units that are not asked back.
func (o *Order) canReturn() bool {
	return slices.ContainsFunc(o.Lines, func(l LineState) bool { return l.out() > l.Counters.ReturnRequested }) && o.returnable() == nil
}

// gone returns the live units that cannot be canceled any more: they have left, or, if they need no shipping, are asked
// back.
func (c *Counters) gone() int64 { return max(c.Shipped, c.ReturnRequested) }

// cancelable returns the live units that can be canceled.
func (c *Counters) cancelable() int64 { return c.Live() - c.gone() }

func (o *Order) anyReturn(fits func(*Return) bool) bool {
	if len(o.Returns) == 0 || o.returnable() != nil {
		return false
	}
	for i := range o.Returns {
		if fits(&o.Returns[i]) {
			return true
		}
	}
	return false
}

// receivable reports whether goods of the return are expected.
func (r *Return) receivable() bool {
	return r.State == ReturnStateApproved || r.State == ReturnStatePartiallyReceived
}
