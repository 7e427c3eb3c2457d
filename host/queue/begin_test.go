package queue

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// stillClock does not move.
type stillClock struct{}

func (stillClock) Now() time.Time                       { return time.Unix(1_770_000_000, 0) }
func (stillClock) After(time.Duration) <-chan time.Time { return nil }

// picture is a Queue without a store, beside the runs that it was told of.
type picture struct {
	*Queue

	runs map[host.RunID]*host.Run
	// next is the number of the next run.
	next uint64
}

func newPicture(most int, limits ...host.Limit) *picture {
	q := New(Options{
		MaxInProgress: most, Limits: limits, Clock: stillClock{}, Holds: func(string) string { return "" },
		WaitForCode: func(string) time.Duration { return 0 },
	})
	return &picture{Queue: q, runs: map[host.RunID]*host.Run{}}
}

// add queues a run with tags.
func (p *picture) add(location string, tags tag.List) *host.Run {
	p.next++
	run := &host.Run{
		ID: host.RunID(fmt.Sprintf("run-%06d", p.next)), Seq: p.next, Status: host.Queued, Tags: tags,
		Job: host.JobName{Location: location, Repository: "reports", Job: "daily"},
	}
	p.runs[run.ID] = run
	p.tell(run)
	return run
}

func (p *picture) tell(run *host.Run) { p.absorb(run, false, p.o.Clock.Now()) }

// remove deletes a run in any state, or ends it.
func (p *picture) remove(run *host.Run) {
	delete(p.runs, run.ID)
	p.absorb(run, true, p.o.Clock.Now())
}

// begun lets the queue decide, and takes what it starts to STARTING, in order.
func (p *picture) begun() (ids []host.RunID) {
	var entries []*entry
	p.begin(p.o.Clock.Now(), func(location string) bool { return location == "held" }, func(e *entry) {
		e.busy = true
		p.judge(e)
		entries = append(entries, e)
	})
	for _, e := range entries {
		e.busy, e.starting = false, false
		p.judge(e)
		p.runs[e.id].Status = host.Starting
		p.tell(p.runs[e.id])
		ids = append(ids, e.id)
	}
	return ids
}

// expected is the same by brute force: runs in order, each started if all limits that count it have room.
func (p *picture) expected() (ids []host.RunID) {
	queued := make([]*host.Run, 0, len(p.runs))
	taken := map[string]int{}
	for _, run := range p.runs {
		switch {
		case run.Status.InProgress():
			for _, l := range p.limitsOf(run) {
				taken[l]++
			}
		case run.Status == host.Queued && run.Job.Location != "held":
			queued = append(queued, run)
		}
	}
	slices.SortFunc(queued, func(a, b *host.Run) int {
		return cmp.Or(cmp.Compare(tag.Priority(b.Tags), tag.Priority(a.Tags)), cmp.Compare(a.Seq, b.Seq))
	})
	for _, run := range queued {
		of := p.limitsOf(run)
		if slices.ContainsFunc(of, func(l string) bool { return taken[l] >= p.most(l) && p.most(l) >= 0 }) {
			continue
		}
		for _, l := range of {
			taken[l]++
		}
		ids = append(ids, run.ID)
	}
	return ids
}

// limitsOf names the limits that count a run, each value apart.
func (p *picture) limitsOf(run *host.Run) []string {
	of := []string{"-1 "}
	for i, l := range p.slots.limits {
		value, ok := run.Tag(l.Each)
		if (l.Each == "" || ok) && l.Where.Matches(host.RunSource{Run: run}) {
			of = append(of, fmt.Sprint(i, " ", value))
		}
	}
	return of
}

func (p *picture) most(of string) int {
	var i int
	if _, err := fmt.Sscan(of, &i); err != nil || i < 0 {
		return p.total.limit.AtMost
	}
	return p.slots.limits[i].AtMost
}

// checkHolders compares who holds slots with what the runs say.
func (p *picture) checkHolders(t *rapid.T) {
	want := map[string]int{}
	for _, run := range p.runs {
		if run.Status.InProgress() {
			for _, l := range p.limitsOf(run) {
				want[l]++
			}
		}
	}
	got := map[string]int{}
	if n := len(p.total.holders); n > 0 {
		got["-1 "] = n
	}
	for k, s := range p.slots.used {
		if len(s.users) == 0 {
			t.Fatalf("slot %v is kept for nobody", k)
		}
		if n := len(s.holders); n > 0 {
			got[fmt.Sprint(k.limit, " ", k.value)] = n
		}
	}
	if len(got) != len(want) {
		t.Fatalf("slots are held %v, want %v", got, want)
	}
	for l, n := range want {
		if got[l] != n {
			t.Fatalf("slots are held %v, want %v", got, want)
		}
	}
}

func drawTags(t *rapid.T) (tags tag.List) {
	for _, key := range []string{"customer", "env", "team"} {
		if v := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, key); v != "" {
			tags = append(tags, tag.Tag{Key: key, Value: v})
		}
	}
	if p := rapid.IntRange(-2, 2).Draw(t, "priority"); p != 0 {
		tags = append(tags, tag.Tag{Key: tag.KeyPriority, Value: fmt.Sprint(p)})
	}
	return tags
}

