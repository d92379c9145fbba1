package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
)

// elsewhere are the codes that commands sent one by one do not reach, and where they are shown.
var elsewhere = map[httpx.Code]string{
	httpx.CodeInvalidCursor: "lists", httpx.CodeCursorMismatch: "lists", httpx.CodeMetricNotFound: "figures", httpx.CodePositionLost: "reads with a token",
	httpx.CodeProjectionLagging: "reads with a token", httpx.CodeTokenExpired: "TestAuthenticate of package httpx",
	httpx.CodeKeyInUse: "TestTwins", httpx.CodeConcurrent: "TestExplain of package httpx", httpx.CodeInternal: "TestHost of package httpx",
	httpx.CodeReducedCapacity: "TestShares_bodies", httpx.CodeOutcomeUnknown: "TestExplain of package httpx",
	httpx.CodeDependencyTimeout: "TestExplain of package httpx", httpx.CodeDependencyUnavailable: "TestCauses_databaseAway",
	httpx.CodeStorageFull: "TestCauses_diskFull", httpx.CodeStreamUnreadable: "TestCauses_unreadable", httpx.CodeShuttingDown: "TestExplain of package httpx",
	httpx.CodeRequestTimeout: "TestSlowBody", httpx.CodeAnotherPast: "TestAnotherPast",
	"future_date": "imports", "totals_mismatch": "imports", "customer_not_found": "reads of customers",
}

