package order_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

func TestAllowedActions(t *testing.T) {
	t.Parallel()

	asked := then(settled(), pack(), ship(), deliver(units(line2, 2)),
		order.RequestReturn{ReturnID: backID, Lines: []order.RequestedLine{{LineID: line2, Quantity: 2}}, At: later})
	approved := then(asked, order.ApproveReturn{ReturnID: backID, At: later})
	tests := map[string]struct {
		given events
		want  []order.Action
	}{
		"nothing":               {nil, []order.Action{}},
		"a draft":               {events{drafted()}, []order.Action{"update-draft", "place", "hold", "cancel"}},
		"an empty draft":        {did(draft(func(c *order.Draft) { c.Lines = nil })), []order.Action{"update-draft", "hold", "cancel"}},
		"pending":               {events{placed(nil)}, []order.Action{"mark-paid", "hold", "edit", "cancel", "cancel-lines"}},
		"pending, on account":   {sure()[:1], []order.Action{"confirm", "mark-paid", "hold", "edit", "cancel", "cancel-lines"}},
		"pending, held":         {append(sure()[:1:1], held()), []order.Action{"mark-paid", "hold", "release-hold", "edit", "cancel", "cancel-lines"}},
		"confirmed":             {settled(), []order.Action{"mark-refunded", "hold", "edit", "cancel", "cancel-lines", "fulfill"}},
		"confirmed, held":       {append(settled(), held()), []order.Action{"mark-refunded", "hold", "release-hold", "edit", "cancel", "cancel-lines"}},
		"confirmed, on account": {sure(), []order.Action{"mark-paid", "hold", "edit", "cancel", "cancel-lines", "fulfill"}},
		"packed":                {then(settled(), pack()), []order.Action{"mark-refunded", "hold", "edit", "cancel", "cancel-lines", "ship"}},
		"packed, held":          {then(settled(), pack(), hold()), []order.Action{"mark-refunded", "hold", "release-hold", "edit", "cancel", "cancel-lines"}},
		"on its way":            {then(settled(), pack(), ship()), []order.Action{"mark-refunded", "hold", "edit", "deliver", "return"}},
		"delivered":             {then(sure(), pack(), ship(), deliver()), []order.Action{"mark-paid", "hold", "edit", "return"}},
		"paid and delivered":    {byHand(sure(), pack(), ship(), deliver(), markPaid()), []order.Action{"mark-refunded", "hold", "edit", "return", "complete"}},
		"asked back":            {asked, []order.Action{"mark-refunded", "hold", "edit", "deliver", "return"}},
		"coming back":           {approved, []order.Action{"mark-refunded", "hold", "edit", "deliver", "return", "receive-return"}},
		"back":                  {then(approved, order.ReceiveReturn{ReturnID: backID, At: later}), []order.Action{"mark-refunded", "hold", "edit", "deliver", "return", "resolve-return"}},
		"completed":             {then(settled(), pack(), ship(), deliver()), []order.Action{"mark-refunded", "return", "archive"}},
		"canceled":              {events{placed(nil), canceled(nil)}, []order.Action{"archive"}},
		"expired":               {events{placed(nil), expired()}, []order.Action{"archive"}},
		"archived":              {events{placed(nil), canceled(nil), archived()}, []order.Action{}},
		"imported":              {events{imported()}, []order.Action{"mark-refunded", "return", "archive"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			o := order.Replay(tt.given...)
			if got := o.AllowedActions(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("allowed %v; want %v", got, tt.want)
			}
			if err := agrees(&o); err != nil {
				t.Error(err)
			}
		})
	}
}

// agrees reports whether what is called allowed can be done, and what is not cannot.
func agrees(o *order.Order) error {
	allowed := o.AllowedActions()
	for action, cmds := range plausible(o) {
		var done bool
		var last error
		for _, cmd := range cmds {
			happened, err := decide(o, cmd)
			done = done || err == nil && len(happened) > 0
			if err != nil && rule.CodeOf(err) == "" {
				return fmt.Errorf("%s: %T fails: %w", action, cmd, err)
			}
			last = err
		}
		if slices.Contains(allowed, action) != done {
			return fmt.Errorf("%s is allowed: %t, but it can be done: %t (%w) in %+v", action, !done, done, last, *o)
		}
	}
	return nil
}

