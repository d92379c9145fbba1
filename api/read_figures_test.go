package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/zone"
)

// Days begin in the tenant's time zone unless the request names another one: those of figures, and those that the ends of
// a range name. Where midnight was left out a day begins with what comes after it.
func TestFigures_zone(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	const month = "/v1/metrics/units?from=2026-03-01&to=2026-04-01&bucket=month"
	if utc := s.get(month); utc.get(t, "tz") != "UTC" || utc.points(t)[0] != "2026-03-01T00:00:00.000Z" {
		t.Errorf("before a time zone was set: %s", utc.body)
	}
	put := s.do(call{method: http.MethodPut, path: "/v1/settings/time-zone", body: `{"time_zone":"America/Santiago"}`})
	put.want(t, http.StatusOK)
	for path, want := range map[string]struct {
		zone   string
		points int
		first  string
	}{
		month:                 {"America/Santiago", 1, "2026-03-01T03:00:00.000Z"},
		month + "&tz=UTC":     {"UTC", 1, "2026-03-01T00:00:00.000Z"},
		month + "&tz=Etc/UTC": {"Etc/UTC", 1, "2026-03-01T00:00:00.000Z"},
		"/v1/metrics/units?from=2025-09-07&to=2025-09-08":                                   {"America/Santiago", 1, "2025-09-07T04:00:00.000Z"},
		"/v1/metrics/units?from=2025-09-07&to=2025-09-08&bucket=hour":                       {"America/Santiago", 23, "2025-09-07T04:00:00.000Z"},
		"/v1/metrics/units?from=2025-03-09&to=2025-03-10&bucket=hour&tz=America/Havana":     {"America/Havana", 23, "2025-03-09T05:00:00.000Z"},
		"/v1/metrics/units?from=2011-12-29&to=2012-01-01&tz=Pacific/Apia":                   {"Pacific/Apia", 2, "2011-12-29T10:00:00.000Z"},
		"/v1/metrics/units?from=1990-04-01&to=1990-05-01&bucket=month&tz=America/Havana":    {"America/Havana", 1, "1990-04-01T05:00:00.000Z"},
		"/v1/metrics/units?from=2025-09-07T04:00:00Z&to=2025-09-07T05:00:00Z&bucket=hour":   {"America/Santiago", 1, "2025-09-07T04:00:00.000Z"},
		"/v1/metrics/orders_placed?from=2025-09-01&to=2025-10-01&bucket=day&channel=web":    {"America/Santiago", 30, "2025-09-01T04:00:00.000Z"},
		"/v1/metrics/gross_sales?from=2025-09-01&to=2025-09-29&bucket=week&currency=EUR":    {"America/Santiago", 4, "2025-09-01T04:00:00.000Z"},
		"/v1/metrics/orders_placed?from=2024-01-01&to=2026-01-01&bucket=month&currency=CLP": {"America/Santiago", 24, "2024-01-01T03:00:00.000Z"},
	} {
		r := s.get(path, put)
		if points := r.points(t); r.get(t, "tz") != want.zone || len(points) != want.points || points[0] != want.first {
			t.Errorf("%s: %s; want %d points from %s in %s", path, r.body, want.points, want.first, want.zone)
		}
	}
	for _, wrong := range []string{"", "localtime", "Local", "posix/Europe/Berlin", "right/Europe/Berlin", "../UTC", "europe/berlin"} {
		for _, path := range []string{"/v1/metrics/units?tz=", "/v1/metrics/top_skus?tz="} {
			s.get(path+wrong).wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
		}
		s.do(call{method: http.MethodPut, path: "/v1/settings/time-zone", body: `{"time_zone":"` + wrong + `"}`}).
			wantProblem(t, http.StatusUnprocessableEntity, "validation_failed")
	}
}

// What sold best on a day is what was sold between two midnights of the tenant's time zone.
func TestTopSKUs_zone(t *testing.T) {
	t.Parallel()

	s := newShop(t).withReads(nil)
	s.stocked("Z", "10")
	placed := s.place("Z")
	at, err := time.Parse(time.RFC3339, placed.get(t, "placed_at"))
	must(t, err)
	// In one of these zones it is another day at this moment than in the other: they are 25 hours apart.
	for _, name := range []string{"Pacific/Kiritimati", "Pacific/Niue"} {
		put := s.do(call{method: http.MethodPut, path: "/v1/settings/time-zone", body: `{"time_zone":"` + name + `"}`})
		put.want(t, http.StatusOK)
		in, err := zone.Load(name)
		must(t, err)
		year, month, number := at.In(in).Date()
		top := func(from, to int, query string) int {
			day := func(n int) string {
				return time.Date(year, month, number+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			}
			return len(s.get("/v1/metrics/top_skus?from="+day(from)+"&to="+day(to)+query, put).list(t, "sku"))
		}
		if before, then, after := top(-1, 0, ""), top(0, 1, ""), top(1, 2, ""); before != 0 || then != 1 || after != 0 {
			t.Errorf("%s: %d the day before, %d on the day, %d on the next; want 0, 1, 0", name, before, then, after)
		}
		if then := top(0, 1, "&tz="+name); then != 1 {
			t.Errorf("%s, named: %d; want 1", name, then)
		}
	}
}
