package house

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// limitRow is a row of docs/limits.md: what, number, constant.
var limitRow = regexp.MustCompile("^\\| .* \\| ([0-9,]+)(?: ([A-Za-z]+))? \\| `([a-z/]+)\\.([A-Za-z]+)` \\|$")

// TestLimitsAreTrue compares each number on the page with the constant that it names.
func TestLimitsAreTrue(t *testing.T) {
	packages := map[string]constants{}
	rows := 0
	for i, line := range strings.Split(string(read(t, "docs/limits.md")), "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| What |") {
			continue
		}
		row := limitRow.FindStringSubmatch(line)
		if row == nil {
			t.Errorf("docs/limits.md:%d: the row is not | what | number unit | `folder.constant` |: %s", i+1, line)
			continue
		}
		rows++
		if packages[row[3]] == nil {
			packages[row[3]] = constantsOf(t, row[3])
		}
		got, err := packages[row[3]].value(row[4])
		if err != nil {
			t.Errorf("docs/limits.md:%d: %s.%s: %v", i+1, row[3], row[4], err)
		} else if want := amount(t, row[1], row[2]); got != want {
			t.Errorf("docs/limits.md:%d: %s %s, but %s.%s is %d", i+1, row[1], row[2], row[3], row[4], got)
		}
	}
	if rows == 0 {
		t.Error("docs/limits.md has no rows, so nothing was checked")
	}
}

// units are bytes or nanoseconds; what has none is counted.
var units = map[string]int64{
	"": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20,
	"ms": int64(time.Millisecond), "s": int64(time.Second), "min": int64(time.Minute),
}

func amount(t *testing.T, number, unit string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	if err != nil || units[unit] == 0 {
		t.Fatalf("%q %q is not an amount", number, unit)
	}
	return n * units[unit]
}

// constants are the expressions of a package's constants, by name.
type constants map[string]ast.Expr

func constantsOf(t *testing.T, folder string) constants {
	t.Helper()
	all := constants{}
	sources, err := filepath.Glob(filepath.Join(moduleRoot(), filepath.FromSlash(folder), "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("%s has no Go files (%v)", folder, err)
	}
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
				all.add(d)
			}
		}
	}
	return all
}

func (c constants) add(d *ast.GenDecl) {
	for _, s := range d.Specs {
		if s, ok := s.(*ast.ValueSpec); ok && len(s.Names) == len(s.Values) {
			for i, name := range s.Names {
				c[name.Name] = s.Values[i]
			}
		}
	}
}

func (c constants) value(name string) (int64, error) {
	expr, ok := c[name]
	if !ok {
		return 0, fmt.Errorf("there is no such constant")
	}
	v, err := c.eval(expr)
	if err != nil {
		return 0, err
	}
	n, exact := constant.Int64Val(v)
	if !exact {
		return 0, fmt.Errorf("%s is not a whole number", v)
	}
	return n, nil
}

// eval computes what such constants are made of: literals, names, units of time, and operators.
func (c constants) eval(expr ast.Expr) (constant.Value, error) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		return constant.ToInt(constant.MakeFromLiteral(e.Value, e.Kind, 0)), nil
	case *ast.Ident:
		if c[e.Name] != nil {
			return c.eval(c[e.Name])
		}
	case *ast.SelectorExpr:
		if unit, ok := map[string]time.Duration{"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}[e.Sel.Name]; ok {
			return constant.MakeInt64(int64(unit)), nil
		}
	case *ast.BinaryExpr:
		x, err := c.eval(e.X)
		if err != nil {
			return nil, err
		}
		y, err := c.eval(e.Y)
		if err != nil {
			return nil, err
		}
		if e.Op == token.SHL {
			by, _ := constant.Uint64Val(y)
			return constant.Shift(x, token.SHL, uint(by)), nil
		}
		return constant.BinaryOp(x, e.Op, y), nil
	}
	return nil, fmt.Errorf("its expression is more than this test reads")
}
