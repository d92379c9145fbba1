package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// What aging is measured with.
const (
	agingClients = 16
	agingSKUs    = 100
	agingSample  = 3_000 // orders that one measurement takes

	ofFresh = 0.6 // of what a fresh program places with the same processor time
	ofRoomy = 0.6 // of what one with a memory limit of 2 GiB does at the same age
)

// aging measures what an order costs the processor when a dev is fresh and after many orders, with its own memory limit
// and with one that it cannot reach: a cache that is too large for the limit makes the collector run all the time.
func aging(ctx context.Context, o Options) (figures []Figure, err error) {
	young, old, err := age(ctx, o, "aging")
	if err != nil {
		return nil, err
	}
	_, roomy, err := age(ctx, o, "aging-roomy", "GOMEMLIMIT=2GiB")
	if err != nil {
		return nil, err
	}
	figure := func(limit string, bare, promised float64) Figure {
		return Figure{
			Name: fmt.Sprintf("orders for a second of processor, after %d", o.Orders), Unit: "orders/s", Limit: limit,
			Rate: old, Bare: bare, Ratio: old / bare, Low: old / bare, High: old / bare, Promise: Promise{Ratio: promised},
		}
	}
	return []Figure{figure("the first "+strconv.Itoa(agingSample)+" orders", young, ofFresh), figure("the same with 2 GiB of memory", roomy, ofRoomy)}, nil
}

// age has a new dev place orders. It returns how many it places for a second of processor time at first, and in the end.
func age(ctx context.Context, o Options, name string, env ...string) (young, old float64, err error) {
	s, err := start(ctx, o, name, env...)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for i := range agingSKUs {
		product := map[string]any{"sku": skuOf(i), "name": "Bench", "prices": []any{map[string]any{"amount": 1299, "currency": "EUR"}}}
		var ignored map[string]any
		err := s.call(ctx, http.MethodPost, s.write+"/v1/products", product, &ignored)
		if err == nil {
			err = s.call(ctx, http.MethodPost, s.write+"/v1/inventory/"+skuOf(i)+"/receive", map[string]any{"quantity": plenty}, &ignored)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if young, err = s.perSecond(ctx, agingSample); err != nil {
		return 0, 0, err
	}
	if err := s.placeMany(ctx, max(0, o.Orders-2*agingSample)); err != nil {
		return 0, 0, err
	}
	old, err = s.perSecond(ctx, agingSample)
	return young, old, err
}

// perSecond places n orders and returns how many take a second of processor time.
func (s *system) perSecond(ctx context.Context, n int) (float64, error) {
	before, err := s.processor(ctx)
	if err != nil {
		return 0, err
	}
	if err := s.placeMany(ctx, n); err != nil {
		return 0, err
	}
	after, err := s.processor(ctx)
	if err == nil && after <= before {
		err = fmt.Errorf("%d orders took no time", n)
	}
	return float64(n) / (after - before), err
}

func (s *system) placeMany(ctx context.Context, n int) error {
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range agingClients {
		g.Go(func() error {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				var ignored map[string]any
				line := func(at int64) map[string]any {
					return map[string]any{"sku": skuOf(int(at % agingSKUs)), "quantity": 1}
				}
				order := map[string]any{"currency": "EUR", "lines": []any{line(i), line(i + 1)}}
				if err := s.call(ctx, http.MethodPost, s.write+"/v1/orders", order, &ignored); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// processor returns how many seconds of processor time the program has taken.
func (s *system) processor(ctx context.Context) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.admin+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }() // it is read to its end
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the program has no figure of its processor time")
}
