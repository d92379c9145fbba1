package commands

import (
	"fmt"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/series"
	"github.com/ordermill/ordermill/domain/settings"
)

// Names of the series that numbers are drawn from; a series that is asked for comes behind.
const (
	invoiceSeries    = "invoice:"
	creditNoteSeries = "credit_note:"
	creditNotePrefix = "CN-" // of a credit note's number, and so of no invoice's
)

// decide gives the order an invoice with the next number of its series. Who is refused draws none.
func (c IssueInvoice) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Invoice.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	issue := c.Invoice
	owner := fmt.Sprintf("%s/%d", c.OrderID, len(o.orderState().Invoices))
	if issue.Series, err = seriesOf(v.settings(), c.Series, issue.At); err != nil {
		return w.decision, err
	}
	number, draw, err := w.draw(invoiceSeries+issue.Series, owner)
	if err != nil {
		return w.decision, err
	}
	issue.Number = fmt.Sprintf("%s-%06d", issue.Series, number)
	if err := w.order(o, issue); err != nil {
		return w.decision, err
	}
	draw()
	return w.decision, nil
}

// decide takes the invoice back, with the next number of the series of credit notes.
func (c IssueCreditNote) decide(v *view) (decision, error) {
	o, err := existing(v, c.OrderID)
	w := begin(v, o, c.Credit.At, c.OrderID.String())
	if err != nil {
		return w.decision, err
	}
	issue := c.Credit
	owner := fmt.Sprintf("%s/%d", c.OrderID, len(o.orderState().Invoices))
	if issue.Series, err = seriesOf(v.settings(), c.Series, issue.At); err != nil {
		return w.decision, err
	}
	number, draw, err := w.draw(creditNoteSeries+issue.Series, owner)
	if err != nil {
		return w.decision, err
	}
	issue.Number = fmt.Sprintf("%s%s-%06d", creditNotePrefix, issue.Series, number)
	if err := w.order(o, issue); err != nil {
		return w.decision, err
	}
	draw()
	return w.decision, nil
}

// seriesOf returns the series that is asked for: by default the year where the shop is.
func seriesOf(s *settings.Settings, series string, at time.Time) (string, error) {
	if strings.HasPrefix(series, creditNotePrefix) {
		var faults rule.Faults
		faults.Add(rule.ValidationFailed, "/series", "a series does not begin with %s, as numbers of credit notes do; name it otherwise", creditNotePrefix)
		return "", faults.Err()
	}
	if series != "" {
		return series, nil
	}
	return at.In(s.Location()).Format("2006"), nil
}

// draw returns the next number of a series, and what takes it.
func (w *work) draw(name, owner string) (int64, func(), error) {
	s := w.v.series(name)
	events, err := series.Decide(w.seriesOf(s), series.Draw{Series: name, Owner: owner, At: w.occurred})
	if err != nil {
		return 0, nil, err
	}
	number, known := s.seriesState().NumberOf(owner)
	for _, e := range events {
		if drawn, ok := e.(series.Drawn); ok {
			number, known = drawn.Number, true
		}
	}
	if !known {
		return 0, nil, fmt.Errorf("series %s gave no number", name)
	}
	return number, func() { w.add(s, facts(events)...) }, nil
}
