package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusedLaunches: each answer says what was wrong, where and what to do, and nothing was launched.
func TestRefusedLaunches(t *testing.T) { //nolint:tparallel // what follows the subtests counts what they left
	t.Parallel()
	other := freeAddress(4266)
	w := newWorld(t, "--location", "other="+other, "--location", "gone=127.0.0.1:1")
	w.serve(testcode)
	run(t, w.dir, testcode, "serve", "--listen", other)
	eventually(t, "the other location is READY", func() bool { return w.jsonOf("location", "show", "other")["state"] == "READY" })
	eventually(t, "the last location is known to be down", func() bool {
		return w.jsonOf("location", "show", "gone")["state"] == "UNAVAILABLE"
	})
	const job = "code/tests/gated"
	for _, c := range []struct {
		name   string
		config string // empty: none
		args   []string
		code   int
		want   []string // all on stderr, in this order
	}{
		{"UnknownJob", "", []string{"code/tests/gatet"}, 3, []string{`there is no job "code/tests/gatet"`, "Did you mean code/tests/gated"}},
		{"UnknownWhileALocationIsDown", "", []string{"mystery"}, 3, []string{`there is no job "mystery"`, "gone are not known", "List the jobs"}},
		{"AmbiguousJob", "", []string{"gated"}, 6, []string{"2 jobs are called \"gated\"", "code/tests/gated", "other/tests/gated", "Write more of the name"}},
		{"JobOfALocationThatIsDown", "", []string{"gone/tests/gated"}, 5, []string{"gone", "refuses connections", "Start the user-code server"}},
		{"NotYAML", "config: [1,\n", []string{job}, 6, []string{"run.yaml:2:1", "it is not YAML", "nothing was queued"}},
		{"TwoDocuments", "config: {}\n---\nconfig: {}\n", []string{job}, 6, []string{"run.yaml:2:1", "a second document begins here", "remove the ---"}},
		{"TooLarge", "config: {gate: {open: " + strings.Repeat("x", 1<<20) + "}}", []string{job}, 6, []string{"run.yaml", "1048576 bytes"}},
		{"DoesNotFit", "config:\n  gate: {lines: many, deaf: 1}\n  gait: {}\nextra: 1\n", []string{job}, 6, []string{
			"4 problems", "run.yaml:2:10: config.gate.lines: ", `"many"`, "whole number", "run.yaml:2:23: config.gate.deaf: ", "true or false",
			"run.yaml:3:3: config.gait: unknown key; known are gate", "run.yaml:4:1: extra: unknown key; known are config", "nothing was queued",
		}},
		{"ConfigForAJobWithout", "config: {gate: {}}", []string{"code/tests/failing"}, 6, []string{"run.yaml:1:1", "takes no config; remove it"}},
		{"BadTags", "", []string{
			job, "--tag", "bad key=x", "--tag", "ok=\x1b[2J", "--tag", "penstock/location=mine",
			"--tag", "penstock/k8s={}", "--priority", "high",
		}, 6, []string{
			"5 problems", `tag "bad key" = "x"`, `tag "ok" = "\x1b[2J"`, "control character", `tag "penstock/location" = "mine": penstock/ belongs to the system`,
			`tag "penstock/priority" = "high": use a whole number`, "penstock/k8s: this host has no launcher", "known: local", "nothing was queued",
		}},
		{"NotATag", "", []string{job, "--tag", "word"}, 2, []string{`--tag "word"`, "write key=value"}},
		{"SelectionOfNothing", "", []string{job, "--op-selection", "wait,nobody"}, 6, []string{"column 6", `"nobody" matches no op`, "count, wait"}},
		{"Everything", "gate: 1", []string{job, "--tag", "bad key=x", "--op-selection", "nobody"}, 6, []string{
			"3 problems", "run.yaml:1:1: gate: unknown key", `tag "bad key"`, `"nobody" matches no op`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"run", "launch"}, c.args...)
			if c.config != "" {
				args = append(args, "--config", writeConfig(t, w, c.config))
			}
			a := w.want(c.code, args...)
			rest := a.errOut
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("stderr lacks %q, there or in its place:\n%s", want, a.errOut)
				}
				rest = after
			}
			if a.out != "" || strings.Contains(a.errOut, "\x1b") {
				t.Errorf("stdout is %q, stderr %q", a.out, a.errOut)
			}
		})
	}
	if runs, ok := w.jsonOf("run", "list")["runs"].([]any); !ok || len(runs) != 0 {
		t.Errorf("refused launches left %v", runs)
	}
	// The same job launches once everything is right.
	id := w.launch(job, "--priority", "3", "--tag", "ok=yes", "--config",
		writeConfig(t, w, "config: {gate: {lines: 1, started: "+filepath.Join(w.dir, "started")+", open: "+w.dir+"}}"))
	w.awaitStatus(id, "SUCCESS")
}
