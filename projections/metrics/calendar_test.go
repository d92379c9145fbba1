package metrics

import (
	"testing"
	"time"

	"pgregory.net/rapid"
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
		zone, err := Zone(rapid.SampledFrom(names).Draw(r, "zone"))
		if err != nil {
			r.Fatal(err)
		}
		at := time.Date(rapid.IntRange(1975, 2030).Draw(r, "year"), 1, rapid.IntRange(1, 366).Draw(r, "day"), 0,
			rapid.IntRange(0, 24*60-1).Draw(r, "minute"), 59, 0, time.UTC)
		for _, bucket := range []Bucket{Day, Month, Week} {
			begin := bucket.floor(at, zone)
			end := bucket.next(begin)
			if begin.After(at) || !end.After(at) {
				r.Fatalf("%s of %s is %s to %s", bucket, at.In(zone), begin, end)
			}
			label := func(at time.Time) string { return at.In(zone).Format(labels[bucket]) }
			if bucket == Week {
				label = func(at time.Time) string {
					back := (int(at.In(zone).Weekday()) + 6) % 7
					year, month, day := at.In(zone).Date()
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
		zone, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		from, to := dayStart(2011, time.January, 1, zone), dayStart(2012, time.January, 1, zone)
		for bucket, want := range map[Bucket]int{Day: want, Month: 12} {
			if bounds, err := bucket.boundaries(from, to, zone); err != nil || len(bounds)-1 != want {
				t.Errorf("%s has %d buckets of a %s in 2011, %v; want %d", name, len(bounds)-1, bucket, err, want)
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
		zone, err := Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		from := dayStart(tt.day.Year(), tt.day.Month(), tt.day.Day(), zone)
		bounds, err := Hour.boundaries(from, Day.next(from), zone)
		if err != nil || len(bounds)-1 != tt.want {
			t.Errorf("%s has %d hours, %v; want %d", name, len(bounds)-1, err, tt.want)
		}
		for _, at := range bounds {
			if at.Minute() != 0 || !Hour.floor(at.Add(59*time.Minute), zone).Equal(at) {
				t.Errorf("%s: an hour begins at %s", name, at)
			}
		}
	}
}
