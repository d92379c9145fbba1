// Package zone knows the time zones of the IANA database and when days begin in them.
//
// The database is a part of the program: zones are the same on every machine, whatever is installed there, and a name
// is never looked for among the machine's files. zoneinfo.zip is the file of that name in lib/time of the Go
// distribution that the program is built with.
package zone

import (
	"archive/zip"
	"bytes"
	_ "embed" // the database
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

//go:embed zoneinfo.zip
var database []byte

// ErrUnknown means that a name is not one of Names.
var ErrUnknown = errors.New("zone: unknown time zone")

// files are those of the database, by name.
var files = sync.OnceValue(func() map[string]*zip.File {
	archive, err := zip.NewReader(bytes.NewReader(database), int64(len(database)))
	if err != nil {
		return nil // cannot be: a test reads every zone
	}
	byName := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		if !f.FileInfo().IsDir() {
			byName[f.Name] = f
		}
	}
	return byName
})

// loaded are zones that were asked for, by name: *time.Location. There are no more than Names.
var loaded sync.Map

// Names returns the names of all zones, sorted.
func Names() []string { return slices.Sorted(maps.Keys(files())) }

// Load returns the zone of a name such as Europe/Berlin, letter by letter. It fails with ErrUnknown. It is safe for
// concurrent use.
func Load(name string) (*time.Location, error) {
	if known, ok := loaded.Load(name); ok {
		if at, ok := known.(*time.Location); ok {
			return at, nil
		}
	}
	f, ok := files()[name]
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrUnknown, name)
	}
	at, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	loaded.Store(name, at)
	return at, nil
}

func read(f *zip.File) (*time.Location, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(f.Name, data)
}
