package zone

import "time"

// DayStart returns when a day begins in a zone: the first instant at which the clock on the wall shows the day's
// midnight or a later time. Where clocks are put forward over midnight that is the moment of the change; where they are
// put back, midnight may come twice, and the first one counts. A day that was left out begins and ends with the one
// after it. Like those of time.Date, values outside of their ranges are normalised.
func DayStart(year int, month time.Month, day int, in *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() // as the wall clock shows it
	before, after := offset(midnight-farthest, in), offset(midnight+farthest, in)
	early, late := midnight-max(before, after), midnight-min(before, after)
	switch {
	case offset(early, in) == midnight-early:
		return time.Unix(early, 0).In(in)
	case offset(late, in) == midnight-late:
		return time.Unix(late, 0).In(in)
	}
	for early+1 < late { // left out: the clock jumps over midnight somewhere between the two
		if middle := early + (late-early)/2; middle+offset(middle, in) < midnight {
			early = middle
		} else {
			late = middle
		}
	}
	return time.Unix(late, 0).In(in)
}

// farthest is more than any zone has ever been off UTC, in seconds, and less than there ever was between two changes.
// Package time tells offsets only: of the changes themselves it gives wrong ones, such as at the end of leap years.
const farthest = 16 * 60 * 60

// offset returns how many seconds a zone is ahead of UTC at an instant.
func offset(at int64, in *time.Location) int64 {
	_, seconds := time.Unix(at, 0).In(in).Zone()
	return int64(seconds)
}

// DayAfter returns the beginning of the day that is days later than the one that begins at begin, or of the first one
// after that which its zone has.
func DayAfter(begin time.Time, days int) time.Time {
	year, month, day := begin.Date()
	for {
		next := DayStart(year, month, day+days, begin.Location())
		if next.After(begin) {
			return next
		}
		days++
	}
}
