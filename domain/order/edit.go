package order

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// EditKind says what a change of an edit does.
type EditKind string

// The kinds of changes.
const (
	EditSetQuantity EditKind = "set_quantity" // of a line's live units; 0 takes the line out
	EditAddLine     EditKind = "add_line"
	EditSetShipping EditKind = "set_shipping"
	EditNoShipping  EditKind = "remove_shipping" // nothing is charged for it any more
)

// EditChange is one wish of an edit. A later change of the same line, of a line added with the same line id, or of the
// shipping replaces an earlier one.
type EditChange struct {
	ChangeID       uuid.UUID `json:"change_id"`
	Kind           EditKind  `json:"kind"`
	LineID         uuid.UUID `json:"line_id,omitzero"` // of an added line: its id to be
	SKU            string    `json:"sku,omitempty"`
	Quantity       int64     `json:"quantity,omitempty"`
	From           int64     `json:"from,omitempty"` // live units when it was staged
	ShippingMethod string    `json:"shipping_method,omitempty"`
}

// BeginEdit opens an edit.
type BeginEdit struct {
	EditID      uuid.UUID
	BaseVersion int64
	By          string
	At          time.Time
}

// StageEditChange adds a change to the open edit. The same change id again changes nothing.
type StageEditChange struct {
	EditID uuid.UUID
	Change EditChange
	At     time.Time
}

// DiscardEdit closes the open edit without effect.
type DiscardEdit struct {
	EditID uuid.UUID
	By     string
	At     time.Time
}

func (c BeginEdit) decide(o *Order) ([]Event, error) {
	if err := o.changeable("edit"); err != nil {
		return nil, err
	}
	if o.Edit != nil {
		if o.Edit.EditID == c.EditID {
			return nil, nil
		}
		v := rule.New(rule.EditAlreadyOpen, "edit %s of order %s is open; commit or discard it first", o.Edit.EditID, o.Number)
		v.ExistingID = o.Edit.EditID.String()
		return nil, v
	}
	var faults rule.Faults
	checkID(&faults, "/edit_id", "edit", c.EditID)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{EditBegun{
		About: o.about(), EditID: c.EditID, BaseVersion: c.BaseVersion, BegunBy: c.By, BegunAt: instant(c.At),
	}}, nil
}

func (c DiscardEdit) decide(o *Order) ([]Event, error) {
	if err := o.editing(c.EditID); err != nil {
		return nil, err
	}
	return []Event{EditDiscarded{About: o.about(), EditID: c.EditID, DiscardedBy: c.By, DiscardedAt: instant(c.At)}}, nil
}

// editing returns the rule that forbids to work on an edit.
func (o *Order) editing(id uuid.UUID) error {
	if err := o.changeable("edit"); err != nil {
		return err
	}
	if o.Edit == nil || o.Edit.EditID != id {
		return rule.New(rule.EditNotFound, "order %s has no open edit %s; begin one, or look whether it was committed or discarded", o.Number, id)
	}
	return nil
}

