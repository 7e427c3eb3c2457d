package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) ticks(t *testing.T) {
	t.Run("KeepsAll", x.tickKeepsAll)
	t.Run("MakesItsRuns", x.tickMakesRuns)
	t.Run("OnceAtAnInstant", x.tickOnce)
	t.Run("OneWinner", x.tickRace)
	t.Run("ErrChanged", x.tickErrChanged)
	t.Run("RunKeys", x.tickRunKeys)
	t.Run("RunKeysOutliveAll", x.tickRunKeysOutlive)
	t.Run("Keys", x.tickPartitionKeys)
	t.Run("Full", x.tickFull)
	t.Run("SkippedAgain", x.tickSkippedAgain)
	t.Run("AllOrNothing", x.tickAllOrNothing)
	t.Run("Pages", x.tickPages)
	t.Run("Tidy", x.tickTidy)
	t.Run("ErrArguments", x.tickArguments)
}

// newTick makes a tick of a schedule or sensor as it is, so many minutes after epoch, with runs of these keys.
func newTick(a host.Automation, minutes int, keys ...string) host.NewTick {
	at := epoch.Add(time.Duration(minutes) * time.Minute)
	n := host.NewTick{
		Tick: host.Tick{
			Name: a.Name, At: at, Status: host.TickSuccess, StartedAt: at.Add(1), EndedAt: at.Add(2), LastAt: at.Add(2), Count: 1, Cursor: a.Cursor,
		},
		Version: a.Version, Next: a,
	}
	n.Next.From, n.Next.EvaluatedAt = at, at
	for _, key := range keys {
		id := uuid.Must(uuid.NewV7()).String()
		n.Runs = append(n.Runs, host.NewTickRun{RunKey: key, NewRun: host.NewRun{
			RequestID: "request " + id,
			Run: host.Run{
				ID: host.RunID(id), Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"},
				Status: host.Queued, CreatedAt: at,
			},
		}})
	}
	return n
}

// skip makes a tick one that skipped.
func skip(n host.NewTick, reason string) host.NewTick {
	n.Tick.Status, n.Tick.SkipReason = host.TickSkipped, reason
	return n
}

// made is a tick with its runs as it is stored.
func made(n host.NewTick) host.Tick {
	for _, r := range n.Runs {
		n.Tick.Runs = append(n.Tick.Runs, host.TickRun{Run: r.Run.ID, RunKey: r.RunKey, Partition: r.Partition})
	}
	return n.Tick
}

// tick adds a tick, and returns the schedule or sensor behind it.
func (s *store) tick(n host.NewTick) (host.Tick, host.Automation) {
	s.t.Helper()
	got, created, err := s.CreateTick(s.ctx, n)
	if err != nil || !created {
		s.t.Fatalf("CreateTick(%+v) = created %t, %v; want a new one", n.Tick, created, err)
	}
	return got, s.automation(n.Tick.Name)
}

func (s *store) automation(name host.AutomationName) host.Automation {
	s.t.Helper()
	all, err := s.Automations(s.ctx)
	for _, a := range all {
		if a.Name == name {
			return a
		}
	}
	s.t.Fatalf("there is no %s (%v)", name, err)
	return host.Automation{}
}

func (s *store) wantTicks(name host.AutomationName, want ...host.Tick) {
	s.t.Helper()
	page, err := s.Ticks(s.ctx, name, nil, time.Time{}, len(want)+1)
	if err != nil || !page.Next.IsZero() {
		s.t.Errorf("Ticks: next %s, %v; want all", page.Next, err)
	}
	wantSame(s.t, "Ticks", page.Ticks, want)
	for _, tick := range want {
		got, err := s.TickRow(s.ctx, name, tick.At)
		if err != nil {
			s.t.Errorf("TickRow: %v", err)
		}
		wantSame(s.t, "TickRow", got, tick)
	}
}

