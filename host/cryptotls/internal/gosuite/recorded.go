package gosuite

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// replayer is the function of crypto/tls's tests that compares what is sent,
// byte for byte, with a recording.
const replayer = "runTestAndUpdateIfNeeded"

// recorded returns the tests in a folder that replay recordings, which only a
// provider without randomness can satisfy: those from which the replayer can be
// reached by calls of functions and methods, which are told apart by name.
func recorded(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	calls := make(map[string][]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				calls[fn.Name.Name] = append(calls[fn.Name.Name], called(fn)...)
			}
		}
	}
	var tests []string
	for name := range calls {
		if strings.HasPrefix(name, "Test") && reaches(calls, name, map[string]bool{}) {
			tests = append(tests, name)
		}
	}
	slices.Sort(tests)
	return tests, nil
}

func called(fn *ast.FuncDecl) []string {
	var names []string
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch f := call.Fun.(type) {
			case *ast.Ident:
				names = append(names, f.Name)
			case *ast.SelectorExpr:
				names = append(names, f.Sel.Name)
			}
		}
		return true
	})
	return names
}

func reaches(calls map[string][]string, name string, seen map[string]bool) bool {
	if name == replayer {
		return true
	}
	if seen[name] {
		return false
	}
	seen[name] = true
	return slices.ContainsFunc(calls[name], func(next string) bool { return reaches(calls, next, seen) })
}
