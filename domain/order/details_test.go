package order_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
)

var (
	noteID  = uuid.MustParse("01955020-0000-7000-8000-000000000020")
	noteID2 = uuid.MustParse("01955021-0000-7000-8000-000000000021")
	sealed  = order.PII(`{"k":"1","c":"bmV3"}`)
)

func noted(change func(*order.NoteAdded)) order.NoteAdded {
	event := order.NoteAdded{About: about(), NoteID: noteID, Visibility: order.NoteInternal, Body: "fragile", AddedBy: "staff-6", AddedAt: later}
	if change != nil {
		change(&event)
	}
	return event
}

func edited(change func(*order.NoteEdited)) order.NoteEdited {
	event := order.NoteEdited{About: about(), NoteID: noteID, Visibility: order.NoteInternal, Body: "very fragile", EditedBy: "staff-6", EditedAt: later}
	if change != nil {
		change(&event)
	}
	return event
}

func tagged(added, removed []string) order.TagsChanged {
	return order.TagsChanged{About: about(), Added: added, Removed: removed, ChangedAt: later}
}

func annotated(set map[string]string, unset ...string) order.MetadataChanged {
	return order.MetadataChanged{About: about(), Set: set, Unset: unset, ChangedAt: later}
}

func invoiced(number string) order.InvoiceIssued {
	return order.InvoiceIssued{
		About: about(), InvoiceNumber: number, Series: "2026", Totals: order.Totals{Subtotal: 5498, Total: 5498}, DocumentRef: "invoices/1.pdf",
		IssuedBy: "staff-7", IssuedAt: later,
	}
}

func creditNote(number string, amount int64) order.CreditNoteIssued {
	return order.CreditNoteIssued{
		About: about(), CreditNoteNumber: number, Series: "C2026", InvoiceNumber: "2026-1", Amount: amount, Reason: "returned",
		DocumentRef: "credits/1.pdf", IssuedBy: "staff-7", IssuedAt: later,
	}
}

// requoted taxes the mugs with 20 % on top, and ships for 5.00.
func requoted() *order.Requote {
	return &order.Requote{
		Lines: []order.LineTaxes{
			{LineID: line1, SKU: "TSHIRT-M", Total: 3998},
			{LineID: line2, SKU: "MUG", TaxLines: []order.TaxLine{{Code: "vat-at", Rate: 200_000, Amount: 300}}, Total: 1800},
		},
		Shipping:          []order.ShippingLine{{Method: "post", Amount: 500}},
		ShippingNetChange: 500,
		TotalsBefore:      order.Totals{Subtotal: 5498, Total: 5498},
		TotalsAfter:       order.Totals{Subtotal: 5498, Shipping: 500, Tax: 300, Total: 6298},
		AmountDelta:       800,
	}
}

// contained has the taxed order's shirts without their tax of 6.00, and 20 % within the mugs and the shipping, where
// 19 % was on top of them.
func contained() *order.Requote {
	return &order.Requote{
		Lines: []order.LineTaxes{
			{LineID: line1, SKU: "TSHIRT-M", Total: 3598, NetSubtotalChange: 666, NetTotalChange: 600},
			{
				LineID: line2, SKU: "MUG", TaxLines: []order.TaxLine{{Code: "vat-at", Rate: 200_000, Amount: 250, Inclusive: true}},
				Total: 1500, NetSubtotalChange: -250, NetTotalChange: -250,
			},
		},
		Shipping:          []order.ShippingLine{{Method: "standard", Amount: 490, TaxLines: []order.TaxLine{{Code: "vat-at", Rate: 200_000, Amount: 82, Inclusive: true}}}},
		ShippingNetChange: -82,
		TotalsBefore:      order.Totals{Subtotal: 5498, Discount: 400, Shipping: 490, Tax: 978, Total: 5966},
		TotalsAfter:       order.Totals{Subtotal: 5498, Discount: 400, Shipping: 490, Tax: 332, Total: 5588},
		AmountDelta:       -378,
	}
}

func readdressed(change func(*order.ShippingAddressChanged)) order.ShippingAddressChanged {
	event := order.ShippingAddressChanged{About: about(), PreviousCountry: "DE", PII: sealed, ChangedAt: later}
	event.Country = "AT"
	if change != nil {
		change(&event)
	}
	return event
}

