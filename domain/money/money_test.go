package money_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/money"
)

func TestParse(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		text, currency string
		want           int64
		wantErr        error
	}{
		"two decimals":              {"12.34", "GBP", 1234, nil},
		"one of two decimals":       {"12.3", "GBP", 1230, nil},
		"none of two decimals":      {"12", "GBP", 1200, nil},
		"no decimals at all":        {"1050", "JPY", 1050, nil},
		"three decimals":            {"1.050", "KWD", 1050, nil},
		"four decimals":             {"1.05", "CLF", 10500, nil},
		"negative":                  {"-0.01", "EUR", -1, nil},
		"finer zeros do no harm":    {"2.5500", "GBP", 255, nil},
		"finer zeros in yen":        {"7.000", "JPY", 7, nil},
		"a tenth of a penny":        {"2.551", "GBP", 0, money.ErrFraction},
		"half a yen":                {"0.5", "JPY", 0, money.ErrFraction},
		"the largest":               {"92233720368547758.07", "EUR", math.MaxInt64, nil},
		"the least":                 {"-92233720368547758.08", "EUR", math.MinInt64, nil},
		"one more than the largest": {"92233720368547758.08", "EUR", 0, money.ErrOverflow},
		"overflow by the exponent":  {"9223372036854775807", "EUR", 0, money.ErrOverflow},
		"very long":                 {strings.Repeat("9", 60), "JPY", 0, money.ErrOverflow},
		"leading zeros":             {"000000000000000000000000000001.00", "EUR", 100, nil},
		"empty":                     {"", "EUR", 0, money.ErrSyntax},
		"minus alone":               {"-", "EUR", 0, money.ErrSyntax},
		"plus":                      {"+1", "EUR", 0, money.ErrSyntax},
		"no digit before the point": {".5", "EUR", 0, money.ErrSyntax},
		"no digit after the point":  {"5.", "EUR", 0, money.ErrSyntax},
		"minus and point":           {"-.5", "EUR", 0, money.ErrSyntax},
		"two points":                {"1.2.3", "EUR", 0, money.ErrSyntax},
		"exponent":                  {"1e3", "EUR", 0, money.ErrSyntax},
		"space":                     {" 1", "EUR", 0, money.ErrSyntax},
		"unknown currency":          {"1", "EURO", 0, money.ErrUnknownCurrency},
		"no currency":               {"1", "", 0, money.ErrUnknownCurrency},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := money.Parse(tt.text, tt.currency)
			if got.Minor != tt.want || !errors.Is(err, tt.wantErr) {
				t.Errorf("Parse(%q, %s) = %d, %v; want %d, %v", tt.text, tt.currency, got.Minor, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestParseMinor_allocatesNothing(t *testing.T) { //nolint:paralleltest // allocations of other tests would be counted
	text := []byte("1234.50")
	if n := testing.AllocsPerRun(100, func() {
		if _, err := money.ParseMinor(text, 2); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("ParseMinor allocates %v times; want 0", n)
	}
}

func TestFormat_roundTrip(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64().Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"JPY", "EUR", "KWD", "CLF"}).Draw(t, "currency")
		got, err := money.Parse(money.Format(minor, currency), currency)
		if err != nil || got.Minor != minor {
			t.Fatalf("%s is read back as %d, %v; want %d", money.Format(minor, currency), got.Minor, err, minor)
		}
	})
}

// Every checked operation agrees with arbitrary precision, and refuses exactly what does not fit.
func TestArithmetic_againstBig(t *testing.T) {
	t.Parallel()

	edges := rapid.SampledFrom([]int64{0, 1, -1, 2, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, 1 << 32, -1 << 32})
	numbers := rapid.OneOf(rapid.Int64(), edges)
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		bigA, bigB := big.NewInt(a), big.NewInt(b)
		check := func(name string, got int64, err error, want *big.Int) {
			switch {
			case want.IsInt64() && (err != nil || got != want.Int64()):
				t.Fatalf("%s(%d, %d) = %d, %v; want %s", name, a, b, got, err, want)
			case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
				t.Fatalf("%s(%d, %d) = %d, %v; want ErrOverflow for %s", name, a, b, got, err, want)
			}
		}
		sum, err := money.Add(a, b)
		check("Add", sum, err, new(big.Int).Add(bigA, bigB))
		difference, err := money.Sub(a, b)
		check("Sub", difference, err, new(big.Int).Sub(bigA, bigB))
		product, err := money.Mul(a, b)
		check("Mul", product, err, new(big.Int).Mul(bigA, bigB))
	})
}

