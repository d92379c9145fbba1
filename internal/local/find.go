package local

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// minPostgres is the oldest major version that ordermill is tested with.
const minPostgres = 15

// MissingError reports that a server's binaries are not installed, and how to install them here.
type MissingError struct {
	What    string // "PostgreSQL" or "Redis"
	Looked  string // where they were looked for
	Command string // what installs them on this system
}

// Error names the command to run.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed (looked in %s); install it with: %s", e.What, e.Looked, e.Command)
}

// Binaries is an installation of PostgreSQL.
type Binaries struct {
	Dir   string // holds initdb and postgres
	Major int    // the major version, such as 17
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// FindPostgres returns the installed PostgreSQL. If explicit is given (ORDERMILL_PG_BIN), it must be a directory that
// holds it; else PATH, pg_config and the places where Debian, Red Hat and Homebrew put it are searched in that order.
// Among versions side by side the highest is taken, or exactly version major, if that is not 0. The error is a
// *MissingError if there is none.
func FindPostgres(ctx context.Context, explicit string, major int) (Binaries, error) {
	if explicit != "" {
		found, err := inspect(ctx, explicit)
		if err != nil {
			return Binaries{}, fmt.Errorf("ORDERMILL_PG_BIN: %w; name the directory that holds initdb and postgres", err)
		}
		return found, found.check(major)
	}
	return findIn(ctx, candidates(ctx), major)
}

func findIn(ctx context.Context, dirs []string, major int) (Binaries, error) {
	var first error
	for _, dir := range dirs {
		found, err := inspect(ctx, dir)
		if err != nil {
			if ctx.Err() != nil {
				return Binaries{}, fmt.Errorf("look for PostgreSQL: %w", ctx.Err()) // asking failed, which says nothing
			}
			continue // not here
		}
		if err = found.check(major); err == nil {
			return found, nil
		}
		first = cmp.Or(first, err)
	}
	if first != nil {
		return Binaries{}, first
	}
	return Binaries{}, &MissingError{
		What:    "PostgreSQL",
		Looked:  "ORDERMILL_PG_BIN, PATH, pg_config, /usr/lib/postgresql, /usr/pgsql-* and Homebrew",
		Command: installCommand(system()),
	}
}

func (b Binaries) check(major int) error {
	if b.Major < minPostgres {
		return fmt.Errorf("%s is PostgreSQL %d, and at least %d is needed; install a newer one, or point ORDERMILL_PG_BIN to it",
			b.Dir, b.Major, minPostgres)
	}
	if major != 0 && b.Major != major {
		return fmt.Errorf("the data directory is of PostgreSQL %d, but %s is %d; point ORDERMILL_PG_BIN to the old version, "+
			"or move the directory away to start anew", major, b.Dir, b.Major)
	}
	return nil
}

// candidates lists the directories to search, in order; most do not exist.
func candidates(ctx context.Context) []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	if config, err := exec.LookPath("pg_config"); err == nil {
		if out, err := exec.CommandContext(ctx, config, "--bindir").Output(); err == nil {
			dirs = append(dirs, strings.TrimSpace(string(out)))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	} {
		found, _ := filepath.Glob(pattern) // fails for a bad pattern only
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(firstNumber(b), firstNumber(a)) })
		dirs = append(dirs, found...)
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return !filepath.IsAbs(dir) })
}

var digits = regexp.MustCompile(`\d+`)

func firstNumber(s string) int {
	n, _ := strconv.Atoi(digits.FindString(s)) // no number counts as 0
	return n
}

// inspect asks the installation in dir for its version.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	b := Binaries{Dir: dir}
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(b.path(name)); err != nil {
			return Binaries{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, b.path("postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("%s --version: %w", b.path("postgres"), err)
	}
	if b.Major = firstNumber(string(out)); b.Major == 0 {
		return Binaries{}, fmt.Errorf("%s --version: %q", b.path("postgres"), out)
	}
	return b, nil
}

// findRedis returns the Redis or Valkey server of PATH. The error is a *MissingError.
func findRedis() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		if errors.Is(err, exec.ErrDot) {
			continue // a binary of the current directory is not the system's
		}
	}
	return "", &MissingError{What: "Redis", Looked: "PATH, as redis-server and valkey-server", Command: installCommand(system())}
}

// system returns the family of this operating system: debian, fedora, darwin, or the empty string.
func system() string {
	if runtime.GOOS == "darwin" {
		return "darwin"
	}
	file, err := os.Open("/etc/os-release")
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	var ids string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), "="); key == "ID" || key == "ID_LIKE" {
			ids += " " + strings.Trim(value, `"'`)
		}
	}
	for _, id := range strings.Fields(ids) {
		switch id {
		case "debian", "ubuntu":
			return "debian"
		case "fedora", "rhel", "centos":
			return "fedora"
		}
	}
	return ""
}

// installCommand returns what a person types to install both servers. Redis is small, and whoever lacks one of them
// mostly lacks both.
func installCommand(system string) string {
	return asUser(system, map[string]string{
		"debian": "apt-get install -y postgresql redis-server",
		"fedora": "dnf install -y postgresql-server valkey",
		"darwin": "brew install postgresql@17 redis",
	}, "packages postgresql and redis")
}

// asUser returns the command of this system as this user has to type it. What says what to install elsewhere.
func asUser(system string, commands map[string]string, what string) string {
	command := commands[system]
	switch {
	case command == "":
		return "your package manager (" + what + ")"
	case system != "darwin" && os.Geteuid() != 0:
		return "sudo " + command
	default:
		return command
	}
}