// refusals make a request for each code. The scene is that of a tenant of its own.
var refusals = map[httpx.Code]func(c *scene) reply{
	httpx.CodeMalformedJSON: func(c *scene) reply { return c.try("POST", "/v1/orders", `{"currency":`) },
	httpx.CodeUnknownField:  func(c *scene) reply { return c.try("POST", "/v1/orders", `{"currency":"EUR","lines":[],"colour":1}`) },
	httpx.CodeUnknownFilter: func(c *scene) reply { return c.try("POST", "/v1/orders?x=1", `{}`) },
	httpx.CodeKeyMissing: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/reservations", body: `{}`, key: "-", token: c.token})
	},
	httpx.CodeKeyInvalid: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/orders", body: `{}`, key: `"open`, token: c.token})
	},
	httpx.CodeInvalidHeader: func(c *scene) reply { return c.match("POST", "/v1/orders/"+nowhere+"/actions/confirm", "", "v1") },
	httpx.CodeTokenMissing: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/orders", body: `{}`, token: "-"})
	},
	httpx.CodeTokenInvalid: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/orders", body: `{}`, token: "x"})
	},
	httpx.CodeInsufficientScope: func(c *scene) reply {
		return c.shop.do(call{method: "PUT", path: "/v1/settings/time-zone", body: `{"time_zone":"UTC"}`, token: c.shop.tokenOf(c.tenant, "support", "sue")})
	},
	httpx.CodeRouteNotFound:    func(c *scene) reply { return c.try("POST", "/v1/nothing", "") },
	httpx.CodeMethodNotAllowed: func(c *scene) reply { return c.try("DELETE", "/v1/orders", "") },
	httpx.CodeNotAcceptable: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/orders", body: `{}`, token: c.token, header: map[string]string{"Accept": "text/html"}})
	},
	httpx.CodeUnsupportedMedia: func(c *scene) reply {
		return c.shop.do(call{method: "POST", path: "/v1/orders", body: `{}`, token: c.token, header: map[string]string{"Content-Type": "text/csv"}})
	},
	httpx.CodeBodyTooLarge: func(c *scene) reply {
		return c.try("POST", "/v1/products/import", "sku,name,price_EUR\n"+strings.Repeat("A,b,1\n", 1<<18))
	},
	httpx.CodePreconditionRequired: func(c *scene) reply { return c.placed("").try("PATCH", "/v1/orders/{id}", `{"tags":["a"]}`) },
	httpx.CodeVersionMismatch:      func(c *scene) reply { return c.placed("").match("PATCH", "/v1/orders/{id}", `{"tags":["a"]}`, `"v9"`) },
	httpx.CodeKeyReused: func(c *scene) reply {
		c.stocked()
		c.must(call{method: "POST", path: "/v1/orders", key: "k", body: `{"currency":"EUR","lines":` + goods + `}`})
		return c.shop.do(call{method: "POST", path: "/v1/orders", key: "k", body: `{"currency":"EUR","lines":[]}`, token: c.token})
	},
	httpx.CodeKeyExpired: func(c *scene) reply {
		c.stocked()
		lines := strings.Repeat(`{"sku":"TSHIRT-M","quantity":1},`, 60) // an answer that is too large to be kept in memory
		order := call{method: "POST", path: "/v1/orders", key: "old", body: `{"currency":"EUR","lines":[` + lines[:len(lines)-1] + `]}`}
		c.must(order)
		var key eventstore.Key
		var hash []byte
		must(c.tb, c.shop.pool.QueryRow(c.tb.Context(), "select client_id, key_hash from command_results where tenant_id = $1 order by position desc limit 1", c.tenant).Scan(&key.Client, &hash))
		key.Hash = [32]byte(hash)
		dropped, err := c.shop.store.DropAnswers(c.tb.Context(), c.tenant, []eventstore.Key{key})
		must(c.tb, err)
		if dropped != 1 {
			c.tb.Fatalf("%d answers dropped", dropped)
		}
		order.token = c.token
		return c.shop.do(order)
	},
	httpx.CodeSensitiveData: func(c *scene) reply {
		return c.placed("").try("POST", "/v1/orders/{id}/notes", `{"body":"pays with 4111 1111 1111 1111"}`)
	},
	httpx.CodeErasedCustomer: func(c *scene) reply {
		c.stocked()
		c.post("/v1/customers/gone/erase", "")
		return c.try("POST", "/v1/orders", `{"currency":"EUR","customer":{"id":"gone","email":"gone@example.test"},"lines":`+goods+`}`)
	},
	httpx.CodeValidationFailed: func(c *scene) reply {
		return c.placed("").try("POST", "/v1/orders/{id}/actions/hold", `{"reason":"bored"}`)
	},
	httpx.CodeCurrencyUnsupported: func(c *scene) reply {
		return c.stocked().try("POST", "/v1/orders", `{"currency":"USD","lines":`+goods+`}`)
	},
	"empty_order": func(c *scene) reply { return c.try("POST", "/v1/orders", `{"currency":"EUR","lines":[]}`) },
	"quantity_out_of_range": func(c *scene) reply {
		return c.stocked().try("POST", "/v1/orders", `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":1000001}]}`)
	},
	"sku_unknown": func(c *scene) reply {
		return c.try("POST", "/v1/reservations", `{"lines":[{"sku":"NONE","quantity":1}]}`)
	},
	"sku_not_sellable": func(c *scene) reply {
		c.stocked()
		c.must(call{method: "PATCH", path: "/v1/products/TSHIRT-L", body: `{"sellable":false}`})
		return c.try("POST", "/v1/orders", `{"currency":"EUR","lines":`+goods+`}`)
	},
	"discount_invalid": func(c *scene) reply {
		return c.stocked().try("POST", "/v1/orders", `{"currency":"EUR","discount_codes":["WINTER"],"lines":`+goods+`}`)
	},
	"shipping_method_invalid": func(c *scene) reply {
		return c.editing().try("POST", "/v1/orders/{id}/edits/{edit_id}/changes", `{"kind":"set_shipping","shipping_method":"zeppelin"}`)
	},
	"quantity_below_fulfilled": func(c *scene) reply {
		c.fulfilled("").act("/edits", "")
		return c.try("POST", "/v1/orders/{id}/edits/"+c.order.get(c.tb, "edit", "id")+"/changes", `{"kind":"set_quantity","line_id":"`+exampleLine+`","quantity":1}`)
	},
	"quantity_exceeds_open": func(c *scene) reply {
		return c.paid().try("POST", "/v1/orders/{id}/fulfillments", `{"lines":[{"line_id":"`+exampleLine+`","quantity":5}]}`)
	},
	"quantity_exceeds_delivered": func(c *scene) reply {
		return c.delivered().try("POST", "/v1/orders/{id}/returns", `{"lines":[{"line_id":"`+exampleLine+`","quantity":5}]}`)
	},
	"quantity_exceeds_requested": func(c *scene) reply {
		return c.approved().try("POST", "/v1/orders/{id}/returns/{return_id}/receive", `{"lines":[{"line_id":"`+exampleLine+`","quantity":3}]}`)
	},
	"refund_exceeds_captured": func(c *scene) reply {
		return c.paid().try("POST", "/v1/orders/{id}/actions/mark-refunded", `{"amount":{"amount":99999999,"currency":"EUR"}}`)
	},
	"return_window_closed": func(c *scene) reply {
		c.must(call{method: "PUT", path: "/v1/settings/limits", body: `{"return_window_days":1}`})
		c.delivered()
		c.shop.skew.Add(int64(49 * time.Hour))
		return c.try("POST", "/v1/orders/{id}/returns", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	},
	"metadata_limit": func(c *scene) reply {
		return c.placed("").match("PATCH", "/v1/orders/{id}", `{"metadata":{"`+strings.Repeat("k", 41)+`":"v"}}`, "*")
	},

	"insufficient_stock": func(c *scene) reply {
		return c.stocked().try("POST", "/v1/orders", `{"currency":"EUR","lines":[{"sku":"TSHIRT-M","quantity":300001}]}`)
	},
	"price_changed": func(c *scene) reply {
		return c.stocked().try("POST", "/v1/orders", `{"currency":"EUR","expected_total":{"amount":1,"currency":"EUR"},"lines":`+goods+`}`)
	},
	"invalid_state": func(c *scene) reply { return c.paid().try("POST", "/v1/orders/{id}/actions/complete", "") },
	"order_terminal": func(c *scene) reply {
		return c.placed("").act("/actions/cancel", "").try("POST", "/v1/orders/{id}/edits", "")
	},
	"nothing_to_cancel": func(c *scene) reply {
		c.placed("").act("/actions/cancel-lines", `{"lines":[{"line_id":"`+exampleLine+`","quantity":4}]}`)
		return c.try("POST", "/v1/orders/{id}/actions/cancel-lines", `{"lines":[{"line_id":"`+exampleLine+`","quantity":1}]}`)
	},
	"already_shipped": func(c *scene) reply { return c.shipped().try("POST", "/v1/orders/{id}/actions/cancel", "") },
	"order_on_hold": func(c *scene) reply {
		return c.paid().act("/actions/hold", "").try("POST", "/v1/orders/{id}/fulfillments", "")
	},
	"payment_required": func(c *scene) reply {
		return c.placed("").try("POST", "/v1/orders/{id}/actions/confirm", "")
	},
	"unpaid_not_allowed": func(c *scene) reply {
		c.editing()
		c.act("/edits/"+c.path["edit_id"]+"/changes", `{"kind":"add_line","sku":"VOUCHER-25","quantity":1}`)
		c.must(call{method: "POST", path: "/v1/orders/" + c.path["id"] + "/edits/" + c.path["edit_id"] + "/commit", header: map[string]string{"If-Match": "*"}})
		return c.try("POST", "/v1/orders/{id}/fulfillments", "")
	},
	"reservation_expired": func(c *scene) reply {
		c.reserved()
		c.shop.skew.Add(int64(time.Hour))
		return c.try("PATCH", "/v1/reservations/{reservation_id}", `{"expires_in_seconds":60}`)
	},
	"duplicate_external_id": func(c *scene) reply {
		return c.placed(`,"external_id":"x-1"`).try("POST", "/v1/orders", `{"currency":"EUR","external_id":"x-1","lines":`+goods+`}`)
	},
	"edit_already_open": func(c *scene) reply { return c.editing().try("POST", "/v1/orders/{id}/edits", "") },
	"edit_stale": func(c *scene) reply {
		c.editing().act("/edits/"+c.path["edit_id"]+"/changes", `{"kind":"set_quantity","line_id":"`+exampleLine+`","quantity":3}`)
		c.act("/actions/cancel-lines", `{"lines":[{"line_id":"`+exampleLine+`","quantity":2}]}`)
		return c.match("POST", "/v1/orders/{id}/edits/{edit_id}/commit", "", "*")
	},
	"quantity_mismatch": func(c *scene) reply {
		return c.shelf().try("POST", "/v1/inventory/{sku}/count", `{"counted":7,"expected_quantity":49}`)
	},
	"legal_hold": func(c *scene) reply {
		c.must(call{method: "PUT", path: "/v1/customers/c-9/legal-hold", body: `{"reason":"case 1"}`})
		return c.try("POST", "/v1/customers/c-9/erase", "")
	},

	httpx.CodeOrderNotFound:   func(c *scene) reply { return c.try("POST", "/v1/orders/"+nowhere+"/actions/confirm", "") },
	httpx.CodeProductNotFound: func(c *scene) reply { return c.try("POST", "/v1/inventory/NONE/count", `{"counted":1}`) },
	"hold_not_found": func(c *scene) reply {
		return c.placed("").try("POST", "/v1/orders/{id}/actions/release-hold", `{"hold_id":"`+nowhere+`"}`)
	},
	"edit_not_found":        func(c *scene) reply { return c.paid().try("DELETE", "/v1/orders/{id}/edits/"+nowhere, "") },
	"fulfillment_not_found": func(c *scene) reply { return c.paid().try("POST", "/v1/orders/{id}/fulfillments/"+nowhere+"/ship", "") },
	"return_not_found": func(c *scene) reply {
		return c.delivered().try("POST", "/v1/orders/{id}/returns/"+nowhere+"/approve", "")
	},
	"note_not_found":        func(c *scene) reply { return c.placed("").try("DELETE", "/v1/orders/{id}/notes/"+nowhere, "") },
	"reservation_not_found": func(c *scene) reply { return c.try("DELETE", "/v1/reservations/"+nowhere, "") },
	"transfer_not_found": func(c *scene) reply {
		return c.shelf().try("POST", "/v1/inventory/{sku}/transfers/"+nowhere+"/receive", `{"quantity":1}`)
	},
	"location_unknown": func(c *scene) reply {
		return c.stocked().try("POST", "/v1/inventory/TSHIRT-M/receive", `{"quantity":1,"location_id":"moon"}`)
	},
	"setting_not_found": func(c *scene) reply { return c.try("DELETE", "/v1/settings/discounts/none", "") },
}