func drawLimits(t *rapid.T) (limits []host.Limit) {
	wheres := []*selector.Expr{
		nil, selector.TagIs("env", "a"), selector.None(selector.TagIs("team", "b")),
		selector.Any(selector.TagIs("env", "b"), selector.TagIs("team", "c")),
	}
	for range rapid.IntRange(0, 4).Draw(t, "limits") {
		limits = append(limits, host.Limit{
			Where: rapid.SampledFrom(wheres).Draw(t, "where"),
			Each:  rapid.SampledFrom([]string{"", "customer", "team"}).Draw(t, "each"), AtMost: rapid.IntRange(0, 3).Draw(t, "at most"),
		})
	}
	return limits
}

// TestBegin lets runs come, change, end and vanish at random under random limits that change too: what is started is what
// brute force starts, in its order, and slots are held by those who run.
func TestBegin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPicture(rapid.IntRange(-1, 6).Draw(t, "most"), drawLimits(t)...)
		some := func() *host.Run {
			ids := make([]host.RunID, 0, len(p.runs))
			for id := range p.runs {
				ids = append(ids, id)
			}
			if len(ids) == 0 {
				return nil
			}
			slices.Sort(ids)
			return p.runs[rapid.SampledFrom(ids).Draw(t, "run")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"": p.checkHolders,
			"queue": func(t *rapid.T) {
				p.add(rapid.SampledFrom([]string{"east", "west", "held"}).Draw(t, "location"), drawTags(t))
			},
			"decide": func(t *rapid.T) {
				want := p.expected()
				if got := p.begun(); !slices.Equal(got, want) {
					t.Fatalf("started %v, want %v", got, want)
				}
			},
			"change": func(t *rapid.T) {
				if run := some(); run != nil {
					run.Tags = drawTags(t)
					run.Status = rapid.SampledFrom([]host.RunStatus{host.Queued, host.WaitingForCode, host.Starting, host.Started, host.Canceling}).Draw(t, "status")
					if rapid.Bool().Draw(t, "re-pointed") {
						run.Job.Location = rapid.SampledFrom([]string{"east", "west", "held"}).Draw(t, "location")
					}
					p.tell(run)
				}
			},
			"end": func(*rapid.T) {
				if run := some(); run != nil {
					p.remove(run)
				}
			},
			"other limits": func(t *rapid.T) {
				p.SetMaxInProgress(rapid.IntRange(-1, 6).Draw(t, "most"))
				p.SetLimits(drawLimits(t))
				for _, run := range p.runs { // as the queue does before it decides again
					p.tell(run)
				}
			},
		})
	})
}

// BenchmarkBegin is how long a decision takes with many runs queued, under limits for all of some and for each customer: one
// run has ended, and another one starts.
func BenchmarkBegin(b *testing.B) {
	for _, queued := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("queued=%d", queued), func(b *testing.B) {
			limits := []host.Limit{{Each: "customer", AtMost: 1}}
			for i := range 19 {
				limits = append(limits, host.Limit{Where: selector.TagIs("team", fmt.Sprint("team", i)), AtMost: 2})
			}
			p := newPicture(50, limits...)
			for i := range queued {
				p.add("east", tag.List{{Key: "customer", Value: fmt.Sprint(i % (queued / 5))}, {Key: "team", Value: fmt.Sprint("team", i%25)}})
			}
			running := p.begun()
			b.ReportMetric(float64(len(running)), "in-progress")
			for i := 0; b.Loop(); i++ {
				p.remove(p.runs[running[0]])
				running = append(running[1:], p.begun()...)
				if i%25 == 0 {
					b.StopTimer()
					for len(p.runs) < queued {
						p.add("east", tag.List{{Key: "customer", Value: fmt.Sprint(int(p.next) % (queued / 5))}, {Key: "team", Value: fmt.Sprint("team", p.next%25)}})
					}
					b.StartTimer()
				}
			}
		})
	}
}

// TestSetLimitsBetween looks at a run after the limits were replaced, and before the queue has read again which count it.
func TestSetLimitsBetween(t *testing.T) {
	each := host.Limit{Each: "customer", AtMost: 1}
	p := newPicture(1, each)
	tags := tag.List{{Key: "customer", Value: "acme"}}
	p.add("east", tags)
	p.begun()
	waiting := p.add("east", tags)
	p.SetLimits([]host.Limit{each})
	if s := p.Standing(waiting.ID); s.InProgress != 1 || s.Taken != 1 || len(s.Limits) != 0 {
		t.Errorf("after the limits were replaced it stands so: %+v", s)
	}
	for _, run := range p.runs {
		p.tell(run)
	}
	if s := p.Standing(waiting.ID); len(s.Limits) != 1 || !s.Limits[0].Full {
		t.Errorf("after it was read again it stands so: %+v", s)
	}
}

// TestNoRoomIsMadeWhereNothingStarts: a start without an answer keeps its slot where giving it back would help nobody.
func TestNoRoomIsMadeWhereNothingStarts(t *testing.T) {
	for most, want := range map[int]bool{0: false, 1: true} {
		p := newPicture(1)
		p.add("east", nil)
		late := p.open[p.begun()[0]]
		p.add("west", nil)
		p.SetMaxInProgress(most)
		waiting := p.waitingForSlots(p.o.Clock.Now(), func(string) bool { return false })
		if got := waiting.take(late); got != want {
			t.Errorf("with at most %d in progress a slot is wanted: %t, want %t", most, got, want)
		}
	}
}
