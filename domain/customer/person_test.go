package customer_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/rule"
)

// A guest is known by the order; no customer's id can be mistaken for a guest's, nor a key for somebody else's.
func TestPerson(t *testing.T) {
	t.Parallel()

	id := uuid.MustParse("01990f3c-0000-7000-8000-000000000001")
	tests := map[string]struct {
		person, key string
		guest       bool
	}{
		"a customer":                 {customer.Person("c-1", id), "customer:c-1", false},
		"a guest":                    {customer.Person("", id), "order:" + id.String(), true},
		"an id like a guest's":       {customer.Person("order:1", id), "customer:order:1", false},
		"a guest's in large letters": {customer.Person("order:01990F3C-0000-7000-8000-000000000001", id), "customer:order:01990F3C-0000-7000-8000-000000000001", false},
		"an id like a key":           {customer.Person("customer:c-1", id), "customer:customer:c-1", false},
	}
	for name, tt := range tests {
		order, guest := customer.Guest(tt.person)
		if key := customer.KeyOf(tt.person); key != tt.key || guest != tt.guest || guest && order != id {
			t.Errorf("%s is %q: key %q, guest %t %s; want key %q, guest %t", name, tt.person, key, guest, order, tt.key, tt.guest)
		}
		if err := customer.CheckChosen("/customer/id", tt.person); (rule.CodeOf(err) == rule.ValidationFailed) != tt.guest {
			t.Errorf("%s chooses %q: %v; want it refused: %t", name, tt.person, err, tt.guest)
		}
	}
}
