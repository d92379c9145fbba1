package eventstore

import (
	"testing"
)

// span is n events from a position on, with bodies of size bytes.
func span(first Position, n, size int) []Recorded {
	events := make([]Recorded, n)
	for i := range events {
		events[i] = Recorded{Position: first + Position(i), Data: make([]byte, size)}
	}
	return events
}

// checkTail checks what the tail has after a position: want events from the next one on, or nothing.
func checkTail(t *testing.T, tl *tail, position Position, limit, want int) {
	t.Helper()
	got, ok := tl.after(position, limit)
	if ok != (want > 0) || len(got) != want {
		t.Errorf("after(%d, %d) = %d events, %v; want %d", position, limit, len(got), ok, want)
	}
	for i, e := range got {
		if e.Position != position+Position(i)+1 {
			t.Fatalf("after(%d): event %d is at %d", position, i, e.Position)
		}
	}
}

func TestTail_after(t *testing.T) {
	t.Parallel()

	tl := newTail(tailBytes)
	checkTail(t, tl, 0, 10, 0)
	tl.add(span(5, 3, 1))
	checkTail(t, tl, 3, 10, 0) // begins before the memory
	checkTail(t, tl, 4, 10, 3)
	checkTail(t, tl, 4, 2, 2)
	checkTail(t, tl, 4, -1, 0)
	checkTail(t, tl, 6, 10, 1)
	checkTail(t, tl, 7, 10, 0) // nothing new
	tl.add(span(8, 2, 1))
	checkTail(t, tl, 4, 10, 5)
	tl.add(span(20, 2, 1)) // another process wrote in between
	checkTail(t, tl, 4, 10, 0)
	checkTail(t, tl, 19, 10, 2)
	tl.add(span(18, 2, 1)) // told late
	checkTail(t, tl, 17, 10, 0)
	checkTail(t, tl, 19, 10, 2)
	tl.forget()
	checkTail(t, tl, 19, 10, 0)
	tl.add(span(3, 1, 1)) // of another past
	checkTail(t, tl, 2, 10, 1)
}

func TestTail_signal(t *testing.T) {
	t.Parallel()

	tl := newTail(tailBytes)
	for name, grow := range map[string]func(){
		"add": func() { tl.add(span(1, 1, 1)) }, "late add": func() { tl.add(span(1, 1, 1)) }, "wake": tl.wake,
	} {
		changed := tl.signal()
		grow()
		select {
		case <-changed:
		default:
			t.Errorf("no signal after %s", name)
		}
	}
}

// However much passes through it, the tail keeps the newest events within its bounds.
func TestTail_bounds(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ size, batch, kept int }{
		"many small ones": {0, 700, tailEvents},
		"one by one":      {0, 1, tailEvents},
		"large ones":      {1 << 20, 3, 31},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tl := newTail(tailBytes)
			next := Position(1)
			for int(next) < 3*tt.kept {
				tl.add(span(next, tt.batch, tt.size))
				next += Position(tt.batch)
			}
			last := next - 1
			checkTail(t, tl, last-Position(tt.kept), 10*tt.kept, tt.kept)
			checkTail(t, tl, last-Position(tt.kept)-1, 10, 0)
			if c := cap(tl.buf); c > 3*(tt.kept+tt.batch) {
				t.Errorf("buffer for %d events; want at most %d", c, 3*(tt.kept+tt.batch))
			}
			for i := range tl.buf[:cap(tl.buf)] {
				e := &tl.buf[:cap(tl.buf)][i]
				if e.Data != nil && e.Position <= last-Position(tt.kept) {
					t.Fatalf("the body at %d is held on to", e.Position)
				}
			}
		})
	}
	tl := newTail(tailBytes)
	tl.add(span(1, 3, tailBytes)) // larger than all of it
	checkTail(t, tl, 0, 10, 0)
	checkTail(t, tl, 2, 10, 0)
}
