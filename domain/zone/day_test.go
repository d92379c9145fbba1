package zone_test

import (
	"encoding/binary"
	"maps"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/zone"
)

// The beginnings of all days of 1990 to 2037, in every zone of the database, are what a second implementation finds by
// walking through the database's own list of changes. Zones that are spelled alike are looked at once.
func TestDayStart_everyZoneAndDay(t *testing.T) {
	t.Parallel()

	files, seen := zoneFiles(t), make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if seen[string(files[name])] != "" {
			continue
		}
		seen[string(files[name])] = name
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			in, err := zone.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			want := dayStarts(periodsOf(t, in, files[name]))
			before := int64(-1 << 62)
			for day, last := date(1990, 1, 1), date(2037, 12, 31); day <= last; day++ {
				year, month, number := time.Unix(day*86400, 0).UTC().Date()
				got := zone.DayStart(year, month, number, in).Unix()
				if got != want[day] {
					t.Fatalf("%s %d-%02d-%02d begins at %s, want %s", name, year, month, number, time.Unix(got, 0).In(in), time.Unix(want[day], 0).In(in))
				}
				if got < before {
					t.Fatalf("%s %d-%02d-%02d begins before the day before", name, year, month, number)
				}
				before = got
			}
		})
	}
}

// date returns a day's number from 1970 on.
func date(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// period is a time in which a zone has one offset from UTC.
type period struct{ from, offset int64 }

// periodsOf reads the changes of a zone from its file (RFC 9636: the second, 64-bit block), and takes those of the years
// after its last change, for which the file has only a rule, from package time.
func periodsOf(t *testing.T, in *time.Location, file []byte) []period {
	t.Helper()
	header := func(at []byte) (isutc, isstd, leap, times, types, chars int) {
		n := func(i int) int { return int(binary.BigEndian.Uint32(at[20+4*i:])) }
		return n(0), n(1), n(2), n(3), n(4), n(5)
	}
	if string(file[:4]) != "TZif" || file[4] < '2' {
		t.Fatalf("%s is not of version 2 or later", in)
	}
	isutc, isstd, leap, times, types, chars := header(file)
	file = file[44+times*5+types*6+chars+leap*8+isstd+isutc:]
	_, _, _, times, types, _ = header(file)
	at, index, kind := file[44:], file[44+times*8:], file[44+times*9:]
	offset := func(i byte) int64 { return int64(int32(binary.BigEndian.Uint32(kind[int(i)*6:]))) }
	if types == 0 {
		t.Fatalf("%s has no offset", in)
	}
	all := []period{{-1 << 60, offset(0)}}
	for i := range times {
		all = append(all, period{int64(binary.BigEndian.Uint64(at[i*8:])), offset(index[i])})
	}
	told := func(at int64) int64 {
		_, seconds := time.Unix(at, 0).In(in).Zone()
		return int64(seconds)
	}
	for at, end := max(all[len(all)-1].from, 0), date(2038, 2, 1)*86400; at < end; at += 86400 {
		if told(at) == told(at+86400) {
			continue
		}
		change := at + int64(sort.Search(86400, func(n int) bool { return told(at+int64(n)) == told(at+86400) }))
		all = append(all, period{change, told(at + 86400)})
	}
	return all
}

// dayStarts walks through the periods and notes for each day the first moment at which the wall clock is at its midnight
// or beyond: as it passes it, or as it is put forward over it.
func dayStarts(periods []period) map[int64]int64 {
	starts := make(map[int64]int64)
	next := date(1989, 12, 1)
	for i, p := range periods {
		until := int64(1 << 60)
		if i+1 < len(periods) {
			until = periods[i+1].from
		}
		for ; next <= date(2038, 1, 1); next++ {
			midnight := next*86400 - p.offset
			if midnight >= until {
				break
			}
			starts[next] = max(midnight, p.from)
		}
	}
	return starts
}

// Days that begin where clocks change, as almanacs have them.
func TestDayStart_changes(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ zone, day, want string }{
		"put forward at midnight":                 {"America/Santiago", "2025-09-07", "2025-09-07T04:00:00Z"},
		"put forward at midnight, a year before":  {"America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z"},
		"put forward at midnight in spring":       {"America/Havana", "2025-03-09", "2025-03-09T05:00:00Z"},
		"put back to midnight, which comes twice": {"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z"},
		"put back at midnight to the day before":  {"America/Santiago", "2025-04-06", "2025-04-06T04:00:00Z"},
		"put back at a minute past midnight":      {"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"},
		"a day that was left out":                 {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		"the day after the one that was left out": {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		"put forward by half an hour to midnight": {"Asia/Pyongyang", "2018-05-05", "2018-05-04T15:00:00Z"},
		"a year that the database has a rule for": {"America/Santiago", "2037-09-06", "2037-09-06T04:00:00Z"},
		"a year beyond those that are listed":     {"Europe/Berlin", "2101-07-01", "2101-06-30T22:00:00Z"},
		"a year before all changes":               {"Europe/Berlin", "1850-01-01", "1849-12-31T23:06:32Z"},
		"no change at all":                        {"UTC", "2025-09-07", "2025-09-07T00:00:00Z"},
	}
	for name, tt := range tests {
		in, err := zone.Load(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, tt.day)
		if err != nil {
			t.Fatal(err)
		}
		got := zone.DayStart(day.Year(), day.Month(), day.Day(), in)
		if text := got.UTC().Format(time.RFC3339); text != tt.want || got.Location() != in {
			t.Errorf("%s: %s %s begins at %s (%s), want %s", name, tt.zone, tt.day, text, got.Location(), tt.want)
		}
	}
}

// The day after one is the next that the zone has.
func TestDayAfter(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		day  int
		days int
		want string
	}{
		"over the day that was left out": {29, 1, "2011-12-31"},
		"two days":                       {28, 3, "2011-12-31"},
		"a week":                         {26, 7, "2012-01-02"},
	} {
		apia, err := zone.Load("Pacific/Apia")
		if err != nil {
			t.Fatal(err)
		}
		if got := zone.DayAfter(zone.DayStart(2011, 12, tt.day, apia), tt.days).Format(time.DateOnly); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