func detailSamples() events {
	return events{
		readdressed(func(e *order.ShippingAddressChanged) { e.Requote = contained() }),
		order.BillingAddressChanged{About: about(), PII: sealed, ChangedAt: later},
		order.ContactChanged{About: about(), PII: sealed, ChangedAt: later},
		noted(nil),
		edited(func(e *order.NoteEdited) { e.Visibility, e.Body, e.PII = order.NoteCustomer, "", sealed }),
		order.NoteRemoved{About: about(), NoteID: noteID, RemovedBy: "staff-6", RemovedAt: later},
		tagged([]string{"gift", "vip"}, []string{"slow"}),
		annotated(map[string]string{"cart": "77", "ab": "<b>"}, "old", "older"),
		invoiced("2026-1"),
		creditNote("C2026-1", 1000),
	}
}

func TestChangeShippingAddress(t *testing.T) {
	t.Parallel()

	change := func(edit func(*order.Requote)) order.ChangeShippingAddress {
		cmd := order.ChangeShippingAddress{Country: "AT", PII: sealed, Requote: requoted(), At: later}
		if edit != nil {
			edit(cmd.Requote)
		}
		return cmd
	}
	with := func(edit func(*order.Requote), code rule.Code) decision {
		return decision{given: ready(), when: change(edit), wantErr: code}
	}
	plain := change(nil)
	plain.Requote = nil
	same := order.ChangeShippingAddress{Country: "DE", PII: placed(nil).PII, At: later}
	moved := readdressed(func(e *order.ShippingAddressChanged) { e.Requote = requoted() })
	fewer := then(ready(), order.CancelLines{CancellationID: holdID, Lines: goods{mugs(1)}, At: later})
	credited := then(did(place(func(c *order.Place) { c.Lines[1].RequiresShipping = false }), markPaid()),
		order.RequestReturn{ReturnID: returnID, Lines: []order.RequestedLine{{LineID: line2, Quantity: 1}}, At: later}, order.ApproveReturn{ReturnID: returnID, At: later},
		order.ReceiveReturn{ReturnID: returnID, At: later}, order.ResolveReturn{ReturnID: returnID, At: later})
	first := &order.Requote{
		Lines:        []order.LineTaxes{{LineID: line1, SKU: "TSHIRT-M", Total: 3998}, {LineID: line2, SKU: "MUG", Total: 1500}},
		TotalsBefore: order.Totals{Tax: 300, Total: 6298}, TotalsAfter: order.Totals{Total: 5998}, AmountDelta: -300,
	}
	back := order.ChangeShippingAddress{Country: "DE", PII: sealed, At: later, Requote: first}
	home := order.ShippingAddressChanged{About: about(), PreviousCountry: "AT", PII: sealed, ChangedAt: later, Requote: first}
	inside := order.ChangeShippingAddress{Country: "AT", PII: sealed, Requote: contained(), At: later}
	run(t, map[string]decision{
		"to another address":                         {ready(), plain, events{readdressed(nil)}, ""},
		"with other taxes":                           {ready(), change(nil), events{moved}, ""},
		"while the order is pending":                 {events{placed(nil)}, plain, events{readdressed(nil)}, ""},
		"while its goods are packed":                 {ready(packed(nil)), plain, events{readdressed(nil)}, ""},
		"to the same address changes nothing":        {ready(), same, nil, ""},
		"not once something was shipped":             {ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))), plain, nil, rule.AlreadyShipped},
		"after a cancellation at the same taxes":     {fewer, plain, events{readdressed(nil)}, ""},
		"nor with units that were credited":          {credited, change(nil), nil, rule.InvalidState},
		"not at others":                              {fewer, change(nil), nil, rule.InvalidState},
		"not with a quote that is stale":             with(func(q *order.Requote) { q.TotalsBefore.Total = 5000 }, rule.TotalsMismatch),
		"nor one that leaves a line out":             with(func(q *order.Requote) { q.Lines = q.Lines[1:] }, rule.TotalsMismatch),
		"nor one with a line twice":                  with(func(q *order.Requote) { q.Lines[0] = q.Lines[1] }, rule.ValidationFailed),
		"nor one whose line does not add up":         with(func(q *order.Requote) { q.Lines[1].Total = 1799 }, rule.TotalsMismatch),
		"nor one whose total does not":               with(func(q *order.Requote) { q.TotalsAfter.Total, q.AmountDelta = 6299, 801 }, rule.TotalsMismatch),
		"nor one whose difference does not":          with(func(q *order.Requote) { q.AmountDelta = 799 }, rule.TotalsMismatch),
		"not to a country beyond reading":            {ready(), order.ChangeShippingAddress{Country: strings.Repeat("x", 256)}, nil, rule.ValidationFailed},
		"not once the order is canceled":             {events{placed(nil), canceled(nil)}, plain, nil, rule.OrderTerminal},
		"not of no order":                            {nil, plain, nil, rule.OrderNotFound},
		"not of a draft, which is updated":           {did(order.Draft{OrderID: orderID, Channel: "web", Currency: "EUR", At: noon}), plain, nil, rule.InvalidState},
		"with other taxes once more, from the first": {ready(moved), back, events{home}, ""},
		"with taxes that the prices contain":         {did(taxed()), inside, events{readdressed(func(e *order.ShippingAddressChanged) { e.Requote = contained() })}, ""},
	})
}

