package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is invisible and has a use beside something visible.
const (
	nonJoiner   = '\u200c'     // keeps letters apart, as Persian needs it
	joiner      = '\u200d'     // makes one emoji of several
	textStyle   = '\ufe0e'     // the character before it as a sign
	emojiStyle  = '\ufe0f'     // the character before it as an emoji
	blackFlag   = '\U0001f3f4' // begins the flags of England, Scotland and Wales, whose letters are tags
	tagsBegin   = '\U000e0020'
	tagsEnd     = '\U000e007f'
	longestFlag = 6 // tags
)

// visible reports whether r leaves a mark where it stands.
func visible(r rune) bool {
	if r < 0x7f {
		return r > ' '
	}
	return unicode.IsPrint(r) && !blank(r)
}

// blank reports whether r counts as a letter or a sign and shows nothing, or only changes what stands before it.
func blank(r rune) bool {
	switch r {
	case '\u2800', '\U0001d159': // Braille without dots, a note without a head
		return true
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// readable returns the first character that neither a name nor a note may have. With least above 0 there must be
// something to see.
func (k Kind) readable(s string, least int) string {
	var (
		before rune // 0: nothing that a joiner or a mark could belong to
		n      int
		shown  bool
	)
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= 0x80 {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		n++
		i += size
		switch {
		case visible(r):
			if before == 0 && k == Name && unicode.Is(unicode.M, r) {
				return fault(n, r, "is a mark without a letter to stand on")
			}
			before, shown = r, true
		case r == ' ', unicode.Is(unicode.Zs, r), k == Note && spaces(r):
			before = 0
		case before != 0 && belongs(before, r):
			before = r
		case before == blackFlag && flagTags(s[i-size:]) > 0:
			i += flagTags(s[i-size:]) - size
			before = tagsEnd
		default:
			return fault(n, r, "cannot stand here: it cannot be seen, or changes how its neighbours are read")
		}
	}
	if !shown && least > 0 {
		return "there is nothing to see in it"
	}
	return ""
}

// spaces reports whether a note may have r beside spaces: what divides lines, and what says where a word may break and
// which way it runs without changing the way of its neighbours.
func spaces(r rune) bool {
	return strings.ContainsRune("\n\r\t\u00ad\u200b\u200e\u200f\u061c\u2060", r)
}

// belongs reports whether r, which cannot be seen, has a use after the character before.
func belongs(before, r rune) bool {
	switch {
	case before == joiner || before == nonJoiner:
		return false
	case r == joiner || r == nonJoiner:
		return true
	case !visible(before) || !unicode.Is(unicode.Variation_Selector, r):
		return false
	case r == textStyle || r == emojiStyle:
		return true
	}
	return unicode.In(before, unicode.Han, unicode.Mongolian) // which have variants of their letters
}

// flagTags returns the length of the letters and digits, written in tags, that make a flag's name, with the tag that ends
// them; 0 if s does not begin with any.
func flagTags(s string) int {
	tags := 0
	for i, r := range s {
		switch {
		case r == tagsEnd && tags > 0:
			return i + len(string(r))
		case r <= tagsBegin || r >= tagsEnd || tags == longestFlag || !codeLetter(r-tagsBegin+' '):
			return 0
		}
		tags++
	}
	return 0
}
