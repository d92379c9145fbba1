package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	var names []string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run roles in production",
		Long: "Runs the given roles, all by default, on the database and the Redis that the environment names. It starts no server, " +
			"changes no schema (`ordermill migrate` does) and refuses what is unsafe: development keys, a database account with too many " +
			"rights, a server that may lose what it has confirmed. SIGTERM drains.",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringSliceVar(&names, "roles", roleNames, "what to run: "+strings.Join(roleNames, ", "))
	_ = cmd.RegisterFlagCompletionFunc("roles", cobra.FixedCompletions(roleNames, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, log, err := p.configureDaemon(cmd)
		if err != nil {
			return err
		}
		r, err := parseRoles(names)
		if err != nil {
			return err
		}
		p.limitMemory(log, 0)
		return ended(cmd.Context(), p.serve(cmd.Context(), c, r, log))
	}
	return cmd
}

// serve runs roles until ctx ends or something fails.
func (p *program) serve(ctx context.Context, c config, r roles, log *slog.Logger) (err error) {
	if c.DatabaseURL == "" {
		return usagef("%sDATABASE_URL: serve needs the URL of a database; ordermill dev starts one for development", prefix)
	}
	secrets, err := productionSecrets(c, r, p.environ, log)
	if err != nil {
		return err
	}
	addresses, err := listen(ctx, c, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, addresses.close()) }()
	admin := newAdmin(log)
	admin.begin(addresses.admin)
	defer admin.end()
	if err := p.checkServers(ctx, c, log); err != nil {
		return err
	}
	process, err := newProcess(ctx, c, options{roles: r, secrets: secrets, admin: admin, log: log, now: p.now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.stop(ctx)) }()
	process.startAdmin(ctx, admin)
	process.startWork(ctx, "")
	process.startHosts(ctx, addresses)
	if err := process.until(ctx, func(ctx context.Context) error { admin.health.await(ctx, healthPatience); return ctx.Err() }); err != nil {
		return err
	}
	admin.ready()
	log.Info("ready", "roles", r.String(), "version", version, "admin", addresses.admin.Addr().String())
	return process.serve(ctx, admin)
}

// checkServers refuses servers that do not keep what the program promises.
func (p *program) checkServers(ctx context.Context, c config, log *slog.Logger) error {
	if err := checkSessions(ctx, c.DatabaseURL); err != nil {
		return err
	}
	pool, err := newPool(ctx, c, readRole, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := checkAccount(ctx, pool); err != nil {
		if !c.UnsafeRole {
			return err
		}
		log.Warn("unsafe database account allowed", "reason", err)
	}
	if c.RedisURL == "" {
		log.Warn("no Redis: everything is answered from the database")
		return nil
	}
	client, err := newRedis(c)
	if err != nil {
		return err
	}
	defer client.Close()
	err = checkRedis(ctx, client)
	if errors.Is(err, errNoRedis) {
		log.Warn("redis does not answer: everything is answered from the database until it does", "error", err)
		return nil
	}
	return err
}
