package backfill_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// killDir names the store of a process that is killed, in its environment; killCancels tells that it cancels half way.
	killDir     = "BACKFILL_KILL_DIR"
	killCancels = "BACKFILL_KILL_CANCELS"

	killPartitions = 200
	killOpen       = 8
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stdout, "error", goOn(dir, os.Getenv(killCancels) != ""))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// realClock is the time package.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// goOn carries out the newest backfill of a store, ends its runs as they come, retries it once, and says on standard output
// how far it is.
func goOn(dir string, cancels bool) error {
	ctx := context.Background()
	feed := &host.Feed{}
	changes := feed.Subscribe(1 << 20)
	store, err := boltstore.Open(dir, &boltstore.Options{Clock: realClock{}, OnChange: feed.Publish})
	if err != nil {
		return err
	}
	page, _, err := store.Backfills(ctx, host.JobName{}, "", 1)
	if err != nil {
		return err
	}
	id, log, code := page[0].ID, slog.New(slog.DiscardHandler), newCode(killPartitions)
	runner := backfill.New(backfill.Options{
		Store: store, Feed: feed, Find: code.find, PartitionRuns: code.partitionRuns, Preview: code.preview,
		Submit: func(ctx context.Context, r launch.Request) (host.Run, error) {
			if _, err := store.RunOfRequest(ctx, r.RequestID); err != nil {
				if err := wantRoom(ctx, store, id); err != nil {
					fmt.Fprintln(os.Stdout, "error", err)
				}
			}
			return code.submit(ctx, store, time.Now(), r)
		},
		Cancel: newQueue(store, realClock{}, log).CancelRuns, Clock: realClock{}, Logger: log,
	})
	if err := runner.Start(ctx); err != nil {
		return err
	}
	watch := runner.Watch(id)
	open, err := store.OpenRuns(ctx)
	if err != nil {
		return err
	}
	for {
		b, p, err := runner.Get(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, "counts", b.State, p.NotLaunched, p.Counts)
		switch {
		case b.State.Final() && b.Round == 0:
			if _, _, err := runner.Retry(ctx, "request-of-the-retry", id, "ada"); err != nil {
				return err
			}
		case b.State.Final():
			fmt.Fprintln(os.Stdout, "ended")
			os.Exit(0)
		case cancels && b.Round == 0 && b.State == host.BackfillRunning && p.NotLaunched < killPartitions/2:
			if _, err := runner.Cancel(ctx, id, false, "ada"); err != nil {
				return err
			}
		}
		for i := range open {
			if err := end(ctx, store, &open[i], b.Round); err != nil {
				return err
			}
		}
		select {
		case <-watch.Ready():
			watch.Take()
		case <-changes.Ready():
		}
		open = open[:0]
		changed, _ := changes.Take()
		for i := range changed {
			if !changed[i].Run.Status.Final() {
				open = append(open, changed[i].Run)
			}
		}
	}
}

// end ends a run: one of ten fails in round 0.
func end(ctx context.Context, store host.Store, run *host.Run, round int) error {
	key, _ := run.Tag(tag.KeyPartition)
	status := host.Success
	switch {
	case run.Status == host.Canceling:
		status = host.Canceled
	case round == 0 && strings.HasSuffix(key, "7"):
		status = host.Failure
	}
	return become(ctx, store, run.ID, status, time.Now())
}

// wantRoom is the error that as many runs of a backfill are open as may be.
func wantRoom(ctx context.Context, store host.Store, id string) error {
	where := selector.All(selector.TagIs(tag.KeyBackfill, id),
		host.StatusIn(host.Queued, host.WaitingForCode, host.Starting, host.Started, host.Canceling))
	counts, err := store.CountRuns(ctx, where)
	if err == nil && counts.Total() >= killOpen {
		err = fmt.Errorf("%d runs are open, and one more is launched", counts.Total())
	}
	return err
}

// TestKill kills the process of a backfill again and again.
func TestKill(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{"Launch": "", "Cancel": killCancels + "=1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, killPartitions)
			b := f.begin(all(killOpen))
			f.close()
			kills := killUntilEnded(t, f.path, env)
			f.open()
			b, err := f.store.Backfill(t.Context(), b.ID)
			if err != nil {
				t.Fatal(err)
			}
			if b.State != host.BackfillSuccess || b.Round != 1 || b.Counts[host.Success] != killPartitions {
				t.Errorf("it is %s in round %d with %v", b.State, b.Round, b.Counts)
			}
			retried := map[string]bool{}
			for _, i := range b.Retry {
				retried[b.Partitions[i]] = true
			}
			byKey := map[string][]host.Run{}
			runs := f.runs(b.ID)
			for i := range runs {
				key, _ := runs[i].Tag(tag.KeyPartition)
				byKey[key] = append(byKey[key], runs[i])
			}
			for _, key := range f.code.keys {
				runs := byKey[key]
				// Of a round that was canceled before it came to the partition there is none.
				if n := len(runs); n == 0 || n > 2 || n == 2 && (!retried[key] || runs[0].Status == host.Success) || runs[n-1].Status != host.Success {
					t.Errorf("partition %s, retried %t, has runs %v", key, retried[key], runs)
				}
			}
			t.Logf("killed %d times, %d partitions retried", kills, len(b.Retry))
		})
	}
}

// killUntilEnded runs processes on the store, each killed after it told of some progress, until one is done.
func killUntilEnded(t *testing.T, dir, env string) (kills int) {
	t.Helper()
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), killDir+"="+dir, env)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, ended, left := bufio.NewScanner(out), false, 1+rand.IntN(15)
		for lines.Scan() && !ended {
			text := lines.Text()
			if strings.HasPrefix(text, "error") {
				t.Error(text)
			}
			ended = text == "ended"
			if left--; left == 0 && !ended {
				// Somewhere in the launches that have begun, or behind them.
				time.AfterFunc(time.Duration(rand.IntN(8000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait() // it was killed
		if ended {
			return kills
		}
		kills++
	}
}
