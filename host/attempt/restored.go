package attempt

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// restoredMargin is how many attempts are passed over beside one for each second since the backup, for clocks that differ.
const restoredMargin = 3600

// Restored changes a run that was not final when a backup of its store was taken, as it is restored from that backup: what
// the host did between is not known. It returns the events that tell so.
//
// A run that may never have been started goes on in the queue, and one that was has failed. Either way the workers of then,
// and those that were started since, are denied what they ask for: the next attempt gets a number that none of them had,
// since the host starts less than one attempt of a run each second, and so no user-code server takes it for one of before.
func Restored(run *host.Run, takenAt, now time.Time) (events [][]byte, err error) {
	from := fmt.Sprintf("the store was restored from a backup of %s", takenAt.UTC().Format("2006-01-02 15:04:05 MST"))
	switch run.Status {
	case host.Queued, host.WaitingForCode, host.Starting:
		since := max(now.Sub(takenAt), 0)
		run.Attempt += restoredMargin + uint32(since/time.Second)
		run.Current, run.StartTimeouts = host.AttemptState{}, 0
		why := from + "; the run is queued again, and may have run since the backup"
		if run.Status == host.Queued {
			run.Explain(why)
		} else if err := run.Become(host.Queued, why, now); err != nil {
			return nil, err
		}
		return [][]byte{launch.Note(launch.NoteRestored, why, now)}, nil
	default:
		why := from + ", in which the run had been started; what became of it since is not known"
		if err := run.Fail(host.FailureRestored, why, now); err != nil {
			return nil, err
		}
		return [][]byte{launch.Note(launch.NoteFailed, why, now)}, nil
	}
}