// Taxes computed anew are what the order costs from then on, to the last share.
func TestChangeShippingAddress_requote(t *testing.T) {
	t.Parallel()

	o := order.Replay(ready(readdressed(func(e *order.ShippingAddressChanged) { e.Requote = requoted() }))...)
	want := order.Totals{Subtotal: 5498, Shipping: 500, Tax: 300, Total: 6298}
	if o.Country != "AT" || o.Total() != 6298 || o.AmountDue() != 800 || o.LiveTotals() != want || o.Totals != want {
		t.Errorf("%s: total %d, due %d, %+v; want AT, 6298, 800, %+v", o.Country, o.Total(), o.AmountDue(), o.LiveTotals(), want)
	}
	again := requoted()
	again.Lines[1], again.Shipping, again.AmountDelta = order.LineTaxes{LineID: line2, Total: 1500}, nil, -300
	later := o.Clone()
	later.Apply(readdressed(func(e *order.ShippingAddressChanged) { e.Requote = again }))
	if later.Total() != 5998 || len(later.ShippingLines) != 1 {
		t.Errorf("total %d with %+v; want 5998 with the shipping as it was", later.Total(), later.ShippingLines)
	}
	if l := o.Lines[1]; l.Total != 1800 || l.TaxTotal() != 300 {
		t.Errorf("line %+v; want 18.00 with a tax of 3.00", l)
	}
}

// A quote says rightly what each line and the shipping are worth without tax, or it is refused: figures are made of it.
func TestChangeShippingAddress_wrongChanges(t *testing.T) {
	t.Parallel()

	with := func(pointer string, edit func(*order.Requote)) refusal {
		quote := contained()
		edit(quote)
		return refusal{
			given: did(taxed()), when: order.ChangeShippingAddress{Country: "AT", PII: sealed, Requote: quote, At: later},
			code: rule.TotalsMismatch, pointer: pointer,
		}
	}
	other := with("/requote/lines/1/sku", func(q *order.Requote) { q.Lines[1].SKU = "CUP" })
	other.code, other.line, other.requested, other.available = rule.ValidationFailed, line2, 3, 3
	nameless := with("/requote/lines/0/sku", func(q *order.Requote) { q.Lines[0].SKU = "" })
	nameless.code = rule.ValidationFailed
	refused(t, map[string]refusal{
		"another SKU":                        other,
		"no SKU":                             nameless,
		"a net subtotal that moves too far":  with("/requote/lines/0/net_subtotal_change", func(q *order.Requote) { q.Lines[0].NetSubtotalChange++ }),
		"a net subtotal that does not move":  with("/requote/lines/1/net_subtotal_change", func(q *order.Requote) { q.Lines[1].NetSubtotalChange = 0 }),
		"a net total that moves too little":  with("/requote/lines/0/net_total_change", func(q *order.Requote) { q.Lines[0].NetTotalChange-- }),
		"a net total that moves another way": with("/requote/lines/1/net_total_change", func(q *order.Requote) { q.Lines[1].NetTotalChange = 250 }),
		"a shipping that does not move":      with("/requote/shipping_net_change", func(q *order.Requote) { q.ShippingNetChange = 0 }),
		"a shipping that moves, but stays":   with("/requote/shipping_net_change", func(q *order.Requote) { q.Shipping = nil }),
		"a tax before that is stale":         with("/requote/totals_before", func(q *order.Requote) { q.TotalsBefore.Tax-- }),
		"a tax after that is not right":      with("/requote/totals_after", func(q *order.Requote) { q.TotalsAfter.Tax++ }),
	})
}

