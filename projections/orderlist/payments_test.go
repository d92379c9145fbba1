package orderlist

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
)

// Payments are stored as encoding/json writes them, so that rows of before stay equal.
func TestAppendPayments(t *testing.T) {
	t.Parallel()

	text := rapid.SampledFrom([]string{"", "cash", "bank_transfer", "a \"b\"", `back\slash`, "<&>", "Zoë", "\x00", "bad \xff", "\u2028"})
	sum := rapid.SampledFrom([]int64{0, 1, -1, 1 << 62, -1 << 63})
	rapid.Check(t, func(t *rapid.T) {
		payments := make([]order.Payment, rapid.IntRange(1, 3).Draw(t, "payments"))
		for i := range payments {
			payments[i] = order.Payment{
				PaymentID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Method: text.Draw(t, "method"),
				Reference: text.Draw(t, "reference"), State: order.PaymentState(text.Draw(t, "state")), Authorized: sum.Draw(t, "authorized"),
				Captured: sum.Draw(t, "captured"), Refunded: sum.Draw(t, "refunded"), Voided: sum.Draw(t, "voided"),
			}
		}
		want, err := json.Marshal(payments)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendPayments([]byte("before"), payments); string(got) != "before"+string(want) {
			t.Fatalf("%s; encoding/json has %s", got[len("before"):], want)
		}
	})
	if got := appendPayments(nil, nil); string(got) != "[]" {
		t.Errorf("no payments are %s; want []", got)
	}
}
