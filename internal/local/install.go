package local

import (
	"context"
	_ "embed" // the script below
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed install.sh
var installScript string

// Install installs PostgreSQL and Redis with the package manager of this system and writes what that says to out. No
// service is started and no database cluster is made. On Linux it needs root, else it changes nothing and its error
// says what to run.
func Install(ctx context.Context, out io.Writer) error {
	if command := installCommand(system()); system() != "darwin" && os.Geteuid() != 0 {
		return errors.New("installing needs root; run: " + command)
	}
	cmd := exec.CommandContext(ctx, "sh", "-s", "--", "install", "postgres", "redis")
	cmd.Stdin = strings.NewReader(installScript)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("install PostgreSQL and Redis: %w; what it wrote above says why", err)
	}
	return nil
}
