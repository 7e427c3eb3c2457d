package schedule_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// parted is a schedule of a partitioned job.
func parted(crons ...string) *usercodev1.ScheduleDefinition {
	d := fixed(crons...)
	d.Makes = &usercodev1.ScheduleDefinition_Partitions{Partitions: &usercodev1.PartitionRuns{}}
	return d
}

// days are those that ended between two instants.
func days(after, until time.Time, _ int) (keys []string, err error) {
	for d := after.Truncate(24 * time.Hour).Add(24 * time.Hour); !d.After(until); d = d.Add(24 * time.Hour) {
		keys = append(keys, d.Add(-24*time.Hour).Format("2006-01-02"))
	}
	return keys, nil
}

func TestPartitionsThatEnded(t *testing.T) {
	f := newFixture(t)
	f.ended = days
	var mu sync.Mutex // both are looked at together
	var requests []launch.Request
	f.refuse = func(r launch.Request) error {
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r)
		return nil
	}
	f.code.parts = func(keys []string) (runs []host.PartitionRun, err error) {
		for _, key := range keys {
			runs = append(runs, host.PartitionRun{ConfigYAML: "day: " + key})
		}
		return runs, nil
	}
	f.code.deploy(t, "daily", parted("0 3 * * *"))
	f.code.deploy(t, "twice", parted("0 3,15 * * *"))
	f.begun()
	f.pass(18 * time.Hour) // 04:00 of the 23rd
	f.want("daily", "23 03:00 SUCCESS 1")
	f.want("twice", "22 15:00 SKIPPED", "23 03:00 SUCCESS 1")
	if reason := f.ticks("twice")[0].SkipReason; reason != "no partition ended between 2026-11-22 03:00:00Z and 2026-11-22 15:00:00Z" {
		t.Errorf("the reason is %q", reason)
	}
	for _, r := range requests {
		if r.Partition != "2026-11-22" || r.PartitionRun == nil || r.PartitionRun.ConfigYAML != "day: 2026-11-22" || r.Source.RunKey != "" {
			t.Errorf("the request is %+v", r)
		}
	}
	if run := f.ticks("daily")[0].Runs[0]; run.Partition != "2026-11-22" || run.RunKey != "" {
		t.Errorf("the run is %+v", run)
	}
	// Each tick has its own partitions, also when several are made up for.
	f.code.deploy(t, "daily", missing(parted("0 3 * * *"), all, 10))
	f.round()
	f.restart(48 * time.Hour)
	f.want("daily", "23 03:00 SUCCESS 1", "24 03:00 SUCCESS late 1", "25 03:00 SUCCESS late 1")
	for i, want := range []string{"2026-11-22", "2026-11-23", "2026-11-24"} {
		if got := f.ticks("daily")[i].Runs[0].Partition; got != want {
			t.Errorf("tick %d is of partition %s, want %s", i, got, want)
		}
	}
}

func TestPartitionsThatCannotBeMade(t *testing.T) {
	for name, c := range map[string]struct {
		ended func(after, until time.Time, most int) ([]string, error)
		parts func(keys []string) ([]host.PartitionRun, error)
		want  string
	}{
		"CodeFailsForOne": {days, func([]string) ([]host.PartitionRun, error) {
			return []host.PartitionRun{{Err: "no such day"}}, nil
		}, "the code of job l/r/j failed for partition \"2026-11-22\", and none of the 1 runs was made: no such day"},
		"TooMany": {func(_, _ time.Time, most int) ([]string, error) {
			return nil, &host.Error{Code: host.Invalid, Message: fmt.Sprintf("more than %d", most)}
		}, nil, "more than 1000"},
		"JobGone": {func(_, _ time.Time, _ int) ([]string, error) {
			return nil, &host.Error{Code: host.NotFound, Reason: "JOB_NOT_FOUND", Message: "there is no job j", Remedy: "deploy it"}
		}, nil, "there is no job j\nDeploy it."},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.ended, f.code.parts = c.ended, c.parts
			f.code.deploy(t, "s", parted("0 3 * * *"))
			f.begun()
			f.pass(18 * time.Hour)
			f.want("s", "23 03:00 FAILURE")
			if text := f.ticks("s")[0].Error; !strings.Contains(text, c.want) {
				t.Errorf("the error is %q, want %q in it", text, c.want)
			}
		})
	}
}

func TestPartitionsOfALocationThatIsSilent(t *testing.T) {
	f := newFixture(t)
	f.ended = days
	f.code.parts = func([]string) ([]host.PartitionRun, error) {
		return nil, &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "location l does not answer"}
	}
	f.code.deploy(t, "s", parted("0 3 * * *"))
	f.begun()
	f.pass(18 * time.Hour)
	f.want("s")
	f.code.parts = nil
	f.pass(15 * time.Second)
	f.want("s", "23 03:00 SUCCESS late 1")
}
