package order

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// editPointer returns where an order has a change of its open edit, or, for none of them, all of them.
func editPointer(change int) string {
	if change < 0 {
		return "/edit/changes"
	}
	return fmt.Sprintf("/edit/changes/%d", change)
}

// Pointer returns where the order has the change of a line, or with uuid.Nil that of the shipping.
func (e *Edit) Pointer(line uuid.UUID) string { return editPointer(e.staged(line)) }

// EditFault tells of a refusal of what the open edit does to a line, or with uuid.Nil to the shipping, which change it is
// about: where the order has it, and, unless the refusal says so itself, the line, the units asked for and those that it
// has now. A pointer of the refusal is one inside the change.
func (o *Order) EditFault(line uuid.UUID, err error) error {
	var v *rule.Violation
	if !errors.As(err, &v) || o.Edit == nil {
		return err
	}
	at := o.Edit.staged(line)
	details := v.Details
	if len(details) == 0 {
		details = []rule.Detail{{Code: v.Code, Message: v.Message}}
	}
	var faults rule.Faults
	for _, d := range details {
		if !strings.HasPrefix(d.Pointer, editPointer(-1)) {
			d.Pointer = editPointer(at) + d.Pointer
		}
		if at >= 0 && line != uuid.Nil {
			change := &o.Edit.Changes[at]
			meta := map[string]any{"sku": change.SKU, "line_id": line.String(), "requested": change.Quantity, "available": change.From}
			maps.Copy(meta, d.Meta)
			d.Meta = meta
		}
		faults.AddDetail(d)
	}
	return faults.Err()
}
