package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// completeModels completes the names of read models, each once, up to most of them; 0 is any number.
func completeModels(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := slices.DeleteFunc(modelNames(), func(name string) bool { return slices.Contains(args, name) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag completes the values of a flag.
func completeFlag(cmd *cobra.Command, name string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // it exists
}

// completeSettings completes what settings can be.
func completeSettings(root *cobra.Command) {
	completeFlag(root, "log-level", "debug", "info", "warn", "error")
	completeFlag(root, "log-format", "auto", "json", "text")
	completeFlag(root, "allow-unsafe-role", "true", "false")
	_ = root.MarkPersistentFlagDirname("dev-dir") // they exist
	_ = root.MarkPersistentFlagDirname("pg-bin")
	_ = root.MarkPersistentFlagFilename("jwt-key-file", "pem", "json")
}
