package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
)

// What stands in the examples of the document for ids that only a running shop knows.
const (
	exampleLine     = "01990f3c-0000-5000-8000-00000000000a"
	exampleLine2    = "01990f3c-0000-5000-8000-00000000000b"
	exampleShipment = "01990f3c-0000-7000-8000-00000000000c"
	exampleHold     = "01990f3c-0000-7000-8000-00000000000d"
	exampleReserved = "01990f3c-0000-7000-8000-00000000000e"
	exampleOrder    = "01990f3c-0000-7000-8000-00000000000f"
	exampleInstant  = "2025-11-02T09:30:00Z"
	exampleInvoice  = "2026-000001"
	nowhere         = "01990f3c-0000-7000-8000-000000000001"
)

// scene is a shop in the state that an operation needs: where the request goes, and what its example is about.
type scene struct {
	tb     testing.TB
	shop   *shop
	tenant string
	token  string            // of an admin of the tenant
	path   map[string]string // parameters
	swap   map[string]string // example's id -> real one
	order  reply             // the order as it was last answered
}

// stage prepares a scene for an operation.
func (s *shop) stage(tb testing.TB, tenant, operation string) *scene {
	tb.Helper()
	arrange, ok := arrangements[operation]
	if !ok {
		tb.Fatalf("operation %s has no arrangement: add one to the table", operation)
	}
	c := s.scene(tb, tenant)
	arrange(c)
	return c
}

// scene returns an empty one.
func (s *shop) scene(tb testing.TB, tenant string) *scene {
	tb.Helper()
	return &scene{tb: tb, shop: s, tenant: tenant, token: s.tokenOf(tenant, "admin", "tester"), path: map[string]string{}, swap: map[string]string{}}
}

// call makes a request of an example.
func (c *scene) call(r *httpx.Route, example any) call {
	c.tb.Helper()
	out := call{method: r.Method, path: c.target(r), token: c.token, header: map[string]string{}}
	switch value := example.(type) {
	case nil:
	case string:
		out.body = value
	default:
		body, err := json.Marshal(value)
		must(c.tb, err)
		out.body = string(body)
	}
	for from, to := range c.swap {
		out.body = strings.ReplaceAll(out.body, from, to)
	}
	if r.IfMatch {
		out.header["If-Match"] = c.order.header.Get("Etag")
	}
	return out
}

// target fills in the parameters of a route's path.
func (c *scene) target(r *httpx.Route) string {
	parts := strings.Split(r.Path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			value, known := c.path[name]
			if !known {
				c.tb.Fatalf("%s: the scene has no %s", r.Operation, name)
			}
			parts[i] = value
		}
	}
	return strings.Join(parts, "/")
}

// post sends a request of the tenant's admin, which must succeed.
func (c *scene) post(path, body string) reply {
	c.tb.Helper()
	return c.must(call{method: http.MethodPost, path: path, body: body})
}

func (c *scene) must(request call) reply {
	c.tb.Helper()
	if request.token == "" {
		request.token = c.token
	}
	r := c.shop.do(request)
	if r.status >= 300 {
		c.tb.Fatalf("%s %s %s: %d %s", request.method, request.path, request.body, r.status, r.body)
	}
	return r
}

// act posts to a path below the order, and remembers the order as it is then.
func (c *scene) act(path, body string) *scene {
	c.tb.Helper()
	for from, to := range c.swap {
		body = strings.ReplaceAll(body, from, to)
	}
	c.order = c.post("/v1/orders/"+c.path["id"]+path, body)
	return c
}

// Goods of the examples: two that are shipped, one that is not.
const goods = `[{"sku":"TSHIRT-M","quantity":4},{"sku":"TSHIRT-L","quantity":4}]`

// prepared remembers which tenants of which shop have goods and settings.
var prepared sync.Map