// try sends a request of the tenant's admin that may fail. Names in braces are parameters of the scene.
func (c *scene) try(method, path, body string) reply {
	c.tb.Helper()
	return c.match(method, path, body, "")
}

func (c *scene) match(method, path, body, etag string) reply {
	c.tb.Helper()
	for name, value := range c.path {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	for from, to := range c.swap {
		body = strings.ReplaceAll(body, from, to)
	}
	request := call{method: method, path: path, body: body, token: c.token}
	if etag != "" {
		request.header = map[string]string{"If-Match": etag}
	}
	return c.shop.do(request)
}

// Every error code of the commands is reached by a request, with its status and with words that say what to do.
func TestEveryCode(t *testing.T) {
	t.Parallel()

	s, later := newShop(t), newShop(t) // the clock of the second one is moved
	for _, code := range slices.Sorted(maps.Keys(httpx.Codes())) {
		refuse, shown := refusals[code]
		if _, other := elsewhere[code]; other == shown {
			t.Errorf("%s needs a request in refusals, or a reason in elsewhere", code)
			continue
		}
		if !shown {
			continue
		}
		status := httpx.Codes()[code]
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()

			shop := s
			if code == "return_window_closed" || code == "reservation_expired" {
				shop = later
			}
			got := refuse(shop.scene(t, "t-"+uuid.NewString()))
			got.wantProblem(t, status, string(code))
			if got.get(t, "detail") == "" || got.get(t, "title") == "" {
				t.Errorf("no words: %s", got.body)
			}
		})
	}
	for code := range refusals {
		if _, known := httpx.Codes()[code]; !known {
			t.Errorf("there is no code %s", code)
		}
	}
}

