package usercode_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongPlacesDoNotCompile type-checks each snippet of testdata/compile. A statement below "// ERROR: text" has to
// be refused with a message that holds the text; everything else has to be fine.
func TestWrongPlacesDoNotCompile(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, filepath.Join("testdata", "compile", "snippets.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[int]string{} // by line of the statement
	for _, group := range file.Comments {
		for _, c := range group.List {
			if text, ok := strings.CutPrefix(c.Text, "// ERROR: "); ok {
				wanted[fset.Position(c.Pos()).Line+1] = text
			}
		}
	}
	if len(wanted) < 10 {
		t.Fatalf("only %d snippets are to be refused: the file is not what it was", len(wanted))
	}
	conf := types.Config{
		Importer: importer.ForCompiler(fset, "gc", exportData),
		Error: func(err error) {
			e := err.(types.Error) //nolint:errorlint // what go/types promises
			line := fset.Position(e.Pos).Line
			switch want, ok := wanted[line]; {
			case !ok:
				t.Errorf("%v", err)
			case !strings.Contains(e.Msg, want):
				t.Errorf("line %d: got %q, want %q", line, e.Msg, want)
			}
			delete(wanted, line)
		},
	}
	conf.Check("snippets", fset, []*ast.File{file}, nil) // each error went to conf.Error
	for line, want := range wanted {
		t.Errorf("line %d compiles; want %q", line, want)
	}
}

// exportData finds what the compiler has made of a package.
func exportData(path string) (io.ReadCloser, error) {
	out, err := exec.Command("go", "list", "-export", "-f", "{{.Export}}", path).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -export %s: %w", path, err)
	}
	return os.Open(strings.TrimSpace(string(out)))
}
