package ordermill_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rows are the rules that the table in docs/domain.md must have, with a test each.
var rows = map[string][]string{
	"Model": {
		"aggregates and their streams",
		"snapshots of long streams",
		"draft → pending",
		"pending → confirmed",
		"confirmed → completed",
		"draft, pending, confirmed → canceled",
		"pending → expired",
		"holds are a set",
		"terminal statuses; completed is returnable",
		"line counters",
		"fulfillment_status",
		"payment_status",
		"amount_due, amount_owed_to_customer",
		"return_status, inspection_pending",
		"precedence of payment statuses",
		"precedence of fulfilment statuses",
		"minor units and exponents",
		"overflow is checked",
		"rates are never floats",
		"line.subtotal, line.total, order.total",
		"rounding: mode and scope",
		"largest remainder",
		"shares per unit, frozen",
		"canceling takes its own share of the discount",
		"money is conserved",
		"event envelope",
		"personal data is sealed",
		"stored events stay readable",
	},
	"Order: commands": {
		"every command: order_not_found",
		"every command: version_mismatch",
		"every command: concurrent_modification",
		"every command: erased_customer",
		"CreateDraft",
		"UpdateDraft",
		"PlaceOrder",
		"PlaceOrder: empty_order",
		"PlaceOrder: sku_unknown",
		"PlaceOrder: sku_not_sellable",
		"PlaceOrder: quantity_out_of_range",
		"PlaceOrder: price_changed",
		"PlaceOrder: insufficient_stock",
		"PlaceOrder: shipping_method_invalid",
		"PlaceOrder: discount_invalid",
		"PlaceOrder: duplicate_external_id",
		"ImportOrder",
		"ConfirmOrder",
		"PlaceHold",
		"ReleaseHold",
		"BeginEdit",
		"StageEditChange",
		"DiscardEdit",
		"CommitEdit",
		"CancelLines",
		"CancelOrder",
		"ExpireOrder",
		"PlanFulfillment",
		"MoveFulfillment",
		"CreateFulfillment",
		"Ship",
		"UpdateTracking",
		"RecordDelivery",
		"RecordDeliveryFailure",
		"CancelFulfillment",
		"RequestReturn",
		"ApproveReturn, DeclineReturn, CancelReturn",
		"ReceiveReturn",
		"ResolveReturn",
		"RecordPayment",
		"CompleteOrder",
		"Archive",
		"ChangeAddress",
		"ChangeContact",
		"AddNote, EditNote, RemoveNote",
		"SetTags",
		"SetMetadata",
		"IssueInvoice",
		"CreditNote",
		"EraseCustomer",
		"counters are ordered",
		"refunds are at most what was captured",
		"the currency is constant",
		"order_number and external_id are unique",
		"totals recompute",
		"a refusal leaves no event, but a decision",
	},
	"Stock": {
		"state per location, available",
		"states of a reservation",
		"ReceiveStock",
		"AdjustStock",
		"CountStock",
		"Reserve",
		"Reserve: the same id again",
		"ExtendReservation",
		"Release",
		"Expire",
		"Commit",
		"Deduct",
		"ReturnStock",
		"Transfer",
		"SetPolicy",
		"FillBackorders",
		"oversell-proof by construction",
		"demand is summed per SKU",
		"stock moves in the same append",
		"soft reservations have a timer, those of orders none",
		"a reservation becomes an order",
		"movements sum to on_hand, reservations to reserved",
		"the decision never reads a read model",
	},
	"Catalogue, prices, tax, shipping, discounts": {
		"ProductListed",
		"ProductPriceChanged, ProductRenamed",
		"ProductDelisted",
		"prices are the server's",
		"bulk upsert from CSV",
		"tax by class and country",
		"tax inclusive or exclusive",
		"rounding is stored on the order",
		"shipping: flat, by subtotal, by weight",
		"discounts: code or automatic, percentage or fixed, order or SKUs",
		"discounts: minimum, validity",
		"discounts: usage limit under concurrency",
		"discounts: a use is given back",
	},
}

var (
	rowOf  = regexp.MustCompile(`^\| (.+) \| (.*` + "`" + `.*) \|$`)
	testOf = regexp.MustCompile("`([a-z/]+) ((?:Test|Example|Fuzz)\\w*)(?:/([^`]+))?`")
)

// tests are the names of a package's tests, and the texts in them, which name their cases.
type tests struct{ functions, texts map[string]bool }

// testsIn parses the tests of the package in a folder. The module's own is called module.
func testsIn(t *testing.T, folder string) tests {
	t.Helper()

	if folder == "module" {
		folder = "."
	}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := tests{functions: map[string]bool{}, texts: map[string]bool{}}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil {
					found.functions[n.Name.Name] = true
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					found.texts[text] = true
				}
			}
			return true
		})
	}
	return found
}

// Every rule has its row in docs/domain.md, and every test that the page names is there.
func TestDocs_domainRows(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile(filepath.Join("docs", "domain.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string][]string) // rows with tests, by section
	packages := make(map[string]tests)
	section := ""
	for line := range strings.Lines(string(page)) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok {
			section = heading
		}
		names := testOf.FindAllStringSubmatch(line, -1)
		if row := rowOf.FindStringSubmatch(strings.TrimSpace(line)); row != nil && len(names) > 0 {
			shown[section] = append(shown[section], row[1])
		}
		for _, name := range names {
			if _, ok := packages[name[1]]; !ok {
				packages[name[1]] = testsIn(t, name[1])
			}
			if there := packages[name[1]]; !there.functions[name[2]] || name[3] != "" && !there.texts[name[3]] {
				t.Errorf("there is no test %s; name another one that shows the same", name[0])
			}
		}
	}
	for section, want := range rows {
		for _, row := range want {
			if !slices.Contains(shown[section], row) {
				t.Errorf("section %q has no row %q with a test that shows it", section, row)
			}
		}
		if len(shown[section]) != len(want) {
			t.Errorf("section %q has %d rows; want these %d", section, len(shown[section]), len(want))
		}
	}
}
