package orderlist

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/order"
)

// Facts come back as they went, and no part of them is taken for the whole.
func TestReadFacts(t *testing.T) {
	t.Parallel()

	number := rapid.OneOf(rapid.SampledFrom([]int64{0, 1, -1, 1<<63 - 1, -1 << 63}), rapid.Int64())
	text := rapid.SampledFrom([]string{"", "cash", "bank_transfer", "Zoë \"<&>\"", "bad \xff\x00"})
	at := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "absent") {
			return time.Time{}
		}
		return time.UnixMicro(rapid.Int64Range(-1<<55, 1<<55).Draw(t, "micros")).UTC()
	})
	some := rapid.Custom(func(t *rapid.T) []byte {
		if b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes"); len(b) > 0 {
			return b
		}
		return nil
	})
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return number.Draw(t, name) }
		was := row{
			added: n("added"), released: n("released"), credited: n("credited"), lines: int32(n("lines")), units: n("units"), //nolint:gosec // any
			unitsCanceled: n("canceled"), unitsToShip: n("to ship"), unitsDelivered: n("delivered"), unitsReturned: n("returned"),
			completedAt: at.Draw(t, "completed"), canceledAt: at.Draw(t, "canceled"), expiresAt: at.Draw(t, "expires"), open: some.Draw(t, "open"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "payments") {
			was.payments = append(was.payments, order.Payment{
				PaymentID: uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Method: text.Draw(t, "method"),
				Reference: text.Draw(t, "reference"), State: order.PaymentState(text.Draw(t, "state")), Authorized: n("authorized"),
				Captured: n("captured"), Refunded: n("refunded"), Voided: n("voided"),
			})
		}
		d := derived{due: n("due"), owed: n("owed"), life: some.Draw(t, "life")}
		stored := was.appendFacts([]byte("before"), &d)[len("before"):]

		var is row
		if got, err := is.readFacts(stored); err != nil || !reflect.DeepEqual(got, d) || !reflect.DeepEqual(is, was) {
			t.Fatalf("read back: %+v, %+v, %v; want %+v, %+v", is, got, err, was, d)
		}
		for _, wrong := range [][]byte{stored[:rapid.IntRange(0, len(stored)-1).Draw(t, "cut")], append(stored, 0), append([]byte{factsFormat + 1}, stored[1:]...)} {
			if _, err := new(row).readFacts(wrong); !errors.Is(err, errFacts) {
				t.Fatalf("%x of %x is read: %v", wrong, stored, err)
			}
		}
	})
}
