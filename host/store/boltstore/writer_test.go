package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// stall keeps the writer of meta.db inside of a transaction until release is called.
func stall(t *testing.T, s *Store) (release func()) {
	t.Helper()
	inside, resume := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.meta.do(&write{ctx: t.Context(), apply: func(*txn) error {
			close(inside)
			<-resume
			return nil
		}})
		if err != nil {
			t.Errorf("stall: %v", err)
		}
	})
	<-inside
	release = sync.OnceFunc(func() {
		close(resume)
		wg.Wait()
	})
	t.Cleanup(release)
	return release
}

// waiting returns once n writes of meta.db wait for their turn.
func waiting(s *Store, n int) {
	for len(s.meta.queue) < n {
		runtime.Gosched()
	}
}

// transactions counts the transactions that were committed to a file.
func transactions(t testing.TB, w *writer) (n int) {
	t.Helper()
	if err := w.view(func(tx *bbolt.Tx) error {
		n = tx.ID()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritesThatWaitShareATransaction(t *testing.T) {
	s, _ := openNew(t, nil)
	const writes = 500
	before := transactions(t, s.meta)
	release := stall(t, s)
	var wg sync.WaitGroup
	for range writes {
		wg.Go(func() {
			if _, created, err := s.CreateRun(t.Context(), newRun()); err != nil || !created {
				t.Errorf("CreateRun = created %t, %v", created, err)
			}
		})
	}
	waiting(s, writes)
	release()
	wg.Wait()
	if got := transactions(t, s.meta) - before; got != 1 {
		t.Errorf("%d waiting writes took %d transactions, want 1", writes, got)
	}
}

func TestGroupEndsAtItsLimit(t *testing.T) {
	s, _ := openNew(t, nil)
	before := transactions(t, s.meta)
	release := stall(t, s)
	var wg sync.WaitGroup
	for i := range 6 {
		body := append(make([]byte, 1<<20), byte(i))
		digest := digestOf(body)
		wg.Go(func() {
			w := &write{ctx: t.Context(), size: len(body), apply: func(x *txn) error {
				x.put(bucketBodies, digest[:], pack(digest[:], body))
				return nil
			}}
			if err := s.meta.do(w); err != nil {
				t.Error(err)
			}
		})
	}
	waiting(s, 6)
	release()
	wg.Wait()
	if got := transactions(t, s.meta) - before; got != 2 {
		t.Errorf("6 MiB took %d transactions, want 2: four and two", got)
	}
}

func TestWriteFailsAlone(t *testing.T) {
	s, _ := openNew(t, nil)
	run := start(t, s)
	refused := errors.New("refused")
	ctx, cancel := context.WithCancel(t.Context())
	release := stall(t, s)
	var wg sync.WaitGroup
	attempt := func(ctx context.Context, change func(*host.Run) ([][]byte, error), want error) {
		wg.Go(func() {
			if _, err := s.UpdateRun(ctx, run.ID, change); !errors.Is(err, want) {
				t.Errorf("UpdateRun = %v, want %v", err, want)
			}
		})
	}
	for range 10 {
		attempt(t.Context(), func(r *host.Run) ([][]byte, error) { r.StartTimeouts++; return [][]byte{{1}}, nil }, nil)
		attempt(t.Context(), func(r *host.Run) ([][]byte, error) { r.StartTimeouts += 100; return [][]byte{{2}}, refused }, refused)
		attempt(ctx, func(r *host.Run) ([][]byte, error) { r.StartTimeouts += 10_000; return [][]byte{{3}}, nil }, context.Canceled)
		wg.Go(func() {
			bad := newRun()
			bad.Run.ID = run.ID
			_, _, err := s.CreateRun(t.Context(), bad)
			wantReason(t, "CreateRun", err, host.Conflict, reasonRunExists)
		})
		wg.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of change is gone")
				}
			}()
			_, _ = s.UpdateRun(t.Context(), run.ID, func(r *host.Run) ([][]byte, error) { r.StartTimeouts += 1_000_000; panic("oh") })
		})
	}
	waiting(s, 50)
	cancel()
	release()
	wg.Wait()
	got, err := s.Run(t.Context(), run.ID)
	if err != nil || got.StartTimeouts != 10 {
		t.Errorf("the count is %d, %v; want the 10 of the good writes", got.StartTimeouts, err)
	}
	events, err := s.Events(t.Context(), run.ID, host.Cursor{Attempt: 1}, 100)
	if err != nil || len(events) != 10 {
		t.Errorf("%d notes are there, %v; want 10", len(events), err)
	}
	if next := create(t, s); next.Seq != run.Seq+1 {
		t.Errorf("the next run has Seq %d, want %d", next.Seq, run.Seq+1)
	}
}

