package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// alerted is what a test reads of a webhook's message.
type alerted struct {
	Text string `json:"text"`
	Rule string `json:"rule"`
	Run  struct {
		ID            string `json:"id"`
		FailureReason string `json:"failure_reason"`
		URL           string `json:"url"`
	} `json:"run"`
}

// receiver is the URL of a webhook, and what comes to it.
func receiver(t *testing.T) (string, <-chan alerted) {
	t.Helper()
	messages := make(chan alerted, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m alerted
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Errorf("a webhook got what is no message: %v", err)
		}
		messages <- m
	}))
	t.Cleanup(server.Close)
	return server.URL, messages
}

// commitAt makes a commit in the repository of a folder, at a time, and returns its hash.
func commitAt(t *testing.T, dir, at, message string) string {
	t.Helper()
	git := func(args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
			"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE="+at,
			"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE="+at)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	writeFile(t, dir, "lines.txt", strings.Repeat(message+"\n", 10))
	git("add", "lines.txt")
	git("commit", "-q", "-m", message)
	return git("rev-parse", "HEAD")
}

// TestTutorialRunsByItself has the tutorial's jobs run by its sensor, its schedule and a backfill, and somebody told of a failure.
func TestTutorialRunsByItself(t *testing.T) {
	t.Parallel()
	webhook, messages := receiver(t)
	w := configured(t, "locations:\n- {name: code, address: \"CODE\"}\n"+
		"notify:\n- {name: platform, when: status=failure and team=platform, url: \""+webhook+"\"}\n")
	seen := commitAt(t, w.dir, "2026-02-03T10:00:00Z", "of a Tuesday")
	head := commitAt(t, w.dir, "2026-02-28T23:59:59Z", "at the end of the month")
	outputs := t.TempDir() // for the reports, which are in a folder of the system otherwise
	run(t, w.dir, "env", "TMPDIR="+outputs, tutorial, "serve", "--listen", w.code)
	w.awaitLocation("code", "state", "READY")

	// Nobody has switched on anything. From the cursor on there is a new commit, and one alone.
	for _, kind := range []string{"schedule", "sensor"} {
		listed, _ := w.jsonOf(kind, "list")["automations"].([]any)
		if len(listed) != 1 || listed[0].(map[string]any)["running"] != false {
			t.Errorf("%s list: %v", kind, listed)
		}
	}
	w.want(0, "sensor", "cursor", "new_commits", "--set", seen)
	w.want(0, "sensor", "on", "new_commits", "--by", "a test")

	scheduleOfTutorial(t, w)
	backfillOfTutorial(t, w, filepath.Join(outputs, "penstock-tutorial", "daily"))

	failed := w.launch("folder_survey", "--config", writeFile(t, w.dir, "survey.yaml", "config: {survey: {line_budget: 5}}"))
	w.awaitStatus(failed, "FAILURE")
	m := <-messages
	if m.Run.ID != failed || m.Rule != "platform" || m.Run.FailureReason != "op_failure" || m.Run.URL != "http://"+w.host+"/runs/"+failed ||
		!strings.Contains(m.Text, m.Run.URL) || !strings.Contains(m.Text, "has 10 lines, 5 are allowed") {
		t.Errorf("the webhook got %+v", m)
	}

	var runs []any
	eventually(t, "the sensor has launched a run", func() bool {
		for _, tick := range w.jsonOf("sensor", "ticks", "new_commits")["ticks"].([]any) {
			runs = append(runs, tick.(map[string]any)["runs"].([]any)...)
		}
		return len(runs) > 0
	})
	made := runs[0].(map[string]any)
	if len(runs) != 1 || made["run_key"] != head {
		t.Errorf("the sensor made %v, want a run of %s", runs, head)
	}
	of := w.awaitStatus(fmt.Sprint(made["run"]), "SUCCESS")
	for _, want := range []string{"key:commit origin:sensor value:" + head, "value:new_commits"} {
		if tags := fmt.Sprint(of["tags"]); !strings.Contains(tags, want) {
			t.Errorf("the sensor's run has no %s: %s", want, tags)
		}
	}
	if cursor := w.jsonOf("sensor", "cursor", "new_commits")["cursor"]; cursor != head {
		t.Errorf("the cursor is %v, want %s", cursor, head)
	}
	if len(messages) != 0 {
		t.Errorf("the webhook got another message: %+v", <-messages)
	}
}

func scheduleOfTutorial(t *testing.T, w *world) {
	t.Helper()
	preview := w.jsonOf("schedule", "preview", "daily")
	for _, side := range []string{"past", "next"} {
		ticks, _ := preview[side].([]any)
		if len(ticks) != 30 {
			t.Fatalf("%d %s ticks: %v", len(ticks), side, ticks)
		}
		for _, tick := range ticks {
			if at := fmt.Sprint(tick.(map[string]any)["at"]); !strings.HasSuffix(at, "T00:00:00Z") {
				t.Errorf("a tick at %s", at)
			}
		}
	}
	tested := w.jsonOf("schedule", "test", "daily", "--at", "2026-03-01T00:00:00Z")
	runs, _ := tested["runs"].([]any)
	if tested["status"] != "SUCCESS" || len(runs) != 1 || runs[0].(map[string]any)["partition"] != "2026-02-28" {
		t.Errorf("a test at the first of March: %v", tested)
	}
	if a := w.want(0, "run", "list", "--json"); strings.Contains(a.out, "daily_report") {
		t.Errorf("a test launched a run:\n%s", a.out)
	}
}

func backfillOfTutorial(t *testing.T, w *world, reports string) {
	t.Helper()
	w.want(0, "backfill", "start", "daily_report", "--from", "2026-02-01", "--to", "2026-02-28", "--title", "February", "--wait")
	listed, _ := w.jsonOf("backfill", "list")["backfills"].([]any)
	if len(listed) != 1 {
		t.Fatalf("the backfills are %v", listed)
	}
	b := w.jsonOf("backfill", "show", fmt.Sprint(listed[0].(map[string]any)["id"]), "--partitions")
	if b["state"] != "SUCCESS" || b["title"] != "February" {
		t.Errorf("the backfill is %v", b)
	}
	runs := map[string]string{} // of a partition
	for _, item := range b["items"].([]any) {
		item := item.(map[string]any)
		runs[fmt.Sprint(item["partition"])] = fmt.Sprint(item["run_id"])
	}
	days, _ := w.jsonOf("partition", "list", "daily_report", "--prefix", "2026-02")["partitions"].([]any)
	if len(days) != 28 || len(runs) != 28 {
		t.Fatalf("February has %d days, the backfill %d", len(days), len(runs))
	}
	for i, day := range days {
		day := day.(map[string]any)
		key := fmt.Sprintf("2026-02-%02d", i+1)
		if day["partition"] != key || day["status"] != "SUCCESS" || day["runs"] != 1.0 || day["run_id"] != runs[key] {
			t.Errorf("%s of the backfill is %s, and listed as %v", key, runs[key], day)
		}
	}
	for key, want := range map[string]string{"2026-02-02": "None.", "2026-02-03": "10:00", "2026-02-28": "at the end of the month"} {
		if text, err := os.ReadFile(filepath.Join(reports, key+".md")); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the report of %s lacks %q: %q, %v", key, want, text, err)
		}
	}
}
