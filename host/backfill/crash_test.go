package backfill_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

const (
	crashPartitions = 5
	crashOpen       = 2
)

// scene is a life of a backfill, and what is to become of it.
type scene struct {
	// live lets it come to its end, ending its runs; it returns at once when the host has crashed.
	live func(f *fixture, b *host.Backfill)
	// want is the state in the end, runs how many each partition has.
	want host.BackfillState
	runs func(key string) int
}

var scenes = map[string]scene{
	"Launch": {
		live: func(*fixture, *host.Backfill) {},
		want: host.BackfillSuccess, runs: func(string) int { return 1 },
	},
	"Refuse": {
		live: func(*fixture, *host.Backfill) {},
		want: host.BackfillFailure, runs: func(key string) int {
			if key == refusedKey {
				return 0
			}
			return 1
		},
	},
	"Retry": {
		live: func(f *fixture, b *host.Backfill) {
			if _, _, err := f.runner.Retry(f.t.Context(), retryRequest, b.ID, "ada"); err != nil && !f.seam.hasCrashed() {
				f.t.Fatal(err)
			}
		},
		want: host.BackfillSuccess, runs: func(key string) int {
			if key == failedKey {
				return 2
			}
			return 1
		},
	},
}

const (
	refusedKey, failedKey = "p00002", "p00003"
	retryRequest          = "request-of-the-retry"
)

// TestCrash crashes the host with each call of the store in turn, before it does anything and before it answers.
func TestCrash(t *testing.T) {
	t.Parallel()
	for name, s := range scenes {
		for _, unsaid := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/Unsaid=%t", name, unsaid), func(t *testing.T) {
				t.Parallel()
				at := 1
				for s.crash(t, name, at, unsaid) {
					at++
				}
				if at < 12 {
					t.Errorf("there were %d calls to crash with", at-1)
				}
			})
		}
	}
}

// crash crashes the host with a call, and reports whether there was such a call.
func (s *scene) crash(t *testing.T, name string, at int, unsaid bool) (crashed bool) {
	t.Helper()
	f := newFixture(t, crashPartitions).start()
	defer f.close()
	failOnce := name == "Retry"
	if name == "Refuse" {
		f.code.refused[refusedKey] = &host.Error{Code: host.Invalid, Reason: "LAUNCH_INVALID", Message: "it does not fit"}
	}
	f.seam.set(func() { f.seam.calls, f.seam.crashAt, f.seam.unsaid = 0, at, unsaid })
	q := all(crashOpen)
	var id string
	for {
		b, err := f.runner.Begin(t.Context(), q)
		if err != nil {
			if !f.seam.hasCrashed() {
				t.Fatal(err)
			}
			crashed = true
			f.restart()
			continue
		}
		if id != "" && b.ID != id {
			t.Errorf("the request began %s, and then %s", id, b.ID)
		}
		id = b.ID
		b = f.untilCrash(id, failOnce)
		if f.seam.hasCrashed() {
			crashed = true
			f.restart()
			continue
		}
		if b.Round == 0 {
			if s.live(f, &b); f.seam.hasCrashed() {
				crashed = true
				f.restart()
				continue
			}
		}
		if b = f.untilCrash(id, failOnce); f.seam.hasCrashed() {
			crashed = true
			f.restart()
			continue
		}
		if b.State != s.want || b.Next != max(len(b.Retry), crashPartitions*(1-b.Round)) {
			t.Errorf("crash at call %d: it is %s in round %d, next %d; want %s", at, b.State, b.Round, b.Next, s.want)
		}
		break
	}
	times := map[string]int{}
	for _, key := range f.code.keys {
		times[key] = s.runs(key)
	}
	delete(times, map[bool]string{true: refusedKey}[name == "Refuse"])
	wantOnce(t, f.runs(id), times)
	if t.Failed() {
		t.Fatalf("crash at call %d", at)
	}
	return crashed
}

