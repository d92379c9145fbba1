package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// source is what the Go files of one package say about its types, and of the packages that it embeds fields from.
type source struct {
	folder   string
	structs  map[string]*ast.StructType
	aliases  map[string]ast.Expr // of type declarations that are no structs
	comments map[string]string   // of types
	stored   map[string]string   // stored names by the types of events
}

// parse reads the Go files in a folder, tests aside.
func parse(folder string) (*source, error) {
	s := &source{
		folder: folder, structs: make(map[string]*ast.StructType), aliases: make(map[string]ast.Expr),
		comments: make(map[string]string), stored: make(map[string]string),
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() || !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, f.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range parsed.Decls {
			s.declaration(d)
		}
	}
	return s, nil
}

func (s *source) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			s.comments[t.Name.Name] = d.Doc.Text()
			if fields, ok := t.Type.(*ast.StructType); ok {
				s.structs[t.Name.Name] = fields
			} else {
				s.aliases[t.Name.Name] = t.Type
			}
		}
	case *ast.FuncDecl:
		if d.Name.Name == "EventType" && d.Recv != nil {
			s.event(d)
		}
	}
}

// event notes the stored name that a method EventType returns.
func (s *source) event(d *ast.FuncDecl) {
	receiver, ok := d.Recv.List[0].Type.(*ast.Ident)
	if !ok || d.Body == nil || len(d.Body.List) != 1 {
		return
	}
	result, ok := d.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(result.Results) != 1 {
		return
	}
	if literal, ok := result.Results[0].(*ast.BasicLit); ok {
		s.stored[receiver.Name], _ = strconv.Unquote(literal.Value) // the compiler has read it
	}
}

// field is a field of a stored event.
type field struct {
	name, kind, comment string
	optional            bool
}

// fields returns the fields of a struct, those of embedded structs in their place.
func (s *source) fields(name string) []field {
	var all []field
	declared := s.structs[name]
	if declared == nil {
		return nil
	}
	for _, f := range declared.Fields.List {
		if len(f.Names) == 0 {
			all = append(all, s.embedded(f.Type)...)
			continue
		}
		tag := ""
		if f.Tag != nil {
			literal, _ := strconv.Unquote(f.Tag.Value) // the compiler has read it
			tag = reflect.StructTag(literal).Get("json")
		}
		stored, options, _ := strings.Cut(tag, ",")
		if stored == "-" {
			continue
		}
		all = append(all, field{
			name: stored, kind: s.kind(f.Type), comment: strings.TrimSpace(f.Comment.Text()), optional: options != "",
		})
	}
	return all
}

// embedded returns the fields of an embedded struct, which may be another package's of the domain.
func (s *source) embedded(e ast.Expr) []field {
	switch e := e.(type) {
	case *ast.Ident:
		if target, ok := s.aliases[e.Name]; ok {
			return s.embedded(target)
		}
		return s.fields(e.Name)
	case *ast.SelectorExpr:
		if other, ok := s.other(e); ok {
			return other.fields(e.Sel.Name)
		}
	}
	return nil
}

// other reads the package of the domain that a selector names.
func (s *source) other(e *ast.SelectorExpr) (*source, bool) {
	name, ok := e.X.(*ast.Ident)
	if !ok {
		return nil, false
	}
	other, err := parse(filepath.Join(filepath.Dir(s.folder), name.Name))
	return other, err == nil
}

// kinds are the types that JSON knows under another name.
var kinds = map[string]string{
	"string": "string", "int64": "integer", "bool": "boolean", "uuid.UUID": "UUID", "time.Time": "time",
	"PII": "sealed personal data", "json.RawMessage": "JSON", "money.Amount": "money",
}

// kind names a field's type for people who read no Go.
func (s *source) kind(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return s.kind(e.X)
	case *ast.ArrayType:
		return "list of " + s.kind(e.Elt)
	case *ast.MapType:
		return "map of " + s.kind(e.Value)
	case *ast.SelectorExpr:
		return s.selected(e)
	case *ast.Ident:
		return s.named(e.Name)
	default:
		return "value"
	}
}

func (s *source) selected(e *ast.SelectorExpr) string {
	name, ok := e.X.(*ast.Ident)
	if !ok {
		return "value"
	}
	if known, ok := kinds[name.Name+"."+e.Sel.Name]; ok {
		return known
	}
	if other, ok := s.other(e); ok {
		return other.named(e.Sel.Name)
	}
	return e.Sel.Name
}

func (s *source) named(name string) string {
	if known, ok := kinds[name]; ok {
		return known
	}
	if target, ok := s.aliases[name]; ok {
		return s.kind(target)
	}
	if s.structs[name] == nil {
		return name
	}
	var members []string
	for _, f := range s.fields(name) {
		members = append(members, f.name)
	}
	return "object: " + strings.Join(members, ", ")
}
