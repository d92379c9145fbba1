package orderlist

import "time"

// times are the times of a row that may be absent.
type times struct{ confirmed, completed, canceled, expires, shipBy, due, archived *time.Time }

func (t *times) into(r *row) {
	r.confirmedAt, r.completedAt, r.canceledAt, r.expiresAt = utc(t.confirmed), utc(t.completed), utc(t.canceled), utc(t.expires)
	r.placedAt, r.updatedAt = r.placedAt.UTC(), r.updatedAt.UTC()
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
