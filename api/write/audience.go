package write

import (
	"maps"

	"github.com/ordermill/ordermill/domain/rule"
)

// staffMeta are the figures of a refusal that name what is the shop's own business.
var staffMeta = [...]string{"location_id", "hold_id", "reason"}

// forCustomers is a refusal as customers are told it: without why an order is held, where stock is, and whose order it is
// that theirs collides with. The decision log has it whole.
func forCustomers(v *rule.Violation) *rule.Violation {
	const held = "the order is on hold; it cannot go on before the shop releases it"
	told := *v
	switch v.Code { //nolint:exhaustive // the others say nothing of the shop or of others
	case rule.OrderOnHold:
		told.Message, told.ExistingID = held, ""
	case rule.DuplicateExternalID:
		told.ExistingID = ""
	}
	told.Details = make([]rule.Detail, len(v.Details))
	for i, d := range v.Details {
		if d.Code == rule.OrderOnHold {
			d.Message = held
		}
		d.Meta = maps.Clone(d.Meta)
		for _, name := range staffMeta {
			delete(d.Meta, name)
		}
		told.Details[i] = d
	}
	return &told
}
