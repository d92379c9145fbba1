package stock

import (
	"cmp"
	"fmt"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

func (c DispatchTransfer) decide(s *Stock, _ PickOrder) ([]Event, error) {
	if _, ok := s.Transfer(c.TransferID); ok {
		return nil, nil
	}
	from, to := cmp.Or(c.From, MainLocation), cmp.Or(c.To, MainLocation)
	var faults rule.Faults
	if c.TransferID == uuid.Nil {
		faults.Add(rule.ValidationFailed, "/transfer_id", "a transfer needs an id")
	}
	checkLocation(&faults, "/from_location_id", from)
	if checkLocation(&faults, "/to_location_id", to); from == to {
		faults.Add(rule.ValidationFailed, "/to_location_id", "a transfer goes to another location than %q", from)
	}
	text.Identifier.Check(&faults, "/reference", c.Reference, 0, MaxReferenceLength)
	if c.Quantity < 1 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "a transfer", 1, c.Quantity))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	at := s.At(from)
	if available := at.Available(); c.Quantity > available {
		faults.AddDetail(s.short("/quantity", uuid.Nil, from, c.Quantity, available, "available"))
		return nil, faults.Err()
	}
	return []Event{TransferDispatched{
		SKU: s.SKU, TransferID: c.TransferID, FromLocationID: from, ToLocationID: to, Quantity: c.Quantity, Reference: c.Reference,
		DispatchedAt: instant(c.At),
	}}, nil
}

func (c ReceiveTransfer) decide(s *Stock, pick PickOrder) ([]Event, error) {
	t, ok := s.Transfer(c.TransferID)
	if !ok {
		return nil, rule.New(rule.TransferNotFound, "SKU %q: nothing of a transfer %s is on its way: it was received already or never dispatched", s.SKU, c.TransferID)
	}
	var faults rule.Faults
	text.Note.Check(&faults, "/loss_reason", c.LossReason, 0, MaxReferenceLength)
	if c.Quantity < 0 || c.Quantity > MaxReceipt {
		faults.AddDetail(outOfRange("/quantity", "what arrives", 0, c.Quantity))
	}
	if c.Lost < 0 || c.Lost > MaxReceipt {
		faults.AddDetail(outOfRange("/lost", "what is lost", 0, c.Lost))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if named := c.Quantity + c.Lost; named < 1 || named > t.Quantity {
		faults.AddDetail(rule.Detail{
			Pointer: "/quantity", Code: rule.QuantityOutOfRange,
			Message: fmt.Sprintf("SKU %q: %d units of transfer %s are on their way from %q to %q; 1 to %d can arrive or be lost, not %d and %d",
				s.SKU, t.Quantity, t.ID, t.From, t.To, t.Quantity, c.Quantity, c.Lost),
			Meta: map[string]any{"sku": s.SKU, "location_id": t.To, "requested": named, "available": t.Quantity},
		})
		return nil, faults.Err()
	}
	return settle(s, pick, c.At, TransferReceived{
		SKU: s.SKU, TransferID: t.ID, FromLocationID: t.From, ToLocationID: t.To, Quantity: c.Quantity, Lost: c.Lost,
		LossReason: c.LossReason, ReceivedAt: instant(c.At),
	}), nil
}
