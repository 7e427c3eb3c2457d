package workspace

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

func TestFindJob(t *testing.T) {
	repositories := func(names ...string) (rs []hosttest.Repository) {
		for _, n := range names {
			rs = append(rs, hosttest.Repository{Name: n, Jobs: []hosttest.Job{{Definition: hosttest.OneOp("shared")}, {Definition: hosttest.OneOp("only_" + n)}}})
		}
		return rs
	}
	one, two := hosttest.Current(), hosttest.Current()
	one.Repositories, two.Repositories = repositories("sales", "stock"), repositories("stock.v2", "web")
	p1, p2, gone := hosttest.Start(t, one), hosttest.Start(t, two), hosttest.Start(t, hosttest.Current())
	gone.Stop()
	w := open(t, Options{Locations: []host.LocationConfig{at("alpha", p1), at("beta", p2), at("gone", gone)}})
	awaitState(t, w, "alpha", host.LocationReady)
	awaitState(t, w, "beta", host.LocationReady)
	awaitState(t, w, "gone", host.LocationUnavailable)

	for name, want := range map[string]string{
		"only_web":               "beta/web/only_web",
		"sales/shared":           "alpha/sales/shared",
		"beta/web/shared":        "beta/web/shared",
		"stock.v2/shared":        "beta/stock.v2/shared",
		"alpha/stock/shared":     "alpha/stock/shared",
		"alpha/sales/only_sales": "alpha/sales/only_sales",
	} {
		if got := find(t, w, name).Name.String(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, c := range []struct {
		name   string
		code   host.Code
		reason string
		says   []string
	}{
		{"shared", host.Invalid, "AMBIGUOUS", []string{"4 jobs", "alpha/sales/shared", "beta/web/shared"}},
		{"only_wob", host.NotFound, "JOB_NOT_FOUND", []string{"Did you mean beta/web/only_web", "gone are not known"}},
		{"ONLY_WEB", host.NotFound, "JOB_NOT_FOUND", []string{"beta/web/only_web"}},
		{"nothing_like_it", host.NotFound, "JOB_NOT_FOUND", []string{"List the jobs"}},
		{"alpha/web/shared", host.NotFound, "JOB_NOT_FOUND", []string{"shared"}},
		{"a/b/c/d", host.Invalid, "JOB_NAME", []string{"location/repository/job"}},
		{"", host.Invalid, "JOB_NAME", nil},
		{"a//b", host.Invalid, "JOB_NAME", nil},
		{"gone/x/y", host.Unavailable, FaultUnreachable, []string{"code location gone", "Start the user-code server"}},
		{strings.Repeat("x", 10_000), host.NotFound, "JOB_NOT_FOUND", nil},
	} {
		_, err := w.FindJob(c.name)
		var e *host.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Reason != c.reason {
			t.Errorf("%.40q: got %v", c.name, err)
			continue
		}
		text := e.Error() + "\n" + e.Remedy
		for _, s := range c.says {
			if !strings.Contains(text, s) {
				t.Errorf("%.40q: %q is not in %s", c.name, s, text)
			}
		}
		if len(text) > 1_000 {
			t.Errorf("%.40q: %d bytes of text", c.name, len(text))
		}
	}
	if _, err := w.FindJob("shared"); len(errorProblems(err)) != 4 {
		t.Errorf("got %v", errorProblems(err))
	}
}

func errorProblems(err error) []host.Problem {
	var e *host.Error
	_ = errors.As(err, &e)
	return e.Problems
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3}, {"abc", "xyz", 3}, {"a", "abcdefgh", 4}} {
		if got := distance(c.a, c.b, 3); got != c.want {
			t.Errorf("%s to %s: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestJob(t *testing.T) {
	p, gone := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	gone.Stop()
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p), at("gone", gone)}})
	awaitState(t, w, "etl", host.LocationReady)
	awaitState(t, w, "gone", host.LocationUnavailable)
	want := find(t, w, "plain")
	if got, err := w.Job(want.Name); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for _, c := range []struct {
		name host.JobName
		want host.Code
	}{
		{host.JobName{Location: "etl", Repository: want.Name.Repository, Job: "plai"}, host.NotFound},
		{host.JobName{Location: "etl", Repository: "other", Job: want.Name.Job}, host.NotFound},
		{host.JobName{Repository: want.Name.Repository, Job: want.Name.Job}, host.NotFound},
		{host.JobName{Location: "gone", Repository: want.Name.Repository, Job: want.Name.Job}, host.Unavailable},
	} {
		if _, err := w.Job(c.name); host.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
