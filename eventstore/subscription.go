package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Bounds of a feed's patience with the database.
const (
	readTimeout  = 30 * time.Second // of one read or checkpoint; then it is tried again
	longestPause = 5 * time.Second  // between tries
	sayAfter     = 10 * time.Second // of failing, before the log hears of it
	sayAgain     = time.Minute
)

// firstRead is how many events a consumer asks for before it knows how large they are.
const firstRead = 256

// subscription is one consumer's way through a log. It belongs to the goroutine that runs it.
type subscription struct {
	FeedConfig
	store  *Store
	out    chan *message.Message
	logger *slog.Logger

	position Position // of the last acknowledged event
	past     *Past    // of the log; the subscription ends with it
	limit    int      // events of the next read
	wakes    int      // announcements of others' appends that the last read of the database came after; -1: to be read
}

// run hands out frames until ctx ends, or the past of which they are. Of a log that was lost there are none.
func (s *subscription) run(ctx context.Context) {
	defer close(s.out)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.past.Ended():
			cancel()
		case <-ctx.Done():
		}
	}()
	if s.past.Err() != nil {
		<-ctx.Done()
		return
	}
	if !s.persist(ctx, "read checkpoint", s.begin) {
		return
	}
	for {
		grown := s.store.Grown()
		var events []Recorded
		var all bool
		if !s.persist(ctx, "read log", func(ctx context.Context) (err error) {
			events, all, err = s.read(ctx)
			return err
		}) {
			return
		}
		for len(events) > 0 {
			frame := s.cut(events)
			if !s.deliver(ctx, frame) {
				return
			}
			s.position, events = frame.Last, events[len(frame.Events):]
		}
		if all && !s.wait(ctx, grown) { // whatever has come since has closed grown
			return
		}
	}
}

func (s *subscription) begin(ctx context.Context) error {
	position, err := s.After(ctx)
	if err == nil && position < 0 {
		return fmt.Errorf("position %d is before the log's begin", position)
	}
	s.position = position
	return err
}

// read reads on, and reports whether that is all there is. The memory ends with this process's last append: there may be
// more only if another process has said so, or if it is time to look.
func (s *subscription) read(ctx context.Context) (events []Recorded, all bool, err error) {
	wakes, last := s.store.tail.announced()
	events, inMemory := s.store.tail.after(s.position, s.limit)
	if !inMemory && s.position == last && s.wakes == wakes {
		return nil, true, nil
	}
	all = len(events) < s.limit
	if !inMemory {
		if events, all, err = s.store.readTogether(ctx, s.past.epoch, s.position, s.limit); err != nil {
			s.store.tail.reads.forget()
			return nil, false, err
		}
		if all {
			s.wakes = wakes // whatever was announced by then is among them
		}
	}
	all = all && s.wakes == wakes
	s.adapt(events)
	return events, all, nil
}

// adapt keeps what one read brings into memory near the size of a frame. A consumer that is behind asks for more with
// each read, but for no more events than fit if they are as large as these.
func (s *subscription) adapt(events []Recorded) {
	if len(events) == 0 {
		return
	}
	size := 0
	for i := range events {
		size += sizeOf(&events[i])
	}
	fit := max(1, s.MaxBytes*len(events)/size)
	if len(events) == s.limit {
		s.limit = min(2*s.limit, s.MaxEvents)
	}
	s.limit = min(s.limit, fit)
}

// cut returns the frame that events begin with.
func (s *subscription) cut(events []Recorded) Frame {
	n, size := 0, 0
	for n < len(events) && n < s.MaxEvents {
		size += sizeOf(&events[n])
		if n > 0 && size > s.MaxBytes {
			break
		}
		n++
	}
	return Frame{Log: s.store.log, Epoch: s.past.epoch, First: events[0].Position, Last: events[n-1].Position, Events: events[:n:n]}
}

// deliver hands out a frame until it is acknowledged. It returns false when ctx has ended before.
func (s *subscription) deliver(ctx context.Context, frame Frame) bool {
	for refusals := 0; ; refusals++ {
		acked, err := s.offer(ctx, frame)
		switch {
		case ctx.Err() != nil:
			return false
		case acked:
			return true
		case err != nil:
			s.logger.Error("frame has no message", "first", frame.First, "last", frame.Last, "error", err)
		default:
			s.logger.Debug("frame refused", "first", frame.First, "last", frame.Last, "refusals", refusals+1)
		}
		if !pause(ctx, grownPause(s.Redelivery, refusals, 100*s.Redelivery)) {
			return false
		}
	}
}

// offer hands out a frame once and waits for what becomes of it.
func (s *subscription) offer(ctx context.Context, frame Frame) (acked bool, err error) {
	msg, err := s.Marshal(frame)
	if err != nil {
		return false, err
	}
	if msg == nil {
		return false, errors.New("neither message nor error")
	}
	ctx, cancel := context.WithCancel(withFrame(ctx, frame))
	defer cancel()
	msg.SetContext(ctx)
	select {
	case s.out <- msg:
	case <-ctx.Done():
		return false, nil
	}
	select {
	case <-msg.Acked():
		return true, nil
	case <-msg.Nacked():
	case <-ctx.Done():
	}
	return false, nil
}

// wait returns when the log has grown or may have grown unnoticed, and false when ctx has ended.
func (s *subscription) wait(ctx context.Context, grown <-chan struct{}) bool {
	poll := time.NewTimer(s.PollInterval*3/4 + rand.N(s.PollInterval/2+1)) //nolint:gosec // jitter
	defer poll.Stop()
	select {
	case <-grown:
	case <-poll.C:
		s.wakes = -1
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// persist does something until it succeeds, with growing pauses. It returns false when ctx has ended before. What goes
// by within a moment is not worth a line.
func (s *subscription) persist(ctx context.Context, what string, do func(context.Context) error) bool {
	begun, said := time.Now(), time.Time{}
	for failures := 0; ctx.Err() == nil; failures++ {
		try, cancel := context.WithTimeout(ctx, readTimeout)
		err := do(try)
		cancel()
		switch waited := time.Since(begun); {
		case err == nil && !said.IsZero():
			s.logger.Info("feed goes on", "after", s.position, "waited", waited)
			return true
		case err == nil:
			return true
		case ctx.Err() == nil && waited > sayAfter && time.Since(said) > sayAgain:
			said = time.Now()
			s.logger.Warn("feed waits", "doing", what, "after", s.position, "failures", failures+1, "waited", waited, "error", err)
		}
		if !pause(ctx, grownPause(50*time.Millisecond, failures, longestPause)) {
			return false
		}
	}
	return false
}

// grownPause doubles base with each failure, up to most, and takes a random part of it off.
func grownPause(base time.Duration, failures int, most time.Duration) time.Duration {
	d := min(base<<min(failures, 16), most)
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter
}

// pause waits for d and returns false when ctx has ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
