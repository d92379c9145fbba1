package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
)

// Names in a dev's directory.
const (
	devEnvFile   = "env"
	devJWTKey    = "jwt-key.pem"
	devMasterKey = "master-key"
	devLockFile  = "lock"
)

// privateServers is the variable by which a dev's file says that the servers it names are the dev's own.
const privateServers = prefix + "DEV_PRIVATE_SERVERS"

// openDevDir makes the directory of a dev and takes its lock, which ends with the process. Others may pass through it,
// as the server's account has to, but not look into it.
func openDevDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w; set %sDEV_DIR to a directory that this user may write", dir, err, prefix)
	}
	path := filepath.Join(dir, devLockFile)
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w; set %sDEV_DIR to a directory that this user may write", err, prefix)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another ordermill dev runs in %s; stop it, or set %sDEV_DIR to another directory", dir, prefix)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return lock, nil
}

// devIssuer returns who signs development tokens, with the key of the directory, which is made if there is none.
func devIssuer(dir string, now func() time.Time) (*httpx.Issuer, error) {
	return issuerOf(dir, httpx.DevelopmentKey, now)
}

// issuerOf is devIssuer with another way to get the key.
func issuerOf(dir string, get func(path string) (ed25519.PrivateKey, error), now func() time.Time) (*httpx.Issuer, error) {
	key, err := get(filepath.Join(dir, devJWTKey))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w; run this as the user that runs ordermill dev", err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no ordermill dev ever ran in %s, so that nothing would accept the token; start it, or set %sDEV_DIR to its directory", dir, prefix)
	case err != nil:
		return nil, err
	}
	return httpx.NewIssuer(key, now)
}

// devMasterKeyOf returns the master key of the directory, which is made if there is none.
func devMasterKeyOf(dir string) (string, error) {
	path := filepath.Join(dir, devMasterKey)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		text = []byte(devMasterID + ":" + base64.StdEncoding.EncodeToString(key) + "\n")
		err = writeFile(path, text)
	}
	if err != nil {
		return "", fmt.Errorf("master key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if _, err := parseMasterKeys(key); err != nil {
		return "", fmt.Errorf("master key in %s: %w; restore it, or remove the whole directory to begin anew", path, err)
	}
	return key, nil
}

// writeDevEnv writes what a dev uses as a file that a shell can source.
func writeDevEnv(dir string, values []variable) error {
	var text bytes.Buffer
	text.WriteString("# written by ordermill dev; use it with: . " + quote(filepath.Join(dir, devEnvFile)) + "\n")
	for _, v := range values {
		fmt.Fprintf(&text, "export %s=%s\n", v.name, quote(v.value))
	}
	if err := writeFile(filepath.Join(dir, devEnvFile), text.Bytes()); err != nil {
		return fmt.Errorf("env file: %w", err)
	}
	return nil
}

type variable struct{ name, value string }

// readDevEnv reads the file that writeDevEnv wrote. Without one there is nothing.
func readDevEnv(dir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, devEnvFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w; run this as the user that runs ordermill dev, or set %sDATABASE_URL", err, prefix)
	}
	values := make(map[string]string)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		assignment, ok := strings.CutPrefix(lines.Text(), "export ")
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(assignment, "=")
		values[name] = unquote(value)
	}
	return values, nil
}

func removeDevEnv(dir string) error {
	if err := os.Remove(filepath.Join(dir, devEnvFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("env file: %w", err)
	}
	return nil
}

// writeFile replaces a file whole or not at all. Only this user can read it.
func writeFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// quote writes s as one word of a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func unquote(s string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(s, "'"), "'"), `'\''`, "'")
}
