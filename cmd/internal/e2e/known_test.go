package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestDefinitionsSurviveTheHost ends the host, in order and by a kill, and the code server with it.
func TestDefinitionsSurviveTheHost(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world){
		"Stopped": func(w *world) {
			if code := w.server.stop(); code != 0 {
				w.t.Errorf("SIGTERM: exit code %d", code)
			}
		},
		"Killed": func(w *world) { w.server.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			code := w.serve(tutorial)
			before := w.jsonOf("job", "show", "my_job_with_metadata")
			eventually(t, "the definitions are stored", func() bool {
				snapshots, _ := w.jsonOf("job", "history", "my_job_with_metadata")["snapshots"].([]any)
				return len(snapshots) == 1
			})
			end(w)
			if exit := code.stop(); exit != 0 {
				t.Errorf("the code server: exit code %d", exit)
			}

			w.startHost()
			w.awaitState("STALE")
			a := w.want(0, "job", "show", "my_job_with_metadata")
			all := a.out + a.errOut
			if !regexp.MustCompile(`\d+ (second|minute)s? ago`).MatchString(all) || !strings.Contains(all, "data team") || !strings.Contains(all, "refuses connections") {
				t.Errorf("job show lacks the metadata, its age or the error:\n%s", all)
			}
			now := w.jsonOf("job", "show", "my_job_with_metadata")
			metadata, _ := now["metadata"].(map[string]any)
			entries, _ := metadata["entries"].([]any)
			if metadata["state"] != "STALE" || len(entries) == 0 || now["definition_digest"] != before["definition_digest"] {
				t.Errorf("the job in JSON is %v, and was %v", now, before)
			}
			if l := w.want(0, "location", "show", "code").out; !strings.Contains(l, "STALE") || !strings.Contains(l, w.code+" refuses connections") {
				t.Errorf("location show lacks the error:\n%s", l)
			}

			id := w.launch("my_job_with_tags") // waits for the code
			w.serve(tutorial)
			if m, _ := w.jsonOf("job", "show", "my_job_with_metadata")["metadata"].(map[string]any); m["state"] != "SHOWN" {
				t.Errorf("once the code server is back the metadata is %v", m)
			}
			w.awaitStatus(id, "SUCCESS")
			if snapshots, _ := w.jsonOf("job", "history", "my_job_with_metadata")["snapshots"].([]any); len(snapshots) != 1 {
				t.Errorf("a restart made another snapshot: %v", snapshots)
			}
		})
	}
}
