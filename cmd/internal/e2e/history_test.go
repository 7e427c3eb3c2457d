package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// period is a line of `job history --json`.
type period struct {
	ID          string `json:"id"`
	FirstSeenAt string `json:"first_seen_at"`
	LastSeenAt  string `json:"last_seen_at"`
	State       string `json:"metadata_state"`
	Current     bool   `json:"current"`
	FirstServer struct {
		Build struct {
			CodeVersion string `json:"code_version"`
		} `json:"build"`
	} `json:"first_server"`
}

func (w *world) history(job string) (periods []period) {
	w.t.Helper()
	var list struct {
		Snapshots []period `json:"snapshots"`
	}
	if err := json.Unmarshal([]byte(w.want(0, "job", "history", job, "--json").out), &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Snapshots
}

// awaitHistory waits until a job has had so many periods.
func (w *world) awaitHistory(job string, n int) (periods []period) {
	w.t.Helper()
	eventually(w.t, "there are as many periods", func() bool {
		periods = w.history(job)
		return len(periods) >= n
	})
	if len(periods) != n {
		w.t.Fatalf("%d periods, want %d: %+v", len(periods), n, periods)
	}
	return periods
}

// deploy serves an edition of the test's code at the address that the one before had.
func (w *world) deploy(edition string) *process {
	w.t.Helper()
	return run(w.t, w.dir, "env", "PENSTOCK_TEST_EDITION="+edition, testcode, "serve", "--listen", w.code, "--code-version", edition)
}

func TestHistoryOfAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.deploy("first")
	w.awaitState("READY")
	before := w.awaitHistory("evolving", 1)
	if a := w.want(6, "job", "diff", "evolving"); !strings.Contains(a.errOut, "only one snapshot of job code/tests/evolving so far") {
		t.Errorf("with one snapshot:\n%s%s", a.out, a.errOut)
	}
	id := w.launch("evolving", "--wait")
	if launched := w.jsonOf("run", "show", id); launched["status"] != "SUCCESS" || launched["snapshot"] != before[0].ID {
		t.Fatalf("the run is %v, want SUCCESS from snapshot %s", launched, before[0].ID)
	}

	// Deployed in place.
	server.kill()
	server = w.deploy("second")
	periods := w.awaitHistory("evolving", 2)
	if periods[1].ID != before[0].ID || periods[0].ID == before[0].ID || !periods[0].Current || periods[1].Current ||
		periods[0].FirstServer.Build.CodeVersion != "second" || periods[1].FirstServer.Build.CodeVersion != "first" || periods[0].State != "SHOWN" {
		t.Errorf("after the deploy: %+v", periods)
	}
	text := w.want(0, "job", "diff", "evolving").out
	for _, want := range []string{
		"\nMetadata\n  ~ owner: data team → platform team\n",
		"\nTags\n  ~ commit: abc → def\n",
		"\nGraph\n  + check: op check; input from read.result\n",
		"\nConfig schema\n  + config.evolving.depth: a whole number, optional, default 3, described as \"How deep to look\"\n",
		periods[1].ID + " (code first, seen ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the diff lacks %q:\n%s", want, text)
		}
	}
	for _, same := range []string{"tier", "Description", "show:"} {
		if strings.Contains(text, same) {
			t.Errorf("%s did not change:\n%s", same, text)
		}
	}
	back := w.want(0, "job", "diff", "evolving", periods[0].ID[:6], periods[1].ID[:6]).out
	if !strings.Contains(back, "~ owner: platform team → data team\n") || !strings.Contains(back, "\n  - check: op check") {
		t.Errorf("the other way round:\n%s", back)
	}

	// What was launched before the deploy shows the metadata of that time, and is found by its snapshot.
	if got := w.launchMetadata(id); !strings.Contains(got, "data team") || strings.Contains(got, "platform team") {
		t.Errorf("the run's metadata: %s", got)
	}
	if runs, _ := w.jsonOf("run", "list", "--snapshot", before[0].ID)["runs"].([]any); len(runs) != 1 {
		t.Errorf("%d runs of snapshot %s, want one", len(runs), before[0].ID)
	}

	// Deployed back.
	server.kill()
	server = w.deploy("first")
	periods = w.awaitHistory("evolving", 3)
	if periods[0].ID != periods[2].ID || periods[0].ID == periods[1].ID || !periods[0].Current || periods[1].Current || periods[2].Current {
		t.Errorf("after the rollback: %+v", periods)
	}
	if other := w.history("failing"); len(other) != 1 {
		t.Errorf("a job that no deploy changed has %d periods", len(other))
	}

	// A host that starts while the code is away knows what was.
	server.kill()
	w.server.stop()
	w.startHost()
	now := w.awaitHistory("evolving", 3)
	for i := range now {
		now[i].LastSeenAt = periods[i].LastSeenAt // kept to the minute
	}
	if !slices.Equal(now, periods) {
		t.Errorf("after a restart: %+v, want %+v", now, periods)
	}
	if a := w.want(0, "job", "diff", "code/tests/evolving"); !strings.Contains(a.out, "~ owner: platform team → data team\n") {
		t.Errorf("after a restart:\n%s", a.out)
	}
}

// launchMetadata is the metadata of a run's job as of its launch, as the web UI asks for it.
func (w *world) launchMetadata(id string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost,
		"http://"+w.host+"/penstock.host.v1.RunService/GetRunSnapshot", strings.NewReader(`{"id":"`+id+`"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %v", res.Status, err)
	}
	return string(answer.Metadata)
}