// stocked gives the tenant goods and settings, once.
func (c *scene) stocked() *scene {
	c.tb.Helper()
	type key struct {
		shop   *shop
		tenant string
	}
	once, _ := prepared.LoadOrStore(key{c.shop, c.tenant}, &sync.Once{})
	once.(*sync.Once).Do(func() { //nolint:errcheck,forcetypeassert // nothing else is stored
		c.post("/v1/products/import", "sku,name,requires_shipping,price_EUR\nTSHIRT-M,\"T-shirt, medium\",,19.90\nTSHIRT-L,\"T-shirt, large\",,19.90\nVOUCHER-25,Gift voucher,false,25.00\n")
		c.post("/v1/settings/locations", `{"id":"main","name":"Main hall"}`)
		c.post("/v1/settings/locations", `{"id":"north","name":"North hall","priority":1}`)
		for _, sku := range []string{"TSHIRT-M", "TSHIRT-L", "VOUCHER-25"} {
			c.post("/v1/inventory/"+sku+"/receive", `{"quantity":200000}`)
		}
		for _, sku := range []string{"TSHIRT-M", "TSHIRT-L"} {
			c.post("/v1/inventory/"+sku+"/receive", `{"quantity":100000,"location_id":"north"}`)
		}
		c.post("/v1/settings/shipping-methods", `{"id":"standard","name":"Parcel","kind":"flat","prices":[{"amount":490,"currency":"EUR"}]}`)
		c.post("/v1/settings/shipping-methods", `{"id":"express","name":"Express","kind":"flat","prices":[{"amount":990,"currency":"EUR"}]}`)
		c.post("/v1/settings/discounts", `{"id":"spring","code":"SPRING","kind":"percentage","rate":100000}`)
	})
	return c
}

// placed places an order of the customer c-7, or begins a draft of it.
func (c *scene) placed(extra string) *scene {
	c.tb.Helper()
	c.stocked()
	c.order = c.post("/v1/orders", `{"currency":"EUR","customer":{"id":"c-7","email":"seven@example.test"},"lines":`+goods+extra+`}`)
	c.path["id"] = c.order.get(c.tb, "id")
	c.swap[exampleLine], c.swap[exampleLine2] = c.order.get(c.tb, "lines", "0", "id"), c.order.get(c.tb, "lines", "1", "id")
	return c
}

func (c *scene) paid() *scene { c.tb.Helper(); return c.placed("").act("/actions/mark-paid", "") }

// fulfilled is an order of which units are planned or packed.
func (c *scene) fulfilled(body string) *scene {
	c.tb.Helper()
	c.paid().act("/fulfillments", body)
	c.path["fulfillment_id"] = c.order.get(c.tb, "fulfillments", "last", "id")
	return c
}

func (c *scene) shipped() *scene {
	c.tb.Helper()
	c.fulfilled("")
	c.act("/fulfillments/"+c.path["fulfillment_id"]+"/ship", "")
	c.swap[exampleShipment] = c.order.get(c.tb, "fulfillments", "0", "shipments", "0", "id")
	c.swap[exampleInstant] = time.Now().Add(time.Duration(c.shop.skew.Load())).UTC().Format(time.RFC3339Nano)
	return c
}

func (c *scene) delivered() *scene {
	c.tb.Helper()
	c.shipped()
	return c.act("/fulfillments/"+c.path["fulfillment_id"]+"/deliver", "")
}

func (c *scene) asked() {
	c.tb.Helper()
	c.delivered().act("/returns", `{"lines":[{"line_id":"`+exampleLine+`","quantity":2}],"note":"it pinches"}`)
	c.path["return_id"] = c.order.get(c.tb, "returns", "last", "id")
}

func (c *scene) approved() *scene {
	c.tb.Helper()
	c.asked()
	return c.act("/returns/"+c.path["return_id"]+"/approve", "")
}

func (c *scene) cameBack() *scene {
	c.tb.Helper()
	c.approved()
	return c.act("/returns/"+c.path["return_id"]+"/receive", "")
}

// editing is an order with an open edit.
func (c *scene) editing() *scene {
	c.tb.Helper()
	c.paid().act("/edits", "")
	c.path["edit_id"] = c.order.get(c.tb, "edit", "id")
	return c
}

func (c *scene) noted(from string) *scene {
	c.tb.Helper()
	c.placed("").act("/notes", `{"body":"first words","from":"`+from+`"}`)
	c.path["note_id"] = c.order.get(c.tb, "notes", "last", "id")
	return c
}

// shelf is a SKU of its own with 50 units, of which one is to be looked at.
func (c *scene) shelf() *scene {
	c.tb.Helper()
	c.stocked() // and its locations
	sku := "S-" + uuid.NewString()[:8]
	c.path["sku"] = sku
	c.post("/v1/products", `{"sku":"`+sku+`","name":"Thing","prices":[{"amount":1000,"currency":"EUR"}]}`)
	c.post("/v1/inventory/"+sku+"/receive", `{"quantity":50}`)
	return c
}

