package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Signals between processes. A signal only says how far a log has grown: losing one costs a reader at most its poll
// interval.
const (
	signalChannel  = "ordermill_log"
	signalEvery    = 20 * time.Millisecond // at most, for a process and log
	signalTimeout  = 5 * time.Second       // of sending one, or of looking whether the listening connection is alive
	listenCheck    = 30 * time.Second      // without a signal before that look
	listenPause    = 30 * time.Second      // at most, before connecting again
	listenLongLife = time.Minute           // after which a broken connection counts as the first failure
)

// signalSQL sends a signal. Its commit is not waited for on disk, since there is nothing to lose.
const signalSQL = `select set_config('synchronous_commit', 'off', true), pg_notify('` + signalChannel + `', $1)`

// errPooled says that LISTEN would not reach the client.
var errPooled = errors.New("a connection pooler stands before the server")

// RunSignals tells other processes when this store has appended, and wakes this store's readers when others say so,
// until ctx ends. It stays out of the appends: signals are sent afterwards, at most fifty a second, over the pool.
//
// Listening takes a connection of its own, made like the pool's. Behind a connection pooler it is left out, and the
// readers notice others' appends by polling. Whatever fails is logged and tried again; RunSignals itself never fails.
func (s *Store) RunSignals(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() { s.sendSignals(ctx) })
	both.Go(func() { s.listen(ctx) })
	both.Wait()
	return nil
}

// SendSignals is the one half of RunSignals, for a store that nobody reads on from.
func (s *Store) SendSignals(ctx context.Context) error {
	s.sendSignals(ctx)
	return nil
}

func (s *Store) sendSignals(ctx context.Context) {
	sent, failures := Position(0), 0
	for {
		grown := s.Grown()
		last := s.tail.last()
		if last <= sent {
			select {
			case <-grown:
				continue
			case <-ctx.Done():
				return
			}
		}
		wait := signalEvery
		if err := s.signal(ctx, last); err == nil {
			sent, failures = last, 0
		} else if ctx.Err() == nil {
			s.appender.logger.Warn("signal not sent: other processes notice by polling", "log", s.log, "position", last, "error", err)
			wait = grownPause(signalEvery, failures, listenPause)
			failures++
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

func (s *Store) signal(ctx context.Context, last Position) error {
	ctx, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, signalSQL, strconv.Itoa(int(s.log))+" "+strconv.FormatInt(int64(last), 10))
	return err
}

// heard wakes the readers, unless the signal is another log's or tells what this process has appended itself.
func (s *Store) heard(signal string) {
	log, position, _ := strings.Cut(signal, " ")
	if log != strconv.Itoa(int(s.log)) {
		return
	}
	if last, err := strconv.ParseInt(position, 10, 64); err == nil && Position(last) <= s.tail.last() {
		return
	}
	s.Wake()
}

func (s *Store) listen(ctx context.Context) {
	for failures := 0; ; failures++ {
		since := time.Now()
		err := s.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errPooled) {
			s.appender.logger.Info("not listening for others' appends, polling only", "log", s.log, "reason", err)
			return
		}
		if time.Since(since) > listenLongLife {
			failures = 0
		}
		s.appender.logger.Warn("listening broke: others' appends are noticed by polling", "log", s.log, "error", err)
		if !pause(ctx, grownPause(100*time.Millisecond, failures, listenPause)) {
			return
		}
	}
}

// listenOnce listens until its connection breaks or ctx ends.
func (s *Store) listenOnce(ctx context.Context) error {
	conn, err := s.listener(ctx)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // a broken one cannot be closed in good order
	}()
	s.Wake() // signals of the time before are lost
	for {
		waiting, cancel := context.WithTimeout(ctx, listenCheck)
		n, err := conn.WaitForNotification(waiting)
		quiet := waiting.Err() != nil
		cancel()
		switch {
		case err == nil:
			s.heard(n.Payload)
		case ctx.Err() != nil:
			return ctx.Err()
		case !quiet:
			return fmt.Errorf("listen: %w", err)
		default:
			checking, cancel := context.WithTimeout(ctx, signalTimeout)
			err := conn.Ping(checking)
			cancel()
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
		}
	}
}

// listener connects and starts listening. A pooler invents the process id that it tells its clients.
func (s *Store) listener(ctx context.Context) (*pgx.Conn, error) {
	config := s.pool.Config().ConnConfig.Copy()
	config.RuntimeParams["application_name"] = "ordermill listen"
	ctx, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	pid, err := ServerPID(ctx, conn.PgConn())
	if err == nil && pid != conn.PgConn().PID() {
		err = errPooled
	}
	if err == nil {
		_, err = conn.Exec(ctx, "listen "+signalChannel)
	}
	if err != nil {
		_ = conn.Close(ctx)
		return nil, fmt.Errorf("listen: %w", err)
	}
	return conn, nil
}

// last returns the position of this process's newest append, or zero.
func (t *tail) last() Position {
	_, last := t.announced()
	return last
}

// announced returns how often others' appends were announced, and the position of this process's newest append.
func (t *tail) announced() (wakes int, last Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.events); n > 0 {
		last = t.events[n-1].Position
	}
	return t.wakes, last
}
