package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// RedisConfig says which server StartRedis starts.
type RedisConfig struct {
	Dir      string            // of the socket, the log and the lock; made if absent. One server at a time
	Settings map[string]string // server settings over the defaults, such as "maxmemory": "64mb"
	Log      *slog.Logger      // what was started and stopped; nil: nothing is logged
}

// Redis is a running private server: Redis, Valkey, or the stand-in of StartMiniRedis.
type Redis struct {
	url     string
	process *child   // nil for the stand-in
	lock    *os.File // nil for the stand-in
	close   func()   // ends the stand-in
	done    <-chan struct{}
	log     *slog.Logger
}

// redisSettings keep nothing on disk: what Redis holds can always be made again. When memory is
// full, keys with an expiry make room; the others, such as checkpoints, are not a cache's to drop.
var redisSettings = map[string]string{
	"port": "0", "unixsocketperm": "700", "save": "", "appendonly": "no", "daemonize": "no", "logfile": "",
	"maxmemory": "256mb", "maxmemory-policy": "volatile-lru",
}

// StartRedis starts redis-server or valkey-server on a Unix socket and returns once it answers. ctx bounds the start
// only. Like StartPostgres's server it ends with this program. The error is a *MissingError without a server to start,
// which StartMiniRedis can stand in for, and ErrInUse if another program holds the directory.
func StartRedis(ctx context.Context, config RedisConfig) (_ *Redis, err error) {
	binary, err := findRedis()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("redis directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("redis directory: %w", err)
	}
	r := &Redis{log: config.Log}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = r.lock.Close() // frees the directory
		}
	}()
	if err := r.start(ctx, binary, dir, config.Settings); err != nil {
		return nil, fmt.Errorf("redis in %s: %w", dir, err)
	}
	return r, nil
}

func (r *Redis) start(ctx context.Context, binary, dir string, overrides map[string]string) error {
	as := account{name: "this user", uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	sockets, err := socketDir(dir, as)
	if err != nil {
		return err
	}
	if err := removeSockets(sockets); err != nil {
		return err
	}
	// A server that a killed program left removes its socket when it ends, so each program has a name of its own for it.
	socket := filepath.Join(sockets, fmt.Sprintf("redis-%d.sock", os.Getpid()))
	log, err := openLog(filepath.Join(dir, "redis.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // written by the child only
	settings := maps.Clone(redisSettings)
	maps.Copy(settings, overrides)
	settings["unixsocket"], settings["dir"] = socket, dir
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--"+name, settings[name])
	}
	cmd := exec.Command(binary, args...) //nolint:noctx // outlives ctx, see StartRedis
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if r.process, err = startChild(cmd, as); err != nil {
		return err
	}
	r.url, r.done = "unix://"+socket+"?db=0", r.process.done
	if err := r.await(ctx, socket, log.Name()); err != nil {
		return errors.Join(err, r.process.kill())
	}
	r.log.InfoContext(ctx, "redis started", "pid", r.Pid(), "binary", binary)
	return nil
}

// removeSockets removes what servers that were killed have left.
func removeSockets(dir string) error {
	stale, _ := filepath.Glob(filepath.Join(dir, "redis-*.sock")) // fails for a bad pattern only
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// await polls until the server answers a ping.
func (r *Redis) await(ctx context.Context, socket, logFile string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ping(ctx, socket)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.done:
			return fmt.Errorf("ended while starting (%s); correct what its log %s says:\n%s", r.process.exited(), logFile, tail(logFile))
		case <-ctx.Done():
			return fmt.Errorf("does not answer: %w (%w); its log %s ends:\n%s", ctx.Err(), err, logFile, tail(logFile))
		}
	}
}

func ping(ctx context.Context, socket string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is left to be written
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len("+PONG"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != "+PONG" {
		return fmt.Errorf("answer to PING: %q", answer)
	}
	return nil
}

// URL returns the server's URL, as go-redis's ParseURL reads it.
func (r *Redis) URL() string { return r.url }

// InProcess reports whether this is the stand-in of StartMiniRedis, which users should be told about.
func (r *Redis) InProcess() bool { return r.process == nil }

// Pid returns the process id of the server; of the stand-in that is this process.
func (r *Redis) Pid() int {
	if r.process == nil {
		return os.Getpid()
	}
	return r.process.cmd.Process.Pid
}

// Done is closed when the server has ended, because of Stop or by itself.
func (r *Redis) Done() <-chan struct{} { return r.done }

// Stop ends the server; it keeps nothing. If that takes more than five seconds, or ctx ends, it is killed. Stopping
// what has ended already is fine.
func (r *Redis) Stop(ctx context.Context) error {
	if r.process == nil {
		r.close()
		return nil
	}
	err := r.process.signal(syscall.SIGINT)
	if err == nil && !r.process.within(ctx, 5*time.Second) {
		err = r.process.kill()
	}
	if err != nil {
		return fmt.Errorf("stop redis: %w", err)
	}
	r.log.InfoContext(ctx, "redis stopped", "pid", r.Pid(), "status", r.process.exited())
	return r.release()
}

// Kill ends the server as a crash would, for tests.
func (r *Redis) Kill() error {
	if r.process == nil {
		r.close()
		return nil
	}
	if err := r.process.kill(); err != nil {
		return fmt.Errorf("kill redis: %w", err)
	}
	return r.release()
}

func (r *Redis) release() error {
	if err := r.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("unlock redis directory: %w", err)
	}
	return nil
}
