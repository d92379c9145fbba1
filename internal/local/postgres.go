package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser   = "ordermill"
	port        = "5432"           // of the socket's name; no network port is opened
	stopTimeout = 30 * time.Second // for the last checkpoint
)

// PostgresConfig says which server StartPostgres starts.
type PostgresConfig struct {
	Dir          string            // keeps the data, the log and the lock; made if absent. One server at a time
	Binaries     string            // the directory of initdb and postgres (ORDERMILL_PG_BIN); empty: see FindPostgres
	Settings     map[string]string // server settings over the defaults, such as "shared_buffers": "32MB"
	StartTimeout time.Duration     // how long recovery after a crash may take; 0: two minutes
	Log          *slog.Logger      // what was started and stopped; nil: nothing is logged
}

// Postgres is a running private server.
type Postgres struct {
	config    PostgresConfig
	process   *child
	lock      *os.File
	socketDir string
	log       *slog.Logger
}

// defaultSettings are those of production where safety is concerned, and of a laptop where size is.
var defaultSettings = map[string]string{
	"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
	"shared_buffers": "128MB", "max_connections": "200",
	"listen_addresses": "", "unix_socket_permissions": "0700", "port": port,
	"timezone": "UTC", "log_timezone": "UTC", "logging_collector": "off", "log_destination": "stderr",
}

// StartPostgres starts the server of config.Dir and returns once it accepts connections; a new directory is
// initialised first, with checksums. As root it runs the server as user postgres, else as nobody. ctx and
// config.StartTimeout bound the start only: the server runs until Stop, or until this program ends, and then shuts
// itself down in good order (on Linux also when this program is killed). A server that a killed program has left is
// waited for, then ended.
//
// Errors: *MissingError without PostgreSQL, ErrInUse if another program holds the directory; all say what to do.
func StartPostgres(ctx context.Context, config PostgresConfig) (_ *Postgres, err error) {
	if config.StartTimeout == 0 {
		config.StartTimeout = 2 * time.Minute
	}
	p := &Postgres{config: config, log: config.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.config.Dir, err = filepath.Abs(config.Dir); err != nil {
		return nil, fmt.Errorf("postgres directory: %w", err)
	}
	binaries, err := FindPostgres(ctx, config.Binaries, dataVersion(p.data()))
	if err != nil {
		return nil, err
	}
	as, err := serverAccount(p.data())
	if err != nil {
		return nil, err
	}
	if err := p.prepareDir(as); err != nil {
		return nil, fmt.Errorf("postgres directory: %w", err)
	}
	if p.lock, err = lockDir(p.config.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = p.lock.Close() // frees the directory
		}
	}()
	if err := p.prepareData(ctx, binaries, as); err != nil {
		return nil, err
	}
	if err := p.start(ctx, binaries, as); err != nil {
		return nil, fmt.Errorf("postgres in %s: %w", p.config.Dir, err)
	}
	return p, nil
}

func (p *Postgres) data() string    { return filepath.Join(p.config.Dir, "data") }
func (p *Postgres) logFile() string { return filepath.Join(p.config.Dir, "postgres.log") }

// prepareDir makes the directory. Root keeps it and lets the server's account pass through to what belongs to it.
func (p *Postgres) prepareDir(as account) error {
	if err := os.MkdirAll(filepath.Dir(p.config.Dir), 0o755); err != nil { // parents are no secret, data and socket are
		return err
	}
	mode := os.FileMode(0o700)
	if as.credential != nil {
		mode = 0o711
	}
	if err := os.Mkdir(p.config.Dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if as.credential != nil {
		if err := os.Chmod(p.config.Dir, mode); err != nil {
			return err
		}
	}
	return as.reach(p.config.Dir)
}

// prepareData initialises a new directory, or waits until the server that used it before is gone.
func (p *Postgres) prepareData(ctx context.Context, binaries Binaries, as account) error {
	if dataVersion(p.data()) == 0 {
		return p.initdb(ctx, binaries, as)
	}
	return endLeftover(ctx, p.data(), patience, p.log)
}

// initdb makes the data directory under another name first, so that a half-made one is never taken for a whole one.
func (p *Postgres) initdb(ctx context.Context, binaries Binaries, as account) error {
	if err := as.check(ctx); err != nil {
		return err
	}
	if entries, err := os.ReadDir(p.data()); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s holds files but no database; move them away, or choose another directory", p.data())
	}
	halfMade, _ := filepath.Glob(p.data() + ".new-*") // fails for a bad pattern only
	for _, dir := range halfMade {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("initdb: %w", err)
		}
	}
	dir := p.data() + ".new-" + strconv.Itoa(os.Getpid())
	if err := as.mkdir(dir); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	log, err := openLog(p.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // written by the child only
	locale := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		locale = "C"
	}
	// not CommandContext: that would end initdb from a goroutine of its own; below it is ended here
	cmd := exec.Command(binaries.path("initdb"), "--pgdata="+dir, "--username="+superuser, "--auth=trust", //nolint:noctx // see above
		"--encoding=UTF8", "--locale="+locale, "--data-checksums")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, serverEnv(dir), log, log
	process, err := startChild(cmd, as)
	if err != nil {
		return fmt.Errorf("%w; is %s readable for everybody?", err, binaries.Dir)
	}
	if !process.within(ctx, p.config.StartTimeout) {
		return errors.Join(fmt.Errorf("initdb of %s takes too long: %w", p.config.Dir, errors.Join(ctx.Err(), process.kill())), os.RemoveAll(dir))
	}
	if !cmd.ProcessState.Success() {
		return errors.Join(fmt.Errorf("initdb of %s: %s; its last lines:\n%s", p.config.Dir, process.exited(), tail(p.logFile())), os.RemoveAll(dir))
	}
	if err := os.Rename(dir, p.data()); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return nil
}

