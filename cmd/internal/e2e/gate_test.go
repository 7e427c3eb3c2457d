package e2e

import (
	"fmt"
	"strings"
	"testing"
)

func TestGateInProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.serve(peerserver, "--protocol", "0.14.17")
	w.want(0, "job", "list")
	a := w.want(4, "job", "show", "my_job_with_metadata")
	if !strings.Contains(a.out, "Metadata not shown") || !strings.Contains(a.errOut, "0.14.17") || !strings.Contains(a.errOut, "0.14.18") {
		t.Errorf("job show at 0.14.17:\n%s%s", a.out, a.errOut)
	}
	if strings.Contains(a.out+a.errOut, "data team") {
		t.Error("withheld metadata is shown")
	}
	metadata, _ := w.jsonOf("job", "show", "my_job_with_metadata")["metadata"].(map[string]any)
	if entries, there := metadata["entries"]; !there || entries != nil || metadata["state"] != "REFUSED" {
		t.Errorf("metadata in JSON is %v, want REFUSED with entries null", metadata)
	}
	w.want(0, "run", "launch", "my_job_with_tags", "--wait")

	// Upgraded in place, with the jobs unchanged.
	old.kill()
	w.serve(peerserver, "--protocol", "0.14.18", "--declare")
	eventually(t, "the metadata is shown", func() bool { return w.cli("job", "show", "my_job_with_metadata").code == 0 })
	if a := w.want(0, "job", "show", "my_job_with_metadata"); !strings.Contains(a.out, "data team") {
		t.Errorf("job show at 0.14.18:\n%s", a.out)
	}
}

func TestTutorialByCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(tutorial)
	a := w.want(0, "job", "show", "my_job_with_metadata")
	for _, want := range []string{"owner", "data team", "https://docs.dagster.io"} {
		if !strings.Contains(a.out, want) {
			t.Errorf("job show lacks %q:\n%s", want, a.out)
		}
	}
	id := w.launch("my_job_with_tags", "--tag", "extra=1", "--wait")
	if s := w.status(id); s != "SUCCESS" {
		t.Errorf("the run is %s", s)
	}
	list, _ := w.jsonOf("run", "list", "--tag", "extra=1", "--tag", "foo=bar")["runs"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["id"] != id {
		t.Errorf("found by both tags: %v", list)
	}
	if runs, _ := w.jsonOf("run", "list", "--tag", "extra=2")["runs"].([]any); len(runs) != 0 {
		t.Errorf("found by a tag that it does not have: %v", runs)
	}
}

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	w.serve(tutorial)
	for _, c := range []struct {
		name string
		code int
		want string
		args []string
	}{
		{"UnknownJob", 3, "no_such_job", []string{"run", "launch", "no_such_job"}},
		{"PriorityWord", 6, "whole number", []string{"run", "launch", "my_job_with_tags", "--tag", "penstock/priority=high"}},
		{"SystemTag", 6, "penstock/", []string{"run", "launch", "my_job_with_tags", "--tag", "penstock/location=x"}},
		{"SelectionOfNothing", 6, "matches no op", []string{"run", "launch", "repository_report", "--op-selection", "nope"}},
		{"SelectionLacksInput", 6, "open_repository", []string{"run", "launch", "repository_report", "--op-selection", "count_commits"}},
		{"SelectionMisspelt", 6, `column 2: "write_cvs" matches no op; did you mean "write_csv"?`, []string{"run", "launch", "repository_report", "--op-selection", "*write_cvs"}},
		{"SelectionUnfinished", 6, "column 15: expected an op", []string{"run", "launch", "repository_report", "--op-selection", "*sizes and not"}},
		{"NoSuchRun", 3, "", []string{"run", "show", "0197f000-0000-7000-8000-000000000000"}},
		{"NoSuchLocation", 3, "nowhere", []string{"location", "show", "nowhere"}},
		{"Usage", 2, "", []string{"run", "launch"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := w.want(c.code, c.args...); !strings.Contains(a.errOut, c.want) {
				t.Errorf("stderr lacks %q:\n%s", c.want, a.errOut)
			}
		})
	}
	if runs, _ := w.jsonOf("run", "list")["runs"].([]any); len(runs) != 0 {
		t.Errorf("refused launches left %d runs", len(runs))
	}
	w.want(0, "run", "launch", "repository_report", "--op-selection", `*sinks() and not name:"write_*" or *(sizes)`, "--wait",
		"--config", writeConfig(t, w, "config: {report: {repository: "+ownSources(t)+"}}"))
}

func TestSecondHostOnTheSameData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := run(t, w.dir, penstock, "serve", "--listen", freeAddress(3000), "--data", w.dir+"/data")
	if code := second.exited(); code != 75 || !strings.Contains(second.out.String(), "data") {
		t.Errorf("the second host: exit code %d\n%s", code, second.out)
	}
	taken := run(t, w.dir, penstock, "serve", "--listen", w.host, "--data", w.dir+"/other")
	if code := taken.exited(); code != 1 || !strings.Contains(taken.out.String(), w.host) {
		t.Errorf("a taken port: exit code %d\n%s", code, taken.out)
	}
	if code := w.server.stop(); code != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, w.server.out)
	}
}

func TestWrongAdvertisedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--advertise", "127.0.0.1:1")
	w.serve(testcode)
	run := w.awaitStatus(w.launch("failing"), "FAILURE")
	if reason := fmt.Sprint(run["status_reason"]); !strings.Contains(reason, "127.0.0.1:1") || !strings.Contains(reason, "--advertise") {
		t.Errorf("the reason is %q, want the address and what to do", reason)
	}
}

func TestFailureIsInert(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id := w.launch("failing")
	w.awaitStatus(id, "FAILURE")
	for _, args := range [][]string{{"run", "show", id}, {"run", "events", id}, {"run", "logs", id}} {
		if a := w.want(0, args...); strings.Contains(a.out, "\x1b") {
			t.Errorf("penstock %s lets an escape sequence through: %q", strings.Join(args, " "), a.out)
		}
	}
	w.want(1, "run", "launch", "failing", "--wait")
}
