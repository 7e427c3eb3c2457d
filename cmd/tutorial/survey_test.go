package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/usertest"
)

func runSurvey(t *testing.T, config map[string]any) *usertest.Result {
	t.Helper()
	result, err := usertest.Run(t.Context(), folderSurvey, &usertest.Options{Config: map[string]any{"survey": config}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestSurveyCountsEveryFolder(t *testing.T) {
	t.Parallel()
	repo, output := madeRepository(t), t.TempDir()
	r := runSurvey(t, map[string]any{"repository": repo, "output": output, "signing_key": usertest.Secret("correct horse")})
	if r.Outcome != usertest.Success {
		t.Fatalf("%s: %s", r.Outcome, r.Message)
	}
	for _, f := range []struct{ key, folder string }{{"top", "top.txt"}, {"src", "src"}} {
		want, err := strconv.Atoi(shell(t, repo, "git ls-files -z "+f.folder+" | xargs -0 cat | wc -l | tr -d ' '")[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := outputOf[folderLines](t, r, "count_lines["+f.key+"]"); got.Lines != want {
			t.Errorf("%s: %+v, want %d lines", f.key, got, want)
		}
	}
	text, err := os.ReadFile(filepath.Join(output, "survey.md"))
	if err != nil || !strings.Contains(string(text), "Counted with git version") {
		t.Errorf("%v\n%s", err, text)
	}
	signature, err := os.ReadFile(filepath.Join(output, "survey.md.hmac"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Log("openssl is not installed, so nobody else looks at the signature")
	} else if second := shell(t, output, "openssl dgst -sha256 -hmac 'correct horse' survey.md | sed 's/.*= //'"); strings.TrimSpace(string(signature)) != second[0] {
		t.Errorf("the signature is %q, openssl says %q", signature, second)
	}
	if head := shell(t, repo, "git rev-parse HEAD")[0]; r.Tags["head"] != head[:12] || r.Tags["largest_folder"] == "" {
		t.Errorf("tags %v", r.Tags)
	}
	if n := len(r.Resources); n != 2 || !r.Resources[1].Closed || r.Resources[1].Failure != "" {
		t.Errorf("resources %+v, want one that was opened and closed", r.Resources)
	}
}

func TestSurveyOverBudget(t *testing.T) {
	t.Parallel()
	output := t.TempDir()
	r := runSurvey(t, map[string]any{"repository": madeRepository(t), "output": output, "line_budget": 3})
	top, _ := r.Op("count_lines[top]")
	src, _ := r.Op("count_lines[src]")
	written, _ := r.Op("write_survey")
	if r.Outcome != usertest.Failure || top.Outcome != usertest.Failure || len(top.Attempts) != 1 || !strings.Contains(top.Message, "3 are allowed") {
		t.Errorf("%s; top: %+v", r.Outcome, top)
	}
	if src.Outcome != usertest.Success || written.Outcome != usertest.Skipped {
		t.Errorf("src: %+v, write_survey: %+v", src, written)
	}
}

func TestKeysAreKeys(t *testing.T) {
	t.Parallel()
	taken := map[string]bool{}
	for name, want := range map[string]string{".": "top", "a b": "a_b", strings.Repeat("x", 99): strings.Repeat("x", 50)} {
		if got := keyFor(name, taken); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if first, second := keyFor("ü", taken), keyFor("ö", taken); first != "_" || second != "_-2" {
		t.Errorf("%q and %q", first, second)
	}
}
