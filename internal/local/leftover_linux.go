package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// serversOf returns the process ids of the Postgres processes, postmaster and its children alike, that work in the
// data directory. Zombies have no working directory, so they do not count.
func serversOf(_ context.Context, data string) ([]int, error) {
	want, err := os.Stat(data)
	if err != nil {
		return nil, err
	}
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, dir := range entries {
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || !bytes.HasPrefix(comm, []byte("postgres")) && !bytes.HasPrefix(comm, []byte("postmaster")) {
			continue // gone, or something else
		}
		cwd, err := os.Stat(filepath.Join(dir, "cwd"))
		if err != nil || !os.SameFile(cwd, want) {
			continue // gone, another user's, or another directory's
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return nil, fmt.Errorf("process %s: %w", dir, err)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
