package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/ordermill/ordermill/eventstore"
)

// Bounds of one frame's handling. After the last try the frame is refused and comes again.
const (
	frameTimeout = 30 * time.Second
	frameRetries = 4
)

// session is the time from taking a lease to losing it, or to the end of the process. Frames come through a Watermill
// router with one consumer handler.
type session struct {
	*follow
	work context.Context // of handlers: it outlives the router's, and ends when the lease is lost or draining takes too long
	stop context.CancelFunc

	failed chan error    // the first failure that ends the session
	redo   chan struct{} // a parked stream is to be tried again

	mu       sync.Mutex // held while the consumer works
	consumer *consumer
}

func newSession(f *follow, c *consumer) *session {
	return &session{follow: f, consumer: c, failed: make(chan error, 1), redo: make(chan struct{}, 1)}
}

// fail ends the session. Only the first failure counts.
func (s *session) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// run handles frames until ctx ends, and returns nil then, or until it fails.
func (s *session) run(ctx context.Context) error {
	s.work, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	router, handler, err := s.route()
	if err != nil {
		s.stop()
		return err
	}
	var owned sync.WaitGroup
	ended := make(chan error, 1)
	owned.Go(func() { ended <- router.Run(context.WithoutCancel(ctx)) })
	beside, stopBeside := context.WithCancel(context.WithoutCancel(ctx))
	owned.Go(func() { s.renew(beside) })
	owned.Go(func() { s.redrives(beside) })
	owned.Go(func() { s.watch(beside, router, handler) })

	select {
	case <-ctx.Done():
		err = nil
		drain := time.AfterFunc(s.options.DrainTime, s.stop)
		defer drain.Stop()
	case err = <-s.failed:
		s.stop()
	case <-s.consumer.past.Ended():
		err = fmt.Errorf("log %d has another past by now: %w", s.store.Log(), ErrFenced)
		s.stop()
	case err = <-ended:
		err = fmt.Errorf("subscription of %s ended: %w", s.of.name, errors.Join(err, errSubscription))
	}
	if closeErr := router.Close(); closeErr != nil {
		s.logger.Warn("a frame was broken off", "error", closeErr)
	}
	s.stop()
	stopBeside()
	owned.Wait()
	s.mu.Lock() // a handler that the router has given up on may still be on its way out
	defer s.mu.Unlock()
	return err
}

var errSubscription = errors.New("no more frames will come")

// watch ends the session when the handler's subscription does: the router itself says nothing then.
func (s *session) watch(ctx context.Context, router *message.Router, handler *message.Handler) {
	select {
	case <-router.Running(): // from here on the handler knows its channel
	case <-ctx.Done():
		return
	}
	select {
	case <-handler.Stopped():
		s.fail(fmt.Errorf("subscription of %s ended: %w", s.of.name, errSubscription))
	case <-ctx.Done():
	}
}

// route builds the router. The outermost middleware comes first.
func (s *session) route() (*message.Router, *message.Handler, error) {
	logger := watermill.NewSlogLoggerWithLevelMapping(s.logger, map[slog.Level]slog.Level{
		slog.LevelInfo: slog.LevelDebug, slog.LevelError: slog.LevelWarn,
	})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: s.options.DrainTime + time.Second}, logger)
	if err != nil {
		return nil, nil, fmt.Errorf("router of %s: %w", s.of.name, err)
	}
	retry := middleware.Retry{
		MaxRetries:          frameRetries,
		InitialInterval:     50 * time.Millisecond,
		MaxInterval:         2 * time.Second,
		Multiplier:          3,
		RandomizationFactor: 0.5,
		ShouldRetry:         func(p middleware.RetryParams) bool { return s.work.Err() == nil && !final(p.Err) },
		ResetContextOnRetry: true,
	}
	router.AddMiddleware(s.detach, retry.Middleware, middleware.Timeout(frameTimeout), middleware.Recoverer)
	after := func(context.Context) (eventstore.Position, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.consumer.at.Position, nil
	}
	subscriber, err := s.options.Subscriber(s.store, s.of.name, after)
	if err != nil {
		return nil, nil, fmt.Errorf("subscribe %s: %w", s.of.name, err)
	}
	topic := fmt.Sprintf("events.%d", s.store.Log())
	return router, router.AddConsumerHandler(s.of.name, topic, subscriber, s.handle), nil
}

// final reports whether an error ends the session rather than the try.
func final(err error) bool { return errors.Is(err, ErrFenced) || stops(err) }

// detach lets a handler finish its frame while the router closes, which ends the contexts of messages at once.
func (s *session) detach(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(msg.Context()))
		defer cancel()
		defer context.AfterFunc(s.work, cancel)()
		msg.SetContext(ctx)
		return next(msg)
	}
}

// handle takes one frame. The message is acknowledged when it returns nil, after the commit.
func (s *session) handle(msg *message.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := msg.Context()
	if err := s.work.Err(); err != nil {
		return err
	}
	err := s.takeMessage(ctx, msg)
	if err != nil && final(err) {
		s.fail(err)
	}
	return err
}

func (s *session) takeMessage(ctx context.Context, msg *message.Message) error {
	frame, err := eventstore.FrameOf(msg)
	if err == nil && frame.Log == s.store.Log() {
		return s.consumer.take(ctx, frame)
	}
	// The transport is a hint, the log is the truth: whatever this was, read on.
	s.logger.Warn("a message is not a frame of this log", "message", msg.UUID, "error", err)
	head, _, err := s.store.Head(ctx)
	if err != nil {
		return err
	}
	return s.consumer.readTo(ctx, head)
}

// renew keeps the lease and listens to what a renewal brings.
func (s *session) renew(ctx context.Context) {
	ticker := time.NewTicker(s.options.LeaseTime / 4)
	defer ticker.Stop()
	for last := time.Now(); ; {
		s.set.beat(s.follow)
		asked := time.Now()
		try, cancel := context.WithTimeout(ctx, s.options.LeaseTime/2)
		n, err := s.consumer.lease.renew(try)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrFenced):
			s.fail(err)
			return
		case err != nil && time.Since(last) > s.options.LeaseTime:
			s.fail(fmt.Errorf("lease of %s has expired: %w", s.of.name, err))
			return
		case err != nil:
			s.logger.Debug("lease not renewed", "error", err) // it is said when the lease has expired
		default:
			last = asked
			s.heard(n)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *session) heard(n news) {
	if n.live != s.consumer.g {
		s.fail(fmt.Errorf("generation %d of %s is live now: %w", n.live, s.of.name, ErrFenced))
	}
	if n.redrive {
		select {
		case s.redo <- struct{}{}:
		default:
		}
	}
}

// redrives tries parked streams again, between frames, when somebody has asked for it.
func (s *session) redrives(ctx context.Context) {
	for {
		select {
		case <-s.redo:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		err := s.consumer.redriveRequested(s.work)
		s.mu.Unlock()
		if err != nil && final(err) {
			s.fail(err)
			return
		}
		if err != nil && s.work.Err() == nil {
			s.logger.Warn("parked streams not tried again", "error", err)
		}
	}
}
