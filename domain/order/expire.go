package order

import (
	"fmt"
	"time"

	"github.com/ordermill/ordermill/domain/rule"
)

// Expire ends a pending order whose time has run out, or confirms it if it waits for nothing. It is no refusal if it is not
// due, or no longer pending: nothing happens. The caller releases its stock, or commits it, in the same append.
type Expire struct{ At time.Time }

// FillBackorder notes that units which were not in stock are reserved now.
type FillBackorder struct {
	Lines []LineQuantity
	At    time.Time
}

func (c Expire) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	switch {
	case o.Status != StatusPending || o.ExpiresAt.IsZero() || c.At.Before(o.ExpiresAt):
		return nil, nil
	case o.ready():
		return o.overdue(c.At), nil
	case o.secured():
		return nil, nil
	}
	lines, value := o.allLive()
	return []Event{Expired{
		About: o.about(), Lines: lines, Value: value, AmountReleased: o.Total(), PlacedAt: o.PlacedAt,
		ExpiresAt: o.ExpiresAt, ExpiredAt: instant(c.At),
	}}, nil
}

// secured reports whether the shop has money for the order, or may take some.
func (o *Order) secured() bool {
	f := o.Funds()
	return f.Captured > f.Refunded || f.Authorized > f.Voided+f.Refunded
}

func (c FillBackorder) decide(o *Order) ([]Event, error) {
	switch o.Status {
	case StatusPending, StatusConfirmed:
	case StatusDraft:
		return nil, rule.New(rule.InvalidState, "order %s is a draft and waits for no stock", o.Number)
	case StatusCompleted, StatusCanceled, StatusExpired:
		return nil, rule.New(rule.OrderTerminal, "order %s is %s and waits for no stock", o.Number, o.Status)
	default:
		return nil, notFound()
	}
	var faults rule.Faults
	find, lines := o.finder(), make([]LineQuantity, 0, len(c.Lines))
	filled := make(map[int]int, len(c.Lines)) // by position of the line in the order, its position in lines
	for n, wish := range c.Lines {
		pointer := fmt.Sprintf("/lines/%d", n)
		i := find.find(wish.LineID)
		if i < 0 {
			faults.AddDetail(o.unknownLine(pointer+"/line_id", wish.LineID))
			continue
		}
		l := &o.Lines[i]
		at, again := filled[i]
		if !again {
			at = len(lines)
			filled[i], lines = at, append(lines, LineQuantity{LineID: l.LineID, SKU: l.SKU})
		}
		lines[at].Quantity += max(wish.Quantity, 0)
		if waits := l.Counters.Backordered; wish.Quantity < 1 || lines[at].Quantity > waits {
			faults.AddDetail(l.fault(rule.QuantityExceedsOpen, pointer+"/quantity", wish.Quantity, waits,
				"%d units of SKU %q are in stock for the order, which waits for %d", wish.Quantity, l.SKU, waits))
		}
	}
	if err := faults.Err(); err != nil || len(lines) == 0 {
		return nil, err
	}
	return []Event{BackorderFilled{About: o.about(), Lines: lines, FilledAt: instant(c.At)}}, nil
}

func (o *Order) applyExpired(e *Expired) {
	o.end(StatusExpired, e.Lines, e.AmountReleased, e.ExpiredAt)
	o.ExpiredAt = e.ExpiredAt
}

func (o *Order) applyBackorderFilled(e *BackorderFilled) {
	find := o.finder()
	for n := range e.Lines {
		if i := find.find(e.Lines[n].LineID); i >= 0 {
			c := &o.Lines[i].Counters
			part := min(e.Lines[n].Quantity, c.Backordered)
			c.Backordered, c.Reserved = c.Backordered-part, c.Reserved+part
		}
	}
	o.UpdatedAt = e.FilledAt
}
