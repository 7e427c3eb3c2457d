package diagnose_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// TestOutputsThatNobodyRemoves has deleted runs of a location that there is, and of one that is gone.
func TestOutputsThatNobodyRemoves(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	f := newFixture(t, 1, host.LocationConfig{Name: "etl", Address: peer.Address()})
	for _, location := range []string{"etl", "gone"} {
		id := host.RunID(uuid.Must(uuid.NewV7()).String())
		_, _, err := f.store.CreateRun(t.Context(), host.NewRun{RequestID: "request-" + string(id), Run: host.Run{
			ID: id, Job: host.JobName{Location: location, Repository: "r", Job: "j"}, Status: host.WaitingForCode,
		}})
		f.must(err)
		_, err = f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
			r.Status, r.Attempt = host.Canceled, 1
			return nil, nil
		})
		f.must(err)
		f.must(f.store.DeleteRun(t.Context(), id))
	}
	f.want("store", "WARNING outputs of deleted runs of code location gone are not removed", "OK 2 runs ever")
}
