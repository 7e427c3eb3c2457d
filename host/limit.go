package host

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// MaxLimits is how many limits a host may have beside that of all runs.
const MaxLimits = 100

// Limit is how many runs may be in progress at a time, of those that it counts.
type Limit struct {
	// Name is what people know it by; each limit of a host has its own.
	Name string
	// Where selects the runs that it counts; nil for all. It looks only at what NewLimit allows.
	Where *selector.Expr
	// Each is the key of a tag: the limit then counts runs that have it, and those of each value apart. Empty: all
	// together.
	Each string
	// AtMost is how many may be in progress; 0 lets none start.
	AtMost int
}

// limitFields are those that the selector of a limit may look at: what a run is about, and not how it stands.
var limitFields = []string{FieldJob, FieldLocation, FieldRepository, FieldPartition}

// NewLimit makes a limit of what people write: a name, which may be empty, the text of a selector, a key of tags, and a
// number. Each problem has the field "name", "where", "each" or "at_most"; where, a column in that text.
func NewLimit(name, where, each string, atMost int) (l Limit, problems []Problem) {
	l = Limit{Name: cmp.Or(name, where), Each: each, AtMost: atMost}
	if name == "" && each != "" {
		l.Name = "each " + each
		if where != "" {
			l.Name += " of " + where
		}
	}
	if where == "" && each == "" {
		problems = append(problems, Problem{Field: "where", Message: "it is not said which runs are counted; give a selector in where, the key of a tag in each, or both. queue.max_in_progress counts all"})
	}
	var err error
	if l.Where, err = selector.Parse(where, RunSchema(), nil); err != nil {
		problems = append(problems, ProblemsOf(SelectorError("where", err))...)
	} else {
		problems = append(problems, uncountable(l.Where)...)
	}
	if each != "" {
		if err := tag.CheckKey(each); err != nil {
			problems = append(problems, Problem{Field: "each", Message: err.Error()})
		} else if !ListsValues(each) {
			problems = append(problems, Problem{Field: "each", Message: fmt.Sprintf("runs are not told apart by the values of %s", each)})
		}
	}
	if atMost < 0 {
		problems = append(problems, Problem{Field: "at_most", Message: fmt.Sprintf("%d runs cannot be in progress; 0 lets none start, and for no limit leave it out", atMost)})
	}
	return l, problems
}

// uncountable are the conditions that a limit cannot have: a run would come and go from it while it runs.
func uncountable(where *selector.Expr) (problems []Problem) {
	if where == nil {
		return nil
	}
	said := map[string]bool{}
	for term := range where.Terms() {
		what := selector.SubjectText(term.On, term.Name)
		if term.On == selector.Tag || term.On == selector.Field && slices.Contains(limitFields, term.Name) || said[what] {
			continue
		}
		said[what] = true
		problems = append(problems, Problem{Field: "where", Message: fmt.Sprintf("a limit cannot go by %s; it counts runs by their tags, job, location, repository and partition", what)})
	}
	return problems
}
