package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who a server runs as.
type account struct {
	name       string
	uid, gid   uint32
	credential *syscall.Credential // nil: as this process
}

// serverAccount returns who is to run Postgres, which refuses to run as root: this user; or for root the owner of
// the data directory if there is one already, else user postgres, else nobody.
func serverAccount(data string) (account, error) {
	uid, gid := uint32(os.Geteuid()), uint32(os.Getegid())
	if uid != 0 {
		return account{name: "user " + strconv.Itoa(os.Geteuid()), uid: uid, gid: gid}, nil
	}
	if info, err := os.Stat(data); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return dropTo("user "+strconv.FormatUint(uint64(stat.Uid), 10), stat.Uid, stat.Gid), nil
		}
		return account{}, fmt.Errorf("%s belongs to root, as whom Postgres does not run; chown it to another user, or remove it", data)
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return dropTo("user "+name, uint32(uid), uint32(gid)), nil
	}
	return account{}, errors.New("postgres does not run as root, and there is no user postgres and no user nobody; " +
		"add one (useradd --system postgres), or run ordermill as another user")
}

func dropTo(name string, uid, gid uint32) account {
	return account{name: name, uid: uid, gid: gid, credential: &syscall.Credential{Uid: uid, Gid: gid}}
}

// check fails for a user id without an entry in the user database, since initdb does.
func (a account) check(ctx context.Context) error {
	id := strconv.FormatUint(uint64(a.uid), 10)
	if _, err := user.LookupId(id); err == nil {
		return nil
	}
	if getent, err := exec.LookPath("getent"); err == nil { // knows directories such as LDAP, which a static binary does not
		if exec.CommandContext(ctx, getent, "passwd", id).Run() == nil {
			return nil
		}
	}
	return fmt.Errorf("user id %s has no entry in /etc/passwd, and initdb does not run without one; "+
		"add the entry, run as another user, or set ORDERMILL_DATABASE_URL to a server that is already there", id)
}

// mkdir makes a directory that belongs to the account and that nobody else can enter. One that is there already must
// be just that.
func (a account) mkdir(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, os.ErrExist) {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !info.IsDir() || stat.Uid != a.uid || info.Mode().Perm()&0o077 != 0 {
			return fmt.Errorf("%s must be a directory of %s that nobody else can enter; remove it", path, a.name)
		}
		return nil
	}
	if err != nil || a.credential == nil {
		return err
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// reach fails if the account cannot enter a directory on the way to dir.
func (a account) reach(dir string) error {
	if a.credential == nil {
		return nil
	}
	for path := dir; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		mode := info.Mode().Perm()
		if ok && mode&0o001 == 0 && (stat.Uid != a.uid || mode&0o100 == 0) && (stat.Gid != a.gid || mode&0o010 == 0) {
			return fmt.Errorf("%s, as whom Postgres runs, cannot enter %s; set ORDERMILL_DEV_DIR to a directory outside it", a.name, path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}
