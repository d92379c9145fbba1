package metrics

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/zone"
)

// Buckets follow each other without holes, hold the instant they were made of, and begin exactly where the date on the
// wall changes, in zones that change their clocks at night, at midnight and over a whole day.
func TestBucket_days(t *testing.T) {
	t.Parallel()

	names := []string{
		"UTC", "Europe/Berlin", "Asia/Beirut", "America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe",
		"Asia/Kathmandu", "America/St_Johns", "Africa/Cairo", "America/Asuncion", "Asia/Tehran", "Atlantic/Azores",
	}
	labels := map[Bucket]string{Day: "2006-01-02", Month: "2006-01"}
	rapid.Check(t, func(r *rapid.T) {
		in, err := Zone(rapid.SampledFrom(names).Draw(r, "zone"))
		if err != nil {
			r.Fatal(err)
		}
		at := time.Date(rapid.IntRange(1975, 2030).Draw(r, "year"), 1, rapid.IntRange(1, 366).Draw(r, "day"), 0,
			rapid.IntRange(0, 24*60-1).Draw(r, "minute"), 59, 0, time.UTC)
		for _, bucket := range []Bucket{Day, Month, Week} {
			begin := bucket.floor(at, in)
			end := bucket.next(begin)
			if begin.After(at) || !end.After(at) {
				r.Fatalf("%s of %s is %s to %s", bucket, at.In(in), begin, end)
			}
			label := func(at time.Time) string { return at.In(in).Format(labels[bucket]) }
			if bucket == Week {
				label = func(at time.Time) string {
					back := (int(at.In(in).Weekday()) + 6) % 7
					year, month, day := at.In(in).Date()
					return time.Date(year, month, day-back, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
				}
			}
			if label(begin.Add(-time.Second)) == label(begin) || label(end) == label(end.Add(-time.Second)) {
				r.Fatalf("%s from %s to %s does not begin and end where the date changes", bucket, begin, end)
			}
			for at := begin; at.Before(end); at = at.Add(time.Hour / 2) {
				if label(at) != label(begin) {
					r.Fatalf("%s is another %s than %s", at, bucket, begin)
				}
			}
		}
	})
}

// The days of a year are as many as the calendar of the zone has: Apia left out the 30th of December 2011.
func TestBucket_numberOfDays(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]int{"Pacific/Apia": 364, "Europe/Berlin": 365, "America/Sao_Paulo": 365, "Asia/Beirut": 365} {
		in, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		from, to := zone.DayStart(2011, time.January, 1, in), zone.DayStart(2012, time.January, 1, in)
		for bucket, want := range map[Bucket]int{Day: want, Month: 12} {
			if bounds, err := bucket.boundaries(from, to, in); err != nil || len(bounds)-1 != want {
				t.Errorf("%s has %d buckets of a %s in 2011, %v; want %d", name, len(bounds)-1, bucket, err, want)
			}
		}
	}
}

