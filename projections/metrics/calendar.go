package metrics

import (
	"fmt"
	"time"

	"github.com/ordermill/ordermill/domain/zone"
	"github.com/ordermill/ordermill/projections/query"
)

// Bucket is the length of a metric's points.
type Bucket string

// The buckets, in the wall-clock time of the zone that is asked for: each is the span between two local midnights, or
// between two full hours on the clock. A week begins on Monday.
const (
	Hour  Bucket = "hour"
	Day   Bucket = "day"
	Week  Bucket = "week"
	Month Bucket = "month"
)

// MaxPoints is the most points that a series may have.
const MaxPoints = 10_000

// Zone returns the time zone of a name of the IANA database, as the program has it. It fails with a *query.Error.
func Zone(name string) (*time.Location, error) {
	in, err := zone.Load(name)
	if err != nil {
		return nil, &query.Error{Parameter: "tz", Message: fmt.Sprintf("there is no time zone %q; use a name such as Europe/Berlin", name)}
	}
	return in, nil
}

// check returns a *query.Error for an unknown bucket.
func (b Bucket) check() error {
	switch b {
	case Hour, Day, Week, Month:
		return nil
	default:
		return query.Unknown("bucket", "bucket", string(b), []string{string(Hour), string(Day), string(Week), string(Month)})
	}
}

// step is the step in which the beginnings of hours are looked for: offsets of zones are multiples of it.
const step = 15 * time.Minute

// floor returns the beginning of the bucket that at lies in: the last one that is not after it. That is not always the
// one of the date that the wall clock shows, since a clock that is put back shows the day before a second time.
func (b Bucket) floor(at time.Time, in *time.Location) time.Time {
	at = at.In(in)
	begin := b.ofDate(at, in)
	for {
		next := b.next(begin)
		if next.After(at) {
			return begin
		}
		begin = next
	}
}

// ofDate returns the beginning of the bucket that is named by what the wall clock shows.
func (b Bucket) ofDate(at time.Time, in *time.Location) time.Time {
	year, month, day := at.Date()
	switch b {
	case Hour:
		begin := at.Truncate(time.Second).Add(-time.Duration(at.Second()) * time.Second)
		begin = begin.Add(-time.Duration(begin.Minute()%15) * time.Minute)
		for n := 0; n < 8 && begin.Minute() != 0; n++ {
			begin = begin.Add(-step)
		}
		return begin
	case Week:
		return zone.DayStart(year, month, day-(int(at.Weekday())+6)%7, in)
	case Month:
		return zone.DayStart(year, month, 1, in)
	default:
		return zone.DayStart(year, month, day, in)
	}
}

// next returns the beginning of the bucket after the one that begins at begin.
func (b Bucket) next(begin time.Time) time.Time {
	switch b {
	case Hour:
		next := begin.Add(step)
		for n := 0; n < 8 && next.Minute() != 0; n++ {
			next = next.Add(step)
		}
		return next
	case Week:
		return zone.DayAfter(begin, 7-(int(begin.Weekday())+6)%7)
	case Month:
		year, month, _ := begin.Date()
		return zone.DayStart(year, month+1, 1, begin.Location())
	default:
		return zone.DayAfter(begin, 1)
	}
}

// boundaries returns the beginnings of the buckets that [from, to) touches, and the end of the last one.
func (b Bucket) boundaries(from, to time.Time, in *time.Location) ([]time.Time, error) {
	if !from.Before(to) {
		return nil, &query.Error{Parameter: "from", Message: fmt.Sprintf("%s is not before to, which is %s", stamp(from), stamp(to))}
	}
	all := []time.Time{b.floor(from, in)}
	for at := all[0]; at.Before(to); {
		if len(all) > MaxPoints {
			return nil, &query.Error{
				Parameter: "bucket",
				Message: fmt.Sprintf("more than %d points from %s to %s by %s; ask for longer buckets or a shorter time",
					MaxPoints, stamp(from), stamp(to), b),
			}
		}
		at = b.next(at)
		all = append(all, at)
	}
	return all, nil
}

// stamp writes a time as messages show it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