func TestRefusedWriteCommitsNothing(t *testing.T) {
	s, _ := openNew(t, nil)
	run := start(t, s)
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 3)); err != nil {
		t.Fatal(err)
	}
	meta, events := transactions(t, s.meta), transactions(t, s.epochs.current().writer)
	if _, err := s.UpdateRun(t.Context(), run.ID, func(*host.Run) ([][]byte, error) { return nil, errors.New("no") }); err == nil {
		t.Error("UpdateRun did not return the error of change")
	}
	updated(t, s, run.ID, func(*host.Run) {}) // nothing to change
	for range 3 {
		if _, err := s.AppendEvents(t.Context(), run.ID, numbered(2, 3)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(9, 9)); err == nil {
		t.Error("AppendEvents took a gap")
	}
	if m, e := transactions(t, s.meta), transactions(t, s.epochs.current().writer); m != meta || e != events {
		t.Errorf("%d and %d transactions were committed for nothing", m-meta, e-events)
	}
}

func TestCommitErrorStopsTheStore(t *testing.T) {
	var files []*os.File
	fatal := make(chan error, 2)
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path, &Options{
		OnFatal: func(err error) { fatal <- err },
		open: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			files = append(files, f)
			return f, err
		},
	})
	kept := start(t, s)
	if _, err := s.AppendEvents(t.Context(), kept.ID, numbered(1, 3)); err != nil {
		t.Fatal(err)
	}
	if err := files[0].Close(); err != nil { // meta.db: what is written next cannot reach the disk
		t.Fatal(err)
	}
	_, _, err := s.CreateRun(t.Context(), newRun())
	wantReason(t, "CreateRun whose commit fails", err, host.Unavailable, reasonUnknown)
	wantReason(t, "OnFatal", <-fatal, host.Unavailable, reasonUnknown)

	_, _, err = s.CreateRun(t.Context(), newRun())
	wantReason(t, "CreateRun afterwards", err, host.Unavailable, reasonStopped)
	_, err = s.UpdateRun(t.Context(), kept.ID, func(*host.Run) ([][]byte, error) { return [][]byte{{1}}, nil })
	wantReason(t, "UpdateRun afterwards", err, host.Unavailable, reasonStopped)
	_, err = s.AppendEvents(t.Context(), kept.ID, numbered(4, 4))
	wantReason(t, "AppendEvents to the other file afterwards", err, host.Unavailable, reasonStopped)
	if run, err := s.Run(t.Context(), kept.ID); err != nil || run.ID != kept.ID {
		t.Errorf("Run afterwards = %+v, %v; reads go on", run, err)
	}
	_ = s.Close() // the file is closed already
	if len(fatal) > 0 {
		t.Error("OnFatal was called twice")
	}

	again := open(t, path, nil)
	defer again.Close()
	events, err := again.Events(t.Context(), kept.ID, host.Cursor{}, 10)
	if err != nil || len(events) != 4 {
		t.Errorf("after a new start %d events are there, %v; want 4", len(events), err)
	}
	create(t, again)
}
