package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// begin begins an epoch, whether it is due or not.
func begin(t testing.TB, s *Store) {
	t.Helper()
	s.epochs.current().bytes.Store(math.MaxInt64)
	if err := s.beginEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func appended(t testing.TB, s *Store, id host.RunID, first, last uint64) {
	t.Helper()
	if got, err := s.AppendEvents(t.Context(), id, numbered(first, last)); err != nil || got != last {
		t.Fatalf("AppendEvents of %d to %d = %d, %v", first, last, got, err)
	}
}

// wantNumbered wants a run to have worker events from 1 to last, wherever it is read from.
func wantNumbered(t testing.TB, s *Store, id host.RunID, last uint64) {
	t.Helper()
	events, err := s.Events(t.Context(), id, host.Cursor{Attempt: 1}, math.MaxInt)
	if err != nil || uint64(len(events)) != last {
		t.Fatalf("the run has %d events, %v; want %d", len(events), err, last)
	}
	for i, e := range events {
		if want := fmt.Sprint(i + 1); string(e.Data) != want || e.Cursor != (host.Cursor{Attempt: 1, Seq: uint64(i) + 1}) {
			t.Fatalf("event %s is %q at %s", want, e.Data, e.Cursor)
		}
	}
	for _, n := range []int{1, 5, 20, 150} {
		got, err := s.LastEvents(t.Context(), id, n)
		if n = min(n, len(events)); err != nil || len(got) < n || n > 0 && string(got[len(got)-1].Data) != fmt.Sprint(last) ||
			n > 0 && string(got[len(got)-n].Data) != fmt.Sprint(int(last)+1-n) {
			t.Fatalf("of the last %d events there are %d, %v", n, len(got), err)
		}
	}
	if got, err := s.LastSeq(t.Context(), id, 1); err != nil || got != last {
		t.Fatalf("LastSeq = %d, %v; want %d", got, err, last)
	}
}

func TestEpochsBegin(t *testing.T) {
	clock := newManualClock()
	dir := filepath.Join(t.TempDir(), "store")
	o := &Options{Clock: clock, epochBytes: 1 << 20}
	s := open(t, dir, o)
	due := func(want bool) {
		t.Helper()
		before := s.epochs.current()
		if err := s.beginEpoch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.epochs.current() != before; got != want {
			t.Fatalf("an epoch has begun: %t, want %t", got, want)
		}
	}
	run := start(t, s)
	appended(t, s, run.ID, 1, 10)
	due(false)
	clock.move(maxEpochAge - time.Minute)
	due(false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, o) // which does not make it younger
	due(false)
	clock.move(time.Minute)
	due(true)
	due(false)
	clock.move(-2 * maxEpochAge) // a clock that goes back does no harm
	due(false)
	clock.move(2 * maxEpochAge)
	s.epochs.current().bytes.Store(1<<20 - 1)
	due(false)
	s.epochs.current().bytes.Store(1 << 20)
	due(true)
	appended(t, s, run.ID, 8, 20)
	wantNumbered(t, s, run.ID, 20)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := epochFiles(t, dir); !slices.Equal(got, []string{eventsName(1), eventsName(2), eventsName(3)}) {
		t.Errorf("the files are %v", got)
	}
	again := open(t, dir, o)
	defer again.Close()
	wantNumbered(t, again, run.ID, 20)
	for i, e := range again.epochs.all() {
		if info := e.db.Info(); e.roomy != (i == 2) || info.PageSize != eventsPageSize {
			t.Errorf("epoch %d has much mapped: %t, pages of %d", i+1, e.roomy, info.PageSize)
		}
	}
}

// TestFullEpochEndsByItself appends until the keeper notices.
func TestFullEpochEndsByItself(t *testing.T) {
	begun := make(chan struct{}, 100)
	s, _ := openNew(t, &Options{epochBytes: smallEpochs, step: func(name string) {
		if name == "begun" {
			begun <- struct{}{}
		}
	}})
	run := start(t, s)
	last := uint64(0)
	for epochs := 0; epochs < 3; {
		appended(t, s, run.ID, last+1, last+100)
		last += 100
		select {
		case <-begun:
			epochs++
		default:
		}
	}
	wantNumbered(t, s, run.ID, last)
}

// TestOldEpochMapsLittle says what an epoch knows and maps once it is not the current one any more.
func TestOldEpochMapsLittle(t *testing.T) {
	s, _ := openNew(t, nil)
	first, second := start(t, s), start(t, s)
	appended(t, s, first.ID, 1, 3)
	begin(t, s)
	appended(t, s, second.ID, 1, 3)
	old := s.epochs.all()[0]
	if old.roomy || !old.mayHave(first.Seq, first.Seq) || old.mayHave(second.Seq, second.Seq) {
		t.Errorf("the old epoch has much mapped: %t, runs %d to %d", old.roomy, old.first, old.last)
	}
	if current := s.epochs.current(); !current.mayHave(first.Seq, first.Seq) || !current.roomy {
		t.Error("the current epoch does not expect events of every run")
	}
	// While a backup reads it, an epoch stays open as it is.
	s.copying.Lock()
	begin(t, s)
	if !s.epochs.all()[1].roomy {
		t.Error("an epoch was closed during a backup")
	}
	s.copying.Unlock()
	begin(t, s)
	if e := s.epochs.all()[1]; e.roomy {
		t.Error("an epoch that a backup had keeps what it maps")
	}
	wantNumbered(t, s, second.ID, 3)
}

func TestUnnamedEpochs(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(dir string) error
		reason string
	}{
		{"Empty", func(dir string) error { return os.WriteFile(filepath.Join(dir, eventsName(3)), nil, 0o600) }, ""},
		{"Torn", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, eventsName(3)), make([]byte, 8192), 0o600)
		}, ""},
		{"WithEvents", func(dir string) error {
			return os.Rename(filepath.Join(dir, "aside"), filepath.Join(dir, eventsName(3)))
		}, reasonDamaged},
		{"WithDamagedEvents", func(dir string) error {
			path := filepath.Join(dir, eventsName(3))
			return errors.Join(os.Rename(filepath.Join(dir, "aside"), path),
				flipAt(pageHeader+20)(path), flipAt(eventsPageSize+pageHeader+20)(path))
		}, reasonDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			s := open(t, dir, nil)
			run := start(t, s)
			appended(t, s, run.ID, 1, 5)
			begin(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(filepath.Join(dir, eventsName(1)))
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "aside"), content, 0o600), c.spoil(dir)); err != nil {
				t.Fatal(err)
			}
			s, err = Open(dir, nil)
			switch {
			case c.reason != "":
				wantReason(t, "Open", err, host.Internal, c.reason)
				if found, _ := problems(t, dir); len(found) != 1 || found[0].File != eventsName(3) {
					t.Errorf("Fsck says %+v", found)
				}
				err = os.Remove(filepath.Join(dir, eventsName(3))) // so that the check of the files passes
			case err == nil:
				wantNumbered(t, s, run.ID, 5)
				begin(t, s)
				err = s.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLostEpochIsNoticed takes a file of events away, or puts another in its place.
func TestLostEpochIsNoticed(t *testing.T) {
	made := filepath.Join(t.TempDir(), "store")
	s := open(t, made, nil)
	for range 3 {
		run := start(t, s)
		appended(t, s, run.ID, 1, 5)
		begin(t, s)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, made)
	for number := uint64(1); number <= 4; number++ {
		for what, spoil := range map[string]struct {
			do     func(path string) error
			reason string
		}{
			"Gone":  {os.Remove, reasonMissing},
			"Empty": {func(path string) error { return os.Truncate(path, 0) }, reasonMissing},
			"Other": {func(path string) error {
				content, err := os.ReadFile(filepath.Join(filepath.Dir(path), eventsName(number%4+1)))
				return errors.Join(err, os.WriteFile(path, content, 0o600))
			}, reasonDamaged},
		} {
			t.Run(fmt.Sprint(what, number), func(t *testing.T) {
				dir := copied(t, made)
				path := filepath.Join(dir, eventsName(number))
				if err := spoil.do(path); err != nil {
					t.Fatal(err)
				}
				before := snapshot(t, dir)
				_, err := Open(dir, nil)
				wantReason(t, "Open", err, host.Internal, spoil.reason)
				if after := snapshot(t, dir); fmt.Sprint(before) != fmt.Sprint(after) {
					t.Error("Open changed files")
				}
			})
		}
	}
}

// TestStrayOldEpochIsLeftAlone has a file whose number is behind the store, as somebody may have put it back.
func TestStrayOldEpochIsLeftAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	run := start(t, s)
	appended(t, s, run.ID, 1, 5)
	begin(t, s)
	appended(t, s, run.ID, 6, 7)
	updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, eventsName(1)))
	if err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRun(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	if tidied, err := s.TidyEpochs(t.Context()); err != nil || tidied.Removed != 1 || tidied.Freed == 0 {
		t.Fatalf("TidyEpochs = %+v, %v; want the epoch of the run that is gone removed", tidied, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, eventsName(1))
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the file is there still: %v", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if after, err := os.ReadFile(path); err != nil || string(after) != string(content) {
		t.Errorf("the file was touched: %v", err)
	}
	if n := len(s.epochs.all()); n != 1 {
		t.Errorf("%d epochs are in use, want 1", n)
	}
}