// plausible returns commands that staff would give for each action in this state. One of them is enough.
func plausible(o *order.Order) map[order.Action][]order.Command {
	fresh := func(n byte) uuid.UUID { return uuid.UUID{0: 0xee, 15: n} }
	edit := order.Command(order.BeginEdit{EditID: fresh(1), At: later})
	if o.Edit != nil {
		edit = order.StageEditChange{
			EditID: o.Edit.EditID, Change: order.EditChange{ChangeID: fresh(2), Kind: order.EditSetShipping, ShippingMethod: "x"},
		}
	}
	holdID := fresh(3)
	if len(o.Holds) > 0 {
		holdID = o.Holds[0].HoldID
	}
	place := order.Place{OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Lines: newLines(o), At: later}
	if o.ID == uuid.Nil {
		place.OrderID, place.Channel = fresh(4), "web"
	}
	all := map[order.Action][]order.Command{
		order.ActionUpdateDraft: {order.UpdateDraft{Draft: order.Draft{
			OrderID: o.ID, Channel: o.Channel, Currency: o.Currency, Lines: newLines(o), Locale: "tlh",
		}}},
		order.ActionConfirm:      {order.Confirm{At: later}},
		order.ActionMarkPaid:     {order.MarkPaid{PaymentID: fresh(5), At: later}},
		order.ActionMarkRefunded: {order.MarkRefunded{Amount: 1, At: later}},
		order.ActionHold:         {order.PlaceHold{HoldID: fresh(6), At: later}},
		order.ActionReleaseHold:  {order.ReleaseHold{HoldID: holdID, At: later}},
		order.ActionEdit:         {edit},
		order.ActionCancel:       {order.Cancel{At: later}},
		order.ActionFulfill:      {order.CreateFulfillment{FulfillmentID: fresh(7), At: later}},
		order.ActionShip:         {order.Ship{ShipmentID: fresh(8), FulfillmentID: fresh(7), At: later}},
		order.ActionDeliver:      {order.RecordDelivery{FulfillmentID: fresh(7), At: later}},
		order.ActionComplete:     {order.Complete{At: later}},
		order.ActionArchive:      {order.Archive{At: later}},
	}
	if o.Exists() {
		all[order.ActionPlace] = []order.Command{place}
	}
	forLines(o, all, fresh)
	for i := range o.Fulfillments {
		f := &o.Fulfillments[i]
		all[order.ActionFulfill] = append(all[order.ActionFulfill], order.CreateFulfillment{FulfillmentID: f.FulfillmentID, At: later})
		all[order.ActionDeliver] = append(all[order.ActionDeliver], order.RecordDelivery{FulfillmentID: f.FulfillmentID, At: later.AddDate(1, 0, 0)})
		for _, l := range f.Lines {
			all[order.ActionShip] = append(all[order.ActionShip], order.Ship{
				ShipmentID: fresh(8), FulfillmentID: f.FulfillmentID, At: later,
				Lines: []order.LineQuantity{{LineID: l.LineID, Quantity: l.Quantity - l.Shipped}},
			})
		}
	}
	nothing := int64(0)
	for i := range o.Returns {
		id := o.Returns[i].ReturnID
		all[order.ActionReceiveReturn] = append(all[order.ActionReceiveReturn], order.ReceiveReturn{ReturnID: id, At: later})
		all[order.ActionResolveReturn] = append(all[order.ActionResolveReturn], order.ResolveReturn{ReturnID: id, Refund: &nothing, At: later})
	}
	return all
}

func forLines(o *order.Order, all map[order.Action][]order.Command, fresh func(byte) uuid.UUID) {
	all[order.ActionCancelLines], all[order.ActionReturn] = nil, nil
	for i := range o.Lines {
		id := o.Lines[i].LineID
		all[order.ActionCancelLines] = append(all[order.ActionCancelLines], order.CancelLines{
			CancellationID: fresh(9), Lines: []order.LineQuantity{{LineID: id, Quantity: 1}}, At: later,
		})
		all[order.ActionReturn] = append(all[order.ActionReturn], order.RequestReturn{
			ReturnID: fresh(10), Kind: order.KindClaim, Lines: []order.RequestedLine{{LineID: id, Quantity: 1}}, At: later,
		})
	}
}

func newLines(o *order.Order) []order.NewLine {
	lines := make([]order.NewLine, len(o.Lines))
	for i := range o.Lines {
		l := &o.Lines[i]
		lines[i] = order.NewLine{LineID: l.LineID, SKU: l.SKU, Quantity: l.Quantity, UnitPrice: l.UnitPrice, RequiresShipping: l.RequiresShipping}
	}
	return lines
}
