package queue_test

import (
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
)

// A request stands for the job that it was for, whatever its run was re-pointed to since.
func TestRepeatedRequestOfARepointedRun(t *testing.T) {
	f := newFixture(t, 0).start()
	r := launch.Request{RequestID: "0123456789abcdef", Job: "plain"}
	run, err := f.queue.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	other := host.JobName{Location: run.Job.Location, Repository: run.Job.Repository, Job: "nested"}
	if _, err := f.store.UpdateRun(t.Context(), run.ID, func(h *host.Run) ([][]byte, error) {
		h.Job = other
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	if again, err := f.queue.Submit(t.Context(), r); err != nil || again.ID != run.ID || again.Job != other {
		t.Errorf("the request again = run %s of %s, %v; want run %s of %s", again.ID, again.Job, err, run.ID, other)
	}
	r.Job = "nested"
	if _, err := f.queue.Submit(t.Context(), r); host.CodeOf(err) != host.Conflict {
		t.Errorf("the request id for the new job = %v, want Conflict", err)
	}
}

// A request id that comes again for something else is refused, however close the two come.
func TestRequestOfAnotherLaunch(t *testing.T) {
	f := newFixture(t, 0).start()
	var parents []host.RunID
	for range 2 {
		run := f.submitJob("plain")
		if _, err := f.queue.Cancel(t.Context(), host.Request{}, run.ID, "", 0, false); err != nil {
			t.Fatal(err)
		}
		parents = append(parents, run.ID)
	}
	again := func(parent host.RunID) launch.Request {
		return launch.Request{Job: "plain", Reexecution: &launch.Reexecution{Parent: parent, Strategy: reexecution.All, KeepConfig: true}}
	}
	for name, asked := range map[string][2]launch.Request{
		"Job":     {{Job: "plain"}, {Job: "nested"}},
		"Config":  {{Job: "plain"}, {Job: "plain", ConfigYAML: "{}"}},
		"Parent":  {again(parents[0]), again(parents[1])},
		"AChild":  {again(parents[0]), {Job: "plain"}},
		"NoChild": {{Job: "plain"}, again(parents[0])},
	} {
		t.Run(name, func(t *testing.T) {
			for try, together := range []bool{false, true, true, true, true} {
				made := [2]host.Run{}
				errs := [2]error{}
				var wg sync.WaitGroup
				for i, r := range asked {
					r.RequestID = "request-" + name + "-0123456789" + string(rune('a'+try))
					submit := func() { made[i], errs[i] = f.queue.Submit(t.Context(), r) }
					if together {
						wg.Go(submit)
					} else {
						submit()
					}
				}
				wg.Wait()
				refused := 0
				for i, err := range errs {
					switch {
					case host.ReasonOf(err) == host.ReasonRequestUsed:
						refused++
					case err != nil || made[i].ID == "":
						t.Errorf("together=%t: launch %d = %q, %v", together, i, made[i].ID, err)
					}
				}
				if refused != 1 {
					t.Errorf("together=%t: %d of two launches with one request id were refused, want one; the errors are %v", together, refused, errs)
				}
			}
		})
	}
}
