package resource_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/stock"
	"github.com/ordermill/ordermill/eventstore"
)

var id = uuid.MustParse("01990f3c-0000-7000-8000-000000000001")

// vault opens what it is told to, for one tenant and order only.
type vault struct {
	plain map[string]string
	err   error
}

func (v vault) Open(_ context.Context, tenant string, sealed []byte, at uuid.UUID) ([]byte, error) {
	if v.err != nil {
		return nil, v.err
	}
	plain, ok := v.plain[string(sealed)]
	if !ok || tenant != "demo" || at != id {
		return nil, eventstore.ErrCannotOpen
	}
	return []byte(plain), nil
}

func placed() order.Order {
	at := time.Date(2026, time.March, 1, 12, 0, 0, 5_000_000, time.UTC)
	return order.Order{
		ID: id, Number: order.Number(id), Channel: "web", Currency: "EUR", CustomerID: "c1", Status: order.StatusPending, PlacedAt: at, UpdatedAt: at,
		Lines: []order.LineState{{
			Line:     order.Line{LineID: id, SKU: `A,"pii":{`, Quantity: 1, UnitPrice: 100, Subtotal: 100, Total: 100, RequiresShipping: true},
			Counters: order.Counters{Ordered: 1, Reserved: 1},
		}},
		Totals: order.Totals{Subtotal: 100, Total: 100},
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()

	opens := vault{plain: map[string]string{
		`{"ct":"1"}`: `{"email":"a@example.test","shipping_address":{"city":"Berlin","line1":",\"pii\":{"}}`, `{"ct":"2"}`: `{"note":"too late"}`,
	}}
	for name, tt := range map[string]struct {
		pii, cancel string
		vault       vault
		allowed     bool
		want        resource.Disclosure
		has, lacks  []string
		fails       bool
	}{
		"nothing personal": {"", "", opens, true, resource.NothingPersonal, []string{`"customer":{"id":"c1"}`}, []string{"personal_data"}, false},
		"in clear":         {`{"ct":"1"}`, `{"ct":"2"}`, opens, true, resource.Clear, []string{`"customer":{"id":"c1","email":"a@example.test"}`, `"city":"Berlin"`, `"customer_note":"too late"`}, []string{`"ct"`, "personal_data"}, false},
		"masked":           {`{"ct":"1"}`, "", opens, false, resource.Masked, []string{`"customer":{"id":"c1"},"personal_data":"masked"`}, []string{"example.test", `"ct"`}, false},
		"erased":           {`{"ct":"1"}`, "", vault{err: eventstore.ErrErased}, true, resource.Erased, []string{`"personal_data":"erased"`}, []string{`"ct"`}, false},
		"no keys":          {`{"ct":"1"}`, "", vault{err: errors.New("down")}, true, resource.Unavailable, []string{`"personal_data":"unavailable"`}, []string{`"ct"`}, true},
		"one half opens":   {`{"ct":"1"}`, `{"ct":"3"}`, opens, true, resource.Unavailable, []string{`"personal_data":"unavailable"`}, []string{"example.test", `"ct"`}, true},
	} {
		o := placed()
		if tt.pii != "" {
			o.PII = json.RawMessage(tt.pii)
		}
		if tt.cancel != "" {
			o.CancelPII = json.RawMessage(tt.cancel)
		}
		body, disclosure, err := resource.Reveal(t.Context(), tt.vault, "demo", resource.Order(&o, 3), tt.allowed)
		if disclosure != tt.want || (err != nil) != tt.fails || !json.Valid(body) {
			t.Errorf("%s: %q, %v: %s", name, disclosure, err, body)
		}
		for _, part := range tt.has {
			if !strings.Contains(string(body), part) {
				t.Errorf("%s: no %s in %s", name, part, body)
			}
		}
		for _, part := range append(tt.lacks, `,"pii":{`) {
			if strings.Contains(string(body), part) {
				t.Errorf("%s: there is %s in %s", name, part, body)
			}
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()

	o := placed()
	var got map[string]any
	if err := json.Unmarshal(resource.Order(&o, 3), &got); err != nil {
		t.Fatal(err)
	}
	if got["placed_at"] != "2026-03-01T12:00:00.005Z" || got["expires_at"] != nil || got["version"] != 3.0 || got["payment_status"] != "unpaid" {
		t.Errorf("order %v", got)
	}
}

func TestInventory(t *testing.T) {
	t.Parallel()

	levels := stock.Levels{SKU: "A", Locations: []stock.Location{{ID: "main", OnHand: 5, Reserved: 1, Committed: 1}, {ID: "north", OnHand: 2, SafetyStock: 1}}}
	const want = `{"sku":"A","on_hand":7,"reserved":1,"committed":1,"available":4,"locations":[` +
		`{"location_id":"main","on_hand":5,"reserved":1,"committed":1,"incoming":0,"damaged":0,"quality_control":0,"safety_stock":0,"available":3},` +
		`{"location_id":"north","on_hand":2,"reserved":0,"committed":0,"incoming":0,"damaged":0,"quality_control":0,"safety_stock":1,"available":1}]}`
	if got := string(resource.Inventory("A", &levels)); got != want {
		t.Errorf("inventory %s, want %s", got, want)
	}
}
