package overlay

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A source is one file of crypto/tls with the changes that are to be made to it.
type source struct {
	name    string
	text    []byte
	file    *ast.File
	fset    *token.FileSet
	changes []change
}

// A change replaces text[start:end]. No change adds a line, so that the line
// numbers in a stack trace are those of the installed file.
type change struct {
	start, end int
	text       string
}

func parse(name string, text []byte) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{name: name, text: text, file: file, fset: fset}, nil
}

func (s *source) replace(n ast.Node, text string) {
	s.changes = append(s.changes, change{s.offset(n.Pos()), s.offset(n.End()), text})
}

func (s *source) insert(at token.Pos, text string) {
	s.changes = append(s.changes, change{s.offset(at), s.offset(at), text})
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

// edited returns the text with the changes. It has to parse.
func (s *source) edited() ([]byte, error) {
	slices.SortFunc(s.changes, func(a, b change) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for _, c := range s.changes {
		if c.start < at {
			return nil, fmt.Errorf("%s: two edits of one place", s.name)
		}
		b.Write(s.text[at:c.start])
		b.WriteString(c.text)
		at = c.end
	}
	b.Write(s.text[at:])
	if _, err := parse(s.name, []byte(b.String())); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// function returns the declaration with the signature given, in the form of
// [signature].
func (s *source) function(want string) (*ast.FuncDecl, error) {
	var found []*ast.FuncDecl
	for _, d := range s.file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && signature(fn) == want {
			found = append(found, fn)
		}
	}
	if len(found) != 1 || found[0].Body == nil {
		return nil, fmt.Errorf("%s: %d declarations of %q, want one", s.name, len(found), want)
	}
	return found[0], nil
}

// signature returns the declaration without the names of its parameters, such
// as "(*Config) curvePreferences(uint16) []CurveID".
func signature(fn *ast.FuncDecl) string {
	var b strings.Builder
	if fn.Recv != nil {
		b.WriteString(fieldTypes(fn.Recv) + " ")
	}
	b.WriteString(fn.Name.Name + fieldTypes(fn.Type.Params))
	if results := fn.Type.Results; results != nil {
		out := fieldTypes(results)
		if results.NumFields() == 1 {
			out = strings.Trim(out, "()")
		}
		b.WriteString(" " + out)
	}
	return b.String()
}

func fieldTypes(list *ast.FieldList) string {
	var names []string
	for _, f := range list.List {
		for range max(1, len(f.Names)) {
			names = append(names, types.ExprString(f.Type))
		}
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// only returns the one node below root that match accepts.
func only[N ast.Node](s *source, root ast.Node, what string, match func(N) bool) (N, error) {
	var found []N
	ast.Inspect(root, func(n ast.Node) bool {
		if n, ok := n.(N); ok && match(n) {
			found = append(found, n)
		}
		return true
	})
	if len(found) != 1 {
		var none N
		return none, fmt.Errorf("%s: %d places have %q, want one", s.name, len(found), what)
	}
	return found[0], nil
}

// expression returns the one expression below root that is written as given.
func (s *source) expression(root ast.Node, want string) (ast.Expr, error) {
	return only(s, root, want, func(e ast.Expr) bool { return types.ExprString(e) == want })
}

// failure returns the body of the "if err != nil" that follows the assignment
// of the one call below root that is written as given.
func (s *source) failure(root ast.Node, call string) (*ast.BlockStmt, error) {
	block, err := only(s, root, call, func(b *ast.BlockStmt) bool { return assigns(b, call) >= 0 })
	if err != nil {
		return nil, err
	}
	if next := assigns(block, call) + 1; next < len(block.List) {
		check, ok := block.List[next].(*ast.IfStmt)
		if ok && check.Init == nil && check.Else == nil && types.ExprString(check.Cond) == "err != nil" {
			return check.Body, nil
		}
	}
	return nil, fmt.Errorf("%s: no %q after %q", s.name, "if err != nil", call)
}

// assigns returns the index of the statement of b that assigns the call's
// results, or -1.
func assigns(b *ast.BlockStmt, call string) int {
	return slices.IndexFunc(b.List, func(st ast.Stmt) bool {
		a, ok := st.(*ast.AssignStmt)
		return ok && len(a.Rhs) == 1 && types.ExprString(a.Rhs[0]) == call && types.ExprString(a.Lhs[len(a.Lhs)-1]) == "err"
	})
}

// callers adds to found, for each name, the functions that call it.
func (s *source) callers(found map[string][]string) {
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			var name string
			switch n := n.(type) {
			case *ast.CallExpr:
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
			}
			if _, wanted := found[name]; wanted && !slices.Contains(found[name], fn.Name.Name) {
				found[name] = append(found[name], fn.Name.Name)
			}
			return true
		})
	}
}
