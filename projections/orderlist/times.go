package orderlist

import "time"

// times are those columns of times that may be null.
type times struct{ confirmed, shipBy, due, archived *time.Time }

func (t *times) into(r *row) {
	r.confirmedAt, r.placedAt, r.updatedAt = utc(t.confirmed), r.placedAt.UTC(), r.updatedAt.UTC()
}

// utc returns the zero time for an absent one.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// present returns nil for the zero time.
func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
