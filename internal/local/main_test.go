package local_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ordermill/ordermill/internal/local"
)

// holdDir is the environment variable that turns the test binary into a program which starts both servers in the
// directory it names, prints what it has started, and waits to be killed.
const holdDir = "ORDERMILL_TEST_HOLD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdDir); dir != "" {
		if err := hold(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func hold(dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	postgres, err := local.StartPostgres(ctx, local.PostgresConfig{Dir: filepath.Join(dir, "postgres"), Binaries: os.Getenv("ORDERMILL_PG_BIN")})
	if err != nil {
		return err
	}
	redis, err := local.StartRedis(ctx, local.RedisConfig{Dir: filepath.Join(dir, "redis")})
	if err != nil {
		return err
	}
	fmt.Println(postgres.Pid(), redis.Pid(), postgres.URL("postgres"))
	_, err = io.Copy(io.Discard, os.Stdin) // until the test closes it, or kills this process
	return err
}

// holder is such a program.
type holder struct {
	cmd         *exec.Cmd
	stdin       io.Closer
	postgresPid int
	redisPid    int
	url         string
}

// startHolder starts one that holds dir, as the user of credential; nil is this user.
func startHolder(t *testing.T, dir string, credential *syscall.Credential) *holder {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), copyOfSelf(t), "-test.run=^$")
	cmd.Env = append(os.Environ(), holdDir+"="+dir)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: cmd, stdin: stdin}
	t.Cleanup(func() {
		_ = stdin.Close() // fails if the test has killed it
		_ = cmd.Wait()    // likewise
		h.awaitServers(t) // before their directory is removed
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("holder of %s: %v", dir, err)
	}
	if _, err := fmt.Sscan(line, &h.postgresPid, &h.redisPid, &h.url); err != nil {
		t.Fatalf("holder of %s said %q: %v", dir, line, err)
	}
	return h
}

// kill ends the program, not its servers, as kill -9 does.
func (h *holder) kill(t *testing.T) {
	t.Helper()
	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait() // says that it was killed
}

// awaitServers fails the test unless both servers end by themselves.
func (h *holder) awaitServers(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		for _, pid := range []int{h.postgresPid, h.redisPid} {
			if running(pid) {
				return fmt.Errorf("process %d runs on", pid)
			}
		}
		return nil
	})
}

// running reports whether a process is there and not a zombie that nobody has waited for.
func running(pid int) bool {
	stat, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // answers at once
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(stat)), "Z")
}

// copyOfSelf copies the test binary to where every user can run it. Another process does it: a file that this one has
// open for writing may be inherited by a server started meanwhile, and cannot be run until that has let go of it.
func copyOfSelf(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tempDir(t, nil), "holder")
	if out, err := exec.CommandContext(t.Context(), "install", "-m", "755", self, path).CombinedOutput(); err != nil {
		t.Fatalf("install %s: %v: %s", path, err, out)
	}
	return path
}

// tempDir is like t.TempDir, but its parents can be entered by everybody, its path is short, and it belongs to the
// user of credential.
func tempDir(t *testing.T, credential *syscall.Credential) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ordermill-local-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// eventually polls check until it returns nil, at most for twenty seconds.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // between two looks
	}
}
