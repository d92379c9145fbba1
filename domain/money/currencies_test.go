package money_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/domain/money"
)

// The currencies are those of ISO's list, with its decimals, and no others.
func TestKnown_isoList(t *testing.T) {
	t.Parallel()

	listed := make(map[string]string)
	file, err := os.Open("testdata/iso4217.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] != "#" {
			listed[fields[0]] = fields[2]
		}
	}
	if len(listed) != 178 {
		t.Fatalf("the table has %d codes; want 178", len(listed))
	}
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range letters {
		for _, b := range letters {
			for _, c := range letters {
				code := string([]rune{a, b, c})
				decimals, ok := listed[code]
				if want := ok && decimals != "-"; money.Known(code) != want {
					t.Errorf("Known(%s) = %v; want %v", code, !want, want)
				} else if !want {
					continue
				}
				if got, err := money.Exponent(code); err != nil || strconv.Itoa(got) != decimals {
					t.Errorf("Exponent(%s) = %d, %v; want %s", code, got, err, decimals)
				}
			}
		}
	}
}

// Nothing new is sold in a currency that was withdrawn, but amounts in it stay readable.
func TestKnown_withdrawn(t *testing.T) {
	t.Parallel()

	for _, code := range []string{"ANG", "BGN", "CUC", "HRK", "SLL", "ZWL"} {
		if money.Known(code) {
			t.Errorf("%s is known; want it withdrawn", code)
		}
		if got := money.Format(1050, code); got != "10.50" {
			t.Errorf("Format(1050, %s) = %s; want 10.50", code, got)
		}
	}
	for _, code := range []string{"eur", "EURO", "EU", "", "XAU", "XXX", "XTS", "€"} {
		if money.Known(code) {
			t.Errorf("%q is known; want it to be none", code)
		}
	}
}
