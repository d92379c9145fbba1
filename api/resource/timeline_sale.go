package resource

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

// tell says what an event means.
func (s *story) tell(event order.Event) telling {
	switch e := event.(type) {
	case order.Placed:
		return s.placed(&e)
	case order.Imported:
		return telling{
			text:    fmt.Sprintf("The order was taken over from %s, where it was placed on %s.", e.Source, e.OriginalPlacedAt.Format(time.DateOnly)),
			amounts: s.amounts("total", e.Totals.Total), refs: map[string]string{"order_number": e.Number, "external_id": e.ExternalID, "source": e.Source},
		}
	case order.Drafted:
		return telling{text: fmt.Sprintf("A draft for %s was begun.", s.m(e.Totals.Total)), amounts: s.amounts("total", e.Totals.Total)}
	case order.DraftUpdated:
		return telling{
			text:    fmt.Sprintf("The draft was changed (%s) and comes to %s.", strings.Join(e.Changes, ", "), s.m(e.Totals.Total)),
			amounts: s.amounts("total", e.Totals.Total),
		}
	case order.Confirmed:
		return telling{text: "The order was confirmed" + because(e.Reason) + ".", amounts: s.amounts("total", e.Total)}
	case order.PaymentUpdated:
		return s.paid(&e)
	case order.Canceled:
		return s.canceled("The order was canceled"+s.because(e.Reason), e.Lines, e.AmountReleased, s.private(e.Note, e.Private, "note"))
	case order.LinesCanceled:
		t := s.canceled("A part of the order was canceled"+s.because(e.Reason), e.Lines, e.AmountReleased, s.private(e.Note, e.Private, "note"))
		t.refs = map[string]string{"cancellation_id": e.CancellationID.String()}
		return t
	case order.Expired:
		return s.canceled("The order ended, as it was not confirmed in time", e.Lines, e.AmountReleased, "")
	case order.BackorderFilled:
		n := unitsOf(e.Lines)
		return telling{text: units(n, "that had not been in stock", "is reserved now", "are reserved now"), units: n}
	case order.Completed:
		return telling{text: "The order was completed.", amounts: s.amounts("total", e.Total)}
	case order.Archived:
		return telling{text: "The order was archived.", internal: true}
	default:
		return s.tellChange(event)
	}
}

func (s *story) placed(e *order.Placed) telling {
	t := telling{amounts: s.amounts("total", e.Totals.Total), refs: map[string]string{"order_number": e.Number, "external_id": e.ExternalID}}
	for i := range e.Lines {
		t.units += e.Lines[i].Quantity
	}
	t.text = fmt.Sprintf("The order was placed: %s for %s", counted(t.units), s.m(e.Totals.Total))
	if waiting := unitsOf(e.Backordered); waiting > 0 {
		t.text += fmt.Sprintf(", %d of them not in stock yet", waiting)
	}
	t.text += "."
	return t
}

func (s *story) paid(e *order.PaymentUpdated) telling {
	t := telling{refs: map[string]string{"payment_id": e.Payment.PaymentID.String(), "reference": s.written(e.Payment.Reference, e.Payment.Texts, "reference")}}
	method := because(e.Payment.Method)
	switch {
	case e.RefundedChange > 0:
		t.amounts = s.amounts("refunded", e.RefundedChange)
		if e.RefundMethod != "" {
			method = because(e.RefundMethod)
		}
		if reference := s.written(e.RefundReference, e.Private, "refund_reference"); reference != "" {
			t.refs["reference"] = reference
		}
		t.text = fmt.Sprintf("%s went back to the customer%s.", s.m(e.RefundedChange), method)
	case e.CapturedChange > 0:
		t.amounts = s.amounts("paid", e.CapturedChange)
		t.text = fmt.Sprintf("%s came in%s.", s.m(e.CapturedChange), method)
	default:
		t.text = fmt.Sprintf("A payment%s is %s.", method, strings.ReplaceAll(string(e.Payment.State), "_", " "))
	}
	return t
}

func (s *story) canceled(text string, lines []order.CanceledLine, released int64, note string) telling {
	t := telling{amounts: s.amounts("released", released), note: note}
	for i := range lines {
		t.units += lines[i].Quantity
	}
	t.text = fmt.Sprintf("%s: %s, which takes %s off the total.", text, counted(t.units), s.m(released))
	return t
}

