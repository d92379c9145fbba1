// Package topskus is the read model of what sells best: units and net value of each SKU over time.
//
// Sums are kept by quarter of an hour, by day and by month of UTC, so that a long time is a few months and the pieces
// before and after them.
package topskus

import (
	"cmp"
	"context"
	_ "embed" // the statements
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of its table.
const Name = "top_skus"

var (
	//go:embed create.sql
	createStatement string
	//go:embed upsert.sql
	upsertStatement string
	//go:embed currencies.sql
	currenciesStatement string
)

// Model builds the sums. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "top_skus".
func (Model) Name() string { return Name }

// StreamTypes says that the sums are made of orders.
func (Model) StreamTypes() []string { return []string{order.StreamType} }

// Create returns the statement that makes a generation's table.
func (Model) Create(g projections.Generation) []string { return []string{in(g, createStatement)} }

// Index returns the statement that adds the table's key.
func (Model) Index(g projections.Generation) []string {
	return []string{in(g, "alter table {table} add primary key (tenant_id, span, currency, bucket_start, sku)")}
}

// in puts a generation's table into a statement.
func in(g projections.Generation, statement string) string {
	return strings.ReplaceAll(statement, "{table}", g.Table(Name))
}

// span is the length of a bucket.
type span int16

// The spans. They are stored.
const (
	quarter span = iota // of an hour
	day
	month
	spanCount
)

// floor returns the beginning of the bucket that an instant lies in, in seconds since 1970.
func (s span) floor(at int64) int64 {
	switch s {
	case quarter:
		return at - mod(at, 15*60)
	case day:
		return at - mod(at, 24*60*60)
	default:
		year, m, _ := time.Unix(at, 0).UTC().Date()
		return time.Date(year, m, 1, 0, 0, 0, 0, time.UTC).Unix()
	}
}

// mod returns the rest of a division, which is never negative.
func mod(a, b int64) int64 { return (a%b + b) % b }

// key is a SKU in a bucket.
type key struct {
	tenant, currency, sku string
	start                 int64 // seconds since 1970
	span                  span
}

// byKey compares step by step: there are many keys, and their first parts decide most comparisons.
func byKey(a, b key) int {
	if c := cmp.Compare(a.tenant, b.tenant); c != 0 {
		return c
	}
	if a.span != b.span {
		return cmp.Compare(a.span, b.span)
	}
	if c := cmp.Compare(a.currency, b.currency); c != 0 {
		return c
	}
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	return cmp.Compare(a.sku, b.sku)
}

// sums are what is counted of a SKU.
type sums struct {
	units money.Total // ordered, edits included; neither cancellations nor returns are taken off
	net   money.Total // minor units, after discounts, cancellations and refunds, without tax
}

// add adds up.
func (s *sums) add(t sums) {
	s.units.AddTotal(t.units)
	s.net.AddTotal(t.net)
}

// each calls add for every line that an event counts for, with the event's currency. It fails, before the first one, if
// the event is new to this build.
func each(fact order.Event, add adder) error {
	switch f := fact.(type) {
	case order.Placed:
		eachLine(&f.Contents, add)
	case order.Imported:
		eachLine(&f.Contents, add)
	case order.Canceled:
		eachCanceled(f.Currency, f.Lines, add)
	case order.LinesCanceled:
		eachCanceled(f.Currency, f.Lines, add)
	case order.Expired:
		eachCanceled(f.Currency, f.Lines, add)
	case order.EditCommitted:
		eachEdited(&f, add)
	case order.ShippingAddressChanged:
		eachRetaxed(&f, add)
	case order.ReturnResolved:
		eachRefunded(&f, add)
	case order.ReturnImported:
		for i := range f.Lines {
			add(f.Currency, f.Lines[i].SKU, off(f.Lines[i].Amount))
		}
	case order.Confirmed, order.PaymentUpdated, order.Drafted, order.DraftUpdated, order.Held, order.HoldReleased,
		order.EditBegun, order.EditStaged, order.EditDiscarded, order.BackorderFilled, order.Completed, order.Archived,
		order.FulfillmentPlanned, order.FulfillmentMoved, order.FulfillmentCreated, order.ShipmentDispatched,
		order.TrackingUpdated, order.ShipmentDelivered, order.DeliveryFailed, order.FulfillmentCanceled,
		order.ReturnRequested, order.ReturnApproved, order.ReturnDeclined, order.ReturnCanceled, order.ReturnReceived,
		order.BillingAddressChanged, order.ContactChanged, order.NoteAdded, order.NoteEdited, order.NoteRemoved,
		order.TagsChanged, order.MetadataChanged, order.InvoiceIssued, order.CreditNoteIssued: // nothing of a SKU
	default:
		return fmt.Errorf("event %T is new to this build", fact)
	}
	return nil
}

// Apply folds a frame: it adds up what the frame brings to each SKU and bucket, and adds that to the rows in one
// statement.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	all := make(map[key]sums)
	for i := range events {
		e := &events[i]
		fact, ok := e.Body.(order.Event)
		if !ok {
			continue
		}
		var starts [spanCount]int64
		for s := range spanCount {
			starts[s] = s.floor(e.OccurredAt.Unix())
		}
		err := each(fact, func(currency, sku string, line sums) {
			for s, start := range starts {
				k := key{tenant: e.Tenant, currency: currency, sku: sku, span: span(s), start: start}
				sum := all[k]
				sum.add(line)
				all[k] = sum
			}
		})
		if err != nil {
			return fmt.Errorf("top SKUs: %s at position %d: %w", e.Type, e.Position, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, in(g, upsertStatement), arguments(all)...); err != nil {
		return fmt.Errorf("top SKUs: write %d rows: %w", len(all), err)
	}
	return nil
}

// arguments returns the arguments of upsert.sql, in key order.
func arguments(all map[key]sums) []any {
	keys := slices.SortedFunc(maps.Keys(all), byKey)
	return []any{
		list(keys, func(k key) string { return k.tenant }), list(keys, func(k key) int16 { return int16(k.span) }),
		list(keys, func(k key) string { return k.currency }), list(keys, key.begins),
		list(keys, func(k key) string { return k.sku }), list(keys, func(k key) string { return all[k].units.String() }),
		list(keys, func(k key) string { return all[k].net.String() }),
	}
}

func (k key) begins() time.Time { return time.Unix(k.start, 0).UTC() }

// list turns keys into one column of a statement's arrays.
func list[T any](keys []key, value func(key) T) []T {
	values := make([]T, len(keys))
	for i, k := range keys {
		values[i] = value(k)
	}
	return values
}
