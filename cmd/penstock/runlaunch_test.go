package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func queued(*hostv1.LaunchRunRequest) (*hostv1.Run, error) {
	return sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), nil
}

func TestLaunch(t *testing.T) {
	var asked *hostv1.LaunchRunRequest
	host := &fakeHost{launchRun: func(r *hostv1.LaunchRunRequest) (*hostv1.Run, error) { asked = r; return queued(r) }}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "launch", "report", "--tag", "who=me, you", "--tag", "bare=", "--priority", "-3", "--op-selection", "*count")
		r.want(t, exitOK, "Run "+runID+" of etl/tutorial/report is QUEUED.\n", "")
		var tags []string
		for _, x := range asked.GetTags() {
			tags = append(tags, x.GetKey()+"="+x.GetValue())
		}
		if want := []string{"who=me, you", "bare=", "penstock/priority=-3"}; !slices.Equal(tags, want) {
			t.Errorf("tags %q, want %q", tags, want)
		}
		if asked.GetJob() != "report" || asked.GetOpSelection() != "*count" || asked.GetConfigYaml() != "" || len(asked.GetRequestId()) != 32 {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("AliasWithItsOwnFlags", func(t *testing.T) {
		r := penstock(t, url, "launch", "report", "--json", "--tag", "a=b")
		r.want(t, exitOK, `"status": "QUEUED"`, "")
		if len(asked.GetTags()) != 1 {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("ConfigFile", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte("a: é\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		penstock(t, url, "launch", "report", "--config", path).want(t, exitOK, "", "")
		if asked.GetConfigYaml() != "a: é\n" {
			t.Errorf("config %q", asked.GetConfigYaml())
		}
	})
	t.Run("ConfigFromStdin", func(t *testing.T) {
		penstockIn(t.Context(), url, strings.NewReader("b: 1"), "launch", "report", "--config", "-").want(t, exitOK, "", "")
		if asked.GetConfigYaml() != "b: 1" {
			t.Errorf("config %q", asked.GetConfigYaml())
		}
	})
	t.Run("ErrConfigUnreadable", func(t *testing.T) {
		asked = nil
		penstockIn(t.Context(), url, strings.NewReader("a: 1\nb: \xff\n"), "launch", "report", "--config", "-").
			want(t, exitRejected, "", "the run config cannot be read\n  standard input:2: this is not UTF-8; save the file as UTF-8\n")
		penstockIn(t.Context(), url, strings.NewReader(strings.Repeat("a", 1<<20+1)), "launch", "report", "--config", "-").
			want(t, exitRejected, "", "it has more than 1048576 bytes, which is the limit")
		penstock(t, url, "launch", "report", "--config", "missing.yaml").want(t, exitUsage, "", "missing.yaml: no such file")
		penstock(t, url, "launch", "report", "--priority", "1", "--tag", "penstock/priority=2").want(t, exitUsage, "", "say the same thing")
		if asked != nil {
			t.Errorf("asked for %v", asked)
		}
	})
}

func TestLaunchRejected(t *testing.T) {
	host := &fakeHost{launchRun: func(*hostv1.LaunchRunRequest) (*hostv1.Run, error) {
		return nil, wireError(connect.CodeInvalidArgument, "the launch of report has 6 problems", &hostv1.ErrorDetail{
			Reason: "LAUNCH", Remedy: "Correct them and launch again.",
			Problems: []*hostv1.Problem{
				{Field: "config", Path: "config.report.path", Line: 3, Column: 5, Message: "it is a number; a string is needed"},
				{Field: "config", Line: 7, Message: "unknown key"},
				{Field: "tags", Path: "penstock/priority", Message: `"high" is not a whole number`},
				{Field: "op_selection", Line: 1, Column: 4, Message: `"cuont" matches no op`},
				{Field: "op_selection", Line: 2, Column: 3, Message: "this ( is not closed"},
				{Field: "future", Path: "x", Column: 2, Message: "no"},
			},
		})
	}}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("x: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := penstock(t, host.serve(t, nil), "launch", "report", "--config", path)
	r.want(t, exitRejected, "", "penstock: the launch of report has 6 problems\n"+
		"  "+path+":3:5: config.report.path: it is a number; a string is needed\n"+
		"  "+path+":7: unknown key\n"+
		"  tag penstock/priority: \"high\" is not a whole number\n"+
		"  op selection: column 4: \"cuont\" matches no op\n"+
		"  op selection: line 2, column 3: this ( is not closed\n"+
		"  future: x: column 2: no\n"+
		"Correct them and launch again.\n")
}

func TestLaunchOutcomes(t *testing.T) {
	for code, want := range map[connect.Code]int{
		connect.CodeNotFound:           exitNotFound,
		connect.CodePermissionDenied:   exitRefused,
		connect.CodeUnavailable:        exitUnreachable, // the location, not the host
		connect.CodeInvalidArgument:    exitRejected,
		connect.CodeFailedPrecondition: exitRejected,
		connect.CodeAborted:            exitRejected,
		connect.CodeInternal:           exitFailure,
		connect.CodeResourceExhausted:  exitFailure,
	} {
		host := &fakeHost{launchRun: func(*hostv1.LaunchRunRequest) (*hostv1.Run, error) {
			return nil, wireError(code, "words of the host", &hostv1.ErrorDetail{Reason: "REASON", Remedy: "Do this."})
		}}
		penstock(t, host.serve(t, nil), "launch", "report").want(t, want, "", "penstock: words of the host\nDo this.\n")
	}
}

// TestLaunchIsTriedAgain breaks the connection after the host has the request: the same request comes again.
func TestLaunchIsTriedAgain(t *testing.T) {
	var mu sync.Mutex // the second call comes over another connection
	var ids []string
	host := &fakeHost{launchRun: func(r *hostv1.LaunchRunRequest) (*hostv1.Run, error) {
		mu.Lock()
		defer mu.Unlock()
		if ids = append(ids, r.GetRequestId()); len(ids) == 1 {
			panic(http.ErrAbortHandler)
		}
		return queued(r)
	}}
	penstock(t, host.serve(t, nil), "launch", "report").want(t, exitOK, "is QUEUED", "")
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("request ids %q, want one twice", ids)
	}
}

// watchTo sends the run in each of the statuses.
func watchTo(statuses ...hostv1.RunStatus) func(context.Context, *hostv1.WatchRunEventsRequest, func(*hostv1.WatchRunEventsResponse) error) error {
	return func(_ context.Context, _ *hostv1.WatchRunEventsRequest, send func(*hostv1.WatchRunEventsResponse) error) error {
		for _, s := range statuses {
			r := sampleRun(s)
			if s == hostv1.RunStatus_RUN_STATUS_FAILURE {
				r.StatusReason = "op read failed\x1b[2J"
			}
			if err := send(&hostv1.WatchRunEventsResponse{Run: r}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestLaunchWait(t *testing.T) {
	const started, success, failure, canceled = hostv1.RunStatus_RUN_STATUS_STARTED, hostv1.RunStatus_RUN_STATUS_SUCCESS,
		hostv1.RunStatus_RUN_STATUS_FAILURE, hostv1.RunStatus_RUN_STATUS_CANCELED
	ends := func(s hostv1.RunStatus) *fakeHost {
		return &fakeHost{
			launchRun: queued, watchRun: watchTo(started, s),
			run: func(string) (*hostv1.Run, error) { return sampleRun(s), nil },
		}
	}
	t.Run("Success", func(t *testing.T) {
		r := penstock(t, ends(success).serve(t, nil), "launch", "report", "--wait")
		r.want(t, exitOK, "Run "+runID+" of etl/tutorial/report is QUEUED.\nSTARTED\nSUCCESS in 3s\n", "")
	})
	t.Run("Failure", func(t *testing.T) {
		r := penstock(t, ends(failure).serve(t, nil), "launch", "report", "--wait")
		r.want(t, exitFailure, "STARTED\nFAILURE in 3s: op read failed\\x1b[2J\n", "")
	})
	t.Run("Canceled", func(t *testing.T) {
		penstock(t, ends(canceled).serve(t, nil), "launch", "report", "--wait").want(t, exitFailure, "CANCELED in 3s\n", "")
	})
	t.Run("JSONIsOneObject", func(t *testing.T) {
		r := penstock(t, ends(success).serve(t, nil), "launch", "report", "--wait", "--json")
		r.want(t, exitOK, "", "STARTED\nSUCCESS in 3s\n")
		golden(t, "launch_wait.json", r.out)
	})
	t.Run("ErrDeletedMeanwhile", func(t *testing.T) {
		host := ends(success)
		host.run = func(string) (*hostv1.Run, error) {
			return nil, wireError(connect.CodeNotFound, "there is no such run", &hostv1.ErrorDetail{})
		}
		penstock(t, host.serve(t, nil), "launch", "report", "--wait").want(t, exitNotFound, "", "there is no such run")
	})
	t.Run("InterruptedLeavesTheRun", func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		var canceledRun atomic.Bool
		host := &fakeHost{
			launchRun: queued,
			watchRun: func(ctx context.Context, _ *hostv1.WatchRunEventsRequest, send func(*hostv1.WatchRunEventsResponse) error) error {
				if err := send(&hostv1.WatchRunEventsResponse{Run: sampleRun(started)}); err != nil {
					return err
				}
				interrupt()
				<-ctx.Done()
				return ctx.Err()
			},
			cancelRun: func(*hostv1.CancelRunRequest) (*hostv1.Run, error) { canceledRun.Store(true); return nil, nil },
		}
		r := penstockIn(ctx, host.serve(t, nil), strings.NewReader(""), "launch", "report", "--wait")
		r.want(t, exitFailure, "", "run "+runID+" goes on. Cancel it with: penstock run cancel "+runID)
		if canceledRun.Load() {
			t.Error("the run was canceled")
		}
	})
}

// TestFollowOverRestart takes the host away in the middle of a run: what comes after goes on at the cursor, each event once.
func TestFollowOverRestart(t *testing.T) {
	events := sampleEvents()
	var asked []string
	host := &fakeHost{run: func(string) (*hostv1.Run, error) { return sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE), nil }}
	host.watchRun = func(_ context.Context, r *hostv1.WatchRunEventsRequest, send func(*hostv1.WatchRunEventsResponse) error) error {
		switch asked = append(asked, r.GetAfter()); len(asked) {
		case 1:
			if err := send(&hostv1.WatchRunEventsResponse{Events: events[:4], Cursor: "1.3.0"}); err != nil {
				return err
			}
			panic(http.ErrAbortHandler)
		case 2:
			return wireError(connect.CodeUnavailable, "the host is stopping", &hostv1.ErrorDetail{Reason: "HOST_STOPPING"})
		case 3:
			return send(&hostv1.WatchRunEventsResponse{Events: events[4:], Cursor: "1.6.0"})
		}
		return nil
	}
	ctx, done := context.WithTimeout(t.Context(), 30*time.Second)
	defer done()
	r := penstockIn(ctx, host.serve(t, nil), strings.NewReader(""), "run", "logs", "-f", "0193")
	r.want(t, exitOK, "", "Trying again until it answers; Ctrl-C stops this, and leaves the run going.\nThe host answers again.\n")
	if want := []string{"", "1.3.0", "1.3.0"}; !slices.Equal(asked, want) {
		t.Errorf("asked after %q, want %q", asked, want)
	}
	golden(t, "run_logs.txt", r.out)
}

func TestRunLogsAndEvents(t *testing.T) {
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) { return sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE), nil },
		watchRun: func(_ context.Context, r *hostv1.WatchRunEventsRequest, send func(*hostv1.WatchRunEventsResponse) error) error {
			if !r.GetNoFollow() || r.GetRunId() != runID {
				return wireError(connect.CodeInvalidArgument, "unplanned", &hostv1.ErrorDetail{})
			}
			for _, e := range sampleEvents() {
				if err := send(&hostv1.WatchRunEventsResponse{Events: []*hostv1.StoredEvent{e}}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	url := host.serve(t, nil)
	for name, args := range map[string][]string{
		"run_logs.txt":      {"run", "logs", "0193"},
		"run_logs.ndjson":   {"run", "logs", "0193", "--json"},
		"run_events.txt":    {"run", "events", "0193"},
		"run_events.ndjson": {"run", "events", "0193", "--json"},
	} {
		r := penstock(t, url, args...)
		r.want(t, exitOK, "", "")
		golden(t, name, r.out)
	}
}
