package eventstore

import "testing"

// A signal wakes the readers unless it tells nothing new.
func TestStore_heard(t *testing.T) {
	t.Parallel()

	for signal, wakes := range map[string]bool{
		"1 6": true, "1 5": false, "1 4": false, "2 9": false, "11 9": false, "1 soon": true, "1": true, "": false,
	} {
		s := &Store{log: 1, tail: newTail(tailBytes)}
		s.tail.add([]Recorded{{Log: 1, Position: 4}, {Log: 1, Position: 5}})
		grown := s.Grown()
		s.heard(signal)
		select {
		case <-grown:
			if !wakes {
				t.Errorf("signal %q woke the readers", signal)
			}
		default:
			if wakes {
				t.Errorf("signal %q did not wake the readers", signal)
			}
		}
	}
}
