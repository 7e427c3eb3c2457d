package boltstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Ids that a writer process tells of its sensor and of its backfill by.
const (
	crashSensorID   host.RunID = "sensor"
	crashBackfillID host.RunID = "01920000-0000-7000-8000-000000000002"
)

// crashRunKey is the tag of the runs that ticks made: the run key, which no other run has.
const crashRunKey = "run_key"

var crashSensor = host.AutomationName{Kind: host.SensorKind, Location: "here", Repository: "crash", Name: "sensor"}

// crashTicks evaluates a sensor again and again, from where a process before stopped. Its cursor is the number of the tick,
// each of which asks for runs of its own keys and of those of the tick before, and adds a partition.
func crashTicks(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	if err := s.PutAutomations(ctx, []host.Automation{{Name: crashSensor, FirstSeen: time.Unix(1, 0), Cursor: "0"}}); err != nil {
		return err
	}
	all, err := s.Automations(ctx)
	if err != nil || len(all) != 1 {
		return errors.Join(err, fmt.Errorf("%d sensors", len(all)))
	}
	n, err := strconv.Atoi(all[0].Cursor)
	if err != nil {
		return err
	}
	n++
	tick := host.NewTick{
		Tick: host.Tick{
			Name: crashSensor, At: time.Unix(int64(n), 0), Status: host.TickSuccess, Cursor: strconv.Itoa(n),
			StartedAt: time.Unix(int64(n), 1), EndedAt: time.Unix(int64(n), 2),
		},
		Version: all[0].Version,
		Keys:    []host.PartitionKeysChange{{Name: crashDimension, Add: []string{fmt.Sprint(n)}}},
	}
	tick.Next.Cursor = tick.Tick.Cursor
	for _, of := range []int{n - 1, n} {
		for i := range 1 + of%4 {
			run := newRun()
			body := []byte(run.RequestID)
			run.Bodies = map[host.Digest][]byte{digestOf(body): body}
			run.Run.Launched.Definition = digestOf(body)
			key := fmt.Sprintf("tick %d, %d", of, i)
			run.Run.Tags = append(run.Run.Tags, tag.Tag{Key: crashRunKey, Value: key})
			tick.Runs = append(tick.Runs, host.NewTickRun{NewRun: run, RunKey: key})
		}
	}
	made, created, err := s.CreateTick(ctx, tick)
	if err != nil {
		return err
	}
	if !created {
		return fmt.Errorf("tick %d was there before the cursor was: %+v", n, made)
	}
	say("tick", host.Run{ID: crashSensorID}, uint64(n))
	return nil
}

var crashDimension = host.DynamicName{Location: "here", Repository: "crash", Dimension: "tick"}

// checkCrashTicks checks that each tick is there with exactly its runs, and each run of a tick is one of exactly one: no
// key has two runs, and the cursor is that of the last tick.
func checkCrashTicks(t *testing.T, s *Store, a *answered) {
	t.Helper()
	all, err := s.Automations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		if a != nil {
			t.Error("the sensor was answered and is gone")
		}
		return
	}
	n, _ := strconv.Atoi(all[0].Cursor)
	if a != nil && (n < int(a.tick) || n > int(a.tick)+1) {
		t.Errorf("the cursor is %d, and %d was answered", n, a.tick)
	}
	if a != nil {
		a.tick = uint64(n) // what the next writer goes on from
	}
	page, err := s.Ticks(t.Context(), crashSensor, nil, time.Time{}, math.MaxInt)
	if err != nil || len(page.Ticks) != n {
		t.Fatalf("the cursor is %d, and there are %d ticks, %v", n, len(page.Ticks), err)
	}
	ofTick := map[host.RunID]string{}
	for i, tick := range page.Ticks {
		number := n - i
		if tick.Cursor != strconv.Itoa(number) || len(tick.Runs) != 1+number%4 && (number > 1 || len(tick.Runs) != 3) {
			t.Errorf("tick %d has cursor %q and %d runs", number, tick.Cursor, len(tick.Runs))
		}
		for _, r := range tick.Runs {
			if ofTick[r.Run] != "" {
				t.Errorf("run %s is one of two ticks", r.Run)
			}
			ofTick[r.Run] = r.RunKey
		}
	}
	runs, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for i := range runs.Runs {
		run := &runs.Runs[i]
		key, ticked := run.Tag(crashRunKey)
		switch {
		case !ticked:
			continue
		case ofTick[run.ID] != key || keys[key]:
			t.Errorf("run %d has key %q, its tick says %q; had another run it: %t", run.Seq, key, ofTick[run.ID], keys[key])
		}
		keys[key] = true
		delete(ofTick, run.ID)
	}
	for id, key := range ofTick {
		t.Errorf("a tick made run %s with key %q, which is not there", id, key)
	}
	used, err := s.RunKeyUsed(t.Context(), crashSensor, append(slices.Collect(maps.Keys(keys)), fmt.Sprintf("tick %d, 0", n+1)))
	if err != nil || len(used) != len(keys) {
		t.Errorf("%d run keys are used, %v; want %d", len(used), err, len(keys))
	}
	partitions, err := s.PartitionKeys(t.Context(), crashDimension, "", 0, math.MaxInt)
	if err != nil || len(partitions.Keys) != n || partitions.Total != n || n > 0 && partitions.Keys[n-1] != strconv.Itoa(n) {
		t.Errorf("there are %d partitions of %d, %v; want %d", len(partitions.Keys), partitions.Total, err, n)
	}
}

