// Package customers is the read model of who buys: what each customer ordered, canceled and sent back, in each currency,
// the first and the last order, and the sealed personal data of the latter. Guests have no row.
//
// Nothing in a row depends on how events of different streams follow each other. What is first or last is so by the
// time at which an order was placed, and by its position in the log where times are equal.
package customers

import (
	"cmp"
	"context"
	_ "embed" // the statements
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/projections"
)

// Name is the model's stored name, and that of the table of sums. The other table has those who were erased, whether or
// not they ever ordered anything.
const (
	Name         = "customers"
	erasuresName = "customer_erasures"
)

var (
	//go:embed create.sql
	createStatement string
	//go:embed create_erasures.sql
	createErasuresStatement string
	//go:embed erase.sql
	eraseStatement string
	//go:embed place.sql
	placeStatement string
	//go:embed change.sql
	changeStatement string
	//go:embed contact.sql
	contactStatement string
	//go:embed select.sql
	selectStatement string
)

// Model builds the customers. Its zero value is ready to use.
type Model struct{}

var _ projections.Model = Model{}

// Name returns "customers".
func (Model) Name() string { return Name }

// StreamTypes says that the rows are made of orders, and of customers' own streams for those who were erased.
func (Model) StreamTypes() []string { return []string{order.StreamType, customer.StreamType} }

// Create returns the statements that make a generation's tables.
func (Model) Create(g projections.Generation) []string {
	return []string{in(g, createStatement), in(g, createErasuresStatement)}
}

// Index returns the statements that add the tables' keys and the index of the sort by the last order.
func (Model) Index(g projections.Generation) []string {
	return []string{
		in(g, "alter table {customers} add primary key (tenant_id, customer_id, currency)"),
		in(g, "alter table {erasures} add primary key (tenant_id, customer_id)"),
		in(g, "create index on {customers} (tenant_id, last_order_at, last_order_id)"),
	}
}

// in puts a generation's tables into a statement.
func in(g projections.Generation, statement string) string {
	return strings.NewReplacer("{customers}", g.Table(Name), "{erasures}", g.Table(erasuresName)).Replace(statement)
}

// person is a customer of a tenant.
type person struct{ tenant, id string }

// key is a row: a customer in a currency.
type key struct {
	person
	currency string
}

func byPerson(a, b person) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id))
}

func byKey(a, b key) int {
	return cmp.Or(byPerson(a.person, b.person), cmp.Compare(a.currency, b.currency))
}

// erasure says when a customer was erased.
type erasure struct {
	at       time.Time
	position int64
}

// begun is an order as it was placed.
type begun struct {
	at       time.Time
	position int64 // of the event that placed it
	order    uuid.UUID
}

// before says which of two orders was placed first.
func (b *begun) before(other *begun) bool {
	if !b.at.Equal(other.at) {
		return b.at.Before(other.at)
	}
	return b.position < other.position
}

// row is what is known of a customer in a currency, or what a frame adds to that. Without an order it has sums only.
type row struct {
	figures  figures
	first    begun
	last     begun
	pii      order.PII // of the last order
	position int64     // of the last event that changed the row
}

func (r *row) placed() bool { return r.last.position > 0 }

// place takes an order in.
func (r *row) place(b begun, pii order.PII) {
	if !r.placed() || b.before(&r.first) {
		r.first = b
	}
	if !r.placed() || r.last.before(&b) {
		r.last, r.pii = b, pii
	}
}

// Apply folds a frame: it adds up what the frame brings to each row, and adds that to the rows. No row needs to be read.
func (Model) Apply(ctx context.Context, tx pgx.Tx, g projections.Generation, events []projections.Event) error {
	f := newFrame()
	for i := range events {
		if err := f.add(&events[i]); err != nil {
			return err
		}
	}
	batch := &pgx.Batch{}
	f.queue(batch, g)
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("customers: write %d rows: %w", len(f.rows), err)
	}
	return nil
}

// frame is what some events do to rows.
type frame struct {
	rows     map[key]*row
	contacts map[uuid.UUID]contact // of orders that are not known to be another than a row's last, by order
	erased   map[person]erasure
}

// contact is personal data that has taken the place of an order's older.
type contact struct {
	key
	order uuid.UUID
	pii   order.PII
}

func newFrame() *frame {
	return &frame{rows: make(map[key]*row), contacts: make(map[uuid.UUID]contact), erased: make(map[person]erasure)}
}

// add takes in one event.
func (f *frame) add(e *projections.Event) error {
	switch fact := e.Body.(type) {
	case customer.Erased:
		p := person{e.Tenant, fact.CustomerID}
		if _, again := f.erased[p]; !again {
			f.erased[p] = erasure{fact.ErasedAt, int64(e.Position)}
		}
		return nil
	case order.Event:
		c, err := changeOf(fact)
		if err != nil {
			return fmt.Errorf("customers: %s at position %d: %w", e.Type, e.Position, err)
		}
		if c.counts() {
			f.change(e, &c)
		}
		return nil
	case customer.LegalHoldSet, customer.LegalHoldLifted: // nothing of what was ordered
		return nil
	default:
		return nil
	}
}

func (f *frame) change(e *projections.Event, c *change) {
	k := c.key(e.Tenant)
	r := f.rows[k]
	if r == nil {
		r = &row{}
		f.rows[k] = r
	}
	r.figures.add(&c.figures)
	r.position = max(r.position, int64(e.Position))
	switch {
	case c.placed:
		r.place(begun{c.placedAt, int64(e.Position), e.Stream}, c.pii)
	case c.contact && r.placed() && r.last.order == e.Stream:
		r.pii = c.pii
	case c.contact:
		f.contacts[e.Stream] = contact{k, e.Stream, c.pii}
	}
}

// queue adds the statements that write the frame: first who was erased, since that decides what is stored of orders.
func (f *frame) queue(batch *pgx.Batch, g projections.Generation) {
	if len(f.erased) > 0 {
		batch.Queue(in(g, eraseStatement), erasedColumns(f.erased)...)
	}
	var placed, changed []key
	for k, r := range f.rows {
		if r.placed() {
			placed = append(placed, k)
		} else {
			changed = append(changed, k)
		}
	}
	if len(placed) > 0 {
		slices.SortFunc(placed, byKey)
		batch.Queue(in(g, placeStatement), append(f.sumColumns(placed), f.orderColumns(placed)...)...)
	}
	if len(changed) > 0 {
		slices.SortFunc(changed, byKey)
		batch.Queue(in(g, changeStatement), f.sumColumns(changed)...).Exec(func(tag pgconn.CommandTag) error {
			if n := int(tag.RowsAffected()); n != len(changed) {
				return fmt.Errorf("%d of %d customers have no order before the event that changes it", len(changed)-n, len(changed))
			}
			return nil
		})
	}
	if len(f.contacts) > 0 {
		batch.Queue(in(g, contactStatement), contactColumns(f.contacts)...)
	}
}
