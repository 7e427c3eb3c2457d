package launch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
)

// withPolicy is a planner of one location, "etl", that is configured like this.
func withPolicy(t *testing.T, p *hosttest.Peer, c host.LocationConfig) (*Planner, *workspace.Workspace) {
	t.Helper()
	w := openReady(t, p)
	c.Name, c.Address = "etl", p.Address()
	if err := w.Configure([]host.LocationConfig{c}); err != nil {
		t.Fatal(err)
	}
	awaitState(t, w, host.LocationReady)
	return NewPlanner(w, noRuns{}, noPartitions), w
}

func TestLaunchAtALocationThatDoesNotAnswer(t *testing.T) {
	request := Request{Job: "nested", ConfigYAML: "n: 7"}
	t.Run("Waits", func(t *testing.T) {
		peer := hosttest.Start(t, hosttest.Current())
		p, w := withPolicy(t, peer, host.LocationConfig{WaitForCode: 24 * time.Hour})
		peer.Stop()
		awaitState(t, w, host.LocationStale)
		plan, err := p.Plan(t.Context(), request)
		if err != nil || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "will wait") || !strings.Contains(plan.Notes[0], "waited for 24h fails") {
			t.Errorf("notes %q, %v", plan.Notes, err)
		}
		if d := p.WaitForCode("etl"); d != 24*time.Hour {
			t.Errorf("runs wait for %s", d)
		}
	})
	t.Run("ErrRefused", func(t *testing.T) {
		peer := hosttest.Start(t, hosttest.Current())
		p, w := withPolicy(t, peer, host.LocationConfig{RefuseStaleLaunches: true})
		if _, err := p.Plan(t.Context(), request); err != nil {
			t.Fatalf("while it answers: %v", err)
		}
		peer.Stop()
		awaitState(t, w, host.LocationStale)
		bad := request
		bad.ConfigYAML = "m: 1"
		_, err := p.Plan(t.Context(), bad)
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.Unavailable || e.Reason != ReasonStale || e.Remedy == "" ||
			!strings.Contains(e.Message, "has not given a usable answer") || len(e.Problems) == 0 || e.Problems[0].Field != "config" {
			t.Errorf("got %+v", e)
		}
		plan, err := p.Preview(t.Context(), request)
		if err != nil || len(plan.Problems) != 1 || plan.Problems[0].Field != "job" || len(plan.Notes) != 0 {
			t.Errorf("the preview says %+v, notes %q, %v", plan.Problems, plan.Notes, err)
		}
		if _, err := p.Target("nested"); host.ReasonOf(err) != ReasonStale {
			t.Errorf("to re-point to it answers %v", err)
		}
	})
	draining := hosttest.Current()
	draining.Draining = true
	t.Run("Drains", func(t *testing.T) {
		p, w := withPolicy(t, hosttest.Start(t, draining), host.LocationConfig{})
		awaitDraining(t, w)
		plan, err := p.Plan(t.Context(), request)
		if err != nil || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "drains") {
			t.Errorf("notes %q, %v", plan.Notes, err)
		}
		if why := p.Hold("etl"); !strings.Contains(why, "drains") {
			t.Errorf("runs are held because of %q", why)
		}
	})
	t.Run("ErrDrains", func(t *testing.T) {
		p, w := withPolicy(t, hosttest.Start(t, draining), host.LocationConfig{RefuseStaleLaunches: true})
		awaitDraining(t, w)
		if _, err := p.Plan(t.Context(), request); host.CodeOf(err) != host.Unavailable || host.ReasonOf(err) != ReasonDraining {
			t.Errorf("got %v", err)
		}
	})
}

// awaitDraining waits until the location is known to drain, which is a moment after it is known to answer.
func awaitDraining(t *testing.T, w *workspace.Workspace) {
	t.Helper()
	await(t, w, "draining", func() bool {
		l, err := w.Location("etl")
		return err == nil && l.Draining
	})
}

func TestUnready(t *testing.T) {
	fault := &host.LocationFault{Message: "Nothing listens."}
	answered := time.Unix(1, 0)
	for want, l := range map[string]workspace.Location{
		"code location x has not answered yet":                                                    {Name: "x"},
		"code location x does not answer: Nothing listens.":                                       {Name: "x", Fault: fault},
		"code location x has not given a usable answer for 3m12s: Nothing listens.":               {Name: "x", Fault: fault, AnsweredAt: answered, Age: 192 * time.Second},
		"code location x has not answered yet since this host started; its last answer is 2h old": {Name: "x", AnsweredAt: answered, Age: 2*time.Hour + time.Second},
		"every server of code location x drains":                                                  {Name: "x", Draining: true, AnsweredAt: answered},
	} {
		if got := unready(l); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSpanText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 70 * time.Second: "1m10s",
		20*time.Hour + 10*time.Minute: "20h10m", time.Hour + time.Second: "1h0m1s", 0: "0s", 1500 * time.Millisecond: "1.5s",
	} {
		if got := host.SpanText(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func TestTarget(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, hosttest.Current())), noRuns{}, noPartitions)
	run := planned(t, p, Request{Job: "nested", ConfigYAML: "n: 7"})
	target, err := p.Target("tutorial/nested")
	if err != nil || target.Job.String() != "etl/tutorial/nested" {
		t.Fatalf("got %+v, %v", target, err)
	}
	if err := target.Check(t.Context(), run); err != nil {
		t.Error(err)
	}
	if target, err = p.Target("plain"); err != nil {
		t.Fatal(err)
	}
	run.OpSelection = "inner.a"
	var e *host.Error
	if err := target.Check(t.Context(), run); !errors.As(err, &e) || e.Reason != ReasonMisfit || len(e.Problems) != 2 {
		t.Errorf("got %v, want what is wrong with config and op selection", err)
	}
	for name, want := range map[string]host.Code{"": host.Invalid, "nothing": host.NotFound} {
		if _, err := p.Target(name); host.CodeOf(err) != want {
			t.Errorf("%q: got %v", name, err)
		}
	}
}
