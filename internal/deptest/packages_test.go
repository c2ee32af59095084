package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "tapedeck"

// layer is one part and what it may import of ours; "=x" is x itself without
// its sub-packages.
type layer struct {
	part   string
	may    []string
	reason string
}

func (l layer) allows(part string) bool {
	for _, m := range l.may {
		exact, isExact := strings.CutPrefix(m, "=")
		if part == exact || !isExact && under(part, m) {
			return true
		}
	}
	return false
}

type ownership struct {
	pkg    string
	parts  []string
	reason string
}

func (o ownership) owns(part string) bool { return underAny(part, o.parts) }

// pkg is what `go list -json` says of a package.
type pkg struct {
	Dir          string
	ImportPath   string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// part is the package's path inside the module.
func (p pkg) part() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func (p pkg) allImports() []string {
	return append(append(append([]string(nil), p.Imports...), p.TestImports...), p.XTestImports...)
}

type call struct {
	name string
	pos  token.Position
}

// timeCalls lists what the package's code uses of package time.
func (p pkg) timeCalls(t *testing.T) []call {
	t.Helper()
	var calls []call
	fset := token.NewFileSet()
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
					calls = append(calls, call{sel.Sel.Name, fset.Position(sel.Pos())})
				}
			}
			return true
		})
	}
	return calls
}

// listed asks the go command once for all tests of this package.
var listed = sync.OnceValues(func() ([]pkg, error) {
	if err := touchFolders("../.."); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "list", "-e=false", "-json=Dir,ImportPath,GoFiles,Imports,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New("go list: " + stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
})

// touchFolders opens every folder of the module: the go command caches a passed
// test by what the test itself opened, and would not see what go list read.
func touchFolders(root string) error {
	return filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			switch d.Name() {
			case ".git", ".cache", "node_modules", "data", "bin", "dist":
				return filepath.SkipDir
			}
		}
		return err
	})
}

func packages(t *testing.T) []pkg {
	t.Helper()
	pkgs, err := listed()
	require.NoError(t, err)
	require.NotEmpty(t, pkgs)
	return pkgs
}

// ours keeps the imports of this module, as parts.
func ours(imports []string) []string {
	var parts []string
	for _, imp := range imports {
		if part, ok := strings.CutPrefix(imp, module+"/"); ok {
			parts = append(parts, part)
		}
	}
	return parts
}

// under says whether path is root or below it; a major version counts as below.
func under(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func underAny(path string, roots []string) bool {
	for _, root := range roots {
		if under(path, root) {
			return true
		}
	}
	return false
}

// standard says whether an import is of the standard library: its first element
// has no dot and it is not ours.
func standard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".") && first != module
}
