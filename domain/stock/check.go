package stock

import (
	"fmt"
	"time"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// instant returns t as events store it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// stamp returns t for a message.
func stamp(t time.Time) string { return instant(t).Format(time.RFC3339) }

func checkLocation(faults *rule.Faults, pointer, id string) {
	text.Key.Check(faults, pointer, id, 1, MaxLocationLength)
}

// outOfRange is the detail of a number of units that a command may not have.
func outOfRange(pointer, what string, least, requested int64) rule.Detail {
	return rule.Detail{
		Pointer: pointer, Code: rule.QuantityOutOfRange,
		Message: fmt.Sprintf("%s is %d to %d units, not %d", what, least, int64(MaxReceipt), requested),
		Meta:    map[string]any{"requested": requested, "available": int64(MaxReceipt)},
	}
}

// checkRoom refuses what would make more units of the SKU than can be counted, those on their way included.
func (s *Stock) checkRoom(faults *rule.Faults, pointer string, more int64) {
	there := s.OnHand() + s.Incoming()
	if room := MaxOnHand - there; more > room {
		faults.AddDetail(rule.Detail{
			Pointer: pointer, Code: rule.QuantityOutOfRange,
			Message: fmt.Sprintf("%d units are on hand and at most %d can be: %d or fewer more, not %d", there, int64(MaxOnHand), room, more),
			Meta:    map[string]any{"requested": more, "available": room},
		})
	}
}
