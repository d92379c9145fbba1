package zone_test

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ordermill/ordermill/domain/zone"
)

// zoneFiles returns what the database holds, by the zones' names.
func zoneFiles(t *testing.T) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	files := make(map[string][]byte)
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// Every zone of the database can be read, and bears its own name.
func TestLoad_all(t *testing.T) {
	t.Parallel()

	names := zone.Names()
	if len(names) < 500 {
		t.Fatalf("there are %d zones", len(names))
	}
	for _, name := range names {
		at, err := zone.Load(name)
		if err != nil || at.String() != name {
			t.Errorf("Load(%q) = %s, %v", name, at, err)
		}
	}
}

// What the machine has under a name is not looked at: neither names of its files, nor a database of its own.
func TestLoad_onlyTheEmbedded(t *testing.T) {
	dir := t.TempDir()
	for name, data := range zoneFiles(t) {
		if name != "UTC" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "Shop"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ZONEINFO", dir)
	if _, err := time.LoadLocation("Shop"); err != nil {
		t.Fatalf("the machine's own zone cannot be read: %v", err)
	}
	for _, name := range []string{
		"", "Local", "localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "Shop", "europe/berlin",
		"Europe", "Europe/", "/etc/localtime", "../Europe/Berlin", "Europe/Berlin\x00", "Europe/Berlin ", "tzdata.zi",
	} {
		if at, err := zone.Load(name); !errors.Is(err, zone.ErrUnknown) {
			t.Errorf("Load(%q) = %v, %v", name, at, err)
		}
	}
}
