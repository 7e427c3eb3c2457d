package queue_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
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
