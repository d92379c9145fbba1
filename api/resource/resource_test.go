package resource_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
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
		body, disclosure, err := resource.Reveal(t.Context(), tt.vault, "demo", resource.Order(&o, 3), resource.Viewer{Personal: tt.allowed, Staff: true})
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

// What customers said in notes and returns is personal; what staff noted is none of the customers' business.
func TestReveal_lists(t *testing.T) {
	t.Parallel()

	opens := vault{plain: map[string]string{`{"ct":"1"}`: `{"email":"a@example.test"}`, `{"ct":"2"}`: `{"note":"my seam is open"}`}}
	o := placed()
	o.PII, o.CancelReason, o.CancelNote = json.RawMessage(`{"ct":"1"}`), order.ReasonFraud, "the third time"
	o.Tags, o.Metadata = []string{"vip"}, order.Metadata{"erp": "4711"}
	o.Holds = []order.Hold{{HoldID: id, Reason: order.HoldFraudReview, Note: "looks odd"}}
	o.Edit = &order.Edit{EditID: id, BaseVersion: 2}
	o.Fulfillments = []order.Fulfillment{
		{FulfillmentID: id, LocationID: "north", State: order.FulfillmentStatePacked, Shipments: []order.Shipment{{ShipmentID: id, LabelRef: "L1", Carrier: "DHL"}}},
		{FulfillmentID: id, LocationID: "east", State: order.FulfillmentStatePlanned},
	}
	o.Returns = []order.Return{{
		ReturnID: id, Kind: order.KindClaim, State: order.ReturnStateRequested, PII: json.RawMessage(`{"ct":"2"}`), LocationID: "south",
		Received: []order.ReceivedLine{{LineID: id, SKU: "A", Quantity: 1, Condition: "torn", Disposition: order.DispositionWriteOff}},
	}}
	o.Notes = []order.Note{
		{NoteID: id, Visibility: order.NoteInternal, Body: "rang twice", AddedBy: "sue"},
		{NoteID: id, Visibility: order.NoteCustomer, Body: "we are on it", AddedBy: "sue"},
		{NoteID: id, Visibility: order.NoteCustomer, PII: json.RawMessage(`{"ct":"2"}`)},
	}
	const erased = `"personal_data":"erased"`
	personal := []string{"a@example.test", `"customer_note":"my seam is open"`, `"body":"my seam is open"`}
	everybody := []string{`"body":"we are on it"`, `"carrier":"DHL"`, `"received":[{"line_id"`, `"allowed_actions":[`}
	staff := []string{`"location_id":"east"`, `"state":"planned"`, `"condition":"torn"`, `"hold"`, `"reason":"fraud_review"`, `"cancellation":{"reason":"fraud"`, `"location_id":"north"`, `"location_id":"south"`, `"disposition":"write_off"`, `"label_ref":"L1"`, `"body":"rang twice"`, `"note":"looks odd"`, `"note":"the third time"`, `"tags":["vip"]`, `"erp":"4711"`, `"edit":{`, `"added_by":"sue"`}
	for name, tt := range map[string]struct {
		viewer     resource.Viewer
		vault      vault
		has, lacks [][]string
	}{
		"staff":                  {resource.Viewer{Personal: true, Staff: true}, opens, [][]string{personal, everybody, staff}, [][]string{{"personal_data"}}},
		"staff without scope":    {resource.Viewer{Staff: true}, opens, [][]string{everybody, staff, {`"personal_data":"masked"`}}, [][]string{personal}},
		"the customer":           {resource.Viewer{Personal: true}, opens, [][]string{personal, everybody}, [][]string{staff}},
		"somebody else's client": {resource.Viewer{}, opens, [][]string{everybody, {`"personal_data":"masked"`}}, [][]string{personal, staff}},
		"after the erasure":      {resource.Viewer{Personal: true, Staff: true}, vault{err: eventstore.ErrErased}, [][]string{everybody, staff, {erased}}, [][]string{personal}},
	} {
		body, _, err := resource.Reveal(t.Context(), tt.vault, "demo", resource.Order(&o, 3), tt.viewer)
		if err != nil || !json.Valid(body) {
			t.Errorf("%s: %v: %s", name, err, body)
		}
		for _, part := range slices.Concat(tt.has...) {
			if !strings.Contains(string(body), part) {
				t.Errorf("%s: no %s in %s", name, part, body)
			}
		}
		for _, part := range append(slices.Concat(tt.lacks...), `"ct"`, `"pii"`) {
			if strings.Contains(string(body), part) {
				t.Errorf("%s: there is %s in %s", name, part, body)
			}
		}
	}
}

// A line's current sums are those of its live units, batch by batch, to the last cent.
func TestOrder_batches(t *testing.T) {
	t.Parallel()

	o := placed()
	o.Lines[0].Quantity, o.Lines[0].Total = 3, 100
	o.Lines[0].TaxLines = []order.TaxLine{{Code: "DE-19", Rate: 190000, Amount: 16, Inclusive: true}}
	o.Lines[0].Counters = order.Counters{Ordered: 5, Canceled: 1, Backordered: 2}
	o.Lines[0].Batches = []order.Batch{{Quantity: 3, Live: 3, Tax: 16, Total: 100}, {Quantity: 2, Live: 1, Tax: 11, Total: 67}}
	var got struct {
		Backordered int64
		Lines       []struct {
			Current struct {
				Quantity   int64
				Tax, Total struct{ Amount int64 }
			}
			Taxes []struct{ Code string }
		}
	}
	if err := json.Unmarshal(resource.Order(&o, 3), &got); err != nil {
		t.Fatal(err)
	}
	if c := got.Lines[0].Current; c.Quantity != 4 || c.Tax.Amount != 16+6 || c.Total.Amount != 100+34 || got.Backordered != 2 || got.Lines[0].Taxes[0].Code != "DE-19" {
		t.Errorf("current %+v of %+v", c, got)
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
	if got := string(resource.Inventory("A", &levels, nil)); got != want {
		t.Errorf("inventory %s, want %s", got, want)
	}
	levels.BackorderPolicy, levels.BackorderLimit, levels.Backordered, levels.Untracked = stock.BackorderLimit, 9, 4, true
	sent := stock.Transfer{ID: id, From: "main", To: "north", Quantity: 3}
	const more = `,"backordered":4,"backorder_policy":"limit","backorder_limit":9,"tracked":false,` +
		`"transfer":{"id":"01990f3c-0000-7000-8000-000000000001","from_location_id":"main","to_location_id":"north","in_transit":3}}`
	if got := string(resource.InventoryTransfer("A", &levels, nil, sent)); got != want[:len(want)-1]+more {
		t.Errorf("inventory %s, want %s", got, want[:len(want)-1]+more)
	}
}