func TestChangeBillingAddressAndContact(t *testing.T) {
	t.Parallel()

	billing, contact := order.ChangeBillingAddress{PII: sealed, At: later}, order.ChangeContact{PII: sealed, At: later}
	billed, reached := order.BillingAddressChanged{About: about(), PII: sealed, ChangedAt: later}, order.ContactChanged{About: about(), PII: sealed, ChangedAt: later}
	run(t, map[string]decision{
		"another billing address":              {ready(), billing, events{billed}, ""},
		"once it was shipped too":              {shipped(), billing, events{billed}, ""},
		"the same changes nothing":             {ready(billed), billing, nil, ""},
		"another contact":                      {ready(), contact, events{reached}, ""},
		"the same contact changes nothing":     {ready(reached), contact, nil, ""},
		"no billing address of a finished one": {events{imported()}, billing, nil, rule.OrderTerminal},
		"no contact of a finished one":         {events{placed(nil), canceled(nil)}, contact, nil, rule.OrderTerminal},
		"no billing address of none":           {nil, billing, nil, rule.OrderNotFound},
		"no contact of none":                   {nil, contact, nil, rule.OrderNotFound},
	})
}

func TestNotes(t *testing.T) {
	t.Parallel()

	add := order.AddNote{NoteID: noteID, Body: "fragile", By: "staff-6", At: later}
	customer := order.AddNote{NoteID: noteID, Visibility: order.NoteCustomer, PII: sealed, At: later}
	said := noted(func(e *order.NoteAdded) { e.Visibility, e.Body, e.PII, e.AddedBy = order.NoteCustomer, "", sealed, "" })
	edit := order.EditNote{NoteID: noteID, Body: "very fragile", By: "staff-6", At: later}
	remove := order.RemoveNote{NoteID: noteID, By: "staff-6", At: later}
	removed := order.NoteRemoved{About: about(), NoteID: noteID, RemovedBy: "staff-6", RemovedAt: later}
	full := ready()
	for n := range order.MaxNotes {
		full = append(full, noted(func(e *order.NoteAdded) { e.NoteID = uuid.UUID{0: 5, 15: byte(n)} }))
	}
	with := func(change func(*order.AddNote)) decision {
		cmd := add
		change(&cmd)
		return decision{given: ready(), when: cmd, wantErr: rule.ValidationFailed}
	}
	run(t, map[string]decision{
		"staff's words":                        {ready(), add, events{noted(nil)}, ""},
		"a customer's are personal data":       {ready(), customer, events{said}, ""},
		"of a finished order too":              {ready(removed), add, events{noted(nil)}, ""},
		"and a canceled one":                   {events{placed(nil), canceled(nil)}, add, events{noted(nil)}, ""},
		"again changes nothing":                {ready(noted(nil)), add, nil, ""},
		"other words under its id are refused": {ready(noted(nil)), customer, nil, rule.InvalidState},
		"no more than 200":                     {full, add, nil, rule.ValidationFailed},
		"under an id":                          with(func(c *order.AddNote) { c.NoteID = uuid.Nil }),
		"with words":                           with(func(c *order.AddNote) { c.Body = " \n" }),
		"that can be read":                     with(func(c *order.AddNote) { c.Body = strings.Repeat("ä", 2001) }),
		"in UTF-8":                             with(func(c *order.AddNote) { c.Body = "\xff" }),
		"of one of both":                       with(func(c *order.AddNote) { c.PII = sealed }),
		"for somebody":                         with(func(c *order.AddNote) { c.Visibility = "all" }),
		"they can be changed":                  {ready(noted(nil)), edit, events{edited(nil)}, ""},
		"for others to see":                    {ready(noted(nil)), order.EditNote{NoteID: noteID, Visibility: order.NoteCustomer, Body: "fragile", At: later}, events{edited(func(e *order.NoteEdited) { e.Visibility, e.Body, e.EditedBy = order.NoteCustomer, "fragile", "" })}, ""},
		"changing them twice changes nothing":  {ready(noted(nil), edited(nil)), edit, nil, ""},
		"never to nothing":                     {ready(noted(nil)), order.EditNote{NoteID: noteID}, nil, rule.ValidationFailed},
		"and taken away":                       {ready(noted(nil)), remove, events{removed}, ""},
		"only once":                            {ready(noted(nil), removed), remove, nil, rule.NoteNotFound},
		"never changed after that":             {ready(noted(nil), removed), edit, nil, rule.NoteNotFound},
		"never of no order":                    {nil, add, nil, rule.OrderNotFound},
		"nor changed":                          {nil, edit, nil, rule.OrderNotFound},
		"nor taken away":                       {nil, remove, nil, rule.OrderNotFound},
	})
	o := order.Replay(ready(noted(nil), noted(func(e *order.NoteAdded) { e.NoteID = noteID2 }), edited(nil), removed)...)
	if len(o.Notes) != 1 || o.Notes[0].NoteID != noteID2 {
		t.Errorf("notes %+v; want the second one", o.Notes)
	}
}

