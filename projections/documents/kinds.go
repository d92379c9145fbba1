package documents

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
)

// foldName is the name of the fold that a kind's projections share in a rebuild.
func (k *Kind) foldName() string { return "documents of " + k.name }

// Kind is a sort of document: which streams it is made of and how.
type Kind struct {
	name       string // for people
	streamType string
	table      string // the projection in Postgres, and the name of its table
	id         string // the table's column for the stream
	cache      string // the projection in Redis
	empty      func() state
	recent     int // bytes of JSON that are remembered; 0: the default
}

// Remember sets how many bytes of the documents that were changed last stay in memory, for each store; as states they
// take two to three times that. Without it they are 8 MiB.
func (k *Kind) Remember(bytes int) *Kind {
	k.recent = bytes
	return k
}

func (k *Kind) recentBytes() int { return cmp.Or(k.recent, recentBytes) }

// state is what a document is folded in. Its JSON is the document: writing and reading it back loses nothing.
type state interface {
	reset()
	decode(doc []byte) error
	apply(body any) error
	append(buf []byte) ([]byte, error)
}

// Orders are the documents of orders: order.Order as JSON. They are the projections "order_detail" and "order_cache".
func Orders() *Kind {
	return &Kind{
		name: "order", streamType: order.StreamType, table: "order_detail", id: "order_id", cache: "order_cache",
		empty: func() state { return new(orderState) },
	}
}

// StockLevels are the documents of the stock of SKUs: stock.Levels as JSON. They are the projections "stock_detail" and
// "stock_cache".
func StockLevels() *Kind {
	return &Kind{
		name: "stock", streamType: stock.StreamType, table: "stock_detail", id: "stream_id", cache: "stock_cache",
		empty: func() state { return new(stockState) },
	}
}

type orderState struct{ order.Order }

func (s *orderState) reset()                            { *s = orderState{} }
func (s *orderState) decode(doc []byte) error           { return json.Unmarshal(doc, &s.Order) }
func (s *orderState) append(buf []byte) ([]byte, error) { return appendOrder(buf, &s.Order) }

func (s *orderState) apply(body any) error {
	event, ok := body.(order.Event)
	if !ok {
		return fmt.Errorf("%T is not an event of an order", body)
	}
	s.Apply(event)
	return nil
}

type stockState struct{ stock.Levels }

func (s *stockState) reset()                            { *s = stockState{} }
func (s *stockState) decode(doc []byte) error           { return json.Unmarshal(doc, &s.Levels) }
func (s *stockState) append(buf []byte) ([]byte, error) { return appendLevels(buf, &s.Levels) }

func (s *stockState) apply(body any) error {
	event, ok := body.(stock.Event)
	if !ok {
		return fmt.Errorf("%T is not an event of a stock", body)
	}
	s.Apply(event)
	return nil
}

// encode writes compact JSON, the same bytes for the same value.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // names may hold & and <, and nothing here ends in a page unescaped
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
