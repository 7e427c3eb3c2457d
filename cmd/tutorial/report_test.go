package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// shell runs a pipeline of plain commands in dir and returns its lines: the
// second opinion on what the job counts.
func shell(t *testing.T, dir, script string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	text := strings.TrimRight(string(out), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// madeRepository is a repository with what trips up parsers: odd names, a
// binary file, a deletion, a merge, a commit on the edge of a year.
func madeRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	shell(t, dir, `
set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init -q -b main
commit() { # author date message
  git add -A
  GIT_AUTHOR_NAME="$1" GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE="$2" \
  GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE="$2" git commit -q --allow-empty -m "$3"
}
printf 'a\nb\nc\n' > top.txt; commit 'Ada Lovelace' '2024-12-30T23:30:00-0200' one
mkdir -p src/deep 'odd name'; printf 'x\n' > src/deep/x.go; printf 'y\ny\n' > 'odd name/tab	and ü.txt'
commit 'Grace | Hopper' '2025-01-01T00:10:00+0300' two
head -c 5000 /dev/zero > src/zeros.bin; commit 'Ada Lovelace' '2025-01-02T12:00:00Z' three
git checkout -q -b side; printf 'z\n' >> src/deep/x.go; commit 'Grace | Hopper' '2025-01-03T12:00:00Z' side
git checkout -q main; printf 'd\n' >> top.txt; commit 'Ada Lovelace' '2025-01-04T12:00:00Z' four
GIT_AUTHOR_NAME=m GIT_AUTHOR_EMAIL=m@example.org GIT_COMMITTER_NAME=m GIT_COMMITTER_EMAIL=m@example.org \
GIT_AUTHOR_DATE=2025-01-05T12:00:00Z GIT_COMMITTER_DATE=2025-01-05T12:00:00Z git merge -q --no-edit side
git rm -q 'odd name/tab	and ü.txt'; commit 'Ada Lovelace' '2025-01-13T12:00:00Z' five
`)
	return dir
}

// runReport runs the job on a repository with its output in a folder of the test.
func runReport(t *testing.T, repo string) (result *usertest.Result, output string) {
	t.Helper()
	output = filepath.Join(t.TempDir(), "out")
	result, err := usertest.Run(t.Context(), repositoryReport, &usertest.Options{Config: map[string]any{
		"report": map[string]any{"repository": repo, "output": output, "top": 5},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return result, output
}

func outputOf[T any](t *testing.T, r *usertest.Result, path string) T {
	t.Helper()
	v, err := usertest.Output[T](r, path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestReportAgreesWithGit(t *testing.T) {
	for name, repo := range map[string]string{"Made": madeRepository(t), "Own": ownRepository(t)} {
		t.Run(name, func(t *testing.T) {
			r, output := runReport(t, repo)
			if r.Outcome != usertest.Success {
				t.Fatalf("the run ended with %s: %s", r.Outcome, r.Message)
			}
			compareCommits(t, repo, outputOf[[]authorWeek](t, r, "count_commits"), output)
			compareChurn(t, repo, outputOf[[]folderChurn](t, r, "measure_churn"))
			compareLargest(t, repo, outputOf[[]file](t, r, "sizes.largest_files"))
			markdown, err := os.ReadFile(filepath.Join(output, "report.md"))
			if err != nil {
				t.Fatal(err)
			}
			head := shell(t, repo, "git rev-parse HEAD")[0]
			total := shell(t, repo, "git rev-list --count HEAD")[0]
			if want := fmt.Sprintf("Commit %s: %s commits", head, total); !strings.Contains(string(markdown), want) {
				t.Errorf("the Markdown report lacks %q:\n%s", want, markdown)
			}
		})
	}
}

// ownRepository is the project's own; a copy of the sources without it cannot be asked.
func ownRepository(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Skip("these sources are not a Git repository; in CI they are")
	}
	return strings.TrimSpace(string(out))
}

func compareCommits(t *testing.T, repo string, got []authorWeek, output string) {
	t.Helper()
	counted := map[string]string{}
	for _, line := range shell(t, repo, `git log --format='%ad %aN' --date=format-local:%G-W%V | sort | uniq -c`) {
		n, key, _ := strings.Cut(strings.TrimSpace(line), " ")
		counted[key] = n
	}
	if len(got) != len(counted) {
		t.Errorf("%d rows of author and week, git counts %d", len(got), len(counted))
	}
	for _, row := range got {
		if n := counted[row.Week+" "+row.Author]; n != strconv.Itoa(row.Commits) {
			t.Errorf("%s in %s: %d commits, git counts %q", row.Author, row.Week, row.Commits, n)
		}
	}
	data, err := os.ReadFile(filepath.Join(output, "commits.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || len(rows) != len(got)+1 {
		t.Fatalf("the CSV has %d rows, want %d and a head; %v", len(rows), len(got), err)
	}
	for i, row := range got {
		if c := rows[i+1]; c[0] != row.Week || c[1] != row.Author || c[2] != strconv.Itoa(row.Commits) {
			t.Errorf("row %d of the CSV is %q, want %+v", i, c, row)
		}
	}
}

func compareChurn(t *testing.T, repo string, got []folderChurn) {
	t.Helper()
	counted := map[string]string{}
	for _, line := range shell(t, repo, `git -c core.quotepath=off log --numstat --no-renames --format= | awk -F'\t' '
		NF == 3 { p = $3; gsub(/^"|"$/, "", p); f = "."; if (i = index(p, "/")) f = substr(p, 1, i - 1); a[f] += $1; d[f] += $2 }
		END { for (f in a) print a[f] + 0 " " d[f] + 0 " " f }'`) {
		fields := strings.SplitN(line, " ", 3)
		counted[fields[2]] = fields[0] + " " + fields[1]
	}
	if len(got) != len(counted) {
		t.Errorf("churn of %d folders, git has %d: %v", len(got), len(counted), counted)
	}
	for _, c := range got {
		if want := counted[c.Folder]; want != fmt.Sprintf("%d %d", c.Added, c.Deleted) {
			t.Errorf("churn of %s is %d %d, git counts %q", c.Folder, c.Added, c.Deleted, want)
		}
	}
}

func compareLargest(t *testing.T, repo string, got []file) {
	t.Helper()
	want := shell(t, repo, `git ls-tree -r -l --full-tree HEAD | awk '$2 == "blob" { print $4 }' | sort -rn | head -5`)
	var sizes []string
	for _, f := range got {
		sizes = append(sizes, strconv.FormatInt(f.Bytes, 10))
		if n := shell(t, repo, "git cat-file -s 'HEAD:"+f.Path+"'"); n[0] != strconv.FormatInt(f.Bytes, 10) {
			t.Errorf("%s has %d bytes, git says %s", f.Path, f.Bytes, n[0])
		}
	}
	if strings.Join(sizes, " ") != strings.Join(want, " ") {
		t.Errorf("the largest files have %v bytes, git says %v", sizes, want)
	}
}

func TestReportSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		config map[string]any
		want   string
	}{
		"NoRepository": {map[string]any{"repository": t.TempDir()}, "not a git repository"},
		"NoFolder":     {map[string]any{"repository": filepath.Join(t.TempDir(), "none")}, "none"},
		"DepthZero":    {map[string]any{"folder_depth": 0}, "at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := usertest.Run(t.Context(), repositoryReport, &usertest.Options{Config: map[string]any{"report": c.config}})
			if err != nil {
				t.Fatal(err)
			}
			op, _ := r.Op("open_repository")
			if r.Outcome != usertest.Failure || !strings.Contains(op.Message, c.want) {
				t.Errorf("the run ended with %s, open_repository said %q; want failure and %q", r.Outcome, op.Message, c.want)
			}
			if op, _ := r.Op("write_markdown"); op.Outcome != usertest.Skipped {
				t.Errorf("write_markdown ended with %q, want skipped", op.Outcome)
			}
		})
	}
}

func TestHelloJobs(t *testing.T) {
	for _, job := range []*usercode.Job{myJobWithMetadata, mySecondJobWithMetadata, myJobWithTags, mySecondJobWithTags} {
		r, err := usertest.Run(t.Context(), job, nil)
		if err != nil || r.Outcome != usertest.Success {
			t.Errorf("a job of the page: %+v, %v", r, err)
			continue
		}
		if out := outputOf[string](t, r, r.Ops[0].Path); out != "Hello World!" {
			t.Errorf("my_op returned %q", out)
		}
	}
}
