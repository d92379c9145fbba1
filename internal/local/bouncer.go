package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const bouncerPort = "6432" // of the socket's name; no network port is opened

// BouncerConfig says which pooler StartBouncer starts.
type BouncerConfig struct {
	Dir      string            // of the socket, the settings, the log and the lock; made if absent. One pooler at a time
	Server   string            // URL of the server behind it, and the account that it logs in there as, whoever asks
	Settings map[string]string // over the defaults, such as "pool_mode": "transaction"
}

// Bouncer is a running private PgBouncer, for tests of what stands before a server.
type Bouncer struct {
	process *child
	lock    *os.File
	url     string
}

// StartBouncer starts pgbouncer on a Unix socket, in front of a server, and returns once it answers. ctx bounds the start
// only. As root it runs as StartPostgres's server does. It ends with this program. The error is a *MissingError without a
// pgbouncer to start.
func StartBouncer(ctx context.Context, config BouncerConfig) (_ *Bouncer, err error) {
	binary, err := findBouncer()
	if err != nil {
		return nil, err
	}
	as, err := serverAccount("")
	if err != nil {
		return nil, err
	}
	p := &Postgres{config: PostgresConfig{Dir: config.Dir}} // whose directory is made alike
	if err := p.prepareDir(as); err != nil {
		return nil, fmt.Errorf("pgbouncer directory: %w", err)
	}
	b := new(Bouncer)
	if b.lock, err = lockDir(config.Dir); err != nil {
		return nil, err
	}
	if err := b.start(ctx, binary, config, as); err != nil {
		return nil, errors.Join(fmt.Errorf("pgbouncer in %s: %w", config.Dir, err), b.lock.Close())
	}
	return b, nil
}

func (b *Bouncer) start(ctx context.Context, binary string, config BouncerConfig, as account) error {
	sockets, err := socketDir(config.Dir, as)
	if err != nil {
		return err
	}
	server, err := pgx.ParseConfig(config.Server)
	if err != nil {
		return err
	}
	file := filepath.Join(config.Dir, "pgbouncer.ini")
	if err := os.WriteFile(file, bouncerINI(server, sockets, config.Settings), 0o644); err != nil { //nolint:gosec // for its account to read
		return err
	}
	log, err := openLog(filepath.Join(config.Dir, "pgbouncer.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()      // written by the child only
	cmd := exec.Command(binary, "-q", file) //nolint:noctx // outlives ctx, see StartBouncer
	cmd.Dir, cmd.Env, cmd.Stderr, cmd.Stdout = sockets, serverEnv(sockets), log, log
	if b.process, err = startChild(cmd, as); err != nil {
		return err
	}
	b.url = socketURL(server.User, sockets, bouncerPort, server.Database)
	if err := b.await(ctx, log.Name()); err != nil {
		return errors.Join(err, b.process.kill())
	}
	return nil
}

// bouncerINI returns the settings: by default one server process at a time for many clients, if the mode allows it.
func bouncerINI(server *pgx.ConnConfig, sockets string, over map[string]string) []byte {
	settings := map[string]string{
		"listen_addr": "", "listen_port": bouncerPort, "unix_socket_dir": sockets, "unix_socket_mode": "0700",
		"auth_type": "any", "max_client_conn": "200", "default_pool_size": "50", "pool_mode": "session",
	}
	maps.Copy(settings, over)
	var ini strings.Builder
	fmt.Fprintf(&ini, "[databases]\n* = host=%s port=%d user=%s\n[pgbouncer]\n", server.Host, server.Port, server.User)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&ini, "%s = %s\n", name, settings[name])
	}
	return []byte(ini.String())
}

// await polls until the pooler, and the server behind it, accept a connection.
func (b *Bouncer) await(ctx context.Context, logFile string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, b.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-b.process.done:
			return fmt.Errorf("ended while starting (%s); its log ends:\n%s", b.process.exited(), tail(logFile))
		case <-ctx.Done():
			return fmt.Errorf("does not accept connections: %w (%w); its log ends:\n%s", ctx.Err(), err, tail(logFile))
		}
	}
}

// URL returns the URL of the server's database by way of the pooler.
func (b *Bouncer) URL() string { return b.url }

// Stop ends the pooler at once, and the connections of its clients.
func (b *Bouncer) Stop(ctx context.Context) error {
	err := b.process.signal(syscall.SIGTERM)
	if err == nil && !b.process.within(ctx, 5*time.Second) {
		err = b.process.kill()
	}
	if err != nil {
		return fmt.Errorf("stop pgbouncer: %w", err)
	}
	return b.lock.Close()
}

// findBouncer returns pgbouncer, which Debian has outside the PATH of ordinary users. The error is a *MissingError.
func findBouncer() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", &MissingError{What: "PgBouncer", Looked: "PATH and /usr/sbin", Command: asUser(system(), map[string]string{
		"debian": "apt-get install -y pgbouncer", "fedora": "dnf install -y pgbouncer", "darwin": "brew install pgbouncer",
	}, "package pgbouncer")}
}