// Guards of quantities name the line, what was asked for and what is possible.
func TestGuards(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for code, available := range map[httpx.Code]string{
		"quantity_exceeds_open": "4", "quantity_exceeds_delivered": "4", "quantity_exceeds_requested": "2", "insufficient_stock": "300000", "nothing_to_cancel": "0",
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()

			got := refusals[code](s.scene(t, "t-"+uuid.NewString()))
			meta := func(name string) string { return got.get(t, "errors", "0", "meta", name) }
			if meta("available") != available || meta("requested") == "" || meta("sku") == "" || meta("line_id") == "" || !strings.HasPrefix(got.get(t, "errors", "0", "pointer"), "/lines/0") {
				t.Errorf("%s says %s", code, got.body)
			}
		})
	}
}

// A table's faults are all told at once, each with its row and column, and nothing of the table is listed.
func TestImport_faults(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	got := s.post("/v1/products/import", "sku,name,sellable,price_EUR\nA,Thing,true,1.00\n,Nameless,maybe,1.234\nA,Again,,2\nB\n")
	got.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	var problem struct{ Errors []httpx.Fault }
	unmarshal(t, got.body, &problem)
	var cells []string
	for _, f := range problem.Errors {
		cells = append(cells, fmt.Sprint(f.Meta["row"], " ", f.Meta["column"]))
	}
	slices.Sort(cells)
	if want := []string{"3 price_EUR", "3 sellable", "3 sku", "4 sku", "5 <nil>"}; !slices.Equal(cells, want) {
		t.Errorf("faults in %q, want %q: %s", cells, want, got.body)
	}
	s.post("/v1/inventory/A/receive", `{"quantity":1}`).wantProblem(t, http.StatusNotFound, "product_not_found")
	done := call{method: http.MethodPost, path: "/v1/products/import", key: "table", body: "sku,name,price_EUR\nA,Thing,1.00\nB,Other,2\n"}
	first := s.do(done)
	first.want(t, http.StatusOK)
	if again := s.do(done); string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replay: %v %s", again.header, again.body)
	}
}
