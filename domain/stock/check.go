package stock

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/rule"
)

// text formats as fmt.Sprintf does.
func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// stamp returns t for a message.
func stamp(t time.Time) string { return instant(t).Format(time.RFC3339) }

func checkLocation(faults *rule.Faults, pointer, id string) {
	if !validID(id) {
		faults.Add(rule.ValidationFailed, pointer, "a location is 1 to %d visible characters, not %q", MaxLocationLength, id)
	}
}

func checkText(faults *rule.Faults, pointer, what, s string) {
	if len(s) > MaxReferenceBytes || !utf8.ValidString(s) {
		faults.Add(rule.ValidationFailed, pointer, "%s is at most %d bytes of UTF-8, not %d", what, MaxReferenceBytes, len(s))
	}
}

// outOfRange is the detail of a number of units that a command may not have.
func outOfRange(pointer, what string, least, requested int64) rule.Detail {
	return rule.Detail{
		Pointer: pointer, Code: rule.QuantityOutOfRange,
		Message: text("%s is %d to %d units, not %d", what, least, int64(MaxReceipt), requested),
		Meta:    map[string]any{"requested": requested, "available": int64(MaxReceipt)},
	}
}

// checkRoom refuses what would make more units of the SKU than can be counted, those on their way included.
func (s *Stock) checkRoom(faults *rule.Faults, pointer string, more int64) {
	there := s.OnHand() + s.Incoming()
	if room := MaxOnHand - there; more > room {
		faults.AddDetail(rule.Detail{
			Pointer: pointer, Code: rule.QuantityOutOfRange,
			Message: text("%d units are on hand and at most %d can be: %d or fewer more, not %d", there, int64(MaxOnHand), room, more),
			Meta:    map[string]any{"requested": more, "available": room},
		})
	}
}

// validID reports whether id is 1 to MaxLocationLength visible characters.
func validID(id string) bool {
	if n := utf8.RuneCountInString(id); n < 1 || n > MaxLocationLength {
		return false
	}
	for _, r := range id {
		if r == utf8.RuneError || !unicode.IsPrint(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}
