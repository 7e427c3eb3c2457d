package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) automations(t *testing.T) {
	t.Run("KeepsAll", x.automationKeepsAll)
	t.Run("DefinitionsComeAndGo", x.automationDefinitions)
	t.Run("Version", x.automationVersion)
	t.Run("ErrChange", x.automationErrChange)
	t.Run("Concurrent", x.automationConcurrent)
	t.Run("ErrArguments", x.automationArguments)
}

// scheduleNamed and sensorNamed are in the location of newRun.
func scheduleNamed(name string) host.AutomationName {
	return host.AutomationName{Kind: host.ScheduleKind, Location: "here", Repository: "tutorial", Name: name}
}

func sensorNamed(name string) host.AutomationName {
	return host.AutomationName{Kind: host.SensorKind, Location: "here", Repository: "tutorial", Name: name}
}

// know puts a schedule or sensor as it is first known, and returns it.
func (s *store) knowAutomation(name host.AutomationName) host.Automation {
	s.t.Helper()
	a := host.Automation{Name: name, Definition: []byte("definition"), FirstSeen: epoch, From: epoch}
	s.putAutomations(a)
	a.Version = 1
	return a
}

func (s *store) putAutomations(all ...host.Automation) {
	s.t.Helper()
	if err := s.PutAutomations(s.ctx, all); err != nil {
		s.t.Fatalf("PutAutomations(%+v): %v", all, err)
	}
}

func (s *store) updateAutomation(name host.AutomationName, change func(*host.Automation)) host.Automation {
	s.t.Helper()
	a, err := s.UpdateAutomation(s.ctx, name, func(a *host.Automation) error {
		change(a)
		return nil
	})
	if err != nil {
		s.t.Fatalf("UpdateAutomation(%s): %v", name, err)
	}
	return a
}

func (s *store) wantAutomations(want ...host.Automation) {
	s.t.Helper()
	got, err := s.Automations(s.ctx)
	if err != nil {
		s.t.Fatalf("Automations: %v", err)
	}
	wantSame(s.t, "Automations", got, want)
}

func (x *exercise) automationKeepsAll(t *testing.T) {
	s := x.new(t)
	whole := host.Automation{
		Name: sensorNamed("b"), Switch: host.SwitchOff, SwitchedBy: "ada", SwitchedAt: epoch.Add(1), FirstSeen: epoch.Add(2),
		GoneSince: epoch.Add(3), Definition: []byte("\x00\xff"), From: epoch.Add(4), Cursor: "odd \u00fc\x00", Ended: 1 << 60,
		EvaluatedAt: epoch.Add(5), Version: 77,
	}
	bare := host.Automation{Name: scheduleNamed("a\x00/"), FirstSeen: epoch}
	longer := host.Automation{Name: host.AutomationName{Kind: host.ScheduleKind, Location: "here", Repository: "t", Name: "b"}, FirstSeen: epoch}
	s.putAutomations(whole, bare, longer)
	whole.Version, bare.Version, longer.Version = 1, 1, 1
	s.wantAutomations(longer, bare, whole)
	s.reopen()
	s.wantAutomations(longer, bare, whole)
	got, err := s.Automations(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	got[2].Definition[0] = 'x' // it is the caller's
	s.wantAutomations(longer, bare, whole)
}

func (x *exercise) automationDefinitions(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(scheduleNamed("a"))
	other := s.knowAutomation(sensorNamed("a"))
	a = s.updateAutomation(a.Name, func(a *host.Automation) { a.Switch, a.Cursor, a.SwitchedBy = host.SwitchOn, "c", "ada" })

	stale := host.Automation{Name: a.Name, Definition: []byte("new"), FirstSeen: epoch.Add(time.Hour), GoneSince: epoch.Add(1), From: epoch.Add(-1)}
	s.putAutomations(stale) // who puts it has read it before
	a.Definition, a.GoneSince = stale.Definition, stale.GoneSince
	s.wantAutomations(a, other)

	back := a
	back.GoneSince, back.From, back.Switch, back.Cursor = time.Time{}, epoch.Add(time.Minute), host.SwitchOff, "d"
	s.putAutomations(back)
	a.GoneSince, a.From = time.Time{}, back.From
	a.Version++
	s.reopen()
	s.wantAutomations(a, other)
}

func (x *exercise) automationVersion(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	for name, c := range map[string]struct {
		change func(*host.Automation)
		raises bool
	}{
		"nothing":     {func(*host.Automation) {}, false},
		"Cursor":      {func(a *host.Automation) { a.Cursor += "c" }, true},
		"Ended":       {func(a *host.Automation) { a.Ended++ }, true},
		"From":        {func(a *host.Automation) { a.From = a.From.Add(1) }, true},
		"From back":   {func(a *host.Automation) { a.From = a.From.Add(-time.Hour) }, true},
		"Switch":      {func(a *host.Automation) { a.Switch = host.SwitchOn }, true},
		"EvaluatedAt": {func(a *host.Automation) { a.EvaluatedAt = epoch }, false},
		"Version":     {func(a *host.Automation) { a.Version += 7 }, true},
		"SwitchedBy":  {func(a *host.Automation) { a.SwitchedBy, a.SwitchedAt = "ada", epoch }, false},
	} {
		want := a
		c.change(&want)
		if want.Version = a.Version; c.raises {
			want.Version++
		}
		a = s.updateAutomation(a.Name, c.change)
		wantSame(t, "UpdateAutomation of "+name, a, want)
	}
	got := s.updateAutomation(a.Name, func(a *host.Automation) {
		a.Version = 0
		a.Name.Name, a.Definition, a.FirstSeen, a.GoneSince = "b", nil, time.Time{}, epoch
	})
	wantSame(t, "UpdateAutomation of what never changes so", got, a)
	s.reopen()
	s.wantAutomations(a)
}

func (x *exercise) automationErrChange(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	refused := errors.New("refused")
	if _, err := s.UpdateAutomation(s.ctx, a.Name, func(a *host.Automation) error {
		a.Cursor, a.Definition[0] = "c", 'x'
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("UpdateAutomation = %v, want the error of change", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic of change did not reach its caller")
			}
		}()
		_, _ = s.UpdateAutomation(s.ctx, a.Name, func(*host.Automation) error { panic("of a test") })
	}()
	_, err := s.UpdateAutomation(s.ctx, a.Name, func(a *host.Automation) error {
		a.Cursor = strings.Repeat("c", host.MaxCursorBytes+1)
		return nil
	})
	wantCode(t, "UpdateAutomation with a long cursor", err, host.Invalid)
	_, err = s.UpdateAutomation(s.ctx, sensorNamed("b"), func(*host.Automation) error { return nil })
	wantCode(t, "UpdateAutomation of none", err, host.NotFound)
	s.wantAutomations(a)
}

func (x *exercise) automationConcurrent(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	const clients = 16
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			if _, err := s.UpdateAutomation(s.ctx, a.Name, func(a *host.Automation) error {
				a.Ended++
				return nil
			}); err != nil {
				t.Errorf("UpdateAutomation: %v", err)
			}
		})
	}
	wg.Wait()
	a.Ended, a.Version = clients, clients+1
	s.wantAutomations(a)
}

