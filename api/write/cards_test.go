package write

import "testing"

func TestHoldsCardNumber(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]bool{
		"4111111111111111": true, "4111 1111 1111 1111": true, "card 5500-0055-5555-5559, thanks": true, "3782.822463.10005": true,
		"4111111111111112": false, "order 2026-11-23 row 4": false, "": false, "1234567890123": false, "411111111111111": false,
		"4111  1111 1111 1111": false, "00000000000000000000": false, "41111111111111111111111111": false, "é4111111111111111é": true,
	} {
		if got := holdsCardNumber(text); got != want {
			t.Errorf("holdsCardNumber(%q) = %v, want %v", text, got, want)
		}
	}
}
