package ordermill_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// places are the folders that make something of events, and the packages whose events they take. Each of their type
// switches is looked at together: an event is answered for where a case names it, be it to do nothing.
var places = map[string][]string{
	"domain/order": {"order"}, "domain/stock": {"stock"}, "domain/catalog": {"catalog"}, "domain/reservation": {"reservation"},
	"domain/customer": {"customer"}, "domain/settings": {"settings"}, "domain/promotion": {"promotion"}, "domain/series": {"series"},
	"projections/metrics": {"order"}, "projections/topskus": {"order"}, "projections/customers": {"order", "customer"},
	"projections/stocklevels": {"stock"}, "projections/products": {"catalog"}, "api/resource": {"order"},
}

// folders are places that take every event into a domain's own state, by its Apply, and keep that: there the domain answers.
var folders = []string{"projections/orderlist", "projections/reservations", "projections/documents"}

// Whoever adds an event says in every place what becomes of it; nothing is an answer, silence is none.
func TestEvents_everyPlaceAnswers(t *testing.T) {
	t.Parallel()

	for place, packages := range places {
		answered := casesIn(t, place)
		for _, name := range packages {
			prefix := name + "."
			if strings.HasSuffix(place, "/"+name) {
				prefix = ""
			}
			for _, event := range eventsOf(t, filepath.Join("domain", name)) {
				if !answered[prefix+event] {
					t.Errorf("%s says nothing of %s.%s: add it to a case of its type switch, be it to one that does nothing", place, name, event)
				}
			}
		}
	}
}

// Every read model is one of the places above.
func TestEvents_everyReadModel(t *testing.T) {
	t.Parallel()

	models, err := filepath.Glob("projections/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range models {
		folder := filepath.ToSlash(filepath.Dir(path))
		if folder == "projections/modeltest" || folder == "projections/query" || places[folder] != nil {
			continue
		}
		if !slices.Contains(folders, folder) {
			t.Errorf("%s is in no list of this test: say which events it takes", folder)
		} else if !slices.ContainsFunc(filesIn(t, folder), applies) {
			t.Errorf("%s does not call Apply: list the events that it takes", folder)
		}
	}
}

// applies reports whether a file has a state take events.
func applies(file *ast.File) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Apply" {
			found = true
		}
		return !found
	})
	return found
}

// eventsOf returns the names of a package's events: what has a method EventType.
func eventsOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	for _, file := range filesIn(t, folder) {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "EventType" {
				continue
			}
			if of, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
				names = append(names, of.Name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatalf("%s has no events", folder)
	}
	slices.Sort(names)
	return names
}

// casesIn returns what the cases of a folder's type switches name, such as order.Placed.
func casesIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, file := range filesIn(t, folder) {
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSwitchStmt)
			if !ok {
				return true
			}
			for _, clause := range s.Body.List {
				c, ok := clause.(*ast.CaseClause)
				if !ok {
					continue
				}
				for _, e := range c.List {
					switch e := e.(type) {
					case *ast.Ident:
						names[e.Name] = true
					case *ast.SelectorExpr:
						if of, ok := e.X.(*ast.Ident); ok {
							names[of.Name+"."+e.Sel.Name] = true
						}
					}
				}
			}
			return true
		})
	}
	return names
}

func filesIn(t *testing.T, folder string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(paths), err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
