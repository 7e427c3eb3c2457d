package workspace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// sightings is a history of answers, and what the rule made of it.
type sightings struct {
	t       *testing.T
	rule    reports
	now     time.Time
	answers []struct {
		key   string
		at    time.Time
		fresh bool
	}
	changes int
}

func newSightings(t *testing.T) *sightings {
	return &sightings{t: t, now: time.Unix(0, 0)}
}

func (s *sightings) pass(d time.Duration) { s.now = s.now.Add(d) }

func (s *sightings) see(key string, fresh bool, patience int) {
	s.t.Helper()
	before := s.rule.active
	changed := s.rule.see(key, s.now, fresh, patience)
	if changed != (s.rule.active != before) {
		s.t.Fatalf("see answered %t, but the active report went from %q to %q", changed, before, s.rule.active)
	}
	if changed && len(s.answers) > 0 {
		s.changes++
	}
	s.answers = append(s.answers, struct {
		key   string
		at    time.Time
		fresh bool
	}{key, s.now, fresh})
}

// lately says whether a report answered within its memory before the last n answers.
func (s *sightings) lately(key string, n int) bool {
	for _, a := range s.answers[:len(s.answers)-n] {
		if a.key == key && s.now.Sub(a.at) < reportMemory {
			return true
		}
	}
	return false
}

// inRow is how many of the last answers were fresh ones of one report.
func (s *sightings) inRow() (n int) {
	last := s.answers[len(s.answers)-1].key
	for i := len(s.answers) - 1; i >= 0 && s.answers[i].key == last; i-- {
		if s.answers[i].fresh {
			n++
		}
	}
	return n
}

// Whatever answers, another report becomes active for one of three reasons alone.
func TestReportsChangeForAReason(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		s := newSightings(t)
		for range 400 {
			before := s.rule.active
			s.pass([]time.Duration{0, time.Second, 10 * time.Second, time.Minute}[min(random.IntN(30), 3)] + time.Second)
			key := fmt.Sprint(random.IntN(1 + random.IntN(4)))
			patience := rollbackProbes
			s.see(key, random.IntN(4) > 0, patience)
			unseen := !s.lately(key, 1)
			switch after := s.rule.active; {
			case unseen && after != key:
				t.Fatalf("seed %d: a report that was never seen is not active", seed)
			case unseen || after == before:
			case after == key && s.inRow() >= patience: // rolled back
			case before != "" && !s.lately(before, 0): // died out
			default:
				t.Fatalf("seed %d: report %q took over from %q after %d in a row, for no reason", seed, after, before, s.inRow())
			}
			if s.inRow() >= patience && s.rule.active != key {
				t.Fatalf("seed %d: %d fresh answers in a row, and the report is not active", seed, s.inRow())
			}
			if !s.rule.knows(s.rule.active) {
				t.Fatalf("seed %d: the active report is not among those seen", seed)
			}
		}
	}
}

// Servers are replaced one by one, in any order and at any pace, behind a
// balancer that asks each of them now and then: one change is seen, no flicker.
func TestRollingUpdateIsOneChange(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		n := 1 + random.IntN(8)
		servers := make([]string, n)
		for i := range servers {
			servers[i] = "old"
		}
		s := newSightings(t)
		round := func() {
			for _, i := range random.Perm(n) {
				patience := rollbackProbes
				if n > 1 {
					patience = max(rollbackProbes, n*rollbackProbesEach)
				}
				s.see(servers[i], true, patience)
				s.pass(time.Second)
			}
		}
		for range 3 {
			round()
		}
		for _, i := range random.Perm(n) {
			servers[i] = "new"
			for range random.IntN(10) {
				round()
			}
		}
		s.pass(reportMemory)
		round()
		if s.changes != 1 || s.rule.active != "new" || s.rule.mixed() {
			t.Fatalf("seed %d: %d changes over %d servers, active is %q, mixed %t", seed, s.changes, n, s.rule.active, s.rule.mixed())
		}
	}
}

// Two servers are replaced slowly behind a balancer that draws lots for each connection. Now and then the lots fall on the
// older one for a while; that must not bring it back.
func TestRollingUpdateBehindLots(t *testing.T) {
	const updates, seconds = 200, 300
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	flickered := 0
	for range updates {
		s := newSightings(t)
		s.see("old", true, rollbackProbes)
		for range seconds {
			s.pass(time.Second)
			s.see([]string{"old", "new"}[random.IntN(2)], true, 2*rollbackProbesEach)
		}
		s.pass(time.Second)
		s.see("new", true, 2*rollbackProbesEach)
		if s.changes > 1 {
			flickered++
		}
	}
	// One in three million is expected to, where ten answers in a row would bring it back in one of seven.
	if flickered > 1 {
		t.Errorf("seed %d: %d of %d updates were seen as more than one change", seed, flickered, updates)
	}
}

// A deploy that is taken back half-way is two changes: there and back.
func TestRollback(t *testing.T) {
	s := newSightings(t)
	for range 5 {
		s.see("old", true, rollbackProbes)
		s.pass(time.Second)
	}
	for range 5 {
		s.see("new", true, rollbackProbes)
		s.pass(time.Second)
		s.see("old", true, rollbackProbes)
		s.pass(time.Second)
	}
	if s.rule.active != "new" || s.changes != 1 || !s.rule.mixed() {
		t.Fatalf("active is %q after %d changes, mixed %t", s.rule.active, s.changes, s.rule.mixed())
	}
	for i := 2; i <= rollbackProbes; i++ { // the first of the row was the last one above
		if s.rule.active != "new" {
			t.Fatalf("rolled back after %d answers in a row", i)
		}
		s.see("old", true, rollbackProbes)
		s.pass(time.Second)
	}
	if s.rule.active != "old" || s.changes != 2 {
		t.Fatalf("active is %q after %d changes", s.rule.active, s.changes)
	}
	// What is left of the new servers is the remainder now.
	s.see("new", true, rollbackProbes)
	if s.rule.active != "old" {
		t.Error("one answer of a report that was rolled back brought it back")
	}
	s.pass(reportMemory)
	if s.rule.forget(s.now) || s.rule.mixed() || s.rule.active != "old" {
		t.Errorf("after a silence active is %q, mixed %t", s.rule.active, s.rule.mixed())
	}
}

// The newer report dies out while the older one goes on to answer, never ten
// times in a row over a new connection.
func TestReportDiesOut(t *testing.T) {
	s := newSightings(t)
	s.see("old", true, rollbackProbes)
	s.see("new", true, rollbackProbes)
	for range 59 {
		s.pass(time.Second)
		s.see("old", false, rollbackProbes)
		if s.rule.active != "new" {
			t.Fatal("the older report took over early")
		}
	}
	s.pass(time.Second)
	if !s.rule.forget(s.now) || s.rule.active != "old" || s.rule.mixed() {
		t.Errorf("active is %q, mixed %t", s.rule.active, s.rule.mixed())
	}
}

// A report that is another one each time is bounded in what it costs.
func TestReportsAreBounded(t *testing.T) {
	s := newSightings(t)
	for i := range 10 * maxReports {
		s.see(fmt.Sprint(i), true, rollbackProbes)
		s.pass(time.Millisecond)
	}
	if n := len(s.rule.seen); n != maxReports || s.rule.active != fmt.Sprint(10*maxReports-1) {
		t.Errorf("%d reports are kept, active is %q", n, s.rule.active)
	}
}
