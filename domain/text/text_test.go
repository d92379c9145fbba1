package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// hidden are characters that show nothing, or change how their neighbours are read. No kind of text has them.
var hidden = []string{
	"\x00", "\x07", "\x1b", "\x7f", "\u0085", "\u034f", "\u115f", "\u1160", "\u17b4", "\u180e", "\u202a", "\u202e", "\u2066", "\u2069", "\u2028", "\u2029",
	"\u2800", "\u3164", "\ufe00", "\ufeff", "\uffa0", "\ufff9", "\uffff", "\U0001d159", "\U0001fffe", "\ue000", "\U00100000", "\u0378", "\U000e0041", "\U000e0100",
}

func TestFault(t *testing.T) {
	t.Parallel()

	tests := map[text.Kind]struct{ takes, refuses []string }{
		text.Identifier: {
			[]string{"web-88123", "SO 2026/17", "Zahlung ümläut", "заказ", "注文１", "नमस्ते", "😀", "a  b", "...", "%2e", "#1?x=1", "c\u0301"},
			[]string{".", "..", " a", "a ", "a\tb", "a\nb", "a\u00a0b", "a\u3000b", "a\u200bb", "a\u200cb", "a\u200db", "a\u200fb", "a\u00adb", "❤\ufe0f", "\u0301", "a \u0301", "a\ufffd", "\xff"},
		},
		text.Key: {
			[]string{"TSHIRT-M", "4006381333931", "ÄÖ", "a..b"},
			[]string{"a b", "a/b", ".", "..", "a\u00a0b", "\u3164"},
		},
		text.Code: {
			[]string{"spring_10.5-a", "X"},
			[]string{".", "..", "ä", "a b", "a/b", "😀"},
		},
		text.Name: {
			[]string{
				"Ann Example", "می\u200cخواهم", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "👍🏽", "🇩🇪", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ok",
				"山田\u3000太郎", "12\u00a0rue", "辻\U000e0100", "O'Brien", "نام", "ก็", "a\ufffd", " x ", ".", "क्\u200dष",
			},
			[]string{"\u200d", "a\u200d\u200d", " \u200c", "a\nb", "a\tb", "\u200fa", "a\u00ad", "\u0301a", "a\ufe00", "a\ufe0f\ufe0f", "🏴\U000e0067", "a\U000e0067\U000e007f", "   ", "\u3000"},
		},
		text.Note: {
			[]string{"line\nline\r\n\tline", "שלום\u200f!", "soft\u00adhyphen", "\u0301", "می\u200cخواهم 👨\u200d👩\u200d👧"},
			[]string{"\u200b", "\n", "a\u200d\u200d"},
		},
		text.Email: {
			[]string{"a@b", "ann@example.test", "o'brien+tag@sub.example.co.uk", "jörg@exämple.de", "用户@例子.中国", "a..b@docomo.ne.jp", "a@xn--exmple-cua.de"},
			[]string{
				"@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b c", "a@\u00a0b", "\ufeffa@b", "a\u3000@b", "a@b\u2028", "a@b\u2003", "a@b\v", "a@.b", "a@b.", "a@b..c", "a@-b", "a@b-", "a@[1.2.3.4]",
				`"a"@b`, "a,b@c", "a@b,c@d", "a<b>@c", "a@b\r\nBcc:x@y", "a\u200d@b", "a@b\u3164",
			},
		},
		text.URL: {
			[]string{"https://track.example/1?x=y", "http://a"},
			[]string{"javascript:alert(1)", "https://", "ftp://a", "track.example", "https://a b", "https://a\u202eb"},
		},
	}
	for kind, tt := range tests {
		for _, s := range tt.takes {
			if fault := kind.Fault(s, 1, 100); fault != "" {
				t.Errorf("kind %d refuses %+q: %s", kind, s, fault)
			}
		}
		refuses := tt.refuses
		for _, s := range hidden {
			refuses = append(refuses, s, "a"+s+"b", "ann@example"+s+".test", "https://a.test/"+s)
		}
		for _, s := range refuses {
			if kind.Fault(s, 1, 100) == "" {
				t.Errorf("kind %d takes %+q", kind, s)
			}
		}
	}
}

// Limits count characters.
func TestFault_lengths(t *testing.T) {
	t.Parallel()

	for _, kind := range []text.Kind{text.Identifier, text.Key, text.Name, text.Note} {
		for _, letter := range []string{"x", "ж", "字", "😀"} {
			for n, want := range map[int]bool{1: false, 2: true, 64: true, 65: false} {
				if got := kind.Fault(strings.Repeat(letter, n), 2, 64) == ""; got != want {
					t.Errorf("kind %d takes %d × %s: %v, want %v", kind, n, letter, got, want)
				}
			}
		}
	}
	if fault := text.Identifier.Fault("", 0, 64); fault != "" {
		t.Errorf("no text at all: %s", fault)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()

	var faults rule.Faults
	text.Key.Check(&faults, "/sku", "A B", 1, 64)
	text.Key.Check(&faults, "/sku", "AB", 1, 64)
	if err := faults.Err(); err == nil || err.Error() != "validation_failed: /sku: character 2, U+0020, is a space that cannot stand here" {
		t.Errorf("Check: %v", err)
	}
}

// What any kind takes is UTF-8 that a database keeps, and visible ASCII costs no memory.
func FuzzFault(f *testing.F) {
	for _, s := range hidden {
		f.Add("a" + s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind := text.Identifier; kind <= text.URL; kind++ {
			if kind.Fault(s, 1, 1000) == "" && (!utf8.ValidString(s) || strings.ContainsAny(s, "\x00\u202e\u3164\ufeff")) {
				t.Errorf("kind %d takes %+q", kind, s)
			}
		}
	})
}

func BenchmarkFault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if text.Identifier.Fault("web-0198f3c00000700080000000000000aa", 1, 255) != "" {
			b.Fatal("refused")
		}
	}
}
