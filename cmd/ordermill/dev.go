package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/internal/local"
)

// stopServersTimeout bounds the end of the private servers, so that a dev ends within 25 seconds.
const stopServersTimeout = 8 * time.Second

// devMemory is the heap that a dev aims to stay below, so that it fits on a laptop beside everything else.
const devMemory = 256 << 20

// cachePatience is how long ready waits for Redis to be filled, which begins anew with each start: what it lacks costs
// speed and never an answer.
const cachePatience = 10 * time.Second

// devOptions are the flags of dev alone.
type devOptions struct{ noSeed, install bool }

func (p *program) devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Start everything on this machine, with a demo shop",
		Long: "Starts a private PostgreSQL and Redis from the system's binaries, or uses those that " + prefix + "DATABASE_URL and " +
			prefix + "REDIS_URL name; brings the schema up to date, fills a demo shop, and runs all roles. Ctrl-C ends it all in good order, " +
			"a second one at once. What it stores is still there at the next start.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&o.noSeed, "no-seed", false, "leave the demo shop empty")
	cmd.Flags().BoolVar(&o.install, "install", false, "install PostgreSQL and Redis with the system's package manager, if they are missing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, log, err := p.configureDaemon(cmd)
		if err != nil {
			return err
		}
		p.limitMemory(log, devMemory)
		return p.dev(cmd.Context(), c, o, log)
	}
	return cmd
}

// dev runs everything until ctx ends or something fails.
func (p *program) dev(ctx context.Context, c config, o devOptions, log *slog.Logger) (err error) {
	syscall.Umask(0o022) // the server's account has to pass through the directories; what is secret is 0600 by itself
	lock, err := openDevDir(c.DevDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	c, err = withoutOwnServers(c)
	if err != nil {
		return err
	}
	addresses, err := listen(ctx, c, allRoles)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, addresses.close()) }()
	if o.install && incomplete(ctx, c) {
		if err := local.Install(ctx, p.stderr); err != nil {
			return err
		}
	}
	admin := newAdmin(log)
	admin.begin(addresses.admin)
	defer admin.end()
	began := time.Now()
	servers, err := startServers(ctx, c, log)
	if err != nil {
		return ended(ctx, err)
	}
	defer func() {
		stopping, cancel := closing(ctx, stopServersTimeout)
		defer cancel()
		err = errors.Join(err, servers.stop(stopping))
	}()
	c.DatabaseURL, c.RedisURL = servers.databaseURL, servers.redisURL
	d := &dev{program: p, config: c, options: o, servers: servers, addresses: addresses, admin: admin, log: log, began: began}
	return ended(ctx, d.run(ctx))
}

// incomplete reports whether a server that a dev would start is not installed.
func incomplete(ctx context.Context, c config) bool {
	var missing *local.MissingError
	if _, err := local.FindPostgres(ctx, c.PGBin, 0); c.DatabaseURL == "" && errors.As(err, &missing) {
		return true
	}
	_, noRedis := exec.LookPath("redis-server")
	_, noValkey := exec.LookPath("valkey-server")
	return c.RedisURL == "" && noRedis != nil && noValkey != nil
}

// ended makes an error nothing that only says that the user has ended the program.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// withoutOwnServers drops the URLs of a dev's own servers, which an environment may have from its env file: after a
// crash they are not there.
func withoutOwnServers(c config) (config, error) {
	file, err := readDevEnv(c.DevDir)
	if err != nil || file[privateServers] == "" {
		return c, err
	}
	if c.DatabaseURL == file[prefix+"DATABASE_URL"] {
		c.DatabaseURL = ""
	}
	if c.RedisURL == file[prefix+"REDIS_URL"] {
		c.RedisURL = ""
	}
	return c, nil
}

// dev is a running dev, with servers to work on.
type dev struct {
	*program
	config    config
	options   devOptions
	servers   *servers
	addresses *listeners
	admin     *admin
	log       *slog.Logger
	began     time.Time
}

// run builds the process, fills it, serves, and drains when ctx ends.
func (d *dev) run(ctx context.Context) (err error) {
	if _, _, err := migrate(ctx, d.config.DatabaseURL); err != nil {
		return err
	}
	secrets, issuer, err := devSecrets(d.config, d.now, d.log)
	if err != nil {
		return err
	}
	process, err := newProcess(ctx, d.config, options{roles: allRoles, secrets: secrets, admin: d.admin, log: d.log, now: d.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.stop(ctx)) }()
	if err := d.writeEnv(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeDevEnv(d.config.DevDir)) }()
	process.startAdmin(ctx, d.admin)
	process.startWork(ctx, "dev in "+d.config.DevDir)
	serving := process.store.Past().Err() != nil // what can be said and answered is, until an operator has taken the log up
	if serving {
		process.startHosts(ctx, d.addresses)
	}
	if err := process.until(ctx, func(ctx context.Context) error { return d.fill(ctx, process) }); err != nil {
		return err
	}
	if !serving {
		process.startHosts(ctx, d.addresses)
	}
	if err := process.until(ctx, func(ctx context.Context) error { d.admin.health.await(ctx, healthPatience); return ctx.Err() }); err != nil {
		return err
	}
	token, err := issuer.Token(demoTenant, "admin", "")
	if err != nil {
		return err
	}
	d.greet(token)
	d.admin.ready()
	if _, err := fmt.Fprintln(d.stdout, "ready"); err != nil {
		d.log.Warn("nobody reads what dev prints", "error", err)
	}
	return process.serve(ctx, d.admin)
}

// fill seeds the demo shop, unless it is to stay empty, and waits until the read models have got everything.
func (d *dev) fill(ctx context.Context, p *process) error {
	if err := p.takenUp(ctx); err != nil {
		return err
	}
	if !d.options.noSeed {
		began := time.Now()
		s := &seeder{engine: p.engine, store: p.store, vault: p.vault, now: d.now(), ttl: d.config.OrderTTL}
		count, err := s.run(ctx)
		if err != nil {
			return err
		}
		if count > 0 {
			d.log.Info("demo shop filled", "commands", count, "took", time.Since(began).Round(time.Millisecond))
		}
	}
	if err := p.caughtUp(ctx, p.models); err != nil {
		return err
	}
	filling, cancel := context.WithTimeout(ctx, cachePatience)
	defer cancel()
	if err := p.caughtUp(filling, p.caches); err != nil && ctx.Err() == nil {
		d.log.Info("the cache is still being filled; what it lacks is read from the database", "error", err)
	}
	return ctx.Err()
}

// writeEnv tells other programs what this dev uses.
func (d *dev) writeEnv() error {
	c := d.config
	values := []variable{
		{prefix + "DEV_DIR", c.DevDir},
		{prefix + "DATABASE_URL", c.DatabaseURL},
		{prefix + "REDIS_URL", c.RedisURL},
		{prefix + "WRITE_ADDR", d.addresses.write.Addr().String()},
		{prefix + "READ_ADDR", d.addresses.read.Addr().String()},
		{prefix + "ADMIN_ADDR", d.addresses.admin.Addr().String()},
		{prefix + "DEV_JWT_KEY_FILE", c.DevDir + "/" + devJWTKey},
		{prefix + "DEV_MASTER_KEY_FILE", c.DevDir + "/" + devMasterKey},
	}
	if d.servers.private() {
		values = append(values, variable{privateServers, "1"})
	}
	return writeDevEnv(c.DevDir, values)
}
