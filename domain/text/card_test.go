package text_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/ordermill/ordermill/domain/text"
)

// Test numbers of the networks, in everything that people and programs write them with.
func TestHoldsCardNumber(t *testing.T) {
	t.Parallel()

	for _, s := range []string{
		"4111111111111111", "4111 1111 1111 1111", "4111  1111 1111 1111", "4111\n1111\n1111\n1111", "4111\u00a01111\u00a01111\u00a01111",
		"4111\u30001111\u20091111\u202f1111", "4111/1111/1111/1111", "4111-1111-1111-1111", "4111–1111—1111−1111", "4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
		"4111_1111,1111;1111", "4111\u200b1111\u200d1111\u00ad1111", "４１１１１１１１１１１１１１１１", "4111 １１１１ 1111 １１１１",
		"٤١١١ ١١١١ ١١١١ ١١١١", "४१११११११११११११११", "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏", "④①①① ①①①① ①①①① ①①①①", "⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹", "4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣",
		"4111 1111 1111 1111 12/28 123", "12/28 4111111111111111", "41111111111111111228", "0151 23456789 4111111111111111", "1234111111111111111199",
		"call +49 151 23456789, 4111111111111111", "card:4111111111111111exp", "é4111111111111111é", "+4111111111111111", "(4111)(1111)(1111)(1111)",
		"DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111",
		"4222222222222", "5500005555555559", "2223003122003222", "378282246310005", "3782 822463 10005", "30569309025904", "6011111111111117",
		"3530111333300000", "6200000000000005", "6759649826438453", "2200000000000004", "4000000000000000006",
	} {
		if !text.HoldsCardNumber(s) {
			t.Errorf("HoldsCardNumber(%q) = false, want true", s)
		}
	}
	for _, s := range []string{
		"", "4111111111111112", "order 2026-11-23 row 4", "2026-11-23T10:30:15.123456Z", "1234567890123", "411111111111111", "00000000000000000000",
		"01990f3c-0000-7000-8000-00000000000a", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "AT61 1904 3002 3457 3201",
		"call +49 1511 1234568 or +44 20 7946 0958", "EAN 4006381333931", "4111 a 1111 b 1111 c 1111", "1Z999AA10123456784", "0049 151 23456789",
		"7992739871300000", "9400110200881234567890",
	} {
		if text.HoldsCardNumber(s) {
			t.Errorf("HoldsCardNumber(%q) = true, want false", s)
		}
	}
}

// A telephone number with its country is none of a card, whatever its check digit.
func TestHoldsCardNumber_phones(t *testing.T) {
	t.Parallel()

	for n := range 2000 {
		if phone := fmt.Sprintf("+49 15%02d %07d", n%80, n*4999); text.HoldsCardNumber(phone) {
			t.Fatalf("HoldsCardNumber(%q) = true, want false", phone)
		}
	}
}

// The digits of every script count, whatever tables the next Unicode brings.
func TestHoldsCardNumber_scripts(t *testing.T) {
	t.Parallel()

	scripts := 0
	for zero := rune(0x80); zero <= unicode.MaxRune; zero++ {
		if !unicode.IsDigit(zero) || unicode.IsDigit(zero-1) && !isMathematical(zero) {
			continue
		}
		scripts++
		card := strings.Map(func(r rune) rune { return zero + r - '0' }, "5500005555555559")
		if !text.HoldsCardNumber(card) {
			t.Errorf("HoldsCardNumber(%q) = false, want true", card)
		}
	}
	if scripts < 60 {
		t.Errorf("%d scripts were tried", scripts)
	}
}

// isMathematical reports whether zero is the zero of one of the five styles of mathematical digits, which are neighbours.
func isMathematical(zero rune) bool {
	return zero >= '𝟎' && zero <= '𝟶' && (zero-'𝟎')%10 == 0
}

func BenchmarkHoldsCardNumber(b *testing.B) {
	body := `{"external_id":"web-88123","channel":"web","currency":"EUR","customer":{"id":"c-1001","email":"a@example.test"},` +
		`"shipping_address":{"name":"Ann Example","line1":"Long Street 5","postal_code":"10115","city":"Berlin","country":"DE"},` +
		`"lines":[{"sku":"TSHIRT-M","quantity":2},{"sku":"4006381333931","quantity":1}]}`
	b.ReportAllocs()
	for b.Loop() {
		if text.HoldsCardNumber(body) {
			b.Fatal("there is no card in it")
		}
	}
}