// inspection is a SKU of which two units came back to quality control.
func (c *scene) inspection() *scene {
	c.tb.Helper()
	c.shelf()
	sku := c.path["sku"]
	c.order = c.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"`+sku+`","quantity":2}]}`)
	c.path["id"] = c.order.get(c.tb, "id")
	line := c.order.get(c.tb, "lines", "0", "id")
	c.act("/actions/mark-paid", "").act("/fulfillments", "")
	c.act("/fulfillments/"+c.order.get(c.tb, "fulfillments", "0", "id")+"/ship", "")
	c.act("/fulfillments/"+c.order.get(c.tb, "fulfillments", "0", "id")+"/deliver", "")
	c.act("/returns", `{"lines":[{"line_id":"`+line+`","quantity":2}]}`)
	back := "/returns/" + c.order.get(c.tb, "returns", "0", "id")
	c.act(back+"/approve", "").act(back+"/receive", `{"lines":[{"line_id":"`+line+`","quantity":2,"disposition":"quality_control"}]}`)
	return c
}

func (c *scene) reserved() {
	c.tb.Helper()
	c.stocked()
	c.path["reservation_id"] = c.post("/v1/reservations", `{"lines":[{"sku":"TSHIRT-M","quantity":1}]}`).get(c.tb, "id")
	c.swap[exampleReserved] = c.path["reservation_id"]
}

// alone moves the scene to a tenant of its own, since it changes what all orders depend on.
func (c *scene) alone() *scene {
	c.tb.Helper()
	c.tenant = "t-" + uuid.NewString()
	c.token = c.shop.tokenOf(c.tenant, "admin", "tester")
	return c
}

// configured is a tenant of its own with one of everything, under the names of the document.
func (c *scene) configured() {
	c.tb.Helper()
	c.alone()
	c.post("/v1/settings/shipping-methods", `{"id":"standard","name":"Parcel","kind":"flat","prices":[{"amount":490,"currency":"EUR"}]}`)
	c.post("/v1/settings/discounts", `{"id":"spring","code":"SPRING","kind":"percentage","rate":100000}`)
	c.post("/v1/settings/tax-rates", `{"code":"DE-19","country":"DE","rate":190000}`)
	c.post("/v1/settings/locations", `{"id":"north","name":"North hall"}`)
	for name, value := range map[string]string{"tax_class": "standard", "country": "DE", "method_id": "standard", "discount_id": "spring", "location_id": "north"} {
		c.path[name] = value
	}
}

func (c *scene) person() {
	c.tb.Helper()
	c.alone().placed("")
	c.path["customer_id"] = "c-7"
}

// arrangements say for every operation of the write host what must be there before its examples work. A path without an
// entry fails the tests that use the table.
var arrangements = map[string]func(c *scene){
	"listProduct":    func(*scene) {},
	"importProducts": func(*scene) {},
	"updateProduct":  func(c *scene) { c.shelf() },

	"quoteOrder":  func(c *scene) { c.stocked() },
	"placeOrder":  func(c *scene) { c.alone().reserved() },
	"placeDraft":  func(c *scene) { c.stocked().draft() },
	"updateOrder": func(c *scene) { c.draft(); c.act("/notes", `{"body":"x"}`) },

	"confirmOrder": func(c *scene) { c.onAccount() },
	"holdOrder":    func(c *scene) { c.placed("") },
	"releaseHold": func(c *scene) {
		c.placed("").act("/actions/hold", "")
		c.swap[exampleHold] = c.order.get(c.tb, "holds", "0", "id")
	},
	"cancelOrder":   func(c *scene) { c.placed("") },
	"cancelLines":   func(c *scene) { c.paid() },
	"completeOrder": func(c *scene) { c.manual().delivered() },
	"archiveOrder":  func(c *scene) { c.placed("").act("/actions/cancel", "") },
	"markOrderPaid": func(c *scene) { c.placed("") },
	"markOrderRefunded": func(c *scene) {
		c.paid().act("/actions/cancel-lines", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	},

	"beginEdit":   func(c *scene) { c.paid() },
	"stageEdit":   func(c *scene) { c.editing() },
	"discardEdit": func(c *scene) { c.editing() },
	"commitEdit": func(c *scene) {
		c.editing().act("/edits/"+c.path["edit_id"]+"/changes", `{"kind":"set_quantity","line_id":"`+exampleLine+`","quantity":5}`)
	},

	"createFulfillment":     func(c *scene) { c.paid() },
	"packFulfillment":       func(c *scene) { c.fulfilled(`{"planned":true}`) },
	"moveFulfillment":       func(c *scene) { c.fulfilled(`{"planned":true}`) },
	"shipFulfillment":       func(c *scene) { c.fulfilled("") },
	"recordDelivery":        func(c *scene) { c.shipped() },
	"recordDeliveryFailure": func(c *scene) { c.shipped() },
	"updateTracking":        func(c *scene) { c.shipped() },
	"cancelFulfillment":     func(c *scene) { c.fulfilled("") },

	"requestReturn": func(c *scene) { c.delivered() },
	"approveReturn": func(c *scene) { c.asked() },
	"declineReturn": func(c *scene) { c.asked() },
	"cancelReturn":  func(c *scene) { c.asked() },
	"receiveReturn": func(c *scene) { c.approved() },
	"resolveReturn": func(c *scene) {
		c.cameBack()
		c.swap[exampleOrder] = c.post("/v1/orders", `{"currency":"EUR","customer":{"id":"c-7"},"lines":`+goods+`}`).get(c.tb, "id")
	},

	"addNote":      func(c *scene) { c.placed("") },
	"editNote":     func(c *scene) { c.noted("customer") },
	"removeNote":   func(c *scene) { c.noted("staff") },
	"issueInvoice": func(c *scene) { c.paid() },
	"issueCreditNote": func(c *scene) {
		c.paid().act("/invoices", "")
		c.swap[exampleInvoice] = c.order.get(c.tb, "invoices", "0", "number")
	},

	"receiveStock":    func(c *scene) { c.shelf() },
	"adjustStock":     func(c *scene) { c.shelf() },
	"countStock":      func(c *scene) { c.shelf() },
	"transferStock":   func(c *scene) { c.shelf() },
	"updateInventory": func(c *scene) { c.shelf() },
	"inspectStock":    func(c *scene) { c.inspection() },
	"receiveTransfer": func(c *scene) {
		c.shelf()
		sent := c.post("/v1/inventory/"+c.path["sku"]+"/transfer", `{"to_location_id":"north","quantity":5}`)
		c.path["transfer_id"] = sent.get(c.tb, "transfer", "id")
	},

	"makeReservation":   func(c *scene) { c.stocked() },
	"extendReservation": func(c *scene) { c.reserved() },
	"endReservation":    func(c *scene) { c.reserved() },

	"createTaxRate":        func(c *scene) { c.alone() },
	"putTaxRate":           func(c *scene) { c.configured() },
	"removeTaxRate":        func(c *scene) { c.configured() },
	"createShippingMethod": func(c *scene) { c.alone() },
	"putShippingMethod":    func(c *scene) { c.configured() },
	"removeShippingMethod": func(c *scene) { c.configured() },
	"createDiscount":       func(c *scene) { c.alone() },
	"putDiscount":          func(c *scene) { c.configured() },
	"removeDiscount":       func(c *scene) { c.configured() },
	"createLocation":       func(c *scene) { c.alone() },
	"putLocation":          func(c *scene) { c.configured() },
	"removeLocation":       func(c *scene) { c.configured() },
	"setPaymentPolicy":     func(c *scene) { c.alone() },
	"setTimeZone":          func(c *scene) { c.alone() },
	"setRounding":          func(c *scene) { c.alone() },
	"setLimits":            func(c *scene) { c.alone() },

	"eraseCustomer": func(c *scene) { c.person() },
	"setLegalHold":  func(c *scene) { c.person() },
	"liftLegalHold": func(c *scene) {
		c.person()
		c.must(call{method: http.MethodPut, path: "/v1/customers/c-7/legal-hold", body: `{"reason":"case 1"}`})
	},
}

// draft begins a draft of what the example of placing one expects.
func (c *scene) draft() {
	c.tb.Helper()
	c.stocked()
	c.order = c.post("/v1/orders", `{"draft":true,"currency":"EUR","customer":{"email":"d@example.test"},"lines":[{"sku":"TSHIRT-M","quantity":1}]}`)
	c.path["id"] = c.order.get(c.tb, "id")
}

// onAccount is a pending order that waits for no money.
func (c *scene) onAccount() *scene {
	c.tb.Helper()
	c.alone()
	c.must(call{method: http.MethodPut, path: "/v1/settings/payment-policy", body: `{"policy":"on_account"}`})
	return c.placed("")
}

// manual is a tenant of its own whose orders do not complete by themselves.
func (c *scene) manual() *scene {
	c.tb.Helper()
	c.alone()
	c.must(call{method: http.MethodPut, path: "/v1/settings/limits", body: `{"completion":"manual"}`})
	return c
}

// examples returns the names of an operation's examples, and their values; an operation without a body has one empty one.
func (s *shop) examples(r *httpx.Route) (names []string, values map[string]any) {
	s.tb.Helper()
	values = map[string]any{}
	operation := s.contract.operation(r)
	if operation.RequestBody == nil {
		return []string{"no body"}, map[string]any{"no body": nil}
	}
	for _, content := range operation.RequestBody.Value.Content {
		for name, example := range content.Examples {
			names = append(names, name)
			values[name] = example.Value.Value
		}
	}
	slices.Sort(names)
	return names, values
}