// tellChange says what a hold, an edit, or a change of what is written on an order means.
func (s *story) tellChange(event order.Event) telling {
	switch e := event.(type) {
	case order.Held:
		until := ""
		if !e.Until.IsZero() {
			until = " until " + e.Until.Format(time.RFC3339)
		}
		what := "The order"
		if n := len(e.LineIDs); n > 0 {
			what = fmt.Sprintf("A part of the order (lines: %d)", n)
		}
		return telling{text: what + " was put on hold" + until + because(string(e.Reason)) + ".", internal: true, refs: reference("hold_id", e.HoldID), note: s.private(e.Note, e.Private, "note")}
	case order.HoldReleased:
		return telling{text: "A hold was released" + because(string(e.Reason)) + ".", internal: true, refs: reference("hold_id", e.HoldID)}
	case order.EditBegun:
		return telling{text: "An edit was begun.", internal: true, refs: reference("edit_id", e.EditID)}
	case order.EditStaged:
		return telling{text: "A change was staged: " + staged(&e.Change) + ".", internal: true, refs: reference("edit_id", e.EditID)}
	case order.EditDiscarded:
		return telling{text: "The edit was discarded.", internal: true, refs: reference("edit_id", e.EditID)}
	case order.EditCommitted:
		return s.edited(&e)
	case order.ShippingAddressChanged:
		t := telling{text: "The shipping address was changed."}
		if e.Requote != nil {
			t.text = "The shipping address was changed, and the taxes with it."
			t.amounts = map[string]money.Amount{"before": s.m(e.Requote.TotalsBefore.Total), "after": s.m(e.Requote.TotalsAfter.Total)}
		}
		return t
	case order.BillingAddressChanged:
		return telling{text: "The billing address was changed."}
	case order.ContactChanged:
		return telling{text: "The contact was changed."}
	case order.TagsChanged:
		return telling{text: "Tags were changed:" + listed("added", e.Added) + listed("removed", e.Removed) + ".", internal: true}
	case order.MetadataChanged:
		return telling{text: fmt.Sprintf("Metadata was changed: %d set, %d removed.", len(e.Set), len(e.Unset)), internal: true}
	default:
		return s.tellPaper(event)
	}
}

func staged(c *order.EditChange) string {
	switch c.Kind {
	case order.EditAddLine:
		return fmt.Sprintf("%d of %s to be added", c.Quantity, c.SKU)
	case order.EditSetQuantity:
		return fmt.Sprintf("%s from %d to %d", c.SKU, c.From, c.Quantity)
	case order.EditSetShipping:
		return "shipping by " + c.ShippingMethod
	case order.EditNoShipping:
		return "no shipping any more"
	default:
		return string(c.Kind)
	}
}

func (s *story) edited(e *order.EditCommitted) telling {
	var parts []string
	if n := len(e.LineChanges); n > 0 {
		parts = append(parts, fmt.Sprintf("%d changed", n))
	}
	if n := len(e.LinesAdded); n > 0 {
		parts = append(parts, fmt.Sprintf("%d new", n))
	}
	what := "The order was edited"
	if len(parts) > 0 {
		what += " (lines: " + strings.Join(parts, ", ") + ")"
	}
	effect := "and costs the same"
	switch {
	case e.AmountDelta > 0:
		effect = fmt.Sprintf("and costs %s more", s.m(e.AmountDelta))
	case e.AmountDelta < 0:
		effect = fmt.Sprintf("and costs %s less", s.m(-e.AmountDelta))
	}
	return telling{text: what + " " + effect + ".", amounts: s.amounts("delta", e.AmountDelta), refs: reference("edit_id", e.EditID)}
}

func reference(name string, id uuid.UUID) map[string]string {
	return map[string]string{name: id.String()}
}

// because adds the reason of a cancellation in brackets, as the listener is told it.
func (s *story) because(reason order.CancelReason) string {
	if !s.staff {
		reason = publicReason(reason)
	}
	return because(string(reason))
}

// because adds a reason in brackets, if there is one.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + strings.ReplaceAll(reason, "_", " ") + ")"
}

func listed(verb string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return " " + verb + " " + strings.Join(values, ", ")
}

func unitsOf(lines []order.LineQuantity) (n int64) {
	for i := range lines {
		n += lines[i].Quantity
	}
	return n
}

func counted(n int64) string {
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}

// units makes a sentence about some units.
func units(n int64, which, one, many string) string {
	verb := many
	if n == 1 {
		verb = one
	}
	return strings.Join(strings.Fields(counted(n)+" "+which+" "+verb), " ") + "."
}
