package onlineretail

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/rule"
	"github.com/ordermill/ordermill/eventstore"
)

const (
	source   = "online-retail"
	channel  = "import"
	currency = "GBP"
	client   = "import:" + source
)

// inFlight bounds the commands on their way. They are decided and committed together.
const inFlight = 128

// Importer brings books into one tenant's log. It is for one import at a time.
type Importer struct {
	Engine *commands.Engine
	Store  *eventstore.Store
	Tenant string
	Now    func() time.Time
	// Progress, if set, hears how many orders, credits and rows are done.
	Progress func(orders, credits, rows int)

	shelf   *shelf
	resumed bool                // there are orders of an earlier import
	busy    map[uuid.UUID]*task // the last command on its way that touches an order
	running []*task             // oldest first
	report  *tally
	done    struct{ orders, credits, rows int }
}

// task is a command on its way.
type task struct {
	entry    *entry
	rows     []commands.CreditRow // of a credit
	finished chan struct{}
	response commands.Response
	err      error
}

// Run imports books and returns what they hold. Orders and credits that are there already, from an earlier or a
// broken-off import, change nothing and count the same. Handling by time makes the outcome the same each time.
func (im *Importer) Run(ctx context.Context, b *Books) (*Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer im.wait() // no command outlives the import
	defer cancel()
	im.shelf, im.busy, im.running, im.report = newShelf(), make(map[uuid.UUID]*task), nil, newTally(b)
	if err := im.stock(ctx); err != nil {
		return nil, fmt.Errorf("read what was imported before: %w", err)
	}
	for _, e := range b.entries {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("import broken off: %w; run it again to go on", err)
		}
		if len(im.running) >= inFlight {
			if err := im.settle(im.running[0]); err != nil {
				return nil, err
			}
		}
		if err := im.start(ctx, e); err != nil {
			return nil, err
		}
	}
	for len(im.running) > 0 {
		if err := im.settle(im.running[0]); err != nil {
			return nil, err
		}
	}
	return im.report.report(), nil
}

// stock fills the shelf with what earlier imports have brought.
func (im *Importer) stock(ctx context.Context) error {
	var after eventstore.Position
	for {
		events, err := im.Store.Read(ctx, after, 2000)
		if err != nil || len(events) == 0 {
			return err
		}
		for i := range events {
			if err := im.remember(&events[i]); err != nil {
				return err
			}
		}
		after = events[len(events)-1].Position
	}
}

func (im *Importer) remember(rec *eventstore.Recorded) error {
	if rec.Tenant != im.Tenant || rec.StreamType != order.StreamType {
		return nil
	}
	event, err := eventstore.Decode(rec, order.Decode)
	if err != nil {
		return fmt.Errorf("position %d: %w", rec.Position, err)
	}
	switch e := event.(type) {
	case order.Imported:
		if e.Source == source {
			im.resumed = true
			im.shelf.add(&e)
		}
	case order.ReturnImported:
		for _, l := range e.Lines {
			im.shelf.take(commands.CreditCandidate{OrderID: e.OrderID, LineID: l.LineID}, l.Quantity)
		}
	default: // not of these books
	}
	return nil
}

// start sends the command of one entry on its way. A credit first waits for the commands that touch its orders.
func (im *Importer) start(ctx context.Context, e *entry) error {
	t := &task{entry: e, finished: make(chan struct{})}
	request := commands.Request{Tenant: im.Tenant, Actor: commands.Actor{Type: "system", ID: client}, Answer: answer}
	request.Key = &eventstore.Key{Client: client, Hash: sha256.Sum256([]byte(e.number)), Fingerprint: e.fingerprint()}
	if e.credit {
		known, err := im.known(ctx, t, *request.Key)
		if known || err != nil {
			return err
		}
		if err := im.plan(ctx, t); err != nil {
			return err
		}
		request.Command = commands.ImportCredit{CreditNumber: e.number, Source: source, Rows: t.rows, ReturnedAt: e.at, At: im.Now()}
	} else {
		imported := im.order(e)
		im.shelf.add(preview(imported))
		im.busy[imported.OrderID] = t
		request.Command = commands.ImportOrder{Order: imported}
	}
	im.running = append(im.running, t)
	go func() {
		defer close(t.finished)
		t.response, t.err = im.do(ctx, request)
	}()
	return nil
}

// known finishes a credit that an earlier import has decided. Its units have left the shelf already, so it must not be
// planned again.
func (im *Importer) known(ctx context.Context, t *task, key eventstore.Key) (bool, error) {
	if !im.resumed {
		return false, nil
	}
	var result eventstore.Result
	var known bool
	err := im.persist(ctx, func() (err error) {
		result, known, err = im.Store.Known(ctx, im.Tenant, key)
		return err
	})
	if errors.Is(err, eventstore.ErrKeyReused) {
		known, t.err = true, err
	} else if err != nil {
		return false, fmt.Errorf("credit %s: %w", t.entry.number, err)
	}
	if known {
		t.response = commands.Response{Answer: result.Answer, Position: result.Position, Epoch: result.Epoch, Replayed: true}
		close(t.finished)
		im.running = append(im.running, t)
	}
	return known, nil
}

// retries bounds how often a command is sent again when the store was not reached or did not answer.
const retries = 30

