package metrics

import (
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/domain/money"
)

// sums collects the summed figures of the buckets that are asked for, by channel.
type sums struct {
	metric   Metric
	bounds   []time.Time // one more than there are buckets
	channels map[string][]figures
}

func newSums(m Metric, bounds []time.Time) *sums {
	return &sums{metric: m, bounds: bounds, channels: make(map[string][]figures)}
}

// read reads rows of bucket number from 1, channel and the metric's inputs.
func (s *sums) read(rows pgx.Rows) error {
	values := make([]money.Total, len(s.metric.inputs))
	var (
		number  int
		channel string
		into    = []any{&number, &channel}
	)
	for i := range values {
		into = append(into, &values[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		buckets := s.channels[channel]
		if buckets == nil {
			buckets = make([]figures, len(s.bounds)-1)
			s.channels[channel] = buckets
		}
		for i, f := range s.metric.inputs {
			buckets[number-1][f] = values[i]
		}
	}
	return rows.Err()
}

// series returns the metric's values. With one series it is there even if nothing happened.
func (s *sums) series(one bool) []Series {
	if one && len(s.channels) == 0 {
		s.channels[""] = make([]figures, len(s.bounds)-1)
	}
	all := make([]Series, 0, len(s.channels))
	for _, channel := range slices.Sorted(maps.Keys(s.channels)) {
		var total figures
		one := Series{Channel: channel, Points: make([]Point, len(s.bounds)-1)}
		for i := range s.channels[channel] {
			f := &s.channels[channel][i]
			one.Points[i] = Point{Start: s.bounds[i], Value: s.metric.value(f)}
			for n := range f {
				total[n].AddTotal(f[n])
			}
		}
		one.Total = s.metric.value(&total)
		all = append(all, one)
	}
	return all
}
