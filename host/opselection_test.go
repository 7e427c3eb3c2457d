package host_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// diamond is a → (b, c) → d, then graph g with inner.x → inner.y fed by d, and
// e which only waits for g.
func diamond() *host.JobDefinition {
	wire := func(input, node string) host.Wire {
		return host.Wire{Input: input, FromNode: node, FromPort: "result"}
	}
	return &host.JobDefinition{Name: "j", Graph: host.Graph{Name: "j", Nodes: []host.Node{
		{Name: "a", Op: "a"},
		{Name: "b", Op: "b", Wires: []host.Wire{wire("in", "a")}},
		{Name: "c", Op: "c", Wires: []host.Wire{wire("in", "a")}},
		{Name: "d", Op: "d", Wires: []host.Wire{wire("left", "b"), wire("right", "c")}},
		{
			Name:    "g",
			Wires:   []host.Wire{wire("p", "d")},
			Outputs: []host.GraphOutput{{Port: "result", FromNode: "y", FromPort: "result"}},
			Graph: &host.Graph{Name: "g", Nodes: []host.Node{
				{Name: "x", Op: "x", Wires: []host.Wire{{Input: "in", FromPort: "p"}}},
				{Name: "y", Op: "y", Wires: []host.Wire{wire("in", "x")}},
			}},
		},
		{Name: "f", Op: "f", Wires: []host.Wire{wire("in", "g")}},
		{Name: "e", Op: "e", After: []string{"g"}},
	}}}
}

func TestSelect(t *testing.T) {
	ops := diamond().Ops()
	for _, c := range []struct{ expr, want string }{
		{"", "a b c d e f g.x g.y"},
		{" * ", "a b c d e f g.x g.y"},
		{"a", "a"},
		{"*b", "a b"},
		{"*d", "a b c d"},
		{"++d", "a b c d"},
		{"a+", "a b c"},
		{"a++", "a b c d"},
		{"a*", "a b c d e f g.x g.y"},
		{"+b , +c", "a b c"},
		{"*g", "a b c d g.x g.y"},
		{"*g.x", "a b c d g.x"},
		{"e", "e"},
		{"*f", "a b c d f g.x g.y"},
		{"+g.y,*d", "a b c d g.x g.y"},
		{"+e", ""},
	} {
		got, err := ops.Select(c.expr)
		if c.want == "" {
			if err == nil {
				t.Errorf("Select(%q) = %v, want an error", c.expr, got)
			}
			continue
		}
		if err != nil {
			t.Errorf("Select(%q): %v", c.expr, err)
			continue
		}
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("Select(%q) = %v, want %v", c.expr, got, want)
		}
	}
}

func TestSelectErrors(t *testing.T) {
	ops := diamond().Ops()
	for _, c := range []struct {
		expr    string
		column  int
		message string
	}{
		{"nope", 1, `"nope" matches no op`},
		{"a,  x", 5, `did you mean "g.x"?`},
		{"*+a", 1, "mixes + and *"},
		{"a,,b", 3, "names no op"},
		{"é,a", 1, "matches no op"},
		{"d", 0, `input "left" of op d comes from b`},
		{"g", 0, `input "in" of op g.x comes from d`},
		{"f", 0, `comes from g.y`},
		{strings.Repeat("a", 20<<10), 0, "at most"},
	} {
		_, err := ops.Select(c.expr)
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.Invalid || len(e.Problems) == 0 {
			t.Errorf("Select(%.40q) = %v, want Invalid with problems", c.expr, err)
			continue
		}
		if p := e.Problems[0]; p.Column != c.column || !strings.Contains(p.Message, c.message) {
			t.Errorf("Select(%.40q): problem %+v, want column %d and %q", c.expr, p, c.column, c.message)
		}
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"", "*", "*a", "a++", "+g.y,*d", "a,,b", "é*"} {
		f.Add(s)
	}
	ops := diamond().Ops()
	f.Fuzz(func(t *testing.T, expr string) {
		paths, err := ops.Select(expr)
		if err == nil && len(paths) == 0 {
			t.Errorf("Select(%q) selects nothing and is no error", expr)
		}
		for _, p := range paths {
			if !slices.Contains(ops.Paths, p) {
				t.Errorf("Select(%q) has %q, which is no op", expr, p)
			}
		}
	})
}