func TestSetTags(t *testing.T) {
	t.Parallel()

	set := func(tags ...string) order.SetTags { return order.SetTags{Tags: tags, At: later} }
	many := make([]string, order.MaxTags+1)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	given := ready(tagged([]string{"gift", "slow"}, nil))
	run(t, map[string]decision{
		"in lower case, sorted, once each": {ready(), set(" VIP ", "gift", "Gift"), events{tagged([]string{"gift", "vip"}, nil)}, ""},
		"what is new and what is gone":     {given, set("vip", "gift"), events{tagged([]string{"vip"}, []string{"slow"})}, ""},
		"all of them":                      {given, set(), events{tagged(nil, []string{"gift", "slow"})}, ""},
		"the same change nothing":          {given, set("Slow", "gift"), nil, ""},
		"of a finished order too":          {events{placed(nil), canceled(nil)}, set("fraud"), events{tagged([]string{"fraud"}, nil)}, ""},
		"no empty one":                     {ready(), set("a", " "), nil, rule.ValidationFailed},
		"none beyond reading":              {ready(), set(strings.Repeat("x", 41)), nil, rule.ValidationFailed},
		"no more than 50":                  {ready(), set(many...), nil, rule.ValidationFailed},
		"not of no order":                  {nil, set("a"), nil, rule.OrderNotFound},
	})
	o := order.Replay(append(given, tagged([]string{"air"}, []string{"slow"}))...)
	if want := []string{"air", "gift"}; !reflect.DeepEqual(o.Tags, want) {
		t.Errorf("tags %q; want %q", o.Tags, want)
	}
}

