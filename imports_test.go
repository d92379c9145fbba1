// Package ordermill_test checks the shape of the whole module.
package ordermill_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ordermill/ordermill"

// forbidden lists, for a folder, the folders of ours that it must not import: cmd -> api -> commands, projections ->
// domain, eventstore. Tests may import what they like.
var forbidden = map[string][]string{
	"domain":      {"eventstore", "commands", "projections", "api", "migrations", "internal", "cmd"},
	"eventstore":  {"domain", "commands", "projections", "api", "cmd"},
	"commands":    {"projections", "api", "cmd"},
	"projections": {"commands", "api", "cmd"},
	"api":         {"cmd"},
	"migrations":  {"domain", "eventstore", "commands", "projections", "api", "cmd"},
	"internal":    {"commands", "projections", "api", "cmd"},
}

// aggregates never import each other: what spans two of them is decided in commands.
var aggregates = []string{
	"domain/catalog", "domain/customer", "domain/order", "domain/payment", "domain/promotion", "domain/reservation",
	"domain/series", "domain/settings", "domain/stock",
}

// domainLibraries are all that domain may import beside the standard library and itself.
var domainLibraries = []string{"github.com/google/uuid", "golang.org/x/text/language"}

// fault returns what is wrong with an import of the package in folder from, or nothing.
func fault(from, imported string) string {
	target, ours := strings.CutPrefix(imported, module+"/")
	switch {
	case !ours && within(from, "domain") && strings.Contains(imported, ".") && !slices.Contains(domainLibraries, imported):
		return "domain imports only the standard library, uuid and the tags of languages"
	case !ours:
		return ""
	case (within(target, "internal/local") || within(target, "migrations/pgtest")) &&
		!within(from, "cmd") && !within(from, "internal/local") && path.Base(from) != "pgtest" && path.Base(from) != "eventstoretest":
		return "only cmd and tests start servers"
	case slices.Contains(aggregates, from) && slices.Contains(aggregates, target) && from != target:
		return "aggregates do not import each other"
	}
	top, _, _ := strings.Cut(from, "/")
	for _, folder := range forbidden[top] {
		if within(target, folder) {
			return top + " must not know " + folder
		}
	}
	return ""
}

func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

func TestImports_pointOneWay(t *testing.T) {
	t.Parallel()

	checked := 0
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || isModule(file)) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		checked++
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if wrong := fault(filepath.ToSlash(filepath.Dir(file)), imported); wrong != "" {
				t.Errorf("%s imports %s: %s", file, imported, wrong)
			}
		}
		return nil
	})
	if err != nil || checked == 0 {
		t.Errorf("checked %d files, %v", checked, err)
	}
}

// isModule reports whether the folder holds a module of its own.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func TestFault(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		from, imported string
		wrong          bool
	}{
		"domain, standard library":     {"domain/order", "time", false},
		"domain, uuid":                 {"domain/order", "github.com/google/uuid", false},
		"domain, a database":           {"domain/order", "github.com/jackc/pgx/v5", true},
		"domain, money":                {"domain/order", module + "/domain/money", false},
		"domain, another aggregate":    {"domain/order", module + "/domain/stock", true},
		"domain, the event store":      {"domain/order", module + "/eventstore", true},
		"event store, a database":      {"eventstore", "github.com/jackc/pgx/v5", false},
		"event store, orders":          {"eventstore", module + "/domain/order", true},
		"commands, projections":        {"commands", module + "/projections", true},
		"commands, the event store":    {"commands", module + "/eventstore", false},
		"projections, commands":        {"projections/stock", module + "/commands", true},
		"projections, the API":         {"projections", module + "/api/httpx", true},
		"the API, commands":            {"api/write", module + "/commands", false},
		"the API, private servers":     {"api/write", module + "/internal/local", true},
		"the program, private servers": {"cmd/ordermill", module + "/internal/local", false},
		"commands, test databases":     {"commands", module + "/migrations/pgtest", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := fault(tt.from, tt.imported); (got != "") != tt.wrong {
				t.Errorf("fault(%s, %s) = %q; want one: %v", tt.from, tt.imported, got, tt.wrong)
			}
		})
	}
}
