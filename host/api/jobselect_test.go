package api_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// jobsWhere are the names of the jobs that a selector selects, and of how many the metadata is hidden.
func (f *fixture) jobsWhere(where string) (names []string, hidden uint32) {
	f.t.Helper()
	res, err := f.jobs.ListJobs(f.t.Context(), &hostv1.ListJobsRequest{Where: where})
	if err != nil {
		f.t.Fatalf("%q: %v", where, err)
	}
	for _, j := range res.GetJobs() {
		names = append(names, j.GetName().GetLocation()+"/"+j.GetName().GetJob())
	}
	if int(res.GetTotal()) != len(names) {
		f.t.Errorf("%q: %d jobs of %d", where, len(names), res.GetTotal())
	}
	return names, res.GetMetadataHidden()
}

func TestJobsByASelector(t *testing.T) {
	old := hosttest.Start(t, hosttest.Older("dev"))
	f, _ := withPeer(t, settings{idle: true, locations: []host.LocationConfig{{Name: "old", Address: old.Address()}}}, hosttest.Current())
	f.awaitLocation("old", hostv1.LocationState_LOCATION_STATE_READY)
	f.launch(&hostv1.LaunchRunRequest{Job: "code/tutorial/plain"})
	for _, c := range []struct {
		where  string
		want   []string
		hidden uint32
	}{
		{"location=code", []string{"code/my_job_with_metadata", "code/my_job_with_tags", "code/nested", "code/plain"}, 0},
		{"team=etl and location=old", []string{"old/my_job_with_tags"}, 0},
		{"job=plain", []string{"code/plain", "old/plain"}, 0},
		{"job=~code/tutorial/my_*", []string{"code/my_job_with_metadata", "code/my_job_with_tags"}, 0},
		{"repository=tutorial and version=abc123 and foo and location=code", []string{"code/my_job_with_tags"}, 0},
		{"status=queued", []string{"code/plain"}, 0},
		{"not status and job=plain", []string{"old/plain"}, 0},
		// Metadata that the version gate refuses is none, and the answer says of how many jobs that is so.
		{`meta:owner="data team"`, []string{"code/my_job_with_metadata"}, 4},
		{"meta:int", []string{"code/nested"}, 4},
		{"job=my_job_with_metadata and not meta:owner", []string{"old/my_job_with_metadata"}, 4},
	} {
		names, hidden := f.jobsWhere(c.where)
		if !slices.Equal(names, c.want) || hidden != c.hidden {
			t.Errorf("%q: %v, metadata of %d hidden, want %v, %d", c.where, names, hidden, c.want, c.hidden)
		}
	}
	for where, want := range map[string]string{
		"started>-2h": "a job has no started; the tag is written tag:started",
		"status=fine": `"fine" is not a status: there are queued, waiting_for_code, starting, started, canceling, success, failure, canceled`,
		"jobb=plain":  `no job has a tag "jobb"; perhaps the field job is meant; a tag of this key is written tag:jobb`,
	} {
		_, err := f.jobs.ListJobs(t.Context(), &hostv1.ListJobsRequest{Where: where})
		if _, d := detail(t, err); d.GetReason() != "SELECTOR" || d.GetProblems()[0].GetMessage() != want {
			t.Errorf("%q: %v, want %s", where, err, want)
		}
	}
}

// What is remembered of last runs changes with them.
func TestJobsByTheirLastRun(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	// What is remembered is told of changes as watches are, a moment after the call that made them: so a search is repeated.
	eventually := func(where string, want ...string) {
		t.Helper()
		ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
		defer done()
		for names, _ := f.jobsWhere(where); !slices.Equal(names, want); names, _ = f.jobsWhere(where) {
			if ctx.Err() != nil {
				t.Fatalf("%q selects %v, want %v", where, names, want)
			}
		}
	}
	eventually("status")
	first := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	eventually("status=queued", "code/plain")
	second := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: second.GetId()}); err != nil {
		t.Fatal(err)
	}
	eventually("status=canceled", "code/plain")
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: first.GetId()}); err != nil {
		t.Fatal(err)
	}
	eventually("status=canceled", "code/plain") // whatever becomes of an older one
	third := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	eventually("status=queued", "code/plain")
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: third.GetId()}); err != nil {
		t.Fatal(err)
	}
	for _, run := range []*hostv1.Run{third, second, first} {
		eventually("status!=queued and status", "code/plain")
		if _, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId()}); err != nil {
			t.Fatal(err)
		}
	}
	eventually("status")
}
