package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (s *store) wantRunKeys(name host.AutomationName, keys []string, used ...string) {
	s.t.Helper()
	got, err := s.RunKeyUsed(s.ctx, name, keys)
	if err != nil {
		s.t.Errorf("RunKeyUsed: %v", err)
	}
	want := map[string]bool{}
	for _, key := range used {
		want[key] = true
	}
	wantSame(s.t, "RunKeyUsed", got, want)
}

func (x *exercise) tickRunKeys(t *testing.T) {
	s := x.new(t)
	a, b := s.knowAutomation(sensorNamed("a")), s.knowAutomation(sensorNamed("b"))
	long := strings.Repeat("x", host.MaxRunKeyBytes)
	n := newTick(a, 1, "k", long, "", "k", "")
	got, a := s.tick(n)
	want := made(n)
	want.Runs = append(want.Runs[:3], want.Runs[4])
	want.KnownKeys, want.KnownKeyCount = []string{"k"}, 1
	wantSame(t, "CreateTick with a key twice", got, want)
	s.reopen()

	n = newTick(a, 2, "k", long, long[1:], "\x00")
	n.Tick.KnownKeys, n.Tick.KnownKeyCount = []string{"older"}, 1
	got, a = s.tick(n)
	want = made(n)
	want.Runs = want.Runs[2:]
	want.KnownKeys, want.KnownKeyCount = []string{"older", "k", long}, 3
	wantSame(t, "CreateTick with keys that were used", got, want)

	n = newTick(a, 3, "k", "k")
	got, _ = s.tick(n)
	if got.Status != host.TickSuccess || len(got.Runs) > 0 || got.KnownKeyCount != 2 || len(got.KnownKeys) != 1 {
		t.Errorf("CreateTick with nothing new = %+v, want it to have succeeded without runs", got)
	}
	if got, _ := s.tick(newTick(b, 1, "k")); len(got.Runs) != 1 {
		t.Error("the key of another sensor counts")
	}
	if len(s.all()) != 7 {
		t.Errorf("there are %d runs, want 7", len(s.all()))
	}
	s.wantRunKeys(a.Name, []string{"k", long, long[1:], "\x00", "", "older", long[2:]}, "k", long, long[1:], "\x00")
	s.wantRunKeys(b.Name, []string{"k", long}, "k")
	s.wantRunKeys(scheduleNamed("a"), []string{"k"})
}

func (x *exercise) tickRunKeysOutlive(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	got, a := s.tick(newTick(a, 1, "k"))
	run := got.Runs[0].Run
	s.ended(run)
	if err := s.DeleteRun(s.ctx, run); err != nil {
		t.Fatal(err)
	}
	for i := range host.MinTicksKept {
		failed := newTick(a, i+2) // which are not counted as one
		failed.Tick.Status = host.TickFailure
		_, a = s.tick(failed)
	}
	if n, err := s.TidyTicks(s.ctx, epoch.Add(2*host.KeepTicks)); n != 1 || err != nil {
		t.Errorf("TidyTicks = %d, %v; want the first tick gone", n, err)
	}
	a.GoneSince = epoch
	s.putAutomations(a)
	s.reopen()
	s.wantRunKeys(a.Name, []string{"k"}, "k")
	if got, _ := s.tick(newTick(s.automation(a.Name), 1000, "k")); len(got.Runs) > 0 {
		t.Error("a run key is used twice, after its run and its tick were removed")
	}
}

func (x *exercise) tickFull(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	keys := make([]string, host.MaxTickRuns+1)
	for i := range keys {
		keys[i] = fmt.Sprintf("%01024d", i)
	}
	n := newTick(a, 1, keys[:host.MaxTickRuns]...)
	got, a := s.tick(n)
	wantSame(t, "CreateTick of many runs", got, made(n))
	got, _ = s.tick(newTick(a, 2, keys[:host.MaxTickRuns]...))
	if len(got.Runs) > 0 || got.KnownKeyCount != host.MaxTickRuns || len(got.KnownKeys) != host.MaxTickKnownKeys {
		t.Errorf("CreateTick again: %d runs, %d known keys, %d named", len(got.Runs), got.KnownKeyCount, len(got.KnownKeys))
	}
	_, _, err := s.CreateTick(s.ctx, newTick(a, 3, keys...))
	wantCode(t, "CreateTick of too many runs", err, host.Invalid)
	s.reopen()
	if len(s.all()) != host.MaxTickRuns {
		t.Errorf("there are %d runs, want %d", len(s.all()), host.MaxTickRuns)
	}
}
