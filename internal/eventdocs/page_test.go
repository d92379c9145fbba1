package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/domain/catalog"
	"github.com/ordermill/ordermill/domain/customer"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/domain/reservation"
	"github.com/ordermill/ordermill/domain/series"
	"github.com/ordermill/ordermill/domain/settings"
	"github.com/ordermill/ordermill/domain/stock"
)

// The page in docs is the one that the sources give.
func TestPage_upToDate(t *testing.T) {
	t.Parallel()

	want, err := Page("../../domain")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/events.md")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/events.md is not what the sources say (%v); run `make generate`", err)
	}
}

// Every event type that a registry can read has its section, and no other.
func TestPage_listsRegistries(t *testing.T) {
	t.Parallel()

	page, err := Page("../../domain")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok {
			got = append(got, name)
		}
	}
	want := slices.Concat(
		order.Types(), stock.Types(), reservation.Types(), catalog.Types(), settings.Types(), promotion.Types(), series.Types(), customer.Types(),
	)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the page has %v; want %v", got, want)
	}
}
