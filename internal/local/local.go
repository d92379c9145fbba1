// Package local starts private PostgreSQL and Redis servers from the binaries of the system, for `ordermill dev` and
// for tests. A private server listens on a Unix socket in a directory that only its owner can enter, keeps its data in
// a directory of its own, and ends with the program that started it, even when that program is killed.
//
// Nothing here touches a server that the package did not start. The functions are safe for concurrent use.
package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrInUse is matched by the error of a start whose directory another running program holds.
var ErrInUse = errors.New("directory is in use by another program")

// maxSocketDir is the longest directory, in bytes, in which a socket may lie. Linux allows 108 bytes for the whole
// path and macOS 104; the rest is for the name of the socket itself.
const maxSocketDir = 85

// tailBytes is how much of a server's log an error may quote.
const tailBytes = 4096

// lockDir takes the lock of dir, which ends with the process or with Close. The file keeps the holder's process id,
// so that whoever is refused can be told who it is.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w; choose a directory that this user may write, or remove this one", dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(file, 32)) // decorates the message only
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w (process %s); stop it, or choose another directory",
				dir, ErrInUse, strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := file.Truncate(0); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file, nil
}

// tail returns the last lines of the file, for an error message.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	defer func() { _ = file.Close() }() // only read
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := file.Seek(-tailBytes, io.SeekEnd); err != nil {
			return "(no log: " + err.Error() + ")"
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, tailBytes))
	if err != nil {
		return "(no log: " + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}

// openLog opens a server's log for appending. A log over 16 MiB is moved aside first, over the one before it.
func openLog(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Size() > 16<<20 {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("log: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return file, nil
}
