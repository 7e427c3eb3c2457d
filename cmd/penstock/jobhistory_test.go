package main

import (
	"encoding/json"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func sampleSnapshot(id, code, protocol string) *hostv1.JobSnapshot {
	server := &usercodev1.ServerInfo{ProtocolVersion: protocol, Build: &usercodev1.Build{CodeVersion: code}}
	return &hostv1.JobSnapshot{
		Id: id, DefinitionDigest: []byte{0xab}, MetadataDigest: []byte{0xcd}, MetadataEntries: 2,
		MetadataState: hostv1.FeatureState_FEATURE_STATE_SHOWN, FirstSeenAt: at(1), LastSeenAt: at(2), FirstServer: server, LastServer: server,
	}
}

func sampleHistory() *hostv1.ListJobSnapshotsResponse {
	current := sampleSnapshot("91bc55d0a0e4f3d2", "def", "0.15.0")
	current.Current, current.MetadataEntries = true, 1
	current.LastServer = proto.CloneOf(current.GetFirstServer())
	current.LastServer.Build.CodeVersion = "def2"
	refused := sampleSnapshot("3f2a91c04b7d1e22", "", "0.14.17")
	refused.FirstServer.Build.VcsRevision = "4f2a91c"
	refused.MetadataState, refused.MetadataDigest = hostv1.FeatureState_FEATURE_STATE_REFUSED, nil
	silent := sampleSnapshot("91bc55d0a0e4f3d2", "", "")
	silent.MetadataState, silent.MetadataEntries, silent.FirstServer, silent.LastServer = hostv1.FeatureState_FEATURE_STATE_EMPTY, 0, nil, nil
	return &hostv1.ListJobSnapshotsResponse{Job: sampleJob().GetName(), Snapshots: []*hostv1.JobSnapshot{current, refused, silent}}
}

func TestJobHistory(t *testing.T) {
	var asked *hostv1.ListJobSnapshotsRequest
	answer := sampleHistory()
	url := (&fakeHost{snapshots: func(r *hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error) {
		asked = r
		return answer, nil
	}}).serve(t, nil)
	t.Run("Table", func(t *testing.T) {
		r := penstock(t, url, "job", "history", "report")
		r.want(t, exitOK, "91bc55d0a0e4f3d2", "")
		golden(t, "job_history.txt", r.out)
		if asked.GetJob() != "report" || asked.GetPageSize() != 25 || asked.GetPageCursor() != "" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		golden(t, "job_history.json", penstock(t, url, "job", "history", "report", "--json").out)
	})
	t.Run("Pages", func(t *testing.T) {
		answer = sampleHistory()
		answer.NextCursor = "next"
		r := penstock(t, url, "job", "history", "report", "--limit", "3", "--cursor", "here")
		r.want(t, exitOK, "", "There are more: penstock job history report --limit 3 --cursor next\n")
		if asked.GetPageSize() != 3 || asked.GetPageCursor() != "here" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("Empty", func(t *testing.T) {
		answer = &hostv1.ListJobSnapshotsResponse{Job: sampleJob().GetName()}
		penstock(t, url, "job", "history", "report").want(t, exitOK, "", "No snapshot of etl/tutorial/report is stored yet")
		penstock(t, url, "job", "history", "report", "--json").want(t, exitOK, `"snapshots": []`, "")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		penstock(t, url, "job", "history").want(t, exitUsage, "", "accepts 1 arg(s)")
		penstock(t, url, "job", "history", "report", "--limit", "0").want(t, exitUsage, "", "--limit 0: it is 1 to 1000")
	})
}

func change(section hostv1.JobChangeSection, kind hostv1.JobChangeKind, path, before, after string) *hostv1.JobChange {
	return &hostv1.JobChange{Section: section, Kind: kind, Path: path, Before: before, After: after}
}

func sampleDiff() *hostv1.DiffJobResponse {
	const (
		added   = hostv1.JobChangeKind_JOB_CHANGE_KIND_ADDED
		removed = hostv1.JobChangeKind_JOB_CHANGE_KIND_REMOVED
		changed = hostv1.JobChangeKind_JOB_CHANGE_KIND_CHANGED

		meta   = hostv1.JobChangeSection_JOB_CHANGE_SECTION_METADATA
		tags   = hostv1.JobChangeSection_JOB_CHANGE_SECTION_TAGS
		graph  = hostv1.JobChangeSection_JOB_CHANGE_SECTION_GRAPH
		schema = hostv1.JobChangeSection_JOB_CHANGE_SECTION_CONFIG_SCHEMA
		about  = hostv1.JobChangeSection_JOB_CHANGE_SECTION_DESCRIPTION
	)
	snapshots := sampleHistory().GetSnapshots()
	return &hostv1.DiffJobResponse{
		Job: sampleJob().GetName(), From: sampleSnapshot("3f2a91c04b7d1e22", "abc", "0.15.0"), To: snapshots[0],
		Changes: []*hostv1.JobChange{
			change(meta, changed, "owner", "data team", "platform"),
			change(meta, added, "runbook", "", "# Steps\n\n1. look"),
			change(meta, removed, "old", "5", ""),
			change(tags, changed, "commit", "abc", "def"),
			change(tags, added, "bare", "", ""),
			change(tags, changed, "note", "", "now"),
			change(graph, added, "count", "", "op count; input a from read.result"),
			change(graph, changed, "", "no description", "description: "+strings.Repeat("long ", 30)),
			change(schema, changed, "config.report.depth", "a whole number, default 3", "text, required"),
			change(about, changed, "", "Counts.\n\n- a\n- b\nend", "Counts.\n\n- a\n- c\n- d\nend"),
		},
		More: 7,
	}
}

func TestJobDiff(t *testing.T) {
	var asked *hostv1.DiffJobRequest
	answer := sampleDiff()
	url := (&fakeHost{diffJob: func(r *hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
		asked = r
		return answer, nil
	}}).serve(t, nil)
	t.Run("Text", func(t *testing.T) {
		r := penstock(t, url, "job", "diff", "report", "3f2a", "91bc")
		r.want(t, exitOK, "  ~ owner: data team → platform\n", "")
		golden(t, "job_diff.txt", r.out)
		if asked.GetJob() != "report" || asked.GetFrom() != "3f2a" || asked.GetTo() != "91bc" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "job", "diff", "report", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "job_diff.json", r.out)
		if asked.GetFrom() != "" || asked.GetTo() != "" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("Refused", func(t *testing.T) {
		answer = sampleDiff()
		answer.Changes, answer.More = answer.GetChanges()[3:4], 0
		answer.MetadataRefusal = refusedJob().GetMetadata().GetRefusal()
		r := penstock(t, url, "job", "diff", "report")
		r.want(t, exitRefused, "Metadata not compared\n  SERVER_TOO_OLD (the message is on stderr)\n", "penstock: metadata not compared: The server speaks protocol 0.14.17")
		r.want(t, exitRefused, "  ~ commit: abc → def\n", "Build it with a newer SDK and deploy it.\n")
		r = penstock(t, url, "job", "diff", "report", "--json")
		r.want(t, exitRefused, `"code": "SERVER_TOO_OLD"`, "metadata not compared")
		var d jobDiff
		if err := json.Unmarshal([]byte(r.out), &d); err != nil || d.MetadataRefusal == nil || len(d.Changes) != 1 {
			t.Errorf("got %+v, %v", d, err)
		}
	})
	for name, c := range map[string]struct {
		change func(*hostv1.DiffJobResponse)
		code   int
		want   string
	}{
		"Nothing":           {func(*hostv1.DiffJobResponse) {}, exitOK, "Nothing changed that this host can show"},
		"OneSnapshot":       {func(d *hostv1.DiffJobResponse) { d.To.Id = d.GetFrom().GetId() }, exitOK, "both are one snapshot"},
		"NothingButRefused": {func(d *hostv1.DiffJobResponse) { d.MetadataRefusal = refusedJob().GetMetadata().GetRefusal() }, exitRefused, "Nothing else changed."},
	} {
		t.Run(name, func(t *testing.T) {
			answer = sampleDiff()
			answer.Changes, answer.More = nil, 0
			c.change(answer)
			inErr := ""
			if c.code != exitOK {
				inErr = "metadata not compared"
			}
			penstock(t, url, "job", "diff", "report").want(t, c.code, c.want, inErr)
		})
	}
	t.Run("NewerHost", func(t *testing.T) {
		answer = sampleDiff()
		answer.Changes = []*hostv1.JobChange{change(99, 99, "x", "", ""), change(0, 0, "y", "", "z")}
		penstock(t, url, "job", "diff", "report").want(t, exitOK, "Unknown 99\n  ~ x: \"\" → \"\"\n", "")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		penstock(t, url, "job", "diff").want(t, exitUsage, "", "accepts between 1 and 3 arg(s)")
		penstock(t, url, "job", "diff", "report", "").want(t, exitUsage, "", "the id of a snapshot is empty")
	})
	t.Run("ErrAmbiguous", func(t *testing.T) {
		url := (&fakeHost{diffJob: func(*hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
			return nil, wireError(connect.CodeInvalidArgument, "2 snapshots have an id that begins with 3f2a", &hostv1.ErrorDetail{
				Reason: "SNAPSHOT_AMBIGUOUS", Remedy: "give more digits of the id",
				Problems: []*hostv1.Problem{{Field: "snapshot", Message: "3f2a91c04b7d1e22 (code version abc)"}},
			})
		}}).serve(t, nil)
		penstock(t, url, "job", "diff", "report", "3f2a").want(t, exitRejected, "", "\n  snapshot: 3f2a91c04b7d1e22 (code version abc)\ngive more digits of the id\n")
	})
}

func TestSnapshotCompletion(t *testing.T) {
	var asked string
	host := &fakeHost{snapshots: func(r *hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error) {
		asked = r.GetJob()
		return sampleHistory(), nil
	}}
	t.Setenv("PENSTOCK_HOST", host.serve(t, nil))
	for _, c := range []struct{ line, want string }{
		{"job diff report ", "91bc55d0a0e4f3d2\tcode def → def2, first seen 2026-11-03 14:02:01\n3f2a91c04b7d1e22\t"},
		{"job diff report 3f2a 91", "91bc55d0a0e4f3d2\tcode def → def2, first seen 2026-11-03 14:02:01\n:4"},
		{"job diff report 3f2a 91bc ", ":4"},
	} {
		r := penstock(t, "", append([]string{"__complete"}, strings.Split(c.line, " ")...)...)
		if !strings.HasPrefix(r.out, c.want) {
			t.Errorf("%q completes to\n%s\nwant\n%s", c.line, r.out, c.want)
		}
	}
	if asked != "report" {
		t.Errorf("asked for the snapshots of %q", asked)
	}
}

func TestHistoryOfOthersIsInert(t *testing.T) {
	diff := sampleDiff()
	diff.MetadataRefusal = refusedJob().GetMetadata().GetRefusal()
	host := &fakeHost{
		snapshots: func(*hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error) {
			h := poisoned(sampleHistory())
			h.NextCursor = hostile
			return h, nil
		},
		diffJob: func(*hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
			return poisoned(proto.CloneOf(diff)), nil
		},
	}
	url := host.serve(t, nil)
	for _, args := range [][]string{{"job", "history", "x"}, {"job", "diff", "x"}, {"job", "diff", "x", "a", "b"}} {
		for _, form := range []string{"--json=false", "--json"} {
			checkInert(t, args, penstock(t, url, append(args, form)...))
		}
	}
	t.Setenv("PENSTOCK_HOST", url)
	args := []string{"__complete", "job", "diff", "x", ""}
	checkInert(t, args, penstock(t, "", args...))
}