func (c StageEditChange) decide(o *Order) ([]Event, error) {
	if err := o.editing(c.EditID); err != nil {
		return nil, err
	}
	change := c.Change
	if slices.ContainsFunc(o.Edit.Changes, func(e EditChange) bool { return e.ChangeID == change.ChangeID }) {
		return nil, nil
	}
	var faults rule.Faults
	checkID(&faults, "/change_id", "change", change.ChangeID)
	switch change.Kind {
	case EditSetQuantity:
		o.checkSetQuantity(&faults, &change)
	case EditAddLine:
		o.checkAddLine(&faults, &change)
	case EditSetShipping:
		change.LineID, change.SKU, change.Quantity, change.From = uuid.Nil, "", 0, 0
		text.Identifier.Check(&faults, "/shipping_method", change.ShippingMethod, 1, MaxKeyLength)
	case EditNoShipping:
		change.LineID, change.SKU, change.Quantity, change.From, change.ShippingMethod = uuid.Nil, "", 0, 0, ""
	default:
		faults.Add(rule.ValidationFailed, "/kind", "a change is set_quantity, add_line, set_shipping or remove_shipping, not %q", change.Kind)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return []Event{EditStaged{About: o.about(), EditID: c.EditID, Change: change, StagedAt: instant(c.At)}}, nil
}

// checkSetQuantity checks a change of a line's quantity, or of one that the same edit adds, and completes it.
func (o *Order) checkSetQuantity(faults *rule.Faults, change *EditChange) {
	change.ShippingMethod, change.From = "", 0
	if change.Quantity < 0 || change.Quantity > MaxQuantity {
		faults.Add(rule.QuantityOutOfRange, "/quantity", "a quantity is 0 to %d, not %d", MaxQuantity, change.Quantity)
		return
	}
	find := o.finder()
	i := find.find(change.LineID)
	if i < 0 {
		added := o.Edit.staged(change.LineID)
		if added < 0 {
			faults.AddDetail(o.unknownLine("/line_id", change.LineID))
			return
		}
		change.SKU = o.Edit.Changes[added].SKU
		return
	}
	l := &o.Lines[i]
	if change.SKU != "" && change.SKU != l.SKU {
		faults.Add(rule.ValidationFailed, "/sku", "line %s is SKU %q, not %q", l.LineID, l.SKU, change.SKU)
		return
	}
	if change.Quantity < l.Counters.kept() {
		faults.AddDetail(l.belowFulfilled("/quantity", change.Quantity))
	}
	change.SKU, change.From = l.SKU, l.Counters.Live()
}

// belowFulfilled describes a wish for fewer units than are packed.
func (l *LineState) belowFulfilled(pointer string, quantity int64) rule.Detail {
	kept, what := l.Counters.kept(), "are packed or shipped"
	if kept > l.Counters.Fulfilled {
		what = l.left()
	}
	detail := l.fault(rule.QuantityBelowFulfilled, pointer, quantity, kept,
		"%d units of SKU %q %s; the line cannot go down to %d", kept, l.SKU, what, quantity)
	detail.Meta["fulfilled"] = l.Counters.Fulfilled
	return detail
}

// kept returns the live units that an edit must leave: they are packed or gone.
func (c *Counters) kept() int64 { return max(c.Fulfilled, c.gone()) }

// checkAddLine checks a line that the order is to get.
func (o *Order) checkAddLine(faults *rule.Faults, change *EditChange) {
	change.ShippingMethod, change.From = "", 0
	checkID(faults, "/line_id", "line", change.LineID)
	if find := o.finder(); find.find(change.LineID) >= 0 {
		faults.Add(rule.ValidationFailed, "/line_id", "order %s has a line %s already; set its quantity, or add a line under another id", o.Number, change.LineID)
	}
	text.Identifier.Check(faults, "/sku", change.SKU, 1, MaxKeyLength)
	if change.Quantity < 1 || change.Quantity > MaxQuantity {
		faults.Add(rule.QuantityOutOfRange, "/quantity", "a quantity is 1 to %d, not %d", MaxQuantity, change.Quantity)
	}
	lines := len(o.Lines)
	for i := range o.Edit.Changes {
		if o.Edit.Changes[i].Kind == EditAddLine && o.Edit.Changes[i].LineID != change.LineID {
			lines++
		}
	}
	if lines >= MaxLines {
		faults.Add(rule.ValidationFailed, "/line_id", "an order has at most %d lines; set the quantity of one that is there", MaxLines)
	}
}

// staged returns the index of the change of a line, or with uuid.Nil of the shipping, or -1.
func (e *Edit) staged(line uuid.UUID) int {
	return slices.IndexFunc(e.Changes, func(c EditChange) bool { return c.LineID == line })
}

// stage adds a change in place of an earlier one of the same thing.
func (e *Edit) stage(change EditChange) {
	at := e.staged(change.LineID)
	if at < 0 {
		e.Changes = append(e.Changes, change)
		return
	}
	if e.Changes[at].Kind == EditAddLine && change.Kind == EditSetQuantity {
		if change.Quantity == 0 {
			e.Changes = slices.Delete(e.Changes, at, at+1)
			return
		}
		change.Kind = EditAddLine
	}
	e.Changes[at] = change
}

func (o *Order) applyEditBegun(e *EditBegun) {
	o.Edit = &Edit{EditID: e.EditID, BaseVersion: e.BaseVersion, BegunBy: e.BegunBy, BegunAt: e.BegunAt}
	o.UpdatedAt = e.BegunAt
}

func (o *Order) applyEditStaged(e *EditStaged) {
	if o.Edit != nil && o.Edit.EditID == e.EditID {
		if o.Edit.stage(e.Change); len(o.Edit.Changes) == 0 {
			o.Edit.Changes = nil
		}
	}
	o.UpdatedAt = e.StagedAt
}

func (o *Order) applyEditDiscarded(e *EditDiscarded) {
	o.Edit = nil
	o.UpdatedAt = e.DiscardedAt
}