// start runs the server and waits until it answers.
func (p *Postgres) start(ctx context.Context, binaries Binaries, as account) error {
	var err error
	if p.socketDir, err = socketDir(p.config.Dir, as); err != nil {
		return err
	}
	log, err := openLog(p.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // written by the child only
	settings := maps.Clone(defaultSettings)
	maps.Copy(settings, p.config.Settings)
	settings["unix_socket_directories"] = p.socketDir
	args := []string{"-D", p.data()}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	cmd := exec.Command(binaries.path("postgres"), args...) //nolint:noctx // outlives ctx, see StartPostgres
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.data(), serverEnv(p.data()), log, log
	began := time.Now()
	if p.process, err = startChild(cmd, as); err != nil {
		return fmt.Errorf("%w; is %s readable for everybody?", err, binaries.Dir)
	}
	if err := p.await(ctx); err != nil {
		// ctx may have ended already; the stop has a bound of its own
		return errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
	}
	p.log.InfoContext(ctx, "postgres started", "pid", p.Pid(), "version", binaries.Major, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// await polls until the server accepts a connection.
func (p *Postgres) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.StartTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-p.process.done:
			return fmt.Errorf("ended while starting (%s); correct what its log %s says:\n%s", p.process.exited(), p.logFile(), tail(p.logFile()))
		case <-ctx.Done():
			return fmt.Errorf("does not accept connections: %w (%w); its log %s ends:\n%s", ctx.Err(), err, p.logFile(), tail(p.logFile()))
		}
	}
}

// URL returns the URL of a database for the superuser, for pgx as for psql.
func (p *Postgres) URL(database string) string {
	return socketURL(superuser, p.socketDir, port, database)
}

func socketURL(user, dir, port, database string) string {
	query := "host=" + strings.ReplaceAll(url.QueryEscape(dir), "+", "%20") + "&port=" + port // libpq knows no plus sign
	return (&url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + database, RawQuery: query}).String()
}

// Pid returns the process id of the server.
func (p *Postgres) Pid() int { return p.process.cmd.Process.Pid }

// Done is closed when the server has ended, because of Stop or by itself. After the latter, Stop and a new
// StartPostgres bring it back.
func (p *Postgres) Done() <-chan struct{} { return p.process.done }

// Stop shuts the server down: open transactions are rolled back, everything committed is on disk. If that takes more
// than 30 seconds, or ctx ends, the server is killed, which loses nothing committed but costs a recovery at the next
// start. Stopping what has ended already is fine.
func (p *Postgres) Stop(ctx context.Context) error {
	err := p.process.signal(syscall.SIGINT)
	if err == nil && !p.process.within(ctx, stopTimeout) {
		// SIGQUIT ends the server's own children too, which SIGKILL would leave to find out for themselves
		err = p.process.signal(syscall.SIGQUIT)
		if err == nil && !p.process.within(context.WithoutCancel(ctx), 6*time.Second) {
			err = p.process.kill()
		}
	}
	if err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	p.log.InfoContext(ctx, "postgres stopped", "pid", p.Pid(), "status", p.process.exited())
	return p.release()
}

// Kill ends the server as a crash would, for tests of recovery.
func (p *Postgres) Kill() error {
	if err := p.process.kill(); err != nil {
		return fmt.Errorf("kill postgres: %w", err)
	}
	return p.release()
}

// release gives the directory free, once.
func (p *Postgres) release() error {
	if p.socketDir != filepath.Join(p.config.Dir, "run") {
		_ = os.Remove(p.socketDir) // not empty after a kill; then the next start uses it again
	}
	if err := p.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("unlock %s: %w", p.config.Dir, err)
	}
	return nil
}

// socketDir makes the directory of the socket: below dir, or, if that path is too long for a socket or a list could be
// read into it, below /tmp under a name that is the same at each start.
func socketDir(dir string, as account) (string, error) {
	path := filepath.Join(dir, "run")
	if len(path) > maxSocketDir || strings.ContainsAny(path, `,"`) {
		sum := sha256.Sum256([]byte(dir))
		path = fmt.Sprintf("/tmp/ordermill-%d-%s", as.uid, hex.EncodeToString(sum[:6]))
	}
	if err := as.mkdir(path); err != nil {
		return "", fmt.Errorf("socket directory: %w", err)
	}
	return path, nil
}

// dataVersion returns the major version of the server that made a data directory; 0: there is none.
func dataVersion(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	return firstNumber(string(text))
}

// serverEnv is this program's environment without what would steer Postgres from outside the settings.
func serverEnv(home string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "PG") || strings.HasPrefix(v, "LC_") || strings.HasPrefix(v, "LANG") ||
			strings.HasPrefix(v, "HOME=") || strings.HasPrefix(v, "TZ=")
	})
	return append(env, "HOME="+home, "LC_ALL=C")
}
