package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

// modelAutomation is a schedule or sensor with all that CreateTick may do.
type modelAutomation struct {
	host.Automation

	ticks []host.Tick // in order of At
	keys  map[string]bool
}

var (
	automationNames = rapid.SampledFrom([]host.AutomationName{scheduleNamed("a"), sensorNamed("a"), sensorNamed("a\x00")})
	runKeys         = rapid.SampledFrom([]string{"", "", "k", "l", "m\x00", "long " + fmt.Sprintf("%060d", 1)})
	partitionKeys   = rapid.SampledFrom([]string{"p", "q", "r"})
)

// automate puts a schedule or sensor, or changes one.
func (r *random) automate(t *rapid.T) {
	name := automationNames.Draw(t, "name")
	a := r.model.automations[name]
	if a == nil {
		r.model.automations[name] = &modelAutomation{Automation: r.knowAutomation(name), keys: map[string]bool{}}
		return
	}
	cursor, ended := texts.Draw(t, "cursor"), uint64(rapid.IntRange(0, 2).Draw(t, "ended"))
	want := a.Automation
	if want.Cursor, want.Ended = cursor, ended; want.Cursor != a.Cursor || want.Ended != a.Ended {
		want.Version++
	}
	got, err := r.UpdateAutomation(r.ctx, name, func(a *host.Automation) error {
		a.Cursor, a.Ended = cursor, ended
		return nil
	})
	if err != nil {
		t.Fatalf("UpdateAutomation: %v", err)
	}
	wantSame(t, "UpdateAutomation", got, want)
	a.Automation = want
}

// tick makes a tick that is new, is there, is for what was changed, or names a request that was used.
func (r *random) tick(t *rapid.T) {
	name := automationNames.Draw(t, "name")
	a := r.model.automations[name]
	if a == nil {
		t.Skip("it is not known yet")
	}
	keys := rapid.SliceOfN(runKeys, 0, 4).Draw(t, "run keys")
	n := newTick(a.Automation, rapid.IntRange(0, 20).Draw(t, "minutes"), keys...)
	n.Next.Cursor = rapid.SampledFrom([]string{"", "c"}).Draw(t, "cursor")
	n.Tick.Cursor = n.Next.Cursor
	if len(keys) == 0 && rapid.Bool().Draw(t, "skipped") {
		n = skip(n, rapid.SampledFrom([]string{"no", "nothing"}).Draw(t, "reason"))
	} else if rapid.Bool().Draw(t, "with partitions") {
		n.Keys = []host.PartitionKeysChange{{
			Name: dimension,
			Add:  rapid.SliceOfN(partitionKeys, 0, 2).Draw(t, "add"), Remove: rapid.SliceOfN(partitionKeys, 0, 2).Draw(t, "remove"),
		}}
	}
	stale, used := rapid.IntRange(0, 5).Draw(t, "stale") == 0, ""
	if stale {
		n.Version--
	}
	if len(n.Runs) > 0 && len(r.model.runs) > 0 && rapid.IntRange(0, 5).Draw(t, "request") == 0 {
		i := rapid.IntRange(0, len(n.Runs)-1).Draw(t, "of run")
		used = r.pick(t).request
		n.Runs[i].RequestID = used
	}
	got, created, err := r.CreateTick(r.ctx, n)
	want, verdict := r.model.tick(n)
	switch {
	case verdict == tickConflict:
		wantCode(t, fmt.Sprintf("CreateTick (stale: %t, request %q)", stale, used), err, host.Conflict)
		return
	case err != nil || created != (verdict == tickCreated):
		t.Fatalf("CreateTick = created %t, %v; want created %t", created, err, verdict == tickCreated)
	}
	wantSame(t, "CreateTick", got, want)
}

// tickVerdict is what becomes of a tick.
type tickVerdict int

const (
	tickCreated tickVerdict = iota
	tickThere
	tickConflict
)

