// Command eventdocs writes docs/events.md: every stored event type with its fields and an example, from the sources of
// the domain and from the golden files that keep what is stored readable.
package main

//go:generate go run . ../../domain ../../docs/events.md

import (
	"fmt"
	"os"
)

// usage is what the command expects: the folder of the domain and the file to write.
const usage = "usage: eventdocs DOMAIN-FOLDER FILE"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "eventdocs:", err)
		os.Exit(1)
	}
}

func write(domain, file string) error {
	page, err := Page(domain)
	if err != nil {
		return err
	}
	return os.WriteFile(file, page, 0o644) //nolint:gosec // a page for everybody
}