// TestEpochThatCannotBegin fails while an epoch is made: the one before goes on.
func TestEpochThatCannotBegin(t *testing.T) {
	refuse := false
	s, dir := openNew(t, &Options{open: func(name string, flag int, mode os.FileMode) (*os.File, error) {
		if refuse {
			return nil, errors.New("too many open files")
		}
		return os.OpenFile(name, flag, mode)
	}})
	run := start(t, s)
	appended(t, s, run.ID, 1, 5)
	refuse = true
	s.epochs.current().bytes.Store(math.MaxInt64)
	if err := s.beginEpoch(t.Context()); err == nil {
		t.Error("an epoch has begun without a file")
	}
	refuse = false
	appended(t, s, run.ID, 6, 9)
	if _, err := os.Stat(filepath.Join(dir, eventsName(2))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if len(f.epochs) != 1 {
			t.Errorf("the names are %+v", f.epochs)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	appended(t, s, run.ID, 10, 12)
	wantNumbered(t, s, run.ID, 12)
}

// TestCloseWhileEpochsBegin closes a store whose epochs begin and go all the time. Everything must be let go.
func TestCloseWhileEpochsBegin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	for round := range 12 {
		s := open(t, dir, &Options{epochBytes: 1})
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				for {
					if _, err := s.TidyEpochs(context.Background()); err != nil {
						wantReason(t, "TidyEpochs of a closed store", err, host.Unavailable, reasonClosed)
						return
					}
				}
			})
		}
		run := start(t, s)
		for last := range uint64(round) {
			appended(t, s, run.ID, last+1, last+1)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		others.Wait()
	}
}
