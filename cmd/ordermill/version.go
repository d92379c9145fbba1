package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
	}
	format := addOutputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		if format.json() {
			return p.printJSON(map[string]string{"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
		}
		_, err := fmt.Fprintln(p.stdout, versionLine())
		return err
	}
	return cmd
}

func versionLine() string {
	return fmt.Sprintf("ordermill %s (%s %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
