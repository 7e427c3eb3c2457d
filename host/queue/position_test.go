package queue

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// standingByHand is the place of a run by brute force: among all queued ones that have room in every limit but that of all
// runs.
func (p *picture) standingByHand(of *host.Run) (before []host.RunID, among int) {
	taken := map[string]int{}
	var could []*host.Run
	for _, run := range p.runs {
		if run.Status.InProgress() {
			for _, l := range p.limitsOf(run) {
				taken[l]++
			}
		}
	}
	for _, run := range p.runs {
		full := slices.ContainsFunc(p.limitsOf(run)[1:], func(l string) bool { return taken[l] >= p.most(l) })
		if run == of || run.Status == host.Queued && !full {
			could = append(could, run)
		}
	}
	slices.SortFunc(could, func(a, b *host.Run) int {
		return cmp.Or(cmp.Compare(tag.Priority(b.Tags), tag.Priority(a.Tags)), cmp.Compare(a.Seq, b.Seq))
	})
	for _, run := range could[:slices.Index(could, of)] {
		before = append(before, run.ID)
	}
	return before, len(could)
}

func TestPosition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPicture(rapid.IntRange(0, 6).Draw(t, "most"), drawLimits(t)...)
		for range rapid.IntRange(1, 40).Draw(t, "runs") {
			p.add(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "location"), drawTags(t))
		}
		p.begun()
		for id, run := range p.runs {
			if run.Status != host.Queued {
				continue
			}
			before, among := p.standingByHand(run)
			s := p.Standing(id)
			if s.Before != len(before) || s.Among != among || !slices.Equal(s.BeforeRuns, before[:min(len(before), maxNamed)]) {
				t.Fatalf("before run %s of %d are %d, %v; want %d, %v of %d", id, s.Among, s.Before, s.BeforeRuns, len(before), before, among)
			}
		}
	})
}

// TestPositionCostsNoMoreInALongQueue asks for the last of 100,000 runs.
func TestPositionCostsNoMoreInALongQueue(t *testing.T) {
	const n = 100_000
	p := newPicture(0)
	var last *host.Run
	for i := range n {
		last = p.add("a", tag.List{{Key: "customer", Value: fmt.Sprint(i % 100)}})
	}
	s := p.Standing(last.ID)
	if s.Before != MaxPosition+1 || s.Among != n || s.BeforeRuns[0] != "run-000001" {
		t.Errorf("%d of %d are before the last run, first %v", s.Before, s.Among, s.BeforeRuns)
	}
	if s = p.Standing(s.BeforeRuns[9]); s.Before != 9 || s.Among != n {
		t.Errorf("%d of %d are before the tenth run", s.Before, s.Among)
	}
}

// BenchmarkPosition asks where the last of 100,000 runs stands.
func BenchmarkPosition(b *testing.B) {
	p := newPicture(0, host.Limit{Each: "customer", AtMost: 1})
	var last *host.Run
	for i := range 100_000 {
		last = p.add("a", tag.List{{Key: "customer", Value: fmt.Sprint(i % 1000)}})
	}
	for b.Loop() {
		p.Standing(last.ID)
	}
}
