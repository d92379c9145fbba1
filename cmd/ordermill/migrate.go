package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/migrations"
)

func (p *program) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: "Brings the database's schema up to date. Any number of processes may try at once: one does it, the others wait. " +
			"The database account must own the database, and may create roles unless the server has ordermill_write, ordermill_project and " +
			"ordermill_read already; `ordermill serve` needs another account, with fewer rights.",
		Args: cobra.NoArgs,
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := p.configureBeside(cmd)
		if err != nil {
			return err
		}
		if err := needDatabase(c); err != nil {
			return err
		}
		before, after, err := migrate(cmd.Context(), c.DatabaseURL)
		if err != nil && (!errors.Is(err, migrations.ErrNewer) || !c.NewerSchema) {
			return err
		}
		if format.json() {
			return p.printJSON(map[string]int64{"version_before": before, "version": after})
		}
		if before == after {
			_, err = fmt.Fprintf(p.stdout, "the schema is up to date, at version %d\n", after)
		} else {
			_, err = fmt.Fprintf(p.stdout, "the schema went from version %d to %d\n", before, after)
		}
		return err
	}
	return cmd
}

// migrate applies the migrations and returns the versions before and after.
func migrate(ctx context.Context, url string) (before, after int64, err error) {
	if err := checkSessions(ctx, url); err != nil {
		return 0, 0, err
	}
	if before, _, err = migrations.Version(ctx, url); err != nil {
		return 0, 0, err
	}
	if err = migrations.Apply(ctx, url); err != nil {
		return before, before, err
	}
	if after, _, err = migrations.Version(ctx, url); err != nil {
		return 0, 0, err
	}
	return before, after, nil
}

// needDatabase refuses a configuration without a database.
func needDatabase(c config) error {
	if c.DatabaseURL == "" {
		return fmt.Errorf("no database is known: no ordermill dev runs in %s; start it, or set %sDATABASE_URL", c.DevDir, prefix)
	}
	return nil
}
