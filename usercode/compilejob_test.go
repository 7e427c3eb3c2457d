package usercode

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCompileJob(t *testing.T) {
	built := map[string]bool{}
	op := NewOp("one", func(context.Context) (int, error) { return 1, nil })
	simple := func(name string) *Job {
		return NewJob(name, func(g *Graph) { built[name] = true; op(g) })
	}
	broken := NewJob("broken", func(g *Graph) { op(g); op(g) })
	repos := []*Repository{nil, NewRepository("other", simple("wanted")), NewRepository("r", simple("first"), simple("wanted"), broken, nil)}
	job, err := compileJob(repos, "r", "wanted")
	if err != nil || job.Name != "wanted" || !built["wanted"] || built["first"] {
		t.Errorf("got %+v, %v; built were %v", job, err, built)
	}
	if _, err := compileJob(repos, "r", "gone"); err == nil || !strings.Contains(err.Error(), "no job r/gone") {
		t.Errorf("a job that is not there: %v", err)
	}
	_, err = compileJob(repos, "r", "broken")
	if problems, ok := errors.AsType[Problems](err); !ok || problems[0].Repository != "r" || problems[0].Job != "broken" {
		t.Errorf("a job that is wrong: %v", err)
	}
}
