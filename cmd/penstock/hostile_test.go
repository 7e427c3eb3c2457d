package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
)

// poison sets every string in m to hostile text, and every one that is in a list. Kinds stay, so that entries are read.
func poison(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList():
			list := v.List()
			for i := range list.Len() {
				switch f.Kind() {
				case protoreflect.StringKind:
					list.Set(i, protoreflect.ValueOfString(hostile))
				case protoreflect.MessageKind:
					poison(list.Get(i).Message())
				default:
				}
			}
		case f.Kind() == protoreflect.StringKind && f.Name() != "kind":
			m.Set(f, protoreflect.ValueOfString(hostile))
		case f.Kind() == protoreflect.MessageKind:
			poison(v.Message())
		default:
		}
		return true
	})
}

func poisoned[M proto.Message](m M) M {
	poison(m.ProtoReflect())
	return m
}

// TestTextOfOthersIsInert has every text of the host be hostile, in every command and both forms.
func TestTextOfOthersIsInert(t *testing.T) {
	hostileError := func() error {
		return wireError(connect.CodeInvalidArgument, hostile, &hostv1.ErrorDetail{Remedy: hostile, Problems: []*hostv1.Problem{
			{Field: "config", Path: hostile, Message: hostile, Line: 1}, {Field: hostile, Path: hostile, Message: hostile},
		}})
	}
	kinds := sampleJob()
	kinds.Metadata.GetShown().Entries = everyKind()
	kinds.Metadata.Notice, kinds.Warnings = "x", []string{"x"}
	jobs := map[string]*hostv1.Job{"kinds": poisoned(kinds), "refused": poisoned(refusedJob())}
	events := sampleEvents()
	for _, e := range events {
		poison(e.ProtoReflect())
		e.GetEvent().GetLog().GetAttributes()
	}
	events[3].Event.Kind, events[2].Event.Kind = "log", hostile
	run := poisoned(sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE))
	run.StatusReason = hostile
	host := &fakeHost{
		getHost: func() (*hostv1.Host, error) {
			return poisoned(&hostv1.Host{Version: "x", Commit: "x", ProtocolVersion: "x"}), nil
		},
		locations: func() ([]*hostv1.Location, error) { return []*hostv1.Location{poisoned(deployedLocation())}, nil },
		location:  func(string) (*hostv1.Location, error) { return poisoned(deployedLocation()), nil },
		reload: func(string) (*hostv1.Location, error) {
			l := sampleLocation()
			l.State, l.Error, l.Remedy = hostv1.LocationState_LOCATION_STATE_ERROR, "x", "x"
			return poisoned(l), nil
		},
		listJobs: func(*hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
			return &hostv1.ListJobsResponse{Jobs: []*hostv1.JobSummary{poisoned(&hostv1.JobSummary{Name: kinds.GetName(), Summary: "x", Error: "x"})}}, nil
		},
		job:       func(name string) (*hostv1.Job, error) { return jobs[name], nil },
		launchRun: func(*hostv1.LaunchRunRequest) (*hostv1.Run, error) { return run, nil },
		listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{run}, NextCursor: hostile}, nil
		},
		run: func(id string) (*hostv1.Run, error) {
			if id == "error" {
				return nil, hostileError()
			}
			return run, nil
		},
		cancelRun: func(*hostv1.CancelRunRequest) (*hostv1.Run, error) { return run, nil },
		deleteRun: func(string) error { return nil },
		watchRun: func(_ context.Context, _ *hostv1.WatchRunEventsRequest, send func(*hostv1.WatchRunEventsResponse) error) error {
			return send(&hostv1.WatchRunEventsResponse{Events: events, Run: run})
		},
	}
	url := host.serve(t, nil)
	for _, args := range [][]string{
		{"location", "list"}, {"location", "show", "x"}, {"location", "reload", "x"}, {"job", "list"}, {"job", "show", "kinds"}, {"job", "show", "refused"},
		{"launch", "x"}, {"launch", "x", "--wait"}, {"run", "list"}, {"run", "show", "x"}, {"run", "show", "error"}, {"run", "logs", "x"}, {"run", "logs", "-f", "x"},
		{"run", "events", "x"}, {"run", "cancel", "x"}, {"run", "delete", "x"}, {"version"}, {"__complete", "job", "show", ""}, {"__complete", "run", "show", ""},
	} {
		for _, form := range []string{"", "--json"} {
			if args[0] == "__complete" {
				t.Setenv("PENSTOCK_HOST", url)
				checkInert(t, args, penstock(t, "", args...))
				continue
			}
			r := penstock(t, url, append(args, "--json="+map[string]string{"": "false", "--json": "true"}[form])...)
			checkInert(t, args, r)
			if form == "--json" && r.out != "" {
				for decoder := json.NewDecoder(strings.NewReader(r.out)); decoder.More(); {
					var v any
					if err := decoder.Decode(&v); err != nil {
						t.Errorf("%q: not JSON: %v", args, err)
						break
					}
				}
			}
		}
	}
	t.Run("JSONMeansTheSame", func(t *testing.T) {
		var got runObject
		if err := json.Unmarshal([]byte(penstock(t, url, "run", "show", "x", "--json").out), &got); err != nil || got.StatusReason != hostile {
			t.Errorf("got %q, %v, want %q", got.StatusReason, err, hostile)
		}
	})
}

func checkInert(t *testing.T, args []string, r result) {
	t.Helper()
	for _, text := range []string{r.out, r.err} {
		for line := range strings.Lines(text) {
			for _, c := range strings.TrimSuffix(line, "\n") {
				// A tab is cobra's between a completion and its description.
				if !unicode.IsPrint(c) && (c != '\t' || args[0] != "__complete") {
					t.Errorf("%q: %q holds %q", args, line, c)
					break
				}
			}
			if strings.HasPrefix(line, "forged") {
				t.Errorf("%q: %q is a line of its own", args, line)
			}
		}
	}
	if !strings.Contains(r.out+r.err, "forged") && args[0] != "__complete" {
		t.Errorf("%q: nothing hostile was printed, so nothing was tested: %+v", args, r)
	}
}

func TestEveryKindIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, e := range everyKind() {
		tried[e.GetKind()] = true
	}
	arms := (&metadatav1.Entry{}).ProtoReflect().Descriptor().Oneofs().ByName("value").Fields()
	if len(tried) < arms.Len() {
		t.Errorf("everyKind has %d kinds, entries have %d arms", len(tried), arms.Len())
	}
}
