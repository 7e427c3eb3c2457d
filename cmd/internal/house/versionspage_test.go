package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

// versionsPage explains every code that people meet.
const versionsPage = "docs/versions.md"

// TestEveryCodeIsExplained keeps the links alive that refusals carry, also those of hosts that were deployed long ago.
func TestEveryCodeIsExplained(t *testing.T) {
	anchors := anchorsOf(string(read(t, versionsPage)))
	codes := slices.Concat(
		codesIn(t, "versioncheck/reason.go", "Code"),
		codesIn(t, "host/workspace/fault.go", "Fault"),
	)
	if len(codes) < 20 {
		t.Fatalf("found only the codes %q, so most would not be checked", codes)
	}
	for _, code := range codes {
		page, anchor, _ := strings.Cut(versioncheck.Code(code).DocsPath(), "#")
		if page != versionsPage || !slices.Contains(anchors, anchor) {
			t.Errorf("the code %s is explained at %s#%s, and there is no such heading: write one", code, page, anchor)
		}
	}
}

// codesIn are the texts of the file's constants whose names start with prefix.
func codesIn(t *testing.T, file, prefix string) (codes []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(moduleRoot(), filepath.FromSlash(file)), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return true
		}
		// A code of another package is found there.
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			code, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		return true
	})
	return codes
}

func TestCapabilityTableIsCurrent(t *testing.T) {
	var want strings.Builder
	want.WriteString("| Capability | Server needs | Without known bugs | Host needs | Kind | What it is |\n|---|---|---|---|---|---|\n")
	for _, r := range versioncheck.Requirements() {
		kind := "gated"
		if r.Baseline {
			kind = "baseline"
		}
		fixed := r.FixedProtocol
		if fixed == "" {
			fixed = r.MinProtocol
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s | %s | %s |\n", r.Name, r.MinProtocol, fixed, r.MinHostProtocol, kind, r.Description)
	}
	_, rest, begins := strings.Cut(string(read(t, versionsPage)), "<!-- capabilities: begin -->\n")
	got, _, ends := strings.Cut(rest, "<!-- capabilities: end -->")
	if !begins || !ends || got != want.String() {
		t.Errorf("%s has another table of capabilities than the code; it should be between the marks:\n%s", versionsPage, want.String())
	}
}

// TestProtocolIsNamed finds pages that speak of this tree's protocol by another number.
func TestProtocolIsNamed(t *testing.T) {
	for _, name := range files(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		eachLineOfProse(string(read(t, name)), func(number int, line string) {
			_, after, found := strings.Cut(line, "source tree speaks protocol ")
			if found && !strings.HasPrefix(after, versioncheck.Protocol+".") {
				t.Errorf("%s:%d: this source tree speaks protocol %s: %s", name, number, versioncheck.Protocol, line)
			}
		})
	}
}
