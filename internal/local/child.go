package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// child is a running server process. One goroutine, locked to its thread, starts it and waits for its end: the kernel
// sends the parent-death signal when the thread that forked ends, so that thread must live as long as the child.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the process has ended and was waited for
}

// startChild starts cmd in a process group of its own, as account, and has it interrupted when this program ends in
// whatever way.
func startChild(cmd *exec.Cmd, as account) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as.credential}
	interruptWithParent(cmd.SysProcAttr)
	c := &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go c.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s as %s: %w", cmd.Path, as.name, err)
	}
	return c, nil
}

func (c *child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	err := c.cmd.Start()
	started <- err
	if err == nil {
		_ = c.cmd.Wait() // the exit status is in cmd.ProcessState, see exited
	}
}

// signal sends sig to the process; one that has already ended is fine.
func (c *child) signal(sig os.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d: %w", c.cmd.Process.Pid, err)
	}
	return nil
}

// exited says how the process ended. It must only be called after done.
func (c *child) exited() string { return c.cmd.ProcessState.String() }

// within waits for the end of the process, at most for d or until ctx ends, and tells whether it has ended.
func (c *child) within(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// kill ends the process at once and waits until it is gone.
func (c *child) kill() error {
	if err := c.signal(syscall.SIGKILL); err != nil {
		return err
	}
	if !c.within(context.Background(), 10*time.Second) { // nothing but an uninterruptible disk wait takes that long
		return fmt.Errorf("process %d does not end, even killed: look for a hanging disk", c.cmd.Process.Pid)
	}
	return nil
}