func TestSetMetadata(t *testing.T) {
	t.Parallel()

	set := func(set map[string]string, unset ...string) order.SetMetadata {
		return order.SetMetadata{Set: set, Unset: unset, At: later}
	}
	many := make(map[string]string)
	for i := range order.MaxMetadataKeys {
		many[fmt.Sprint("k", i)] = "v"
	}
	given, full := ready(annotated(map[string]string{"a": "1", "b": "2"})), ready(annotated(many))
	run(t, map[string]decision{
		"keys are set":                     {ready(), set(map[string]string{"a": "1"}), events{annotated(map[string]string{"a": "1"})}, ""},
		"replaced and unset":               {given, set(map[string]string{"a": "2", "b": "2"}, "b2", "a2"), events{annotated(map[string]string{"a": "2"})}, ""},
		"those there are":                  {given, set(nil, "b", "a", "b", "c"), events{annotated(nil, "a", "b")}, ""},
		"to an empty value":                {given, set(map[string]string{"a": ""}), events{annotated(map[string]string{"a": ""})}, ""},
		"what is so already stays":         {given, set(map[string]string{"a": "1"}, "c"), nil, ""},
		"of a finished order too":          {events{imported()}, set(map[string]string{"a": "1"}), events{order.MetadataChanged{About: order.About{OrderID: orderID, Channel: "import", Currency: "EUR", Country: "EIRE", CustomerID: "17850"}, Set: map[string]string{"a": "1"}, ChangedAt: later}}, ""},
		"one instead of another":           {full, set(map[string]string{"new": "v"}, "k0"), events{annotated(map[string]string{"new": "v"}, "k0")}, ""},
		"no more than 50":                  {full, set(map[string]string{"new": "v"}), nil, rule.MetadataLimit},
		"no key beyond 40 characters":      {ready(), set(map[string]string{strings.Repeat("ä", 41): ""}), nil, rule.MetadataLimit},
		"up to there":                      {ready(), set(map[string]string{strings.Repeat("ä", 40): ""}), events{annotated(map[string]string{strings.Repeat("ä", 40): ""})}, ""},
		"no empty key":                     {ready(), set(map[string]string{"": "x"}), nil, rule.MetadataLimit},
		"no value beyond 500 characters":   {ready(), set(map[string]string{"a": strings.Repeat("ä", 501)}), nil, rule.MetadataLimit},
		"no key that is set and unset":     {ready(), set(map[string]string{"a": "1"}, "a"), nil, rule.ValidationFailed},
		"no value that databases refuse":   {ready(), set(map[string]string{"a": "\x00"}), nil, rule.ValidationFailed},
		"not of no order":                  {nil, set(map[string]string{"a": "1"}), nil, rule.OrderNotFound},
		"of no order, even if it is empty": {nil, set(nil), nil, rule.OrderNotFound},
	})
	o := order.Replay(append(given, annotated(map[string]string{"c": "3"}, "a", "b"))...)
	if want := (order.Metadata{"c": "3"}); !reflect.DeepEqual(o.Metadata, want) {
		t.Errorf("metadata %v; want %v", o.Metadata, want)
	}
	if o.Apply(annotated(nil, "c")); o.Metadata != nil {
		t.Errorf("metadata %v; want none", o.Metadata)
	}
}