func (x *exercise) tickKeepsAll(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	n := newTick(a, 1, "key", "")
	n.Runs[0].Partition = "2026-03-01"
	n.Tick.KnownKeys, n.Tick.KnownKeyCount = []string{"k", "\u00fc"}, 9
	n.Tick.Cursor, n.Tick.LogLines, n.Tick.Late, n.Tick.Count = "odd \u00fc\x00", []string{"", "a\n"}, true, 3
	n.Tick.LastAt = n.Tick.LastAt.Add(5)
	n.Next.Cursor, n.Next.Ended = n.Tick.Cursor, 1<<60
	n.Next.Switch, n.Next.Definition, n.Next.GoneSince = host.SwitchOff, nil, epoch // all else stays
	got, after := s.tick(n)
	wantSame(t, "CreateTick", got, made(n))
	a.From, a.EvaluatedAt, a.Cursor, a.Ended, a.Version = n.Tick.At, n.Tick.At, n.Tick.Cursor, 1<<60, 2
	wantSame(t, "the sensor behind it", after, a)

	failed := newTick(a, 2)
	failed.Tick.Status, failed.Tick.Error, failed.Next.From = host.TickFailure, "it broke", epoch // which never goes back
	got, after = s.tick(failed)
	wantSame(t, "CreateTick that failed", got, made(failed))
	a.EvaluatedAt = failed.Tick.At
	wantSame(t, "the sensor behind it", after, a)
	s.reopen()
	s.wantTicks(a.Name, failed.Tick, made(n))
	s.wantAutomations(a)
	_, err := s.TickRow(s.ctx, a.Name, epoch)
	wantCode(t, "TickRow of an instant without one", err, host.NotFound)
	_, err = s.TickRow(s.ctx, scheduleNamed("a"), n.Tick.At)
	wantCode(t, "TickRow of another", err, host.NotFound)
}

func (x *exercise) tickMakesRuns(t *testing.T) {
	s := x.new(t)
	first := s.create(func(n *host.NewRun) { n.Run.CreatedAt = epoch.Add(time.Hour) })
	a := s.knowAutomation(scheduleNamed("a"))
	n := newTick(a, 1, "x", "y", "z")
	body := []byte("shared")
	n.Runs[2].Bodies = map[host.Digest][]byte{digestOf(body): body}
	for i := range n.Runs {
		r := &n.Runs[i]
		r.Run.Launched.Definition, r.Events = digestOf(body), bytesOf([]string{"queued", fmt.Sprint(i)})
	}
	s.tick(n)
	s.reopen()
	all := s.all()
	for i := range n.Runs {
		want := n.Runs[i].Run
		want.Seq, want.CreatedAt = first.Seq+1+uint64(i), first.CreatedAt // the clock went back
		wantSame(t, "a run of a tick", all[2-i], want)
		got, err := s.RunOfRequest(s.ctx, n.Runs[i].RequestID)
		if err != nil {
			t.Error(err)
		}
		wantSame(t, "RunOfRequest", got, want)
		events, err := s.HostEvents(s.ctx, want.ID)
		if err != nil || len(events) != 2 || string(events[1].Data) != fmt.Sprint(i) {
			t.Errorf("its events are %v, %v", events, err)
		}
	}
	found, err := s.Runs(s.ctx, host.StatusIn(host.Queued), 0, 9)
	if err != nil || len(found.Runs) != 4 {
		t.Errorf("%d runs are found by their status, %v; want 4", len(found.Runs), err)
	}
	if open, err := s.OpenRuns(s.ctx); err != nil || len(open) != 4 {
		t.Errorf("%d runs are open, %v; want 4", len(open), err)
	}
	if next := s.create(nil); next.Seq != 5 {
		t.Errorf("the next run has Seq %d, want 5", next.Seq)
	}
}

func (x *exercise) tickOnce(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(scheduleNamed("a"))
	first := newTick(a, 1, "")
	_, a = s.tick(first)
	for _, n := range []host.NewTick{first, newTick(a, 1, "", ""), skip(newTick(a, 1), "no")} {
		n.Keys = []host.PartitionKeysChange{{Name: dimension, Add: []string{"k"}}}
		n.Next.Cursor = "c"
		got, created, err := s.CreateTick(s.ctx, n)
		if err != nil || created {
			t.Errorf("CreateTick of the same instant = created %t, %v", created, err)
		}
		wantSame(t, "CreateTick of the same instant", got, made(first))
		s.reopen()
	}
	s.wantAutomations(a)
	s.wantPartitionKeys(dimension)
	if len(s.all()) != 1 {
		t.Errorf("there are %d runs, want 1", len(s.all()))
	}
}

