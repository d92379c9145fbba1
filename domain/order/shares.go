package order

import (
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/pricing"
)

// What units of a line cost. A line is a list of batches, each with sums that money.Share spreads over its units, the
// extra cents on the first ones. Units are counted through the live ones of all batches: returns count from the start,
// cancellations and edits that take units away from the end. So every unit has one share for ever, and any sequence of
// shares adds up to the line exactly.

// share is a part of a line's sums.
type share struct{ gross, tax, exclusive int64 }

// shareFromStart returns what n live units cost, after the first ones before them: the net amount and the tax on top of
// it.
func (l *LineState) shareFromStart(from, n int64) (net, tax int64) {
	s := l.share(from, n)
	return s.gross - s.tax, s.tax
}

// shareFromEnd returns what the last n live units cost: the net amount and the tax on top of it.
func (l *LineState) shareFromEnd(n int64) (net, tax int64) {
	return l.shareFromStart(l.Counters.Live()-n, n)
}

// share returns what n live units carry, after the first ones before them.
func (l *LineState) share(from, n int64) (s share) {
	if l.Batches == nil {
		placed := l.asPlaced()
		placed.carry(&s, from, n)
		return s
	}
	for i := range l.Batches {
		b := &l.Batches[i]
		if from < b.Live {
			part := min(n, b.Live-from)
			b.carry(&s, from, part)
			from, n = from+part, n-part
		}
		from -= b.Live
	}
	return s
}

// carry adds what n units of the batch carry, after the first ones before them. Nobody is charged for units that a
// batch does not have.
func (b *Batch) carry(s *share, from, n int64) {
	n = min(n, b.Quantity-from)
	if from < 0 || n <= 0 {
		return
	}
	s.gross += money.Share(b.Total, b.Quantity, from, n)
	s.tax += money.Share(b.Tax, b.Quantity, from, n)
	s.exclusive += money.Share(b.ExclusiveTax, b.Quantity, from, n)
}

// asPlaced returns the batch that a line without batches is.
func (l *LineState) asPlaced() Batch {
	return Batch{
		Quantity: l.Quantity, Live: l.Counters.Live(), Tax: l.TaxTotal(), ExclusiveTax: exclusiveTotal(l.TaxLines), Total: l.Total,
	}
}

// grow appends a batch of new units.
func (l *LineState) grow(a *Addition) {
	if l.Batches == nil {
		l.Batches = []Batch{l.asPlaced()}
	}
	l.Batches = append(l.Batches, Batch{
		Quantity: a.Quantity, Live: a.Quantity, Tax: pricing.TaxTotal(a.TaxLines), ExclusiveTax: exclusiveTotal(a.TaxLines), Total: a.Total,
	})
	l.Counters.Ordered += a.Quantity
}

// shrink takes n live units off the end.
func (l *LineState) shrink(n int64) {
	l.Counters.Canceled += n
	for i := len(l.Batches) - 1; i >= 0; i-- {
		b := &l.Batches[i]
		part := min(n, b.Live)
		b.Live -= part
		n -= part
	}
}

// LiveTotal returns what the line's live units cost, with tax. It is less than the line's Total once some were canceled
// and more once some were added.
func (l *LineState) LiveTotal() int64 { return l.share(0, l.Counters.Live()).gross }

// LiveTotals sums up what the live units and the shipping cost now. Its Total is the order's, unless returns have been
// credited. Once a discount or tax does not divide evenly the sums of part of a line are those of its first units.
func (o *Order) LiveTotals() Totals {
	var t Totals
	for i := range o.Lines {
		l := &o.Lines[i]
		live := l.Counters.Live()
		s := l.share(0, live)
		subtotal := l.UnitPrice * live
		t.Subtotal += subtotal
		t.Discount += subtotal - (s.gross - s.exclusive)
		t.Tax += s.tax
		t.Total += s.gross
	}
	if o.Status != StatusCanceled && o.Status != StatusExpired { // else nothing is shipped
		t = plus(t, summed(nil, o.ShippingLines), 1)
	}
	return t
}
