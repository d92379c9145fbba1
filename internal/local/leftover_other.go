//go:build unix && !linux

package local

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// serversOf returns the postmaster that postmaster.pid names, if it is alive and its command line shows that it
// serves this very data directory.
func serversOf(ctx context.Context, data string) ([]int, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return nil, nil //nolint:nilerr // a torn file names no process
	}
	command, err := exec.CommandContext(ctx, "ps", "-ww", "-p", strconv.Itoa(pid), "-o", "command=").Output()
	if err != nil || !strings.Contains(string(command), "postgres -D "+data+" ") {
		return nil, nil //nolint:nilerr // ps fails for a process that is gone
	}
	return []int{pid}, nil
}