// Days and months begin where a zone's clocks are put forward over midnight, and a clock that is put back over midnight
// does not make a bucket that holds an instant begin after it.
func TestBucket_changesAtMidnight(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		zone       string
		bucket     Bucket
		from, to   time.Time // days
		want       int
		first, end string
	}{
		"a day that begins at one":              {"America/Santiago", Day, day(2025, 9, 7), day(2025, 9, 8), 1, "2025-09-07T04:00:00Z", "2025-09-08T03:00:00Z"},
		"its hours":                             {"America/Santiago", Hour, day(2025, 9, 7), day(2025, 9, 8), 23, "2025-09-07T04:00:00Z", "2025-09-08T03:00:00Z"},
		"a day that begins at one, in Havana":   {"America/Havana", Day, day(2025, 3, 9), day(2025, 3, 10), 1, "2025-03-09T05:00:00Z", "2025-03-10T04:00:00Z"},
		"a day with two midnights":              {"America/Havana", Day, day(2025, 11, 2), day(2025, 11, 3), 1, "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		"its hours, of which there are 25":      {"America/Havana", Hour, day(2025, 11, 2), day(2025, 11, 3), 25, "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		"a month that begins at one":            {"America/Havana", Month, day(1990, 4, 1), day(1990, 5, 1), 1, "1990-04-01T05:00:00Z", "1990-05-01T04:00:00Z"},
		"days around one that was left out":     {"Pacific/Apia", Day, day(2011, 12, 29), day(2012, 1, 1), 2, "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z"},
		"from a day that was left out":          {"Pacific/Apia", Day, day(2011, 12, 30), day(2012, 1, 1), 1, "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		"a day put back at a minute past":       {"America/St_Johns", Day, day(2010, 11, 7), day(2010, 11, 8), 1, "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
		"a month before the last day of a leap": {"America/New_York", Month, day(2008, 12, 1), day(2009, 1, 1), 1, "2008-12-01T05:00:00Z", "2009-01-01T05:00:00Z"},
	}
	for name, tt := range tests {
		in, err := Zone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		from := zone.DayStart(tt.from.Year(), tt.from.Month(), tt.from.Day(), in)
		to := zone.DayStart(tt.to.Year(), tt.to.Month(), tt.to.Day(), in)
		bounds, err := tt.bucket.boundaries(from, to, in)
		if err != nil || len(bounds)-1 != tt.want {
			t.Errorf("%s: %d buckets, %v; want %d", name, len(bounds)-1, err, tt.want)
			continue
		}
		if first, end := stamp(bounds[0]), stamp(bounds[tt.want]); first != tt.first || end != tt.end {
			t.Errorf("%s: from %s to %s; want %s to %s", name, first, end, tt.first, tt.end)
		}
		for at := from; at.Before(to); at = at.Add(step) {
			if begin := tt.bucket.floor(at, in); begin.After(at) || !tt.bucket.next(begin).After(at) {
				t.Errorf("%s: %s is in the bucket from %s to %s", name, at, begin, tt.bucket.next(begin))
			}
		}
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// In every zone of the database an hour begins at each full hour that the clock shows, on every day of 1990 to 2037 on
// which it is changed.
func TestBucket_hoursOfEveryChange(t *testing.T) {
	t.Parallel()

	offset := func(at time.Time) int { _, seconds := at.Zone(); return seconds }
	for _, name := range zone.Names() {
		in, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).In(in); at.Year() < 2038; at = at.Add(24 * time.Hour) {
			next := at.Add(24 * time.Hour)
			if offset(at) == offset(next) {
				continue
			}
			var want []time.Time
			from := at.Add(-time.Duration(at.Minute()) * time.Minute)
			for minute := from; minute.Before(next); minute = minute.Add(time.Minute) {
				if minute.Minute() == 0 {
					want = append(want, minute)
				}
			}
			got, err := Hour.boundaries(from, next.Add(-time.Second), in)
			if err != nil || !slices.EqualFunc(got[:len(got)-1], want, time.Time.Equal) {
				t.Fatalf("hours from %s: %v, %v; want %v", from, got, err, want)
			}
		}
	}
}

// Hours are as long as they are on the wall: 23, 24 or 25 to a day, and an hour and a half where clocks move by half.
func TestBucket_hours(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		day  time.Time
		want int
	}{
		"Europe/Berlin":       {time.Date(2026, time.March, 29, 0, 0, 0, 0, time.UTC), 23},
		"America/New_York":    {time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC), 25},
		"Asia/Kathmandu":      {time.Date(2026, time.March, 29, 0, 0, 0, 0, time.UTC), 24},
		"Australia/Lord_Howe": {time.Date(2026, time.April, 5, 0, 0, 0, 0, time.UTC), 24},
	}
	for name, tt := range tests {
		in, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		from := zone.DayStart(tt.day.Year(), tt.day.Month(), tt.day.Day(), in)
		bounds, err := Hour.boundaries(from, Day.next(from), in)
		if err != nil || len(bounds)-1 != tt.want {
			t.Errorf("%s has %d hours, %v; want %d", name, len(bounds)-1, err, tt.want)
		}
		for _, at := range bounds {
			if at.Minute() != 0 || !Hour.floor(at.Add(59*time.Minute), in).Equal(at) {
				t.Errorf("%s: an hour begins at %s", name, at)
			}
		}
	}
}