// tick is CreateTick of the model.
func (m *model) tick(n host.NewTick) (host.Tick, tickVerdict) {
	a := m.automations[n.Tick.Name]
	for _, tick := range a.ticks {
		if tick.At.Equal(n.Tick.At) {
			return tick, tickThere
		}
	}
	if n.Version != a.Version {
		return host.Tick{}, tickConflict
	}
	tick, keys := n.Tick, map[string]bool{}
	var runs []host.NewRun
	for _, r := range n.Runs {
		if r.RunKey != "" && (keys[r.RunKey] || a.keys[r.RunKey]) {
			if tick.KnownKeyCount++; !slices.Contains(tick.KnownKeys, r.RunKey) {
				tick.KnownKeys = append(tick.KnownKeys, r.RunKey)
			}
			continue
		}
		if m.requests[r.RequestID] != nil {
			return host.Tick{}, tickConflict
		}
		keys[r.RunKey] = true
		runs = append(runs, r.NewRun)
		tick.Runs = append(tick.Runs, host.TickRun{Run: r.Run.ID, RunKey: r.RunKey})
	}
	if last := len(a.ticks) - 1; last >= 0 && a.Name.Kind == host.SensorKind && len(tick.Runs)+len(n.Keys) == 0 {
		newest := &a.ticks[last]
		if len(newest.Runs) == 0 && newest.Status == tick.Status && newest.SkipReason == tick.SkipReason && newest.Cursor == tick.Cursor &&
			newest.KnownKeyCount == tick.KnownKeyCount && slices.Equal(newest.KnownKeys, tick.KnownKeys) && tick.At.After(newest.At) {
			if !tick.At.After(newest.LastAt) {
				return *newest, tickThere
			}
			newest.Count, newest.LastAt = newest.Count+1, tick.LastAt
			m.move(a, n)
			return *newest, tickCreated
		}
	}
	for _, run := range runs {
		m.create(run)
	}
	for key := range keys {
		a.keys[key] = key != ""
	}
	for _, change := range n.Keys {
		m.partitions = slices.DeleteFunc(m.partitions, func(key string) bool { return slices.Contains(change.Remove, key) })
		for _, key := range change.Add {
			if !slices.Contains(m.partitions, key) {
				m.partitions = append(m.partitions, key)
			}
		}
	}
	a.ticks = append(a.ticks, tick)
	slices.SortFunc(a.ticks, func(a, b host.Tick) int { return a.At.Compare(b.At) })
	m.move(a, n)
	return tick, tickCreated
}

// move moves a schedule or sensor behind a tick.
func (m *model) move(a *modelAutomation, n host.NewTick) {
	was := a.Automation
	if n.Next.From.After(a.From) {
		a.From = n.Next.From
	}
	a.Cursor, a.Ended, a.EvaluatedAt = n.Next.Cursor, n.Next.Ended, n.Next.EvaluatedAt
	if !a.From.Equal(was.From) || a.Cursor != was.Cursor || a.Ended != was.Ended {
		a.Version++
	}
}

// checkTicks compares all of it.
func (r *random) checkTicks(t *rapid.T) {
	var want []host.Automation
	for _, a := range r.model.automations {
		want = append(want, a.Automation)
		page, err := r.Ticks(r.ctx, a.Name, nil, time.Time{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		ticks := slices.Clone(a.ticks)
		slices.Reverse(ticks)
		wantSame(t, "Ticks", page.Ticks, ticks)
		var all []string
		used := map[string]bool{}
		for key, is := range a.keys {
			if all = append(all, key); is {
				used[key] = true
			}
		}
		got, err := r.RunKeyUsed(r.ctx, a.Name, append(all, "never"))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "RunKeyUsed", got, used)
	}
	slices.SortFunc(want, func(a, b host.Automation) int { return a.Name.Compare(b.Name) })
	got, err := r.Automations(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "Automations", got, want)
	page, err := r.PartitionKeys(r.ctx, dimension, "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "PartitionKeys", page, host.PartitionKeyPage{Keys: r.model.partitions, Total: len(r.model.partitions)})
	ended, err := r.EndedRuns(r.ctx, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "EndedRuns", ended, r.model.ended)
}

// backfill begins a backfill, or updates the one that there is.
func (r *random) backfillOne(t *rapid.T) {
	if r.model.backfill == nil {
		b := r.beginBackfill(newBackfill(r.t))
		r.model.backfill = &b
		return
	}
	want := *r.model.backfill
	want.Problem, want.Next = texts.Draw(t, "problem"), rapid.IntRange(0, 3).Draw(t, "next")
	want.State = rapid.SampledFrom([]host.BackfillState{host.BackfillRunning, host.BackfillCanceling, host.BackfillFailure}).Draw(t, "state")
	if rapid.Bool().Draw(t, "new round") {
		want.Round++
		want.Retry = rapid.SliceOfN(rapid.IntRange(0, 2), 0, 3).Draw(t, "places")
	}
	wantSame(t, "UpdateBackfill", r.updateBackfill(want.ID, func(b *host.Backfill) {
		given := want
		given.Retry = slices.Clone(want.Retry)
		*b = given
	}), want)
	r.model.backfill = &want
	wantSame(t, "Backfill", r.backfill(want.ID), want)
}
