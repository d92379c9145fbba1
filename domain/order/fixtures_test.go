package order_test

import (
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/order"
)

type events = []order.Event

var (
	noon    = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	later   = noon.Add(90 * time.Minute)
	orderID = uuid.MustParse("01955000-0000-7000-8123-456789abcdef")
	line1   = uuid.MustParse("01955001-0000-7000-8000-000000000001")
	line2   = uuid.MustParse("01955002-0000-7000-8000-000000000002")
	payID   = uuid.MustParse("01955003-0000-7000-8000-000000000003")
	backID  = uuid.MustParse("01955004-0000-7000-8000-000000000004")
	holdID  = uuid.MustParse("01955005-0000-7000-8000-000000000005")
)

func cents(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "EUR"} }

// place asks for two lines: 2 × 19.99 and 3 × 5.00, EUR 54.98 in all.
func place(change func(*order.Place)) order.Place {
	cmd := order.Place{
		OrderID: orderID, ExternalID: "web-88123", Channel: "web", Currency: "EUR", CustomerID: "c-7", Country: "DE",
		PII: order.PII(`{"k":"1","c":"c2VhbGVk"}`),
		Lines: []order.NewLine{
			{LineID: line1, SKU: "TSHIRT-M", ProductName: "T-shirt, medium", Quantity: 2, UnitPrice: 1999, RequiresShipping: true},
			{LineID: line2, SKU: "MUG", ProductName: "Mug", Quantity: 3, UnitPrice: 500, RequiresShipping: true},
		},
		ExpiresAt: noon.Add(time.Hour), At: noon.Add(700 * time.Microsecond).In(time.FixedZone("CET", 3600)),
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func placed(change func(*order.Placed)) order.Placed {
	event := order.Placed{
		Contents: order.Contents{
			OrderID: orderID, Number: "28T5-CY4T-QKFF", ExternalID: "web-88123", Channel: "web", Currency: "EUR",
			CustomerID: "c-7", Country: "DE", PII: order.PII(`{"k":"1","c":"c2VhbGVk"}`),
			Lines: []order.Line{
				{LineID: line1, SKU: "TSHIRT-M", ProductName: "T-shirt, medium", Quantity: 2, UnitPrice: 1999, Subtotal: 3998, Total: 3998, RequiresShipping: true},
				{LineID: line2, SKU: "MUG", ProductName: "Mug", Quantity: 3, UnitPrice: 500, Subtotal: 1500, Total: 1500, RequiresShipping: true},
			},
			Totals: order.Totals{Subtotal: 5498, Total: 5498},
		},
		PaymentPolicy: order.PolicyPaid, PlacedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
	if change != nil {
		change(&event)
	}
	return event
}

// taxed is the order with everything that an order can carry: 10 % off the first line, 20 % tax inside the first and
// 19 % on the second, and taxed shipping.
func taxed() order.Place {
	return place(func(c *order.Place) {
		c.Locale, c.PriceListVersion, c.TaxProviderRef = "de-DE", "2026-02", "quote-1"
		c.Rounding = order.RoundingRule{Mode: money.HalfEven, Scope: order.ScopeRateGroup}
		c.Risk = &order.Risk{Level: "low", Score: 3, Reasons: []string{"new_customer"}}
		c.PaymentPolicy = order.PolicyAuthorized
		c.Discounts = []order.Discount{{DiscountID: "spring", Code: "SPRING", Amount: 400}}
		c.Lines[0].DiscountAllocations = []order.DiscountAllocation{{DiscountID: "spring", Amount: 400}}
		c.Lines[0].TaxLines = []order.TaxLine{{Code: "vat", Rate: 200_000, Amount: 600, Inclusive: true}}
		c.Lines[1].TaxLines = []order.TaxLine{{Code: "vat-de", Rate: 190_000, Amount: 285}}
		c.Lines[1].BackorderPolicy = order.BackorderDeny
		c.ShippingLines = []order.ShippingLine{{Method: "standard", Amount: 490, TaxLines: []order.TaxLine{{Code: "vat-de", Rate: 190_000, Amount: 93}}}}
	})
}

func confirmed() order.Confirmed {
	return order.Confirmed{
		OrderID: orderID, Channel: "web", Currency: "EUR", Country: "DE", CustomerID: "c-7", Total: 5498,
		Reason: "paid", PlacedAt: noon, ConfirmedAt: later,
	}
}

func paid(state order.PaymentState, authorized, captured, refunded, voided int64) order.PaymentUpdated {
	return order.PaymentUpdated{
		OrderID: orderID, Channel: "web", Currency: "EUR", Country: "DE",
		Payment: order.Payment{
			PaymentID: payID, Method: "bank_transfer", Reference: "R-9", State: state,
			Authorized: authorized, Captured: captured, Refunded: refunded, Voided: voided,
		},
		CapturedChange: captured, RefundedChange: refunded, RecordedBy: "staff-1", UpdatedAt: later,
	}
}

func markPaid() order.MarkPaid {
	return order.MarkPaid{PaymentID: payID, Method: "bank_transfer", Reference: "R-9", By: "staff-1", At: later}
}

func canceled(change func(*order.Canceled)) order.Canceled {
	event := order.Canceled{
		OrderID: orderID, Channel: "web", Currency: "EUR", Country: "DE", CustomerID: "c-7", Reason: order.ReasonCustomer,
		Lines: []order.CanceledLine{
			{LineID: line1, SKU: "TSHIRT-M", Quantity: 2, Amount: 3998}, {LineID: line2, SKU: "MUG", Quantity: 3, Amount: 1500},
		},
		Value: 5498, AmountReleased: 5498, Restock: true, PreviousStatus: order.StatusPending,
		PreviousPayment: order.PaymentStatusUnpaid, PlacedAt: noon, CanceledAt: later,
	}
	if change != nil {
		change(&event)
	}
	return event
}

func importOrder(change func(*order.Import)) order.Import {
	cmd := order.Import{
		OrderID: orderID, ExternalID: "536365", Source: "online-retail", Channel: "import", Currency: "EUR",
		CustomerID: "17850", Country: "EIRE", Lines: place(nil).Lines, PlacedAt: noon, At: later,
	}
	if change != nil {
		change(&cmd)
	}
	return cmd
}

func imported() order.Imported {
	contents := placed(nil).Contents
	contents.ExternalID, contents.Channel, contents.CustomerID, contents.Country, contents.PII = "536365", "import", "17850", "EIRE", nil
	return order.Imported{
		Contents: contents, Source: "online-retail", OriginalPlacedAt: noon, ImportedAt: later,
		Statuses: order.Statuses{Status: order.StatusCompleted, Payment: order.PaymentStatusPaid, Fulfillment: order.FulfillmentStatusDelivered},
		Captured: 5498, StockPolicy: order.StockSkip,
	}
}

func importReturn(lines ...order.ReturnLine) order.ImportReturn {
	return order.ImportReturn{ReturnID: backID, CreditNumber: "C536400", Source: "online-retail", Lines: lines, ReturnedAt: noon, At: later}
}

func returned() order.ReturnImported {
	return order.ReturnImported{
		OrderID: orderID, ReturnID: backID, CreditNumber: "C536400", Source: "online-retail", Channel: "import",
		Currency: "EUR", Country: "EIRE", CustomerID: "17850",
		Lines:  []order.ReturnedLine{{LineID: line2, SKU: "MUG", Quantity: 2, UnitPrice: 500, Amount: 1000}},
		Refund: 1000, StockPolicy: order.StockSkip, PlacedAt: noon, ReturnedAt: noon, ImportedAt: later,
	}
}

// decide decides for a shop whose orders complete by themselves.
func decide(o *order.Order, cmd order.Command) (events, error) {
	return order.Decide(o, cmd, order.Terms{Completes: func() bool { return true }, At: atOf(cmd)})
}

// decideByHand decides for a shop whose staff complete orders.
func decideByHand(o *order.Order, cmd order.Command) (events, error) {
	return order.Decide(o, cmd, order.Terms{At: atOf(cmd)})
}

// atOf returns when a command is given.
func atOf(cmd order.Command) time.Time {
	at, _ := reflect.ValueOf(cmd).FieldByName("At").Interface().(time.Time)
	return at
}

// samples are one event of each type that is tested in files without samples of their own.
func samples() events {
	state := order.Order{}
	full, err := decide(&state, taxed())
	if err != nil {
		panic(err)
	}
	first, ok := full[0].(order.Placed)
	if !ok {
		panic("placing gave no placed order")
	}
	return events{
		first,
		imported(),
		confirmed(),
		paid(order.PaymentCaptured, 5498, 5498, 0, 0),
		canceled(func(e *order.Canceled) {
			e.CancellationID, e.Note, e.PII, e.AmountOwed = holdID, "sent twice <by us>", order.PII(`{"k":"1"}`), 5498
			e.Lines[1].Amount, e.Lines[1].Tax, e.Value = 1261, 239, 5259
			e.PreviousStatus, e.PreviousPayment, e.ConfirmedAt = order.StatusConfirmed, order.PaymentStatusPaid, later
		}),
		returned(),
		drafted(),
		order.DraftUpdated{
			Contents: first.Contents, Wishes: order.Wishes{ShippingMethod: "standard"},
			Changes: []string{"discounts", "lines", "totals", "wishes"}, UpdatedAt: later,
		},
		func() order.Held {
			e := held(line2)
			e.Until = later.Add(time.Hour)
			return e
		}(),
		holdReleased(),
		order.EditBegun{About: about(), EditID: editID, BaseVersion: 3, BegunBy: "staff-1", BegunAt: later},
		order.EditStaged{
			About: about(), EditID: editID, StagedAt: later,
			Change: order.EditChange{ChangeID: gone, Kind: order.EditSetQuantity, LineID: line2, SKU: "MUG", Quantity: 1, From: 3},
		},
		order.EditDiscarded{About: about(), EditID: editID, DiscardedBy: "staff-2", DiscardedAt: later},
		func() order.EditCommitted {
			e := editCommitted()
			e.LineChanges[0].Added.DiscountAllocations = []order.DiscountAllocation{{DiscountID: "spring", Amount: 600}}
			e.DiscountsAdded = []order.Discount{{DiscountID: "spring", Code: "SPRING", Amount: 600, Rate: 100_000}}
			return e
		}(),
		linesCanceled(func(e *order.LinesCanceled) {
			e.Note, e.PII, e.Fulfillments, e.RefundPolicy = "broken", order.PII(`{"k":"1"}`), []uuid.UUID{packID}, "original_payment"
			e.Lines[0].Tax, e.AmountReleased, e.AmountOwed, e.ConfirmedAt = 190, 1190, 1190, later
		}),
		expired(),
		backorderFilled(),
		completed(false),
		archived(),
	}
}

// allSamples are one event of each type.
func allSamples() events {
	return slices.Concat(samples(), fulfillmentSamples(), returnSamples(), detailSamples())
}
