package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

func TestJobShow(t *testing.T) {
	job := func(j *hostv1.Job) *fakeHost {
		return &fakeHost{job: func(string) (*hostv1.Job, error) { return j, nil }}
	}
	t.Run("OK", func(t *testing.T) {
		var asked string
		host := &fakeHost{job: func(name string) (*hostv1.Job, error) { asked = name; return sampleJob(), nil }}
		r := penstock(t, host.serve(t, nil), "job", "show", "tutorial/report")
		r.want(t, exitOK, "owner  data team\n", "")
		golden(t, "job_show.txt", r.out)
		if asked != "tutorial/report" {
			t.Errorf("asked for %q", asked)
		}
	})
	t.Run("EveryKind", func(t *testing.T) {
		j := sampleJob()
		j.Metadata.GetShown().Entries = everyKind()
		j.Metadata.Notice = "The server is newer than this host."
		url := job(j).serve(t, nil)
		golden(t, "job_show_kinds.txt", penstock(t, url, "job", "show", "report").out)
		golden(t, "job_show_kinds.json", penstock(t, url, "job", "show", "report", "--json").out)
	})
	t.Run("EmptySaysSo", func(t *testing.T) {
		j := sampleJob()
		j.Metadata = &hostv1.JobMetadataView{State: hostv1.FeatureState_FEATURE_STATE_EMPTY, Content: &hostv1.JobMetadataView_Shown{Shown: &hostv1.MetadataEntries{}}}
		url := job(j).serve(t, nil)
		penstock(t, url, "job", "show", "report").want(t, exitOK, "this job has no metadata", "")
		penstock(t, url, "job", "show", "report", "--json").want(t, exitOK, `"entries": []`, "")
	})
	t.Run("Refused", func(t *testing.T) {
		url := job(refusedJob()).serve(t, nil)
		r := penstock(t, url, "job", "show", "report")
		r.want(t, exitRefused, "Job:           etl/tutorial/report", "penstock: metadata not shown: The server speaks protocol 0.14.17; job metadata needs 0.14.18.\nBuild it with a newer SDK and deploy it.\n")
		r.want(t, exitRefused, "Metadata not shown\n  SERVER_TOO_OLD", "metadata not shown")
		if strings.Contains(r.out, "Build it with a newer SDK") {
			t.Errorf("the remedy is on standard output:\n%s", r.out)
		}
	})
	t.Run("RefusedJSON", func(t *testing.T) {
		r := penstock(t, job(refusedJob()).serve(t, nil), "job", "show", "report", "--json")
		r.want(t, exitRefused, `"entries": null`, "metadata not shown")
		golden(t, "job_show_refused.json", r.out)
	})
	t.Run("Unavailable", func(t *testing.T) {
		j := refusedJob()
		j.Metadata.State = hostv1.FeatureState_FEATURE_STATE_UNAVAILABLE
		penstock(t, job(j).serve(t, nil), "job", "show", "report").want(t, exitUnreachable, "Metadata not shown", "metadata not shown")
	})
	t.Run("StaleIsShown", func(t *testing.T) {
		j := sampleJob()
		j.Metadata.State, j.Metadata.Notice = hostv1.FeatureState_FEATURE_STATE_STALE, "Known for 3 minutes."
		penstock(t, job(j).serve(t, nil), "job", "show", "report").want(t, exitOK, "Metadata (stale)\n", "")
	})
	t.Run("WarningsOnStderr", func(t *testing.T) {
		j := sampleJob()
		j.Warnings = []string{"no launcher can use penstock/k8s"}
		penstock(t, job(j).serve(t, nil), "job", "show", "report").want(t, exitOK, "", "Warning: no launcher can use penstock/k8s\n")
	})
	t.Run("ErrUnknown", func(t *testing.T) {
		host := &fakeHost{job: func(string) (*hostv1.Job, error) {
			return nil, wireError(connect.CodeNotFound, `no job is called "repot"`, &hostv1.ErrorDetail{Reason: "JOB_NOT_FOUND", Remedy: "Did you mean report?"})
		}}
		penstock(t, host.serve(t, nil), "job", "show", "repot").
			want(t, exitNotFound, "", "penstock: no job is called \"repot\"\nDid you mean report?\n")
	})
	t.Run("ErrAmbiguous", func(t *testing.T) {
		host := &fakeHost{job: func(string) (*hostv1.Job, error) {
			return nil, wireError(connect.CodeInvalidArgument, `"report" means 2 jobs`, &hostv1.ErrorDetail{
				Reason: "AMBIGUOUS", Remedy: "Write more of the name.",
				Problems: []*hostv1.Problem{{Field: "job", Message: "a/tutorial/report"}, {Field: "job", Message: "b/tutorial/report"}},
			})
		}}
		penstock(t, host.serve(t, nil), "job", "show", "report").
			want(t, exitRejected, "", "\"report\" means 2 jobs\n  a/tutorial/report\n  b/tutorial/report\nWrite more of the name.\n")
	})
	t.Run("ErrNoName", func(t *testing.T) {
		penstock(t, "http://127.0.0.1:1", "job", "show").want(t, exitUsage, "", "accepts 1 arg(s), received 0; see penstock job show --help")
	})
}

func TestJobList(t *testing.T) {
	row := func(n int) *hostv1.JobSummary {
		return &hostv1.JobSummary{
			Name: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: fmt.Sprintf("job_%d", n)}, Summary: "Does it.", Ops: uint32(n),
			Tags: []*tagv1.Tag{{Key: "team", Value: "data"}}, MetadataState: hostv1.FeatureState_FEATURE_STATE_SHOWN,
		}
	}
	pages := &fakeHost{listJobs: func(r *hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
		if r.GetPageCursor() == "" {
			return &hostv1.ListJobsResponse{Jobs: []*hostv1.JobSummary{row(1)}, NextCursor: "x", Total: 2}, nil
		}
		broken := row(2)
		broken.Error, broken.MetadataState = "its graph is empty", hostv1.FeatureState_FEATURE_STATE_REFUSED
		return &hostv1.ListJobsResponse{Jobs: []*hostv1.JobSummary{broken}, Total: 2}, nil
	}}
	t.Run("AllPages", func(t *testing.T) {
		r := penstock(t, pages.serve(t, nil), "job", "list")
		r.want(t, exitOK, "", "")
		golden(t, "job_list.txt", r.out)
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, pages.serve(t, nil), "job", "list", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "job_list.json", r.out)
	})
	t.Run("Empty", func(t *testing.T) {
		host := &fakeHost{listJobs: func(*hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
			return &hostv1.ListJobsResponse{}, nil
		}}
		url := host.serve(t, nil)
		penstock(t, url, "job", "list").want(t, exitOK, "", "There are no jobs.")
		var list map[string]any
		if err := json.Unmarshal([]byte(penstock(t, url, "job", "list", "--json").out), &list); err != nil || fmt.Sprint(list) != "map[jobs:[] metadata_hidden:0 next_cursor:]" {
			t.Errorf("got %v, %v", list, err)
		}
	})
	t.Run("ErrSubcommand", func(t *testing.T) {
		penstock(t, "", "job").want(t, exitUsage, "", "penstock job needs one of: diff, history, list, show; see penstock job --help")
		penstock(t, "", "job", "lst").want(t, exitUsage, "", `unknown command "lst" for "penstock job"`)
	})
}
