package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	const results = `goos: linux
BenchmarkSpeedLaunch-2   	       1	   14.00 p50-ms	  27.5 p95-ms	         0 ns/op
BenchmarkSpeedLaunch-2   	       1	   12.00 p50-ms	  27.5 p95-ms
BenchmarkSpeedOps/ops=200-16   	       2	         0.75 ms-per-op
BenchmarkSpeedAccept   	       1	      1500 runs/s
BenchmarkSpeedEvents-2   	       1	    260233 events/s
BenchmarkHostStart/jobs=1/known=true-2   	 10	   30000000 ns/op	  25.1 MB
BenchmarkSpeedMachine-2   	 10	   0.0712 fsync-p50-ms
BenchmarkOther-2   	 10	   1 p50-ms
PASS
`
	var out strings.Builder
	if err := run(strings.NewReader(results), &out); err != nil {
		t.Fatal(err)
	}
	text, passed := strings.CutPrefix(out.String(), results)
	if !passed {
		t.Fatalf("the results are not passed on:\n%s", out.String())
	}
	var rows []string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"",
		"WHAT MEASURED GOAL",
		"this machine: a page written and synced, p50 0.0712 ms –",
		"launch to success, one no-op op, a fresh process, p50 13 ms ≤ 15 ms PASS",
		"the same, p95 27.5 ms ≤ 25 ms 2.5 ms over (1.10 ×)",
		"overhead per op, 200 ops in one run 0.75 ms ≤ 0.5 ms 0.25 ms over (1.50 ×)",
		"accepted into the queue, 64 clients 1500 /s ≥ 2000 /s 500 /s short (0.75 ×)",
		"events of 64 workers 260233 /s ≥ 50000 /s PASS",
		"host start until it lists 1 job 30 ms ≤ 200 ms PASS",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

func TestNothingMeasured(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader("ok  \tpackage\t1.0s\n"), &out); err != nil || out.String() != "ok  \tpackage\t1.0s\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

// TestGoalsAreMeasured catches a goal whose benchmark was renamed: it would be missing from the table without a word.
func TestGoalsAreMeasured(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"../../../host/*/*_bench_test.go", "../e2e/*_bench_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	for _, g := range goals {
		name, _, _ := strings.Cut(g.benchmark, "/")
		if !strings.Contains(sources.String(), "func Benchmark"+name+"(") {
			t.Errorf("no benchmark measures %q: there is no Benchmark%s", g.what, name)
		}
		if g.unit != "ns/op" && !strings.Contains(sources.String(), `"`+g.unit+`"`) {
			t.Errorf("no benchmark measures %q: none reports %s", g.what, g.unit)
		}
	}
}
