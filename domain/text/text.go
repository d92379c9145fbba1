// Package text says which characters a text may have, by what it is for. Each rule is here once, and every border asks
// here: the HTTP interface by the formats of its schema, imports, commands.
//
// Lengths count characters (Unicode code points), never bytes. Texts are kept as they were written: nothing is
// normalised, so two spellings of é are two identifiers, and whoever gave one finds it again byte for byte.
package text

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/rule"
)

// Kind says what a text is for.
type Kind uint8

// The kinds of texts.
const (
	// Identifier names a thing for other programs, such as an order's external id: characters that can be seen, and
	// plain spaces between them.
	Identifier Kind = iota + 1
	// Key is an identifier of ours that stands in a URL's path, such as a SKU: no spaces and no '/'.
	Key
	// Code is an identifier that people type: letters, digits, '-', '_' and '.' of ASCII.
	Code
	// Name is a line that people read, of a person, a street or a product: any script, with the joiners that Persian and
	// emoji need, but nothing that reorders or hides what stands beside it.
	Name
	// Note is free text of several lines.
	Note
	// Email is an e-mail address.
	Email
	// URL is a web address.
	URL
)

// Check records a fault unless s is such a text of least to most characters. With least 0 an empty text is none, and
// fine.
func (k Kind) Check(faults *rule.Faults, pointer, s string, least, most int) {
	if fault := k.Fault(s, least, most); fault != "" {
		faults.Add(rule.ValidationFailed, pointer, "%s", fault)
	}
}

// Fault returns what is wrong with s in words, or nothing.
func (k Kind) Fault(s string, least, most int) string {
	if len(s) < least*utf8.UTFMax || len(s) > most {
		if n := utf8.RuneCountInString(s); n < least || n > most {
			return fmt.Sprintf("%d to %d characters fit here, not %d", least, most, n)
		}
	}
	if s == "" {
		return ""
	}
	if k.plain(s) {
		return k.shape(s)
	}
	if !utf8.ValidString(s) {
		return "this is no UTF-8"
	}
	if k == Name || k == Note {
		return k.readable(s, least)
	}
	return k.seen(s)
}

// plain reports whether s is visible ASCII, which nearly all texts are.
func (k Kind) plain(s string) bool {
	spaces := k == Identifier || k == Name || k == Note
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			if c != ' ' || !spaces || i == 0 || i == len(s)-1 {
				return false
			}
		}
	}
	return true
}

// seen returns the first character of an identifier that it may not have.
func (k Kind) seen(s string) string {
	before, n := ' ', 0
	for i, r := range s {
		n++
		switch {
		case r == ' ' && k == Identifier && i > 0 && i < len(s)-1:
		case r == ' ' && k == Identifier:
			return "it begins or ends with a space"
		case unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
			return fault(n, r, "is a space that cannot stand here")
		case !visible(r) || r == utf8.RuneError:
			return fault(n, r, "cannot be seen")
		case unicode.Is(unicode.M, r) && before == ' ':
			return fault(n, r, "is a mark without a letter to stand on")
		}
		before = r
	}
	return k.shape(s)
}

func fault(n int, r rune, what string) string { return fmt.Sprintf("character %d, %U, %s", n, r, what) }

// shape returns what is wrong with a text of visible characters.
func (k Kind) shape(s string) string {
	switch k {
	case Identifier, Key, Code:
		if s == "." || s == ".." {
			return fmt.Sprintf("%q names a place in a path, so nothing can be reached under it", s)
		}
	case Email:
		return emailFault(s)
	case URL:
		return urlFault(s)
	default:
		return ""
	}
	for i, r := range s {
		switch {
		case k == Key && r == '/':
			return "a '/' cannot stand here"
		case k == Code && !codeLetter(r):
			return fmt.Sprintf("letters and digits of ASCII, '-', '_' and '.' fit here, not %q", s[i:i+utf8.RuneLen(r)])
		}
	}
	return ""
}

func codeLetter(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' || r == '.'
}