// untilCrash ends runs until the backfill has ended, or the host has crashed; the first run of one partition may fail.
func (f *fixture) untilCrash(id string, failOnce bool) host.Backfill {
	f.t.Helper()
	watch := f.runner.Watch(id)
	defer watch.Close()
	for {
		if open := f.endOpen(func(key string) host.RunStatus {
			if failOnce && key == failedKey && f.roundOf(id) == 0 {
				return host.Failure
			}
			return host.Success
		}); open > crashOpen {
			f.t.Fatalf("%d runs were open, want at most %d", open, crashOpen)
		}
		b, err := f.store.Backfill(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if b.State.Final() {
			return b
		}
		select {
		case <-f.seam.down:
			return b
		case <-watch.Ready():
			watch.Take()
		}
	}
}

func (f *fixture) roundOf(id string) int {
	f.t.Helper()
	b, err := f.store.Backfill(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return b.Round
}

// TestCrashWhileCanceling crashes the host with each call of a cancel in turn.
func TestCrashWhileCanceling(t *testing.T) {
	t.Parallel()
	for _, unsaid := range []bool{false, true} {
		t.Run(fmt.Sprintf("Unsaid=%t", unsaid), func(t *testing.T) {
			t.Parallel()
			for at, crashed := 1, true; crashed; at++ {
				crashed = crashCancel(t, at, unsaid)
			}
		})
	}
}

func crashCancel(t *testing.T, at int, unsaid bool) (crashed bool) {
	t.Helper()
	f := newFixture(t, crashPartitions).start()
	defer func() { f.close() }()
	b := f.begin(all(crashOpen))
	f.awaitOpen(b.ID, crashOpen)
	f.become(f.runs(b.ID)[0].ID, host.Started)
	f.seam.set(func() { f.seam.calls, f.seam.crashAt, f.seam.unsaid = 0, at, unsaid })
	for {
		if _, err := f.runner.Cancel(t.Context(), b.ID, false, "ada"); err != nil && !f.seam.hasCrashed() {
			t.Fatal(err)
		}
		if !f.seam.hasCrashed() {
			b = f.untilCanceled(b.ID)
		}
		if f.seam.hasCrashed() {
			crashed = true
			f.restart()
			continue
		}
		break
	}
	if b.State != host.BackfillCanceled {
		t.Errorf("crash at call %d: it is %s", at, b.State)
	}
	for _, run := range f.runs(b.ID) {
		if run.Status != host.Canceled {
			t.Errorf("crash at call %d: run %s is %s", at, run.ID, run.Status)
		}
	}
	if f.seam.hasCrashed() { // its end is stored, and was not answered
		crashed = true
		f.restart()
	}
	f.seam.set(func() { f.seam.crashAt = 0 })
	b, n, err := f.runner.Retry(t.Context(), "request-"+uuid.NewString(), b.ID, "ada")
	if err != nil || n != crashPartitions {
		t.Fatalf("crash at call %d: Retry = %d, %v", at, n, err)
	}
	f.drain(b.ID, well)
	times := map[string]int{}
	for i, key := range f.code.keys {
		times[key] = 1
		if i < crashOpen {
			times[key] = 2
		}
	}
	wantOnce(t, f.runs(b.ID), times)
	if t.Failed() {
		t.FailNow()
	}
	return crashed
}

// untilCanceled ends the runs that are CANCELING until the backfill has ended, or the host has crashed.
func (f *fixture) untilCanceled(id string) host.Backfill {
	f.t.Helper()
	watch := f.runner.Watch(id)
	defer watch.Close()
	for {
		for _, run := range f.runs(id) {
			if run.Status == host.Canceling {
				f.become(run.ID, host.Canceled)
			}
		}
		b, err := f.store.Backfill(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if b.State.Final() {
			return b
		}
		select {
		case <-f.seam.down:
			return b
		case <-watch.Ready():
			watch.Take()
		}
	}
}
