package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestTrial runs the whole program on few runs, so that it is not found broken when somebody wants to measure.
func TestTrial(t *testing.T) {
	var out bytes.Buffer
	o := options{runs: 1000, dir: t.TempDir()}
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, name := range []string{
		"Ingest", "Space", "Command", "Commands", "Page/two-and-not", "Count/third", "TypeAhead/many-values", "Open", "Events", "EventSpace",
		"Retag", "Delete", "CommandAfterRetention",
	} {
		if !strings.Contains(out.String(), "BenchmarkStore/"+name+"/runs=1000") {
			t.Errorf("%s was not measured:\n%s", name, out.String())
		}
	}
}
