package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// appendSingly adds numbered events in a record each, in one write.
func appendSingly(t testing.TB, s *Store, seq, first, last uint64) {
	t.Helper()
	if err := s.epochs.append(&write{ctx: t.Context(), apply: func(x *txn) error {
		for i := first; i <= last; i++ {
			r, err := packRecord(seq, host.Cursor{Attempt: 1, Seq: i}, [][]byte{fmt.Append(nil, i)})
			if err != nil {
				return err
			}
			x.put(bucketEvents, r.key, r.value)
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
}

// bulky adds an ended run with events that take some room.
func bulky(t testing.TB, s *Store) host.Run {
	t.Helper()
	run := start(t, s)
	b := host.EventBatch{Attempt: 1, First: 1}
	chance := rand.NewChaCha8([32]byte{byte(run.Seq)})
	for range 20 {
		event := make([]byte, 10_000)
		_, _ = chance.Read(event) // it never fails
		b.Events = append(b.Events, event)
	}
	if _, err := s.AppendEvents(t.Context(), run.ID, b); err != nil {
		t.Fatal(err)
	}
	return updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success })
}

// aged makes a store with two epochs, of which the older one has much that was deleted, some events of a run that goes on,
// and those of one that has ended. Each of these has 1,200 events.
func aged(t testing.TB, o *Options) (dir string, live, ended host.Run) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	s := open(t, dir, o)
	var gone []host.RunID
	for range 4 {
		gone = append(gone, bulky(t, s).ID)
	}
	live = start(t, s)
	ended = updated(t, s, create(t, s).ID, func(r *host.Run) { r.Status, r.Attempt = host.Failure, 1 })
	if err := s.Close(); err != nil { // nobody merges or remembers what comes now
		t.Fatal(err)
	}
	s = open(t, dir, o)
	appendSingly(t, s, live.Seq, 1, 1200)
	appendSingly(t, s, ended.Seq, 1, 1200)
	if _, err := s.DeleteRuns(t.Context(), host.Request{}, gone); err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	appended(t, s, live.ID, 1201, 1210)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, dir)
	return dir, live, ended
}