func (x *exercise) automationArguments(t *testing.T) {
	s := x.new(t)
	for name, edit := range map[string]func(*host.Automation){
		"kind":       func(a *host.Automation) { a.Name.Kind = "clock" },
		"location":   func(a *host.Automation) { a.Name.Location = "" },
		"repository": func(a *host.Automation) { a.Name.Repository = "\xff" },
		"name":       func(a *host.Automation) { a.Name.Name = "" },
		"FirstSeen":  func(a *host.Automation) { a.FirstSeen = time.Time{} },
		"From":       func(a *host.Automation) { a.From = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"Switch":     func(a *host.Automation) { a.Switch = "half" },
		"Cursor":     func(a *host.Automation) { a.Cursor = "\xff" },
	} {
		good := host.Automation{Name: sensorNamed("good"), FirstSeen: epoch}
		bad := host.Automation{Name: sensorNamed("bad"), FirstSeen: epoch}
		edit(&bad)
		wantCode(t, "PutAutomations with a wrong "+name, s.PutAutomations(s.ctx, []host.Automation{good, bad}), host.Invalid)
	}
	s.wantAutomations()
}

// everyAutomation calls every method of automation once, and adds the errors.
func (s *store) everyAutomation(ctx context.Context, errs map[string]error) {
	name := sensorNamed("a")
	errs["PutAutomations"] = s.PutAutomations(ctx, []host.Automation{{Name: name, FirstSeen: epoch}})
	_, errs["UpdateAutomation"] = s.UpdateAutomation(ctx, name, func(*host.Automation) error { return nil })
	_, errs["Automations"] = s.Automations(ctx)
	_, _, errs["CreateTick"] = s.CreateTick(ctx, newTick(host.Automation{Name: name}, 1))
	_, errs["TickRow"] = s.TickRow(ctx, name, epoch)
	_, errs["Ticks"] = s.Ticks(ctx, name, nil, time.Time{}, 1)
	_, errs["TidyTicks"] = s.TidyTicks(ctx, epoch)
	_, errs["RunKeyUsed"] = s.RunKeyUsed(ctx, name, []string{"k"})
	_, errs["EndedRuns"] = s.EndedRuns(ctx, 0, 1)
	_, errs["LastEnded"] = s.LastEnded(ctx)
	_, errs["PartitionKeys"] = s.PartitionKeys(ctx, dimension, "", 0, 1)
	_, errs["HasPartitionKeys"] = s.HasPartitionKeys(ctx, dimension, []string{"k"})
	errs["ChangePartitionKeys"] = s.tryKeys(ctx, host.PartitionKeysChange{Name: dimension, Add: []string{"k"}})
	b := newBackfill(s.t)
	b.ID = uuid.NewString()
	_, _, errs["CreateBackfill"] = s.CreateBackfill(ctx, "request "+b.ID, b)
	_, errs["BackfillOfRequest"] = s.BackfillOfRequest(ctx, "request "+b.ID)
	_, errs["UpdateBackfill"] = s.UpdateBackfill(ctx, b.ID, func(*host.Backfill) error { return nil })
	_, errs["Backfill"] = s.Backfill(ctx, b.ID)
	_, errs["FindBackfills"] = s.FindBackfills(ctx, "", 1)
	_, _, errs["Backfills"] = s.Backfills(ctx, host.JobName{}, "", 1)
}

// wantNoAutomation checks that everyAutomation has left nothing.
func (s *store) wantNoAutomation() {
	s.t.Helper()
	s.wantAutomations()
	s.wantPartitionKeys(dimension)
	found, err := s.FindBackfills(s.ctx, "", 1)
	if err != nil || len(found) > 0 {
		s.t.Errorf("FindBackfills = %v, %v; want none", found, err)
	}
}
