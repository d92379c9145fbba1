package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ordermill/ordermill/api"
)

// texts calls visit for every text that a request's body may have, with the schema of it.
func texts(visit func(at string, schema *openapi3.Schema), at string, schema *openapi3.Schema) {
	switch {
	case schema.Type.Is("string"):
		visit(at, schema)
	case schema.Type.Is("array"):
		texts(visit, at+"[]", schema.Items.Value)
	}
	for name, property := range schema.Properties {
		texts(visit, at+"."+name, property.Value)
	}
	if more := schema.AdditionalProperties.Schema; more != nil {
		texts(visit, at+".*", more.Value)
	}
}

// No request has a text that takes what nobody can see, or what changes how its neighbours are read.
func TestRequests_everyTextHasARule(t *testing.T) {
	t.Parallel()

	document, err := api.Spec()
	must(t, err)
	seen := 0
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			if operation.RequestBody == nil || operation.RequestBody.Value.Content["application/json"] == nil {
				continue
			}
			texts(func(at string, schema *openapi3.Schema) {
				seen++
				for _, hostile := range []string{"DE\u202e", "\u3164\u3164", "a@b\u2028", "https://a\x1b", "E\x00R"} {
					if schema.VisitJSON(hostile) == nil {
						t.Errorf("%s %s%s takes %+q: give it a format, a pattern or a list", method, path, at, hostile)
						return
					}
				}
			}, "", operation.RequestBody.Value.Content["application/json"].Schema.Value)
		}
	}
	if seen < 100 {
		t.Errorf("%d texts were looked at", seen)
	}
}

