package read

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/domain/zone"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/metrics"
	"github.com/ordermill/ordermill/projections/topskus"
)

// VisitListMetricsResponse implements the generated response.
func (p page) VisitListMetricsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetMetricResponse implements the generated response.
func (p page) VisitGetMetricResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitListProjectionsResponse implements the generated response.
func (p page) VisitListProjectionsResponse(w http.ResponseWriter) error { return p.write(w) }

// ListMetrics serves GET /v1/metrics.
func (s *server) ListMetrics(ctx context.Context, _ ListMetricsRequestObject) (ListMetricsResponseObject, error) {
	if _, err := s.need(ctx, httpx.CallOf(ctx)); err != nil { // there is nothing to wait for, but a token must be one
		return nil, err
	}
	type definition struct {
		Name       string       `json:"name"`
		Unit       metrics.Unit `json:"unit"`
		Definition string       `json:"definition"`
	}
	out := struct {
		Data []definition `json:"data"`
	}{}
	for _, m := range metrics.Catalogue() {
		out.Data = append(out.Data, definition{m.Name, m.Unit, m.Meaning})
	}
	return page{body: httpx.Marshal(out)}, nil
}

// GetMetric serves GET /v1/metrics/{name}.
func (s *server) GetMetric(ctx context.Context, request GetMetricRequestObject) (GetMetricResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	if !slices.Contains(metrics.Names(), request.Name) {
		return nil, &httpx.Error{
			Code: httpx.CodeMetricNotFound, Detail: "GET /v1/metrics lists the figures that there are.",
			Faults: []httpx.Fault{{Parameter: "name", Code: httpx.CodeMetricNotFound, Detail: "is none of the figures", Meta: map[string]any{"allowed": metrics.Names()}}},
		}
	}
	in, err := s.zoneOf(ctx, call, params.Tz)
	if err != nil {
		return nil, err
	}
	from, to, err := period(params.From, params.To, in)
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, metrics.Name)
	if err != nil {
		return nil, err
	}
	result, err := metrics.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, metrics.Request{
		Name: request.Name, From: from, To: to, Now: s.Now(), Zone: in, Currency: value(params.Currency, ""),
		Channel: value(params.Channel, ""), Bucket: metrics.Bucket(value(params.Bucket, contract.GetMetricParamsBucket(metrics.Day))),
	})
	if err != nil {
		return nil, explainQuery(err)
	}
	return s.answer(ctx, now, httpx.Marshal(metricOf(&result))), nil
}

type metricPoint struct {
	Start resource.Time `json:"start"`
	Value money.Total   `json:"value"`
}

type metric struct {
	Name     string         `json:"name"`
	Unit     metrics.Unit   `json:"unit"`
	Currency string         `json:"currency,omitempty"`
	Bucket   metrics.Bucket `json:"bucket"`
	Tz       string         `json:"tz"`
	Points   []metricPoint  `json:"points"`
	Total    money.Total    `json:"total"`
}

func metricOf(r *metrics.Result) metric {
	out := metric{Name: r.Metric.Name, Unit: r.Metric.Unit, Currency: r.Currency, Bucket: r.Bucket, Tz: r.Zone.String(), Points: []metricPoint{}}
	for _, series := range r.Series { // one, as nothing is grouped
		out.Total = series.Total
		for _, p := range series.Points {
			out.Points = append(out.Points, metricPoint{resource.Time(p.Start), p.Value})
		}
	}
	return out
}

// VisitGetTopSKUsResponse implements the generated response.
func (p page) VisitGetTopSKUsResponse(w http.ResponseWriter) error { return p.write(w) }

// GetTopSKUs serves GET /v1/metrics/top_skus.
func (s *server) GetTopSKUs(ctx context.Context, request GetTopSKUsRequestObject) (GetTopSKUsResponseObject, error) {
	call, params := httpx.CallOf(ctx), request.Params
	in, err := s.zoneOf(ctx, call, params.Tz)
	if err != nil {
		return nil, err
	}
	from, to, err := period(params.From, params.To, in)
	if err != nil {
		return nil, err
	}
	now, err := s.await(ctx, call, topskus.Name)
	if err != nil {
		return nil, err
	}
	skus, err := topskus.Query(ctx, s.Pool, now.generation, call.Identity.Tenant, topskus.Request{
		By: topskus.Order(value(params.By, "")), Limit: int(value(params.Limit, 0)), From: from, To: to, Now: s.Now(), Currency: value(params.Currency, ""),
	})
	if err != nil {
		return nil, explainQuery(err)
	}
	type topSKU struct {
		SKU   string               `json:"sku"`
		Units money.Total          `json:"units"`
		Net   *resource.MoneyTotal `json:"net,omitempty"` // of one currency; values in several do not add up
	}
	out := struct {
		Data []topSKU `json:"data"`
	}{make([]topSKU, len(skus))}
	for i, sku := range skus {
		out.Data[i] = topSKU{SKU: sku.SKU, Units: sku.Units}
		if sku.Currency != "" {
			out.Data[i].Net = &resource.MoneyTotal{Amount: sku.Net, Currency: sku.Currency}
		}
	}
	return s.answer(ctx, now, httpx.Marshal(out)), nil
}

// zoneOf returns the time zone that a request names, else the tenant's.
func (s *server) zoneOf(ctx context.Context, call *httpx.Call, named *string) (*time.Location, error) {
	if named != nil {
		in, err := metrics.Zone(*named)
		return in, explainQuery(err)
	}
	settings, _, err := s.settingsOf(ctx, call)
	if err != nil {
		return nil, err
	}
	return settings.Location(), nil
}

// period reads the two ends of a range.
func period(from, to *string, in *time.Location) (begin, end time.Time, err error) {
	var faults []httpx.Fault
	for _, bound := range [...]struct {
		name string
		text *string
		into *time.Time
	}{{"from", from, &begin}, {"to", to, &end}} {
		if bound.text == nil {
			continue
		}
		var ok bool
		if *bound.into, ok = instant(*bound.text, in); !ok {
			faults = append(faults, httpx.Fault{
				Parameter: bound.name, Code: httpx.CodeValidationFailed, Detail: "is a time such as 2026-03-01T12:00:00Z or a date such as 2026-03-01",
			})
		}
	}
	if len(faults) == 0 && !begin.IsZero() && !end.IsZero() && !begin.Before(end) {
		faults = append(faults, httpx.Fault{Parameter: "to", Code: httpx.CodeValidationFailed, Detail: "must be after from"})
	}
	if len(faults) > 0 {
		return begin, end, &httpx.Error{Code: httpx.CodeValidationFailed, Detail: faults[0].Parameter + ": " + faults[0].Detail, Faults: faults}
	}
	return begin, end, nil
}

// instant reads an RFC 3339 time, or a date, which is the beginning of that day in the zone.
func instant(text string, in *time.Location) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, text); err == nil {
			at = zone.DayStart(at.Year(), at.Month(), at.Day(), in)
		}
	}
	return at, err == nil && at.Year() >= 1900 && at.Year() < 9999
}

// ListProjections serves GET /v1/projections.
func (s *server) ListProjections(ctx context.Context, _ ListProjectionsRequestObject) (ListProjectionsResponseObject, error) {
	if _, err := s.need(ctx, httpx.CallOf(ctx)); err != nil { // it tells how far each model is, whatever is asked for
		return nil, err
	}
	status, err := s.Set.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := struct {
		Data []projections.Status `json:"data"`
	}{status}
	return page{body: httpx.Marshal(out)}, nil
}
