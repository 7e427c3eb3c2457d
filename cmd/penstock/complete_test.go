package main

import (
	"net/http"
	"strings"
	"testing"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestCompletion(t *testing.T) {
	job := func(location, name string) *hostv1.JobSummary {
		return &hostv1.JobSummary{Name: &hostv1.JobName{Location: location, Repository: "r", Job: name}, Summary: "About " + name}
	}
	host := &fakeHost{
		listJobs: func(*hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
			return &hostv1.ListJobsResponse{Jobs: []*hostv1.JobSummary{job("a", "report"), job("b", "report"), job("b", "sync")}, Total: 3}, nil
		},
		listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{sampleRun(hostv1.RunStatus_RUN_STATUS_STARTED)}}, nil
		},
		locations: func() ([]*hostv1.Location, error) { return []*hostv1.Location{sampleLocation()}, nil },
	}
	t.Setenv("PENSTOCK_HOST", host.serve(t, nil))
	for _, c := range []struct{ line, want string }{
		{"job show ", "a/r/report\tAbout report\nb/r/report\tAbout report\nsync\tAbout sync\nr/sync\tAbout sync\nb/r/sync\tAbout sync\n:4"},
		{"launch s", "sync\tAbout sync\n:4"},
		{"run list --job r/s", "r/sync\tAbout sync\n:4"},
		{"run list --status ", "QUEUED\nWAITING_FOR_CODE\n"},
		{"run cancel ", runID + "\tSTARTED etl/tutorial/report\n:4"},
		{"location reload e", "etl\tREADY\n:4"},
		{"job show sync ", ":4"},
	} {
		r := penstock(t, "", append([]string{"__complete"}, strings.Split(c.line, " ")...)...)
		if !strings.HasPrefix(r.out, c.want) {
			t.Errorf("%q completes to\n%s\nwant\n%s", c.line, r.out, c.want)
		}
	}
}

func TestCompletionWithoutHost(t *testing.T) {
	t.Setenv("PENSTOCK_HOST", (&fakeHost{}).serve(t, func(http.Handler) http.Handler { return http.NotFoundHandler() }))
	for _, line := range []string{"job show ", "run logs ", "location show "} {
		r := penstock(t, "", append([]string{"__complete"}, strings.Split(line, " ")...)...)
		if !strings.HasPrefix(r.out, ":4\n") {
			t.Errorf("%q completes to %q", line, r.out)
		}
	}
}