func TestTidyMovesWhatIsLeft(t *testing.T) {
	clock := newManualClock()
	o := &Options{Clock: clock}
	dir, live, ended := aged(t, o)
	s := open(t, dir, o)
	before, err := s.Size()
	if err != nil {
		t.Fatal(err)
	}
	tidied, err := s.TidyEpochs(t.Context())
	if err != nil || tidied.Removed != 1 || tidied.Freed < 800_000 || tidied.Moved < 20_000 || tidied.Moved > 200_000 {
		t.Fatalf("TidyEpochs = %+v, %v", tidied, err)
	}
	if after, err := s.Size(); err != nil || after > before-600_000 {
		t.Errorf("the store had %d bytes and has %d, %v", before, after, err)
	}
	var waited time.Duration
	for _, d := range clock.waited {
		waited += d
	}
	if want := time.Duration(tidied.Moved) * time.Second / moveBytesPerSecond; waited < want-time.Microsecond || len(clock.waited) < 4 {
		t.Errorf("it waited %s in %d parts, want at least %s", waited, len(clock.waited), want)
	}
	again, err := s.TidyEpochs(t.Context())
	if err != nil || again != (host.EpochsTidied{}) {
		t.Errorf("a second TidyEpochs = %+v, %v; want nothing to do", again, err)
	}
	appended(t, s, live.ID, 1211, 1220)
	for range 2 {
		wantNumbered(t, s, live.ID, 1220)
		wantNumbered(t, s, ended.ID, 1200)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got := epochFiles(t, dir); !slices.Equal(got, []string{eventsName(2)}) {
			t.Errorf("the files are %v", got)
		}
		s = open(t, dir, nil)
	}
	if err := s.DeleteRun(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkPurged(t, dir)
}

// TestTidyLeavesWhatIsWanted has an epoch of which a third was deleted.
func TestTidyLeavesWhatIsWanted(t *testing.T) {
	s, _ := openNew(t, nil)
	gone := bulky(t, s)
	kept := []host.Run{bulky(t, s), bulky(t, s)}
	begin(t, s)
	if err := s.DeleteRun(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if tidied, err := s.TidyEpochs(t.Context()); err != nil || tidied != (host.EpochsTidied{}) {
		t.Errorf("TidyEpochs = %+v, %v; want nothing done", tidied, err)
	}
	for _, run := range kept {
		if events, err := s.Events(t.Context(), run.ID, host.Cursor{Attempt: 1}, 100); err != nil || len(events) != 20 {
			t.Errorf("a run has %d events, %v; want 20", len(events), err)
		}
	}
}

// TestTidyBesideABackup lets the backup have its turn: nobody waits for it, and the epoch goes the next time.
func TestTidyBesideABackup(t *testing.T) {
	dir, live, ended := aged(t, nil)
	s := open(t, dir, nil)
	defer s.Close()
	s.copying.Lock()
	if tidied, err := s.TidyEpochs(t.Context()); err != nil || tidied.Removed != 0 {
		t.Errorf("TidyEpochs during a backup = %+v, %v", tidied, err)
	}
	s.copying.Unlock()
	wantNumbered(t, s, live.ID, 1210)
	if tidied, err := s.TidyEpochs(t.Context()); err != nil || tidied.Removed != 1 {
		t.Errorf("TidyEpochs afterwards = %+v, %v", tidied, err)
	}
	wantNumbered(t, s, live.ID, 1210)
	wantNumbered(t, s, ended.ID, 1200)
}

// TestDeleteDuringTidy deletes a run whose events were copied a moment ago, and one whose events were not yet.
func TestDeleteDuringTidy(t *testing.T) {
	dir, live, ended := aged(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	moved := 0
	var s *Store
	s = open(t, dir, &Options{step: func(name string) {
		if name != "moved" {
			return
		}
		if moved++; moved == 1 {
			if err := s.DeleteRun(ctx, ended.ID); err != nil {
				t.Error(err)
			}
		}
	}})
	if tidied, err := s.TidyEpochs(ctx); err != nil || tidied.Removed != 1 || moved < 2 {
		t.Errorf("TidyEpochs = %+v, %v, in %d parts", tidied, err, moved)
	}
	updated(t, s, live.ID, func(r *host.Run) { r.Status = host.Canceled })
	wantNumbered(t, s, live.ID, 1210)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkPurged(t, dir)
}

// TestDamagedEpochStays does not move what cannot be read, and keeps the file.
func TestDamagedEpochStays(t *testing.T) {
	dir, live, ended := aged(t, nil)
	dir = copied(t, dir)
	_, _, value := recordIn(t, filepath.Join(dir, eventsName(1)), bucketEvents, func(k []byte) bool {
		return bytes.Equal(k, placeKey(ended.Seq, host.Cursor{Attempt: 1, Seq: 77}))
	})
	flip(t, filepath.Join(dir, eventsName(1)), value, 8*len(value)-1)
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.TidyEpochs(t.Context())
	wantReason(t, "TidyEpochs of a damaged epoch", err, host.Internal, reasonDamaged)
	wantNumbered(t, s, live.ID, 1210)
	_, err = s.Events(t.Context(), ended.ID, host.Cursor{}, 2000)
	wantReason(t, "the damaged run's events", err, host.Internal, reasonDamaged)
	if events, err := s.Events(t.Context(), ended.ID, host.Cursor{Attempt: 1, Seq: 100}, 2000); err != nil || len(events) != 1100 {
		t.Errorf("behind the damage are %d events, %v", len(events), err)
	}
}

// stepDir and stepName tell a process which store to tidy, and at which step it is killed.
const (
	stepDir  = "BOLTSTORE_STEP_DIR"
	stepName = "BOLTSTORE_STEP_NAME"
)

// dieAtStep begins an epoch and tidies, until the step comes that this process is to be killed at.
func dieAtStep(dir string) {
	var name string
	nth := 0
	_, err := fmt.Sscan(os.Getenv(stepName), &name, &nth)
	step := func(at string) {
		if at == name {
			nth--
		}
		if nth == 0 && at == name {
			self, _ := os.FindProcess(os.Getpid()) // it is there
			_ = self.Kill()
			select {}
		}
	}
	s, openErr := Open(dir, &Options{step: step})
	if err = errors.Join(err, openErr); err == nil {
		s.epochs.current().bytes.Store(maxEpochBytes)
		_, err = s.TidyEpochs(context.Background())
	}
	fmt.Fprintln(os.Stderr, "the step never came:", err)
	os.Exit(1)
}

func TestKilledAtEachStepOfEpochs(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	made, live, ended := aged(t, nil)
	for _, step := range []string{
		"made 1", "named 1", "begun 1", "moved 1", "moved 2", "moved 5", "marked 1", "removed 1", "forgotten 1",
	} {
		t.Run(strings.ReplaceAll(step, " ", ""), func(t *testing.T) {
			dir := copied(t, made)
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), stepDir+"="+dir, stepName+"="+step)
			var said bytes.Buffer
			cmd.Stderr = &said
			var exit *exec.ExitError
			if err := cmd.Run(); !errors.As(err, &exit) || exit.Exited() {
				t.Fatalf("the process ended with %v, want it killed; it said %s", err, &said)
			}
			s := open(t, dir, nil)
			wantNumbered(t, s, live.ID, 1210)
			wantNumbered(t, s, ended.ID, 1200)
			appended(t, s, live.ID, 1205, 1215)
			for range 2 {
				if _, err := s.TidyEpochs(t.Context()); err != nil {
					t.Fatal(err)
				}
				wantNumbered(t, s, live.ID, 1215)
				wantNumbered(t, s, ended.ID, 1200)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				checkFiles(t, dir)
				s = open(t, dir, nil)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := epochFiles(t, dir); slices.Contains(got, eventsName(1)) {
				t.Errorf("the files are %v; the first epoch is moved in the end", got)
			}
		})
	}
}

// TestMovedRecordsFitWhatIsThere copies records of a run to a file that has some of its events in other records, as
// interrupted moves and merges can leave them.
func TestMovedRecordsFitWhatIsThere(t *testing.T) {
	s, _ := openNew(t, nil)
	chance := rand.New(rand.NewPCG(3, 4))
	for round := range 60 {
		run := start(t, s)
		last := uint64(1 + chance.IntN(40))
		cut := func(first, last uint64) (records []record) {
			for first <= last {
				end := min(last, first+uint64(chance.IntN(12)))
				b := numbered(first, end)
				r, err := packRecord(run.Seq, host.Cursor{Attempt: 1, Seq: first}, b.Events)
				if err != nil {
					t.Fatal(err)
				}
				records = append(records, r)
				first = end + 1
			}
			return records
		}
		var there []record
		for _, r := range cut(1, last+uint64(chance.IntN(10))) {
			if chance.IntN(2) == 0 {
				there = append(there, r)
			}
		}
		e := s.epochs.current()
		if err := e.do(&write{ctx: t.Context(), apply: func(x *txn) error {
			for _, r := range there {
				x.put(bucketEvents, r.key, r.value)
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		want := map[uint64]bool{}
		for _, r := range there {
			d, err := decodeRecord(r)
			if err != nil {
				t.Fatal(err)
			}
			for seq := d.at.Seq; seq <= d.end(); seq++ {
				want[seq] = true
			}
		}
		for seq := uint64(1); seq <= last; seq++ {
			want[seq] = true
		}
		incoming := cut(1, last)
		for range 2 {
			if err := s.putMoved(t.Context(), incoming); err != nil {
				t.Fatal(err)
			}
		}
		var got []uint64
		if err := e.view(func(tx *bbolt.Tx) error {
			records, err := recordsOf(tx, run.Seq, host.Cursor{}, 1<<20)
			for _, r := range records {
				for i, data := range r.events {
					seq := r.at.Seq + uint64(i)
					if got = append(got, seq); string(data) != fmt.Sprint(seq) {
						t.Errorf("round %d: event %d is %q", round, seq, data)
					}
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("round %d: %d events came to %d; now there are %v", round, last, len(there), got)
		}
	}
}
