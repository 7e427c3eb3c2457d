package host_test

import (
	"errors"
	"fmt"
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
		{`name:"a" or +c`, "a c"},
		{"2+d", "a b c d"},
		{"a+1", "a b c"},
		{"a+7", "a b c d e f g.x g.y"},
		{"(a or b)+", "a b c d"},
		{"*d and not d", "a b c"},
		{"*(b, c) and not c", "a b"},
		{"a* and *d", "a b c d"},
		{"not (d* or e)", "a b c"},
		{"not d+ and *d", "a b c"},
		{"roots()", "a"},
		{"roots(*d)", "a"},
		{"*roots(d*)", "a b c d"},
		{"*sinks(*d)", "a b c d"},
		{"roots(g, *d)", "a"},
		{"*sinks(g)", "a b c d g.x g.y"},
		{`name:"g.*" or *d`, "a b c d g.x g.y"},
		{`name:"*y",*g.x`, "a b c d g.x g.y"},
		{`name:"*"`, "a b c d e f g.x g.y"},
		{`*name:"*.*x*"`, "a b c d g.x"},
		{`name:"g*",*d`, "a b c d g.x g.y"},
		{"not sinks()", "a b c d g.x g.y"},
		{"d and not b", ""},
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
		{"a,,b", 3, "expected an op"},
		{"é,a", 1, "matches no op"},
		{"a and b", 1, `"a and b" selects no op`},
		{"a, not * ", 4, `"not *" selects no op`},
		{"a or (b and nobody)", 13, `"nobody" matches no op; the job has a, b, c, d, e, f, g.x, g.y`},
		{`*d and name:"z*"`, 13, `the pattern "z*" matches no op; the job has`},
		{`a, name:"G.X"`, 9, `did you mean "g.x"?`},
		{"a ab", 3, `expected and, or`},
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

// TestSelectTellsAllAtOnce has what cannot be read and what matches nothing, in the order of the text.
func TestSelectTellsAllAtOnce(t *testing.T) {
	_, err := diamond().Ops().Select("a or zz, b c,\n (yy)+ and a, +, *")
	var e *host.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var places [][2]int
	for _, p := range e.Problems {
		places = append(places, [2]int{p.Line, p.Column})
	}
	if want := [][2]int{{1, 6}, {1, 12}, {2, 3}, {2, 16}}; !slices.Equal(places, want) {
		t.Errorf("places %v, want %v: %v", places, want, err)
	}
}

func TestSelectSuggests(t *testing.T) {
	d := &host.JobDefinition{Name: "j", Graph: host.Graph{Name: "j", Nodes: []host.Node{
		{Name: "open_repository", Op: "o"},
		{Name: "sizes", Graph: &host.Graph{Name: "sizes", Nodes: []host.Node{{Name: "list_files", Op: "o"}}}},
	}}}
	ops := d.Ops()
	for _, c := range []struct{ name, want string }{
		{"open_repositroy", "open_repository"},
		{"open_repo", `name:"open_repo*"`},
		{"open_*", `name:"open_*"`},
		{"OPEN_REPOSITORY", "open_repository"},
		{"opn_repository", "open_repository"},
		{"list_files", "sizes.list_files"},
		{"List_Files", "sizes.list_files"},
		{"lits_files", "sizes.list_files"},
		{"size", "sizes"},
		{"sizes.list", `name:"sizes.list*"`},
		{"sizes.lost", ""},
		{"s", ""},
		{strings.Repeat("é", 5000), ""},
	} {
		_, err := ops.Select(c.name)
		want := "; the job has open_repository, sizes.list_files"
		if strings.HasPrefix(c.want, "name:") {
			want = "; all that begins so is " + c.want
		} else if c.want != "" {
			want = fmt.Sprintf("; did you mean %q?", c.want)
		}
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("Select(%.40q): %v, want it to end in %q", c.name, err, want)
		}
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"", "*", "*a", "a++", "+g.y,*d", "a,,b", "é*", `2+name:"g*" and not (f, e)`, "roots(sinks(*d))*"} {
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
