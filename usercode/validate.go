package usercode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	encoding "github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/output"
)

// Validate runs all bodies and answers everything that is wrong with the definitions, as [Problems]. Definitions that
// are sound one by one but too many or too large together are another error. [Serve] and [Main] do the same before
// they serve. It may be called any number of times and from any goroutine; bodies run once.
func Validate(repos ...*Repository) error {
	plain, err := compile(repos)
	if err != nil {
		return err
	}
	_, err = encoding.Encode(plain) // the limits of all together
	return err
}

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Repository string // its name; empty for a job that was checked alone
	Job        string // empty when it concerns the repository
	Origin     string // the author's line, "file:line"
	Message    string // what is wrong and what to do
}

// Error is one line, except that what an author's own panic said may have several.
func (p Problem) Error() string {
	what := fmt.Sprintf("repository %q", p.Repository)
	switch {
	case p.Job != "" && p.Repository != "":
		what = fmt.Sprintf("job %q of %s", p.Job, what)
	case p.Job == "" && p.Repository == "":
		return fmt.Sprintf("%s (%s)", p.Message, p.Origin)
	case p.Repository == "":
		what = fmt.Sprintf("job %q", p.Job)
	}
	return fmt.Sprintf("%s: %s (%s)", what, p.Message, p.Origin)
}

// Problems is everything that is wrong; never empty when it is an error.
type Problems []Problem

// Error has a line for each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each Problem to errors.Is and errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// fault is a Problem before it is known whose.
type fault struct{ origin, message string }

func compile(repos []*Repository) ([]*spec.Repository, error) {
	if len(repos) == 0 {
		return nil, errors.New("there is no repository; make one with usercode.NewRepository")
	}
	at := authorLine()
	var problems Problems
	first := map[string]*Repository{}
	plain := make([]*spec.Repository, 0, len(repos))
	for i, r := range repos {
		if r == nil {
			problems = append(problems, Problem{Origin: at, Message: fmt.Sprintf("repository %d is nil", i+1)})
			continue
		}
		if twin := first[r.name]; twin != nil {
			problems = append(problems, Problem{Repository: r.name, Origin: r.origin, Message: fmt.Sprintf("there is another repository of this name, made at %s; rename one", twin.origin)})
		}
		first[r.name] = r
		compiled, wrong := r.compile()
		problems = append(problems, wrong...)
		plain = append(plain, compiled)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if err := output.Err(); err != nil {
		return nil, err
	}
	return plain, nil
}