// do runs a command and stays with it through a restart of the database: with its key it has one effect.
func (im *Importer) do(ctx context.Context, r commands.Request) (response commands.Response, err error) {
	err = im.persist(ctx, func() (err error) {
		response, err = im.Engine.Do(ctx, r)
		return err
	})
	return response, err
}

// persist runs f again as long as it fails for a reason that passes by itself.
func (im *Importer) persist(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		again := errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrOutcomeUnknown) ||
			errors.Is(err, commands.ErrConcurrentModification) || errors.Is(err, commands.ErrOverloaded)
		if !again || attempt == retries || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Duration(attempt)*100*time.Millisecond, 2*time.Second)):
		}
	}
}

// plan finds a credit's lines and waits until the commands that touch their orders are done.
func (im *Importer) plan(ctx context.Context, t *task) error {
	for _, r := range t.entry.rows {
		t.rows = append(t.rows, commands.CreditRow{
			SKU: r.sku, Units: r.units, UnitPrice: r.price, Candidates: im.shelf.plan(r.customer, r.sku, r.units, t.entry.at),
		})
	}
	for _, id := range orders(t.rows) {
		if before := im.busy[id]; before != nil {
			select {
			case <-before.finished:
			case <-ctx.Done():
				return fmt.Errorf("import broken off: %w; run it again to go on", ctx.Err())
			}
		}
		im.busy[id] = t
	}
	return nil
}

// settle waits for the oldest command and counts what became of it.
func (im *Importer) settle(t *task) error {
	<-t.finished
	im.running = im.running[1:]
	for id, last := range im.busy {
		if last == t {
			delete(im.busy, id)
		}
	}
	var reused *eventstore.KeyReusedError
	switch {
	case errors.As(t.err, &reused):
		return fmt.Errorf("invoice %s was imported before with other rows; the files must be the ones of the earlier import", t.entry.number)
	case rule.CodeOf(t.err) != "", t.err == nil && t.response.Answer.Status >= 400:
		im.report.refused(t.entry) // such as an order that is worth more than any can be
	case t.err != nil:
		return fmt.Errorf("invoice %s: %w", t.entry.number, t.err)
	case t.entry.credit:
		var outcome commands.CreditOutcome
		if err := json.Unmarshal(t.response.Answer.Body, &outcome); err != nil {
			return fmt.Errorf("credit %s: stored outcome: %w", t.entry.number, err)
		}
		im.report.credit(t.entry, &outcome, !t.response.Replayed)
		im.done.credits++
	default:
		im.report.order(t.entry, !t.response.Replayed)
		im.done.orders++
	}
	im.done.rows += len(t.entry.rows)
	if im.Progress != nil {
		im.Progress(im.done.orders, im.done.credits, im.done.rows)
	}
	return nil
}

func (im *Importer) wait() {
	for _, t := range im.running {
		<-t.finished
	}
}

// answer is what is stored under an entry's key: a credit's outcome, so that it is never decided again.
func answer(o commands.Outcome) eventstore.Answer {
	a := eventstore.Answer{Request: "import " + source, Status: 201, Headers: []byte("{}")}
	if o.Refused != nil {
		a.Status, a.Body = 422, []byte(o.Refused.Error())
		return a
	}
	if outcome, ok := o.State.(*commands.CreditOutcome); ok {
		a.Body, _ = json.Marshal(outcome) // a struct of numbers and strings always marshals
	}
	return a
}

// order makes the import of an invoice.
func (im *Importer) order(e *entry) order.Import {
	id := im.orderID(e)
	imported := order.Import{
		OrderID: id, ExternalID: e.number, Source: source, Channel: channel, Currency: currency,
		CustomerID: e.rows[0].customer, Country: e.rows[0].country, PlacedAt: e.at, At: im.Now(),
	}
	for i, r := range e.rows {
		imported.Lines = append(imported.Lines, order.NewLine{
			LineID: uuid.NewSHA1(id, binary.BigEndian.AppendUint32(nil, uint32(i))), //nolint:gosec // a line's number
			SKU:    r.sku, ProductName: r.description, Quantity: r.units, UnitPrice: r.price, RequiresShipping: true,
		})
	}
	return imported
}

// preview is the event that an import will cause, as far as the shelf looks at it.
func preview(o order.Import) *order.Imported {
	e := &order.Imported{OriginalPlacedAt: o.PlacedAt}
	e.OrderID, e.ExternalID, e.CustomerID = o.OrderID, o.ExternalID, o.CustomerID
	for _, l := range o.Lines {
		var line order.Line
		line.LineID, line.SKU, line.Quantity = l.LineID, l.SKU, l.Quantity
		e.Lines = append(e.Lines, line)
	}
	return e
}

// orderID derives an order's id from its invoice, so that importing again finds it: a UUIDv7 of the time when it was
// placed whose random part is a hash.
func (im *Importer) orderID(e *entry) (id uuid.UUID) {
	hash := sha256.Sum256([]byte(im.Tenant + "\x00" + source + "\x00" + e.number))
	copy(id[:], hash[:])
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(e.at.UnixMilli())) //nolint:gosec // after 1970
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// fingerprint is a hash of the entry's rows.
func (e *entry) fingerprint() (sum [32]byte) {
	h := sha256.New()
	for _, r := range e.rows {
		_, _ = fmt.Fprintf(h, "%q %q %q %d %d %d %q %q\n", r.invoice, r.sku, r.description, r.units, r.at.Unix(), r.price, r.customer, r.country)
	}
	h.Sum(sum[:0])
	return sum
}
