package backfill_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 20).start()
	q := all(4)
	q.Tags = append(q.Tags, tag.Tag{Key: tag.KeyMaxRetries, Value: "2"})
	b := f.begin(q)
	f.awaitOpen(b.ID, 4)
	runs := f.runs(b.ID)
	f.become(runs[0].ID, host.Success)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.NotLaunched == 15 })
	f.become(runs[1].ID, host.Failure) // its retry is due
	f.become(runs[2].ID, host.Failure) // and so is this, which nobody launches
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Failure] == 2 })
	if _, _, err := f.runner.Retry(t.Context(), "request-"+uuid.NewString(), b.ID, ""); host.ReasonOf(err) != "BACKFILL_NOT_ENDED" {
		t.Errorf("Retry of one that goes on: %v", err)
	}
	canceled, err := f.runner.Cancel(t.Context(), b.ID, false, "grace")
	if err != nil || canceled.State != host.BackfillCanceling {
		t.Fatalf("Cancel = %s, %v", canceled.State, err)
	}
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Canceled] == 2 })
	child := f.retryOf(runs[1].ID)
	f.advanceUntil(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Canceled] == 3 })
	if run, err := f.store.Run(t.Context(), child.ID); err != nil || run.Status != host.Canceled || !strings.Contains(run.StatusReason, "canceled by grace") {
		t.Errorf("the retry is %s: %s, %v", run.Status, run.StatusReason, err)
	}
	b, p := f.advanceUntil(b.ID, func(b *host.Backfill, _ *backfill.Progress) bool { return b.State.Final() })
	if b.State != host.BackfillCanceled || b.Problem != "canceled by grace" {
		t.Errorf("it is %s: %s", b.State, b.Problem)
	}
	wantProgress(t, p, 15, 0, host.RunCounts{host.Success: 1, host.Failure: 1, host.Canceled: 3})
	if run, err := f.store.Run(t.Context(), runs[2].ID); err != nil || run.RetryDue {
		t.Errorf("the retry of run %s is due, %v", run.ID, err)
	}
	again, err := f.runner.Cancel(t.Context(), b.ID, true, "ada")
	if err != nil || again.State != host.BackfillCanceled || again.Problem != b.Problem {
		t.Errorf("Cancel again = %s: %s, %v", again.State, again.Problem, err)
	}

	request := "request-" + uuid.NewString()
	b, n, err := f.runner.Retry(t.Context(), request, b.ID, "ada")
	if err != nil || n != 19 {
		t.Fatalf("Retry = %d, %v; want all but the one that ended well", n, err)
	}
	if b, _ = f.drain(b.ID, well); b.State != host.BackfillSuccess {
		t.Errorf("it is %s after the retry", b.State)
	}
	times := once(f.code.keys)
	for _, run := range runs[1:] {
		key, _ := run.Tag(tag.KeyPartition)
		times[key] = 2
	}
	times["p00004"] = 2
	wantOnce(t, f.runs(b.ID), times)
	again, n, err = f.runner.Retry(t.Context(), request, b.ID, "ada")
	if err != nil || n != 19 || again.Round != 1 || again.State != host.BackfillSuccess {
		t.Errorf("the same Retry again = round %d, %d, %v", again.Round, n, err)
	}
	if _, _, err := f.runner.Retry(t.Context(), "request-"+uuid.NewString(), b.ID, ""); host.ReasonOf(err) != "BACKFILL_NOTHING_FAILED" {
		t.Errorf("Retry of one that ended well: %v", err)
	}
}

// advanceUntil moves the clock, each time a backfill waits for it, until that is as is wanted.
func (f *fixture) advanceUntil(id string, ok func(*host.Backfill, *backfill.Progress) bool) (host.Backfill, backfill.Progress) {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.t.Context())
	var moves sync.WaitGroup
	moves.Go(func() {
		for f.clock.AwaitWaiter(ctx, time.Second) == nil {
			f.clock.Advance(time.Second)
		}
	})
	defer moves.Wait()
	defer stop()
	return f.awaitThat(id, ok)
}