func (x *exercise) tickRace(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(scheduleNamed("a"))
	for round := range 5 {
		const hosts = 8
		var wg sync.WaitGroup
		var mu sync.Mutex
		winners, answers := 0, map[host.RunID]int{}
		for range hosts {
			n := newTick(a, round, "", "")
			wg.Go(func() {
				got, created, err := s.CreateTick(s.ctx, n)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("CreateTick: %v", err)
					return
				}
				if created {
					winners++
				}
				for _, r := range got.Runs {
					answers[r.Run]++
				}
			})
		}
		wg.Wait()
		if winners != 1 || len(answers) != 2 || len(s.all()) != 2*(round+1) {
			t.Errorf("round %d: %d winners, runs %v answered, %d there", round, winners, answers, len(s.all()))
		}
		a = s.automation(a.Name)
	}
}

func (x *exercise) tickErrChanged(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(scheduleNamed("a"))
	is := s.updateAutomation(a.Name, func(a *host.Automation) { a.Switch = host.SwitchOff })
	_, _, err := s.CreateTick(s.ctx, newTick(a, 1, ""))
	if wantCode(t, "CreateTick for what was changed", err, host.Conflict); host.ReasonOf(err) != host.ReasonAutomationChanged {
		t.Errorf("its reason is %s", host.ReasonOf(err))
	}
	a.Name = scheduleNamed("b")
	_, _, err = s.CreateTick(s.ctx, newTick(a, 1, ""))
	wantCode(t, "CreateTick of no schedule", err, host.NotFound)
	s.wantAutomations(is)
	s.wantTicks(is.Name)
	wantSame(t, "runs", s.all(), nil)
}

func (x *exercise) tickPartitionKeys(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	n := newTick(a, 1, "")
	other := dimension
	other.Dimension = "other"
	n.Keys = []host.PartitionKeysChange{
		{Name: dimension, Add: []string{"a", "b", "c"}}, {Name: other, Add: []string{"z"}}, {Name: dimension, Add: []string{"b", "d"}, Remove: []string{"b"}},
	}
	_, a = s.tick(n)
	s.reopen()
	s.wantPartitionKeys(dimension, "a", "c", "b", "d")
	s.wantPartitionKeys(other, "z")
	n = newTick(a, 2, "")
	n.Keys = []host.PartitionKeysChange{{Name: dimension, Remove: []string{"a"}}, {Name: dimension, Add: []string{"a|b"}}}
	_, _, err := s.CreateTick(s.ctx, n)
	wantCode(t, "CreateTick with a wrong key", err, host.Invalid)
	s.wantPartitionKeys(dimension, "a", "c", "b", "d")
	s.wantAutomations(a)
}

func (x *exercise) tickAllOrNothing(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	there := s.create(nil)
	for name, edit := range map[string]func(*host.NewTick){
		"the id of a run that is there":   func(n *host.NewTick) { n.Runs[1].Run.ID = there.ID },
		"a request id that was used":      func(n *host.NewTick) { n.Runs[1].RequestID = "request " + string(there.ID) },
		"too many keys":                   func(n *host.NewTick) { n.Keys[0].Add = manyKeys() },
		"a body that is missing":          func(n *host.NewTick) { n.Runs[1].Run.Launched.Definition = digestOf([]byte("x")) },
		"a body that has another digest":  func(n *host.NewTick) { n.Runs[1].Bodies = map[host.Digest][]byte{digestOf([]byte("x")): []byte("y")} },
		"one id twice":                    func(n *host.NewTick) { n.Runs[1].Run.ID = n.Runs[0].Run.ID },
		"one request id twice":            func(n *host.NewTick) { n.Runs[1].RequestID = n.Runs[0].RequestID },
		"a run that is not queued":        func(n *host.NewTick) { n.Runs[1].Run.Status = host.Starting },
		"a run without a time":            func(n *host.NewTick) { n.Runs[1].Run.CreatedAt = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC) },
		"runs of a tick that has skipped": func(n *host.NewTick) { n.Tick.Status = host.TickSkipped },
	} {
		n := newTick(a, 1, "x", "y")
		n.Keys = []host.PartitionKeysChange{{Name: dimension, Add: []string{"k"}}}
		n.Next.Cursor = "moved"
		edit(&n)
		_, _, err := s.CreateTick(s.ctx, n)
		if code := host.CodeOf(err); err == nil || code != host.Invalid && code != host.Conflict {
			t.Errorf("CreateTick with %s = %v, want it refused", name, err)
		}
	}
	s.reopen()
	s.wantAutomations(a)
	s.wantTicks(a.Name)
	s.wantRunKeys(a.Name, []string{"x", "y"})
	s.wantPartitionKeys(dimension)
	wantSame(t, "runs", s.all(), []host.Run{there})
	if got, _ := s.tick(newTick(a, 1, "x", "y")); len(got.Runs) != 2 {
		t.Errorf("it makes %d runs then, want 2", len(got.Runs))
	}
}

