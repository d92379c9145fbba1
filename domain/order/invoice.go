package order

import (
	"slices"
	"strings"
	"time"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/domain/text"
)

// IssueInvoice gives an order an invoice over what it costs now. It has at most one of which anything is left, so that
// invoices less credit notes come to what the order costs once what was billed before is credited. The caller draws the
// number from the series in the same append. The same number again changes nothing.
type IssueInvoice struct {
	Number      string
	Series      string
	DocumentRef string
	Texts       PII // sealed: document_ref
	By          string
	At          time.Time
}

// IssueCreditNote takes an invoice back in part or in whole: Amount 0 is all that is left of it. The same number again
// changes nothing.
type IssueCreditNote struct {
	Number        string
	Series        string
	InvoiceNumber string
	Amount        int64
	Reason        string
	DocumentRef   string
	Texts         PII // sealed: document_ref
	Private       PII // sealed: reason
	By            string
	At            time.Time
}

func (c IssueInvoice) decide(o *Order) ([]Event, error) {
	if err := o.invoiceable(); err != nil {
		return nil, err
	}
	if there := o.invoice(c.Number); there != nil {
		if there.CreditOf == "" && there.Series == c.Series {
			return nil, nil
		}
		return nil, o.numberTaken(c.Number)
	}
	var faults rule.Faults
	checkDocument(&faults, c.Number, c.Series, c.DocumentRef)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	totals := o.billable()
	for i := range o.Invoices {
		if err := o.billed(&o.Invoices[i], totals.Total); err != nil {
			return nil, err
		}
	}
	return []Event{InvoiceIssued{
		About: o.about(), InvoiceNumber: c.Number, Series: c.Series, Totals: totals, Credited: o.Credited,
		DocumentRef: inClear(c.DocumentRef, c.Texts), Texts: c.Texts,
		IssuedBy: c.By, IssuedAt: instant(c.At),
	}}, nil
}

// billable returns what the order costs now: its live units and its shipping, less what returns have taken off.
func (o *Order) billable() Totals {
	t := o.LiveTotals()
	for i := range o.Returns {
		t.Tax -= o.Returns[i].RefundTax
	}
	t.Total = max(0, o.Total())
	t.Tax = min(max(0, t.Tax), t.Total) // a shipping that became cheaper may have been credited before
	return t
}

// billed returns the refusal of another invoice over so much: while anything is left of this one, or to repeat that
// nothing is to be paid.
func (o *Order) billed(there *Invoice, total int64) error {
	if there.CreditOf != "" {
		return nil
	}
	left, credited := o.invoiceLeft(there)
	if left == 0 && (credited || total > 0) {
		return nil
	}
	v := rule.New(rule.InvalidState, "invoice %s of order %s is open with %s; credit it before another one is issued", there.Number,
		o.Number, money.Format(left, o.Currency))
	if left == 0 {
		v = rule.New(rule.InvalidState, "invoice %s of order %s is over nothing already, and the order costs nothing", there.Number, o.Number)
	}
	v.Details = []rule.Detail{{
		Code: v.Code, Message: v.Message, Meta: map[string]any{"invoice_number": there.Number, "available": left, "currency": o.Currency},
	}}
	return v
}

// invoiceable returns the rule that keeps the order from being invoiced.
func (o *Order) invoiceable() error {
	switch o.Status {
	case StatusConfirmed, StatusCompleted:
		return nil
	case StatusDraft, StatusPending:
		return rule.New(rule.InvalidState, "order %s is %s; confirm it before it is invoiced", o.Number, o.Status)
	case StatusCanceled, StatusExpired:
		return rule.New(rule.OrderTerminal, "order %s is %s and there is nothing to invoice", o.Number, o.Status)
	default:
		return notFound()
	}
}