// checkCrashEnded checks that exactly the runs that have ended are in their order, once each. Deleted ones are, too.
func checkCrashEnded(t *testing.T, s *Store, known map[host.RunID]*answered) {
	t.Helper()
	entries, err := s.EndedRuns(t.Context(), 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	ended := map[host.RunID]bool{}
	for i, e := range entries {
		if e.Pos != uint64(i)+1 || ended[e.Run] || e.RetryDue || e.Settled {
			t.Errorf("entry %d of the runs that ended is %+v; there before: %t", i+1, e, ended[e.Run])
		}
		ended[e.Run] = true
	}
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range page.Runs {
		if ended[run.ID] != run.Status.Final() {
			t.Errorf("run %d is %s, and is in the order of runs that ended: %t", run.Seq, run.Status, ended[run.ID])
		}
	}
	for id, a := range known {
		if a.ended && !ended[id] {
			t.Errorf("run %s has ended, which was answered, and is not in the order of those", id)
		}
	}
}

// crashBackfill advances one backfill, from where a process before stopped, through its rounds.
func crashBackfill(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	if _, _, err := s.CreateBackfill(ctx, "request of the backfill", host.Backfill{
		ID: string(crashBackfillID), State: host.BackfillRunning, CreatedAt: time.Unix(1_790_000_000, 0),
		Job: host.JobName{Location: "here", Repository: "crash", Job: "j"}, Partitions: []string{"a", "b", "c"}, MaxOpenRuns: 1,
	}); err != nil {
		return err
	}
	for range 10 {
		b, err := s.UpdateBackfill(ctx, string(crashBackfillID), func(b *host.Backfill) error {
			b.RefusedCount++
			b.Problem = strconv.Itoa(b.RefusedCount)
			if b.RefusedCount%3 == 0 {
				b.Round++
				b.Retry = slices.Repeat([]int{1}, b.Round%4)
			}
			return nil
		})
		if err != nil {
			return err
		}
		say("backfill", host.Run{ID: crashBackfillID}, uint64(b.RefusedCount))
	}
	return nil
}

// checkCrashBackfill checks that the backfill is as far as was answered, or one step further, and whole.
func checkCrashBackfill(t *testing.T, s *Store, a *answered) {
	t.Helper()
	b, err := s.Backfill(t.Context(), string(crashBackfillID))
	if a == nil && host.CodeOf(err) == host.NotFound {
		return
	}
	if err != nil {
		t.Errorf("the backfill: %v", err)
		return
	}
	if a != nil && (b.RefusedCount < int(a.backfill) || b.RefusedCount > int(a.backfill)+1) {
		t.Errorf("the backfill is at %d, and %d was answered", b.RefusedCount, a.backfill)
	}
	if b.RefusedCount > 0 && b.Problem != strconv.Itoa(b.RefusedCount) || b.Round != b.RefusedCount/3 || len(b.Retry) != b.Round%4 || len(b.Partitions) != 3 {
		t.Errorf("the backfill is there by half: %+v", b)
	}
	if a != nil {
		a.backfill = uint64(b.RefusedCount) // what the next writer goes on from
	}
}

// TestCrashLoadEvaluates checks that what a writer process does of ticks is what its check takes for right.
func TestCrashLoadEvaluates(t *testing.T) {
	s, _ := openNew(t, nil)
	said := answered{}
	for range 6 {
		for _, load := range []func(context.Context, *Store, func(string, host.Run, uint64)) error{crashTicks, crashBackfill} {
			if err := load(t.Context(), s, func(what string, _ host.Run, n uint64) {
				if what == "tick" {
					said.tick = n
				} else {
					said.backfill = n
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		checkCrashTicks(t, s, &said)
		checkCrashBackfill(t, s, &said)
	}
	if said.tick != 6 || said.backfill != 60 {
		t.Errorf("it said %+v", said)
	}
}
