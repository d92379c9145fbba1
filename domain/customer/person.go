package customer

import (
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/rule"
)

// guest begins the id of a guest, who has none but the order's. Customers cannot choose one that begins so.
const guest = "order:"

// Person returns the id of whoever an order is of: the customer's, or that of a guest.
func Person(customerID string, orderID uuid.UUID) string {
	if customerID != "" {
		return customerID
	}
	return guest + orderID.String()
}

// Guest returns the order of a guest's id.
func Guest(id string) (orderID uuid.UUID, ok bool) {
	text, ok := strings.CutPrefix(id, guest)
	if !ok {
		return uuid.Nil, false
	}
	orderID, err := uuid.Parse(text)
	return orderID, err == nil && orderID.String() == text
}

// KeyOf names the key that a person's data is sealed with. Stored data depends on it.
func KeyOf(person string) string {
	if _, ok := Guest(person); ok {
		return person
	}
	return "customer:" + person
}

// CheckChosen fails if an id is a guest's, so that nobody who orders by that name would be taken for one.
func CheckChosen(pointer, id string) error {
	if _, ok := Guest(id); !ok {
		return nil
	}
	var faults rule.Faults
	faults.Add(rule.ValidationFailed, pointer, "ids such as %q are those of guests; choose another one, or leave it out for a guest", id)
	return faults.Err()
}
