package metrics

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones are the same on every machine

	"github.com/ordermill/ordermill/projections/query"
)

// Bucket is the length of a metric's points.
type Bucket string

// The buckets, in the wall-clock time of the zone that is asked for. A week begins on Monday.
const (
	Hour  Bucket = "hour"
	Day   Bucket = "day"
	Week  Bucket = "week"
	Month Bucket = "month"
)

// MaxPoints is the most points that a series may have.
const MaxPoints = 10_000

// Zone returns the time zone of a name of the IANA database; the empty name means UTC. It fails with a *query.Error.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, &query.Error{Parameter: "tz", Message: fmt.Sprintf("there is no time zone %q; use a name such as Europe/Berlin", name)}
	}
	return zone, nil
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

// floor returns the beginning of the bucket that at lies in.
func (b Bucket) floor(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
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
		return dayStart(year, month, day-(int(at.Weekday())+6)%7, zone)
	case Month:
		return dayStart(year, month, 1, zone)
	default:
		return dayStart(year, month, day, zone)
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
		return dayAfter(begin, 7-(int(begin.Weekday())+6)%7)
	case Month:
		year, month, _ := begin.Date()
		return dayStart(year, month+1, 1, begin.Location())
	default:
		return dayAfter(begin, 1)
	}
}

// dayAfter returns the beginning of the day that is days later, or of the first one after that which a zone has: some
// have left out a day.
func dayAfter(begin time.Time, days int) time.Time {
	year, month, day := begin.Date()
	for {
		next := dayStart(year, month, day+days, begin.Location())
		if next.After(begin) {
			return next
		}
		days++
	}
}

// dayStart returns the first instant of a day. That is not always midnight: clocks may be put forward over it, or back
// to it for a second one.
func dayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // as the wall clock shows it
	at := time.Date(year, month, day, 0, 0, 0, 0, zone)
	changed, changes := at.ZoneBounds()
	switch shown := wall(at); {
	case shown.Before(midnight): // left out: the day begins with the change that comes
		return changes
	case shown.After(midnight): // left out: the day began with the change that was
		return changed
	case changed.IsZero():
		return at
	}
	// A midnight before the last change would be an earlier one.
	_, offset := changed.Add(-time.Second).Zone()
	if earlier := midnight.Add(-time.Duration(offset) * time.Second).In(zone); earlier.Before(changed) && wall(earlier).Equal(midnight) {
		return earlier
	}
	return at
}

// wall returns the time that a clock on the wall shows, as if it were in UTC.
func wall(at time.Time) time.Time {
	_, offset := at.Zone()
	return at.Add(time.Duration(offset) * time.Second).UTC()
}

// boundaries returns the beginnings of the buckets that [from, to) touches, and the end of the last one.
func (b Bucket) boundaries(from, to time.Time, zone *time.Location) ([]time.Time, error) {
	if !from.Before(to) {
		return nil, &query.Error{Parameter: "from", Message: fmt.Sprintf("%s is not before to, which is %s", stamp(from), stamp(to))}
	}
	all := []time.Time{b.floor(from, zone)}
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
