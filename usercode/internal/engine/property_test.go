package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// TestAnyGraph draws graphs, failures and limits, and checks each event against what the graph allows.
func TestAnyGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "ops")
		needs := make([][]int, n)
		fails := make([]bool, n)
		var nodes []*spec.Node
		for i := range n {
			fails[i] = rapid.IntRange(0, 5).Draw(t, "fails") == 0
			run := constant(i)
			if fails[i] {
				run = func(context.Context, []any) (any, error) { return nil, errors.New("drawn") }
			}
			var from []string
			for j := range i {
				if rapid.IntRange(0, 3).Draw(t, "needs") == 0 {
					needs[i] = append(needs[i], j)
					from = append(from, fmt.Sprint("n", j))
				}
			}
			node := place(fmt.Sprint("n", i), run, from...)
			if len(from) > 0 && rapid.Bool().Draw(t, "by order alone") {
				node.Op.Inputs, node.Inputs, node.After = nil, nil, from
			}
			nodes = append(nodes, node)
		}

		r := &recorder{}
		finished := Run(context.Background(), attempt(nodes...), r.sink, Options{Limit: rapid.IntRange(1, 4).Draw(t, "limit")})
		r.check(t)

		ends := map[string]workerv1.Outcome{}
		for _, ev := range r.events {
			var i int
			if _, err := fmt.Sscanf(ev.GetOpPath(), "n%d", &i); err != nil {
				continue
			}
			switch {
			case ev.GetOpStarted() != nil:
				for _, j := range needs[i] {
					if ends[fmt.Sprint("n", j)] != workerv1.Outcome_OUTCOME_SUCCESS {
						t.Fatalf("n%d started before n%d ended well: %q", i, j, r.story())
					}
				}
			case ev.GetOpFinished() != nil:
				ends[ev.GetOpPath()] = ev.GetOpFinished().GetOutcome()
			}
		}
		want := workerv1.Outcome_OUTCOME_SUCCESS
		for i := range n {
			end := workerv1.Outcome_OUTCOME_SUCCESS
			if fails[i] {
				end, want = workerv1.Outcome_OUTCOME_FAILURE, workerv1.Outcome_OUTCOME_FAILURE
			}
			for _, j := range needs[i] {
				if ends[fmt.Sprint("n", j)] != workerv1.Outcome_OUTCOME_SUCCESS {
					end = workerv1.Outcome_OUTCOME_SKIPPED
				}
			}
			if got := ends[fmt.Sprint("n", i)]; got != end {
				t.Fatalf("n%d ended as %v, want %v: %q", i, got, end, r.story())
			}
		}
		if finished.GetOutcome() != want {
			t.Fatalf("the run ended as %v, want %v: %q", finished.GetOutcome(), want, r.story())
		}
	})
}

func BenchmarkOp(b *testing.B) {
	for name, wide := range map[string]bool{"Chain": false, "SideBySide": true} {
		b.Run(name, func(b *testing.B) {
			const ops = 1000
			var nodes []*spec.Node
			for i := range ops {
				var from []string
				if i > 0 && !wide {
					from = []string{fmt.Sprint("n", i-1)}
				}
				nodes = append(nodes, place(fmt.Sprint("n", i), constant(i), from...))
			}
			a := attempt(nodes...)
			b.ReportAllocs()
			for b.Loop() {
				Run(context.Background(), a, func(*workerv1.Event) {}, Options{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/ops, "ns/engine-op")
		})
	}
}
