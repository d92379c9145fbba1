package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// skus is how many products the filled log sells.
const skus = 500

var eventColumns = []string{"log_id", "position", "tenant_id", "stream_id", "stream_type", "version", "event_id", "type", "data", "metadata", "occurred_at", "recorded_at"}

// fill puts a shop's life into the log: products, stock, and one-line orders that are placed, paid and confirmed, decided
// by the domain like any others. It writes them by COPY under the log's lock, since they are not what is measured.
func fill(ctx context.Context, conn *pgx.Conn, events int) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing
	if _, err := tx.Exec(ctx, "select lock_log(1)"); err != nil {
		return err
	}
	s := seller{at: time.Now().Add(-30 * 24 * time.Hour).UTC().Truncate(time.Millisecond), versions: make(map[uuid.UUID]int64)}
	if err := tx.QueryRow(ctx, "select coalesce(max(position), 0) from events where log_id = 1").Scan(&s.position); err != nil {
		return err
	}
	s.last = s.position + int64(events)
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"events"}, eventColumns, &s); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "vacuum analyze events")
	return err
}

// seller makes events one after the other. It is the source of a COPY.
type seller struct {
	position, last int64
	at             time.Time
	products       [skus]catalog.Product
	stocks         [skus]stock.Stock
	listed, sold   int
	versions       map[uuid.UUID]int64
	waiting        [][]any
	row            []any
	err            error
}

// Next implements pgx.CopyFromSource.
func (s *seller) Next() bool {
	if s.position >= s.last || s.err != nil {
		return false
	}
	if len(s.waiting) == 0 {
		s.err = s.work()
		if s.err != nil || len(s.waiting) == 0 {
			return false
		}
	}
	s.row, s.waiting = s.waiting[0], s.waiting[1:]
	s.position++
	s.row[1] = s.position
	return true
}

// Values implements pgx.CopyFromSource.
func (s *seller) Values() ([]any, error) { return s.row, nil }

// Err implements pgx.CopyFromSource.
func (s *seller) Err() error { return s.err }

// work lists the products first and then sells.
func (s *seller) work() error {
	s.at = s.at.Add(10 * time.Millisecond)
	if s.listed < skus {
		s.listed++
		return s.list(s.listed - 1)
	}
	s.sold++
	return s.sell(s.sold % skus)
}

func sku(i int) string { return fmt.Sprintf("SKU-%04d", i) }

func (s *seller) list(i int) error {
	err := errorsOf(catalog.Decide(&s.products[i], catalog.List{
		SKU: sku(i), Name: "Product " + sku(i), Prices: []money.Amount{{Minor: int64(500 + i), Currency: "EUR"}}, RequiresShipping: true, Sellable: true, At: s.at,
	}))(func(e catalog.Event) error {
		s.products[i].Apply(e)
		return s.emit(catalog.StreamID(tenant, sku(i)), catalog.StreamType, e.EventType(), must(catalog.Encode(e)))
	})
	if err != nil {
		return err
	}
	return s.move(i, stock.Receive{SKU: sku(i), Quantity: 1_000_000, At: s.at})
}

func (s *seller) sell(i int) error {
	id := uuid.Must(uuid.NewV7())
	line := uuid.NewSHA1(id, []byte("0"))
	var o order.Order
	decide := func(cmd order.Command) error {
		return errorsOf(order.Decide(&o, cmd, order.Terms{At: s.at}))(func(e order.Event) error {
			o.Apply(e)
			return s.emit(id, order.StreamType, e.EventType(), must(order.Encode(e)))
		})
	}
	if err := decide(order.Place{
		OrderID: id, Channel: "web", Currency: "EUR", Country: "DE", At: s.at, ExpiresAt: s.at.Add(time.Hour),
		Lines: []order.NewLine{{LineID: line, SKU: sku(i), ProductName: s.products[i].Name, Quantity: 2, UnitPrice: s.products[i].Prices[0].Minor, RequiresShipping: true, BackorderPolicy: order.BackorderDeny}},
	}); err != nil {
		return err
	}
	if err := s.move(i, stock.Reserve{SKU: sku(i), ReservationID: id, OrderID: id, Demands: []stock.Demand{{LineID: line, Quantity: 2}}, At: s.at}); err != nil {
		return err
	}
	if err := decide(order.MarkPaid{PaymentID: uuid.NewSHA1(id, []byte("payment")), Method: "cash", By: "bench", At: s.at}); err != nil {
		return err
	}
	return s.move(i, stock.Commit{ReservationID: id, At: s.at})
}

// move decides a command on a SKU's stock. Committed reservations are forgotten: nobody asks for them again here.
func (s *seller) move(i int, cmd stock.Command) error {
	return errorsOf(stock.Decide(&s.stocks[i], cmd))(func(e stock.Event) error {
		s.stocks[i].Apply(e)
		if c, ok := e.(stock.Committed); ok {
			delete(s.stocks[i].Reservations, c.ReservationID)
		}
		return s.emit(stock.StreamID(tenant, sku(i)), stock.StreamType, e.EventType(), must(stock.Encode(e)))
	})
}

func (s *seller) emit(stream uuid.UUID, kind, name string, data encoded) error {
	s.versions[stream]++
	s.waiting = append(s.waiting, []any{int32(1), nil, tenant, stream, kind, s.versions[stream], uuid.Must(uuid.NewV7()), name, data.bytes, meta, s.at, s.at})
	return data.err
}

type encoded struct {
	bytes []byte
	err   error
}

func must(bytes []byte, err error) encoded { return encoded{bytes, err} }

// errorsOf turns a decision into a function that does something with each of its events.
func errorsOf[E any](events []E, err error) func(func(E) error) error {
	return func(each func(E) error) error {
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := each(e); err != nil {
				return err
			}
		}
		return nil
	}
}