// Codes that have a list are of that list, wherever they are sent, and are kept in one spelling.
func TestCodes(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("A", "100")
	order := func(address string) string {
		return `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],` + address + `}`
	}
	for _, country := range []string{"Germany", "DEU", " DE", "DE ", "D", "UK", "XX", "EU", "XK", "", `D\n`, `DE\n`, "ДЕ", "１２", "ı1"} {
		for _, member := range []string{"shipping_address", "billing_address"} {
			body := order(`"` + member + `":{"country":"` + country + `"}`)
			for _, request := range []call{
				{method: http.MethodPost, path: "/v1/orders", body: body},
				{method: http.MethodPost, path: "/v1/orders", body: strings.Replace(body, "{", `{"draft":true,`, 1)},
				{method: http.MethodPost, path: "/v1/orders/quote", body: body},
			} {
				refused := s.do(request)
				refused.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
				if got, want := refused.get(t, "errors", "0", "pointer"), "/"+member+"/country"; got != want {
					t.Errorf("country %q: pointer %q, want %q", country, got, want)
				}
			}
		}
	}
	for _, tt := range []struct{ sent, stored, locale, written string }{{"de", "DE", "de_ch", "de-CH"}, {"Ch", "CH", "ZH-hant-tw", "zh-Hant-TW"}} {
		placed := s.post("/v1/orders", order(`"locale":"`+tt.locale+`","shipping_address":{"country":"`+tt.sent+`"},"billing_address":{"country":"`+tt.sent+`"}`))
		placed.want(t, http.StatusCreated)
		for want, at := range map[string][]string{tt.written: {"locale"}} {
			if got := placed.get(t, at...); got != want {
				t.Errorf("%v = %q, want %q", at, got, want)
			}
		}
		for _, at := range [][]string{{"country"}, {"shipping_address", "country"}, {"billing_address", "country"}} {
			if got := placed.get(t, at...); got != tt.stored {
				t.Errorf("%v = %q, want %q", at, got, tt.stored)
			}
		}
		patched := s.do(call{method: http.MethodPatch, path: placed.header.Get("Location"), body: `{"shipping_address":{"country":"` + tt.sent + `"}}`, header: map[string]string{"If-Match": "*"}})
		patched.want(t, http.StatusOK)
		if got := patched.get(t, "version"); got != "1" {
			t.Errorf("the same country in small letters made version %s: %s", got, patched.body)
		}
		s.do(call{method: http.MethodPatch, path: placed.header.Get("Location"), body: `{"shipping_address":{"country":"Germany"}}`, header: map[string]string{"If-Match": "*"}}).
			wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
	for _, locale := range []string{"german", "xx", "en-UK", "de DE", "", "de-"} {
		refused := s.post("/v1/orders", order(`"locale":"`+locale+`"`))
		refused.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		if got := refused.get(t, "errors", "0", "pointer"); got != "/locale" {
			t.Errorf("locale %q: pointer %q", locale, got)
		}
	}
	s.post("/v1/settings/tax-rates", `{"country":"xx","rate":190000,"code":"VAT"}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.post("/v1/settings/shipping-methods", `{"id":"m","name":"M","kind":"flat","prices":[{"amount":1,"currency":"EUR"}],"countries":["DE","UK"]}`).
		wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	s.post("/v1/settings/locations", `{"id":"l","name":"L","country":"UK"}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	for currency, status := range map[string]int{"XCG": http.StatusCreated, "ZWG": http.StatusCreated, "ANG": http.StatusUnprocessableEntity, "XTS": http.StatusUnprocessableEntity} {
		s.post("/v1/products", `{"sku":"C-`+currency+`","name":"C","prices":[{"amount":1,"currency":"`+currency+`"}]}`).want(t, status)
	}
}

// What is taken is found again under its own name, however long it is and whatever its script.
func TestIdentifiers_canBeReached(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	long := func(letter string, n int) string { return strings.Repeat(letter, n) }
	for _, sku := range []string{long("😀", 64), long("ж", 64), "a%2e", "a?b#c", "ÄÖ+&;=", "%2E%2E", "..."} {
		listed := s.do(call{method: http.MethodPost, path: "/v1/products", body: `{"sku":"` + sku + `","name":"N","prices":[{"amount":1,"currency":"EUR"}]}`})
		listed.want(t, http.StatusCreated)
		token := map[string]string{"Consistency-Token": listed.header.Get("Consistency-Token")}
		if got := s.do(call{method: http.MethodGet, path: listed.header.Get("Location"), header: token}); got.status != http.StatusOK || got.get(t, "sku") != sku {
			t.Errorf("GET %s: %d %s", listed.header.Get("Location"), got.status, got.body)
		}
		s.post("/v1/inventory/"+url.PathEscape(sku)+"/receive", `{"quantity":5}`).want(t, http.StatusOK)
		s.do(call{method: http.MethodPatch, path: listed.header.Get("Location"), body: `{"name":"M"}`, header: map[string]string{"If-Match": "*"}}).want(t, http.StatusOK)
	}
	for _, letter := range []string{"😀", "ж", "x"} {
		external, customer, channel := long(letter, 255), long(letter, 255), long(letter, 64)
		placed := s.post("/v1/orders", `{"external_id":"`+external+`","channel":"`+channel+`","customer":{"id":"`+customer+`","email":"a@b.test"},"currency":"EUR","lines":[{"sku":"`+long("ж", 64)+`","quantity":1}]}`)
		placed.want(t, http.StatusCreated)
		token := map[string]string{"Consistency-Token": placed.header.Get("Consistency-Token")}
		for _, path := range []string{
			placed.header.Get("Location"), "/v1/orders/by-external-id/" + url.PathEscape(external),
			"/v1/orders/by-external-id/" + url.PathEscape(external) + "?channel=" + url.QueryEscape(channel),
		} {
			if got := s.do(call{method: http.MethodGet, path: path, header: token}); got.status != http.StatusOK || got.get(t, "external_id") != external {
				t.Errorf("GET %s: %d %s", path, got.status, got.body)
			}
		}
		for field, value := range map[string]string{"external_id": external, "customer_id": customer, "channel": channel, "sku": long("ж", 64)} {
			got := s.do(call{method: http.MethodGet, path: "/v1/orders?filter[" + field + "]=" + url.QueryEscape(value), header: token})
			if got.status != http.StatusOK || got.get(t, "data", "0", "channel") == "" {
				t.Errorf("filter[%s]: %d %s", field, got.status, got.body)
			}
		}
	}
	for _, name := range []string{".", "..", "ㅤ", "a\u00a0b", "a b", "a/b"} {
		s.post("/v1/products", `{"sku":"`+name+`","name":"N","prices":[{"amount":1,"currency":"EUR"}]}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		s.post("/v1/settings/locations", `{"id":"`+name+`","name":"L"}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		s.post("/v1/settings/discounts", `{"id":"`+name+`","kind":"percentage","rate":1000}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		s.post("/v1/settings/shipping-methods", `{"id":"`+name+`","name":"M","kind":"flat","prices":[{"amount":1,"currency":"EUR"}]}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
	s.post("/v1/settings/discounts", `{"id":"cyrillic","kind":"percentage","rate":1000,"scope":"skus","skus":["`+long("ж", 64)+`"]}`).want(t, http.StatusCreated)
}

// Card numbers are refused in everything that people write, and in nothing else.
func TestCardNumbers(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("A", "100")
	const card = "4111  1111\u00a01111/1111 12/28"
	place := func(members string) call {
		return call{method: http.MethodPost, path: "/v1/orders", body: `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],` + members + `}`}
	}
	placed := s.do(place(`"external_id":"4111111111111111","customer":{"id":"5500005555555559"}`))
	placed.want(t, http.StatusCreated)
	path := placed.header.Get("Location")
	patch := func(body string) call {
		return call{method: http.MethodPatch, path: path, body: body, header: map[string]string{"If-Match": "*"}}
	}
	for pointer, request := range map[string]call{
		"/shipping_address/postal_code": place(`"shipping_address":{"postal_code":"4111 1111/1111 1111"}`),
		"/shipping_address/phone":       place(`"shipping_address":{"phone":"` + card + `"}`),
		"/billing_address/name":         place(`"billing_address":{"name":"４１１１１１１１１１１１１１１１"}`),
		"/billing_address/line2":        place(`"billing_address":{"line2":"\u0034111-1111-1111-1111"}`),
		"/customer/phone":               place(`"customer":{"phone":"4111111111111111"}`),
		"/customer/email":               place(`"customer":{"email":"4111111111111111@example.test"}`),
		"/metadata/4111111111111111":    patch(`{"metadata":{"4111111111111111":"x"}}`),
		"/metadata/a~1b":                patch(`{"metadata":{"a/b":"` + card + `"}}`),
		"/tags/1":                       patch(`{"tags":["vip","4111.1111.1111.1111"]}`),
		"/body":                         {method: http.MethodPost, path: path + "/notes", body: `{"body":"4111\n1111\n1111\n1111"}`},
		"/note":                         {method: http.MethodPost, path: path + "/actions/hold", body: `{"note":"` + card + `"}`},
		"/name":                         {method: http.MethodPost, path: "/v1/products", body: `{"sku":"B","name":"` + card + `","prices":[{"amount":1,"currency":"EUR"}]}`},
		"/rows/2/name":                  {method: http.MethodPost, path: "/v1/products/import", body: "sku,name,price_EUR\nC,4111 1111 1111 1111,1\n"},
	} {
		refused := s.do(request)
		refused.wantProblem(t, http.StatusUnprocessableEntity, "sensitive_data_rejected")
		if got := refused.get(t, "errors", "0", "pointer"); got != pointer {
			t.Errorf("%s: pointer %q, want %q", request.body, got, pointer)
		}
		if strings.Contains(string(refused.body), "1111 1111") || strings.Contains(string(refused.body), "1111/1111") {
			t.Errorf("the refusal repeats the number: %s", refused.body)
		}
	}
	s.do(patch(`{"metadata":{"iban":"DE89 3704 0044 0532 0130 00","ean":"4006381333931"},"tags":["2026-11-23"]}`)).want(t, http.StatusOK)
	s.post(path+"/actions/mark-paid", `{"reference":"4111111111111111"}`).want(t, http.StatusOK)
	s.do(place(`"customer":{"phone":"+49 1511 1234567"}`)).want(t, http.StatusCreated)
}

// Names and notes keep what scripts and emoji need.
func TestNames_anyScript(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("A", "100")
	for i, name := range []string{"می\u200cخواهم", "👨\u200d👩\u200d👧", "山田\u3000太郎", "12\u00a0rue", "❤\ufe0f", "ก็", "O'Brien", "नेपाल"} {
		s.post("/v1/products", `{"sku":"`+strconv.Itoa(i)+`","name":"`+name+`","prices":[{"amount":1,"currency":"EUR"}]}`).want(t, http.StatusCreated)
		placed := s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"shipping_address":{"name":"`+name+`","city":"`+name+`"}}`)
		placed.want(t, http.StatusCreated)
		if got := placed.get(t, "shipping_address", "name"); got != name {
			t.Errorf("name %+q came back as %+q", name, got)
		}
		s.do(call{method: http.MethodPost, path: "/v1/products/import", body: "sku,name,price_EUR\nP,\"" + name + "\",1\n"}).want(t, http.StatusOK)
	}
	for _, name := range []string{"a\u202eb", "a\u200bb", "a\u0007b", "\u3164", "a\nb"} {
		quoted, err := json.Marshal(name)
		must(t, err)
		for _, body := range []string{`"shipping_address":{"line1":` + string(quoted) + `}`, `"external_id":` + string(quoted), `"customer":{"id":` + string(quoted) + `}`, `"channel":` + string(quoted)} {
			s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],`+body+`}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		}
	}
	for _, space := range []string{"\u00a0", "\u3000", "\ufeff", "\u2028", "\u2003", "\v", " "} {
		email, err := json.Marshal("a" + space + "@example.test")
		must(t, err)
		s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"customer":{"email":`+string(email)+`}}`).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
}

// A refused reservation names the SKU that there is not, not its quantity.
func TestReservations_unknownSKU(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.stocked("A", "1")
	got := s.post("/v1/reservations", `{"lines":[{"sku":"A","quantity":1},{"sku":"NONE","quantity":1}]}`)
	got.wantProblem(t, http.StatusUnprocessableEntity, "sku_unknown")
	if got.get(t, "errors", "0", "pointer") != "/lines/1/sku" || got.get(t, "errors", "1") != "" {
		t.Errorf("%s", got.body)
	}
}

// A shipping that makes an edit too dear is told where the order has that change.
func TestEdit_shippingTooDear(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	s.post("/v1/products", `{"sku":"A","name":"A","prices":[{"amount":1000000000000,"currency":"EUR"}]}`).want(t, http.StatusCreated)
	s.do(call{method: http.MethodPatch, path: "/v1/inventory/A", body: `{"tracked":false}`}).want(t, http.StatusOK)
	s.post("/v1/settings/shipping-methods", `{"id":"dear","name":"Dear","kind":"flat","prices":[{"amount":1,"currency":"EUR"}]}`).want(t, http.StatusCreated)
	placed := s.post("/v1/orders", `{"currency":"EUR","lines":[{"sku":"A","quantity":1000}]}`)
	edits := "/v1/orders/" + placed.get(t, "id") + "/edits"
	begun := s.post(edits, `{}`)
	begun.want(t, http.StatusCreated)
	staged := s.post(edits+"/"+begun.get(t, "edit", "id")+"/changes", `{"kind":"set_shipping","shipping_method":"dear"}`)
	if got := staged.get(t, "refused", "errors", "0", "pointer"); got != "/edit/changes/0/shipping_method" {
		t.Errorf("pointer %q: %s", got, staged.get(t, "refused"))
	}
}

// What is wrong with a value is said once, in words that need no knowledge of schemas.
func TestFaults_oncePerField(t *testing.T) {
	t.Parallel()

	s := newShop(t)
	for _, tt := range []struct{ body, pointer, detail string }{
		{
			`{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"shipping_address":{"country":"Germany"}}`, "/shipping_address/country",
			"a country is a code of ISO 3166-1 alpha-2, such as DE",
		},
		{
			`{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"billing_address":{"country":""}}`, "/billing_address/country",
			"a country is a code of ISO 3166-1 alpha-2, such as DE",
		},
		{`{"currency":"EURO","lines":[{"sku":"A","quantity":1}]}`, "/currency", "a currency is a code of ISO 4217 in capitals, such as EUR"},
		{`{"currency":"EUR","lines":[{"sku":"` + strings.Repeat("a", 65) + `","quantity":1}]}`, "/lines/0/sku", "must have at most 64 characters"},
		{`{"currency":"EUR","lines":[{"sku":"A","quantity":null}]}`, "/lines/0/quantity", "must not be null; leave it out"},
		{
			`{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"reservation_id":"x"}`, "/reservation_id",
			"must be an id as answers give them, such as 01990f3c-0000-7000-8000-00000000000a",
		},
		{`{"currency":"EUR","lines":[{"sku":"A","quantity":1}],"external_id":""}`, "/external_id", "must not be empty"},
		{`[]`, "", "value must be an object"},
	} {
		got := s.post("/v1/orders", tt.body)
		got.wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		if got.get(t, "errors", "0", "pointer") != tt.pointer || got.get(t, "errors", "0", "detail") != tt.detail || got.get(t, "errors", "1") != "" {
			t.Errorf("%.100s: %.700s", tt.body, got.body)
		}
		where := tt.pointer
		if where == "" {
			where = "the body"
		}
		if detail := got.get(t, "detail"); detail != where+": "+tt.detail {
			t.Errorf("%.100s: detail %q", tt.body, detail)
		}
	}
}