func TestInvoices(t *testing.T) {
	t.Parallel()

	issue := func(number string) order.IssueInvoice {
		return order.IssueInvoice{Number: number, Series: "2026", DocumentRef: "invoices/1.pdf", By: "staff-7", At: later}
	}
	credit := func(number string, amount int64) order.IssueCreditNote {
		return order.IssueCreditNote{
			Number: number, Series: "C2026", InvoiceNumber: "2026-1", Amount: amount, Reason: "returned", DocumentRef: "credits/1.pdf",
			By: "staff-7", At: later,
		}
	}
	ofAnother := credit("C2026-1", 1)
	ofAnother.InvoiceNumber = "2026-9"
	given := ready(invoiced("2026-1"))
	part := ready(invoiced("2026-1"), creditNote("C2026-1", 1000))
	whole := ready(invoiced("2026-1"), creditNote("C2026-1", 5498))
	fewer := then(ready(), order.CancelLines{CancellationID: holdID, Lines: goods{mugs(1)}, At: later})
	smaller := invoiced("2026-1")
	smaller.Totals = order.Totals{Subtotal: 4998, Total: 4998}
	came := ready(asked(nil), approved(), came(order.DispositionRestock, mugs(2)), resolved(nil))
	less := invoiced("2026-1")
	less.Totals, less.Credited = order.Totals{Subtotal: 5498, Total: 4498}, 1000
	free := invoiced("2026-0")
	free.Totals = order.Totals{}
	costless, cheap := place(func(c *order.Place) { c.Lines[0].UnitPrice, c.Lines[1].UnitPrice = 0, 0 }), order.EditPrices{
		Lines: []order.NewLine{{LineID: line3, SKU: "CAP", Quantity: 1, UnitPrice: 700}},
	}
	nothing := append(did(costless), free)
	raised := then(staged(nothing, order.EditChange{Kind: order.EditAddLine, LineID: line3, SKU: "CAP", Quantity: 1}),
		order.CommitEdit{EditID: editID, Prices: cheap, At: later})
	seven := invoiced("2026-1")
	seven.Totals = order.Totals{Subtotal: 700, Total: 700}
	run(t, map[string]decision{
		"a confirmed order is invoiced":            {ready(), issue("2026-1"), events{invoiced("2026-1")}, ""},
		"for what is live":                         {fewer, issue("2026-1"), events{smaller}, ""},
		"not for what came back":                   {came, issue("2026-1"), events{less}, ""},
		"over nothing, once":                       {nothing, issue("2026-1"), nil, rule.InvalidState},
		"until the order costs something":          {raised, issue("2026-1"), events{seven}, ""},
		"the same number again changes nothing":    {given, issue("2026-1"), nil, ""},
		"another one waits until it is credited":   {given, issue("2026-2"), nil, rule.InvalidState},
		"in whole":                                 {part, issue("2026-2"), nil, rule.InvalidState},
		"and then comes":                           {whole, issue("2026-2"), events{invoiced("2026-2")}, ""},
		"no number of a credit note":               {whole, issue("C2026-1"), nil, rule.InvalidState},
		"not without a number":                     {ready(), issue(""), nil, rule.ValidationFailed},
		"not before the order is confirmed":        {events{placed(nil)}, issue("2026-1"), nil, rule.InvalidState},
		"not once it is canceled":                  {events{placed(nil), canceled(nil)}, issue("2026-1"), nil, rule.OrderTerminal},
		"not of no order":                          {nil, issue("2026-1"), nil, rule.OrderNotFound},
		"part of an invoice is credited":           {given, credit("C2026-1", 1000), events{creditNote("C2026-1", 1000)}, ""},
		"or all of it":                             {given, credit("C2026-1", 0), events{creditNote("C2026-1", 5498)}, ""},
		"or what is left":                          {part, credit("C2026-2", 0), events{creditNote("C2026-2", 4498)}, ""},
		"the same credit again changes nothing":    {part, credit("C2026-1", 1000), nil, ""},
		"nor without its amount":                   {whole, credit("C2026-1", 0), nil, ""},
		"another amount under its number does not": {part, credit("C2026-1", 1001), nil, rule.InvalidState},
		"no credit beyond the invoice":             {given, credit("C2026-1", 5499), nil, rule.InvalidState},
		"nor beyond what is left":                  {part, credit("C2026-2", 4499), nil, rule.InvalidState},
		"nor once nothing is":                      {whole, credit("C2026-2", 0), nil, rule.InvalidState},
		"no negative credit":                       {given, credit("C2026-1", -1), nil, rule.ValidationFailed},
		"no credit without a number":               {given, credit("", 1), nil, rule.ValidationFailed},
		"no credit of an invoice that is none":     {given, ofAnother, nil, rule.ValidationFailed},
		"nor of one that was never issued":         {ready(), credit("C2026-1", 1), nil, rule.ValidationFailed},
		"no credit of no order":                    {nil, credit("C2026-1", 1), nil, rule.OrderNotFound},
		"credits of a canceled order too":          {then(given, order.Cancel{CancellationID: holdID, At: later}), credit("C2026-1", 0), events{creditNote("C2026-1", 5498)}, ""},
	})
}

func TestDetails_refusals(t *testing.T) {
	t.Parallel()

	explained(t, map[string]told{
		"a long value": {
			ready(),
			order.SetMetadata{Set: map[string]string{"a/b": strings.Repeat("x", 501)}},
			rule.MetadataLimit, "/set/a~1b", uuid.Nil, 501, 500,
			[]string{`"a/b"`, "500 characters, not 501"},
		},
		"a credit beyond the invoice": {
			ready(invoiced("2026-1")),
			order.IssueCreditNote{Number: "C1", Series: "C", InvoiceNumber: "2026-1", Amount: 5499},
			rule.InvalidState, "/amount", uuid.Nil, int64(5499), int64(5498),
			[]string{"54.99", "54.98", "2026-1"},
		},
		"an address of what has left": {
			ready(packed(nil), dispatchedPart(parcelID, 500, mugs(1))),
			order.ChangeShippingAddress{Country: "AT"},
			rule.AlreadyShipped, "", line2, int64(3), int64(2),
			[]string{"1 of 3 units", `"MUG"`},
		},
	})
}
