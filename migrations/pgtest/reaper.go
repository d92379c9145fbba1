package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// reaper waits for the end of its input, then, at most ten seconds, for the end of the server, and removes the
// server's directory.
const reaper = `
read -r _
i=0
while [ -e "$1/data/postmaster.pid" ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
rm -rf "$1"
`

// removeAtExit has dir removed once this process has ended: no cleanup of a test runs after the last one, and none
// at all after a panic or a kill. A shell holds the other end of the pipe it returns, which closes with this process
// and must be kept reachable until then.
func removeAtExit(dir string) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("remove %s at exit: %w", dir, err)
	}
	defer func() { _ = read.Close() }()                // the shell has its own
	cmd := exec.Command("sh", "-c", reaper, "sh", dir) //nolint:noctx // outlives this process by design
	cmd.Stdin = read
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the tests, not for it
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("remove %s at exit: %w", dir, err)
	}
	return write, cmd.Process.Release()
}