func manyKeys() []string {
	keys := make([]string, host.MaxDynamicPartitions+1)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	return keys
}

func (x *exercise) tickPages(t *testing.T) {
	s := x.new(t)
	a, other := s.knowAutomation(scheduleNamed("a")), s.knowAutomation(scheduleNamed("a\x00"))
	s.tick(newTick(other, 3))
	statuses := []host.TickStatus{host.TickSuccess, host.TickSkipped, host.TickFailure}
	var all []host.Tick
	for i := range 12 {
		n := newTick(a, i)
		n.Tick.Status = statuses[i%3]
		var got host.Tick
		got, a = s.tick(n)
		all = append([]host.Tick{got}, all...)
	}
	for _, of := range [][]host.TickStatus{nil, {host.TickFailure}, {host.TickSkipped, host.TickSuccess}, {"DANCED"}} {
		var got, want []host.Tick
		for _, tick := range all {
			if len(of) == 0 || tick.Status == of[0] || len(of) > 1 && tick.Status == of[1] {
				want = append(want, tick)
			}
		}
		for before := (time.Time{}); ; {
			page, err := s.Ticks(s.ctx, a.Name, of, before, 2)
			if err != nil || len(page.Ticks) > 2 {
				t.Fatalf("Ticks = %d, %v", len(page.Ticks), err)
			}
			got = append(got, page.Ticks...)
			if before = page.Next; before.IsZero() {
				break
			}
		}
		wantSame(t, fmt.Sprint("Ticks that are ", of), got, want)
	}
	for before, want := range map[time.Time]int{all[5].At: 6, epoch.Add(-time.Hour): 0, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC): 12, time.Unix(-5, 0): 0} {
		page, err := s.Ticks(s.ctx, a.Name, nil, before, 99)
		if err != nil || len(page.Ticks) != want {
			t.Errorf("%d ticks are before %s (%v), want %d", len(page.Ticks), before, err, want)
		}
	}
}

func (x *exercise) tickArguments(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	for name, edit := range map[string]func(*host.NewTick){
		"kind":       func(n *host.NewTick) { n.Tick.Name.Kind = "x" },
		"name":       func(n *host.NewTick) { n.Tick.Name.Name = "" },
		"instant":    func(n *host.NewTick) { n.Tick.At = time.Time{} },
		"status":     func(n *host.NewTick) { n.Tick.Status = "DANCED" },
		"cursor":     func(n *host.NewTick) { n.Tick.Cursor = strings.Repeat("x", host.MaxCursorBytes+1) },
		"next":       func(n *host.NewTick) { n.Next.Cursor = "\xff" },
		"run key":    func(n *host.NewTick) { n.Runs[0].RunKey = strings.Repeat("x", host.MaxRunKeyBytes+1) },
		"text":       func(n *host.NewTick) { n.Runs[0].RunKey = "\xff" },
		"partition":  func(n *host.NewTick) { n.Runs[0].Partition = "\xff" },
		"request id": func(n *host.NewTick) { n.Runs[0].RequestID = "short" },
		"known keys": func(n *host.NewTick) { n.Tick.KnownKeyCount, n.Tick.KnownKeys = 0, []string{"k"} },
		"runs":       func(n *host.NewTick) { n.Tick.Runs = []host.TickRun{{Run: n.Runs[0].Run.ID}} },
		"size":       func(n *host.NewTick) { n.Tick.LogLines = []string{strings.Repeat("x", 80<<20)} },
	} {
		n := newTick(a, 1, "k")
		edit(&n)
		_, _, err := s.CreateTick(s.ctx, n)
		wantCode(t, "CreateTick with a wrong "+name, err, host.Invalid)
	}
	s.wantAutomations(a)
	s.wantTicks(a.Name)
}
