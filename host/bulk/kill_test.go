package bulk_test

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
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// killDir names the store of a process that is killed, in its environment.
const killDir = "BULK_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stdout, "error", goOn(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// realClock is the time package.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// goOn carries out the newest action of a store, and says on standard output how far it is.
func goOn(dir string) error {
	ctx := context.Background()
	store, err := boltstore.Open(dir, &boltstore.Options{Clock: realClock{}})
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	submit := func(ctx context.Context, r launch.Request) (host.Run, error) {
		return submitTo(ctx, store, r, time.Now())
	}
	runner := bulk.New(bulk.Options{Store: store, Submit: submit, Cancel: newQueue(store, realClock{}, log).CancelRuns, Clock: realClock{}, Logger: log})
	runner.LimitBatches(20)
	page, _, err := store.Bulks(ctx, "", 1)
	if err != nil {
		return err
	}
	if err := runner.Start(ctx); err != nil {
		return err
	}
	for {
		changed := runner.Changed(page[0].ID)
		b, err := store.Bulk(ctx, page[0].ID)
		if err != nil {
			return err
		}
		if b.Ended() {
			fmt.Fprintln(os.Stdout, "ended")
			os.Exit(0)
		}
		fmt.Fprintln(os.Stdout, "changed", b.Changed)
		<-changed
	}
}

// TestKill kills the process of an action again and again.
func TestKill(t *testing.T) {
	t.Parallel()
	const runs = 300
	for name, c := range map[string]struct {
		action host.BulkAction
		status host.RunStatus
		times  func(f *fixture, id host.RunID) int
	}{
		"Tag":       {prod, host.Success, func(f *fixture, id host.RunID) int { return f.notes(id, launch.NoteTagsChanged) }},
		"Cancel":    {host.BulkAction{Kind: host.BulkCancel}, host.Queued, func(f *fixture, id host.RunID) int { return f.notes(id, launch.NoteCanceled) }},
		"Reexecute": {host.BulkAction{Kind: host.BulkReexecute, Strategy: "all"}, host.Success, nil},
		"Delete":    {host.BulkAction{Kind: host.BulkDelete}, host.Failure, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 0)
			ids := f.many(runs, "env", "dev")
			if c.status.Final() {
				f.endAll(ids, c.status)
			}
			b := f.begin(f.request("env=dev", c.action))
			f.close()
			kills := f.killUntilEnded(t)
			f.open()
			b, err := f.store.Bulk(t.Context(), b.ID)
			if err != nil {
				t.Fatal(err)
			}
			wantCounts(t, b, host.BulkDone, runs, runs, 0, 0)
			children := f.parents()
			for _, id := range ids {
				var n int
				switch run, err := f.store.Run(t.Context(), id); {
				case c.times != nil:
					n = c.times(f, id)
				case host.CodeOf(err) == host.NotFound:
					n = 1
				default:
					n = children[run.ID]
				}
				if n != 1 {
					t.Errorf("run %s was changed %d times, want once", id, n)
				}
			}
			t.Logf("killed %d times", kills)
		})
	}
}

// killUntilEnded runs processes on the store, each killed after it told of some progress, until one is done.
func (f *fixture) killUntilEnded(t *testing.T) (kills int) {
	t.Helper()
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), killDir+"="+f.path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, ended, left := bufio.NewScanner(out), false, 1+rand.IntN(6)
		for lines.Scan() && !ended {
			text := lines.Text()
			if strings.HasPrefix(text, "error") {
				t.Fatal(text)
			}
			ended = text == "ended"
			if left--; left == 0 && !ended {
				// Somewhere in the batch that has begun, or behind it.
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

// endAll makes runs final.
func (f *fixture) endAll(ids []host.RunID, status host.RunStatus) {
	f.t.Helper()
	results, err := f.store.UpdateRuns(f.t.Context(), host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
		r.Status, r.EndedAt = status, f.clock.Now()
		return nil, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			f.t.Fatal(r.Err)
		}
	}
}

// parents counts the children of each run.
func (f *fixture) parents() map[host.RunID]int {
	f.t.Helper()
	page, err := f.store.Runs(f.t.Context(), nil, 0, 1<<20)
	if err != nil || page.Next > 0 {
		f.t.Fatalf("Runs = next %d, %v", page.Next, err)
	}
	children := map[host.RunID]int{}
	for i := range page.Runs {
		children[page.Runs[i].Parent]++
	}
	return children
}