func TestRates_againstBig(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64().Draw(t, "amount")
		rate := rapid.OneOf(rapid.Int64Range(0, 2*money.Million), rapid.Int64Range(0, math.MaxInt64-money.Million)).Draw(t, "rate")
		mode := rapid.SampledFrom([]money.Rounding{"", money.HalfUp, money.HalfEven}).Draw(t, "mode")
		check := func(name string, got int64, err error, divisor int64) {
			want := rounded(amount, rate, divisor, mode)
			switch {
			case want.IsInt64() && (err != nil || got != want.Int64()):
				t.Fatalf("%s(%d, %d, %q) = %d, %v; want %s", name, amount, rate, mode, got, err, want)
			case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
				t.Fatalf("%s(%d, %d, %q) = %d, %v; want ErrOverflow for %s", name, amount, rate, mode, got, err, want)
			}
		}
		got, err := money.ApplyRate(amount, rate, mode)
		check("ApplyRate", got, err, money.Million)
		got, err = money.IncludedTax(amount, rate, mode)
		check("IncludedTax", got, err, money.Million+rate)
	})
}

// rounded is amount × rate ÷ divisor by the book: floor of the magnitude, then up if twice the rest says so.
func rounded(amount, rate, divisor int64, mode money.Rounding) *big.Int {
	magnitude := new(big.Int).Abs(big.NewInt(amount))
	quotient, rest := new(big.Int).QuoRem(magnitude.Mul(magnitude, big.NewInt(rate)), big.NewInt(divisor), new(big.Int))
	half := rest.Lsh(rest, 1).Cmp(big.NewInt(divisor))
	if half > 0 || half == 0 && (mode != money.HalfEven || quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(1))
	}
	if amount < 0 {
		quotient.Neg(quotient)
	}
	return quotient
}

func TestAmount_currencies(t *testing.T) {
	t.Parallel()

	euro, yen := money.Amount{Minor: 100, Currency: "EUR"}, money.Amount{Minor: 100, Currency: "JPY"}
	if _, err := euro.Add(yen); !errors.Is(err, money.ErrCurrencyMismatch) {
		t.Errorf("EUR + JPY: %v; want ErrCurrencyMismatch", err)
	}
	if _, err := euro.Sub(yen); !errors.Is(err, money.ErrCurrencyMismatch) {
		t.Errorf("EUR - JPY: %v; want ErrCurrencyMismatch", err)
	}
	if got, err := euro.Mul(3); err != nil || got != (money.Amount{Minor: 300, Currency: "EUR"}) {
		t.Errorf("EUR 1.00 × 3 = %v, %v; want 3.00 EUR", got, err)
	}
	if _, err := money.New(1, "eur"); !errors.Is(err, money.ErrUnknownCurrency) {
		t.Errorf("New(1, eur): %v; want ErrUnknownCurrency", err)
	}
	if _, err := money.ApplyRate(100, -1, money.HalfUp); err == nil {
		t.Error("ApplyRate with a negative rate succeeds; want an error")
	}
}

func FuzzParseMinor(f *testing.F) {
	for _, seed := range []string{"12.34", "-0.01", "9223372036854775808", "1.", ".1", "--1", "1e5", "0.000000001"} {
		f.Add(seed, uint8(2))
	}
	f.Fuzz(func(t *testing.T, text string, exponent uint8) {
		e := int(exponent % 5)
		got, err := money.ParseMinor(text, e)
		exact, ok := new(big.Rat).SetString(text)
		if err != nil {
			return
		}
		if !ok {
			t.Fatalf("ParseMinor(%q) = %d, though it is no number", text, got)
		}
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(e)), nil)
		if exact.Mul(exact, new(big.Rat).SetInt(scale)).Cmp(new(big.Rat).SetInt64(got)) != 0 {
			t.Fatalf("ParseMinor(%q, %d) = %d; want %s", text, e, got, exact)
		}
	})
}

func ExampleParse() {
	price, _ := money.Parse("12.34", "GBP")
	three, _ := price.Mul(3)
	fmt.Println(three, three.Minor)
	_, err := money.Parse("12.345", "GBP")
	fmt.Println(err)
	// Output:
	// 37.02 GBP 3702
	// money: fraction of a minor unit: "12.345" in GBP, which has 2 decimals
}