func (c IssueCreditNote) decide(o *Order) ([]Event, error) {
	if !o.Exists() {
		return nil, notFound()
	}
	if there := o.invoice(c.Number); there != nil {
		if there.CreditOf == c.InvoiceNumber && there.CreditOf != "" && (c.Amount == 0 || there.Amount == c.Amount) {
			return nil, nil
		}
		return nil, o.numberTaken(c.Number)
	}
	var faults rule.Faults
	checkDocument(&faults, c.Number, c.Series, c.DocumentRef)
	text.Note.Check(&faults, "/reason", c.Reason, 0, MaxNoteLength)
	if c.Amount < 0 {
		faults.Add(rule.ValidationFailed, "/amount", "a credit note is over 0 for all that is left, or more, not %d", c.Amount)
	}
	invoice := o.invoice(c.InvoiceNumber)
	if invoice == nil || invoice.CreditOf != "" {
		faults.Add(rule.ValidationFailed, "/invoice_number", "order %s has no invoice %q; it has %s", o.Number, c.InvoiceNumber, o.invoiceNumbers())
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	left, _ := o.invoiceLeft(invoice)
	amount := c.Amount
	if amount == 0 {
		amount = left
	}
	if amount > left || left == 0 {
		v := rule.New(rule.InvalidState, "a credit note over %s was asked for, %s of invoice %s is left", money.Format(amount, o.Currency),
			money.Format(left, o.Currency), invoice.Number)
		v.Details = []rule.Detail{{
			Pointer: "/amount", Code: v.Code, Message: v.Message,
			Meta: map[string]any{"invoice_number": invoice.Number, "requested": amount, "available": left, "currency": o.Currency},
		}}
		return nil, v
	}
	return []Event{CreditNoteIssued{
		About: o.about(), CreditNoteNumber: c.Number, Series: c.Series, InvoiceNumber: invoice.Number, Amount: amount,
		Reason: inClear(c.Reason, c.Private), Private: c.Private, DocumentRef: inClear(c.DocumentRef, c.Texts), Texts: c.Texts, IssuedBy: c.By, IssuedAt: instant(c.At),
	}}, nil
}

// invoice returns an invoice or credit note, or nil.
func (o *Order) invoice(number string) *Invoice {
	i := slices.IndexFunc(o.Invoices, func(i Invoice) bool { return i.Number == number })
	if i < 0 {
		return nil
	}
	return &o.Invoices[i]
}

// invoiceLeft returns what is left of an invoice, and whether any credit note takes it back.
func (o *Order) invoiceLeft(invoice *Invoice) (left int64, credited bool) {
	left = invoice.Amount
	for i := range o.Invoices {
		if o.Invoices[i].CreditOf == invoice.Number {
			left -= o.Invoices[i].Amount
			credited = true
		}
	}
	return left, credited
}

func (o *Order) invoiceNumbers() string {
	var numbers []string
	for i := range o.Invoices {
		if o.Invoices[i].CreditOf == "" {
			numbers = append(numbers, o.Invoices[i].Number)
		}
	}
	if len(numbers) == 0 {
		return "none; issue one first"
	}
	return strings.Join(numbers, ", ")
}

// numberTaken returns the refusal of a number that another document bears.
func (o *Order) numberTaken(number string) error {
	return rule.New(rule.InvalidState, "number %s is taken by another document of order %s; draw the next one", number, o.Number)
}

// checkDocument records what is wrong with the fields that invoices and credit notes share.
func checkDocument(faults *rule.Faults, number, series, ref string) {
	text.Identifier.Check(faults, "/number", number, 0, MaxKeyLength)
	text.Identifier.Check(faults, "/series", series, 0, MaxKeyLength)
	text.Identifier.Check(faults, "/document_ref", ref, 0, MaxURLLength)
	if number == "" || series == "" {
		faults.Add(rule.ValidationFailed, "/number", "a document needs a number and the series that it was drawn from")
	}
}

func (o *Order) applyInvoiceIssued(e *InvoiceIssued) {
	o.Invoices = append(o.Invoices, Invoice{
		Number: e.InvoiceNumber, Series: e.Series, Amount: e.Totals.Total, DocumentRef: e.DocumentRef, Texts: e.Texts, IssuedAt: e.IssuedAt,
	})
	o.UpdatedAt = e.IssuedAt
}

func (o *Order) applyCreditNoteIssued(e *CreditNoteIssued) {
	o.Invoices = append(o.Invoices, Invoice{
		Number: e.CreditNoteNumber, Series: e.Series, CreditOf: e.InvoiceNumber, Amount: e.Amount, DocumentRef: e.DocumentRef, Texts: e.Texts,
		IssuedAt: e.IssuedAt,
	})
	o.UpdatedAt = e.IssuedAt
}
