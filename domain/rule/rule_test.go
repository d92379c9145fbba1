package rule_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ordermill/ordermill/domain/rule"
)

func TestCode_kind(t *testing.T) {
	t.Parallel()

	for code, want := range map[rule.Code]rule.Kind{
		rule.ValidationFailed: rule.Invalid, rule.FutureDate: rule.Invalid, rule.SKUUnknown: rule.Invalid,
		rule.InsufficientStock: rule.StateConflict, rule.PriceChanged: rule.StateConflict, rule.OrderTerminal: rule.StateConflict,
		rule.OrderNotFound: rule.NotFound, rule.ProductNotFound: rule.NotFound,
	} {
		if got := code.Kind(); got != want {
			t.Errorf("%s is %s; want %s", code, got, want)
		}
	}
}

func TestViolation_chain(t *testing.T) {
	t.Parallel()

	err := fmt.Errorf("place: %w", rule.New(rule.EmptyOrder, "no %s", "lines"))
	if !errors.Is(err, rule.New(rule.EmptyOrder, "")) || errors.Is(err, rule.New(rule.PriceChanged, "")) {
		t.Errorf("%v matches other rules than empty_order", err)
	}
	if got := rule.CodeOf(err); got != rule.EmptyOrder {
		t.Errorf("CodeOf = %q; want empty_order", got)
	}
	if got := rule.CodeOf(errors.New("disk full")); got != "" {
		t.Errorf("CodeOf a failure = %q; want none", got)
	}
	if got := err.Error(); got != "place: empty_order: no lines" {
		t.Errorf("message %q", got)
	}
}

func ExampleFaults() {
	var faults rule.Faults
	faults.Add(rule.ValidationFailed, "/name", "a name is 1 to 200 characters, not %d", 0)
	faults.Add(rule.QuantityOutOfRange, "/quantity", "a quantity is 1 or more, not %d", -1)
	fmt.Println(faults.Err())
	fmt.Println(new(rule.Faults).Err())
	// Output:
	// validation_failed: /name: a name is 1 to 200 characters, not 0 (and 1 more)
	// <nil>
}
