package usercode_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// aroundPage is what the code of docs/automation.md leaves to its reader.
const aroundPage = `package page

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

var (
	loadOp       = usercode.NewTask("load", load, usercode.NewConfig("load", struct{ Since, Until time.Time }{}))
	loadOrders   = usercode.NewJob("load_orders", func(g *usercode.Graph) { loadOp(g) })
	loadFile     = usercode.NewJob("load_file", func(g *usercode.Graph) { loadOp(g) })
	loadCustomer = usercode.NewJob("load_customer", func(g *usercode.Graph) { loadOp(g) }, customers)
	cleanUp      = usercode.NewJob("clean_up", func(g *usercode.Graph) { loadOp(g) })
)

func filesAfter(context.Context, string) ([]string, error) { return nil, nil }
func holiday(time.Time) bool                               { return false }
`

// TestAutomationPageCompiles type-checks all Go code of the page, as one package.
func TestAutomationPageCompiles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "automation.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 8 {
		t.Fatalf("the page has %d blocks of Go", len(blocks))
	}
	code := strings.Builder{}
	code.WriteString(aroundPage)
	for _, block := range blocks {
		code.WriteString("\n" + block[1])
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "automation.md.go", code.String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", exportData), Error: func(err error) { t.Error(err) }}
	conf.Check("page", fset, []*ast.File{file}, nil) // each error went to conf.Error
}
