package boltstore

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// TestFullDiskIsRefusedAndRecovers lets the disk be nearly full for a while.
func TestFullDiskIsRefusedAndRecovers(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	var log bytes.Buffer
	s, dir := openNew(t, &Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Free: func(string) (uint64, error) { return free.Load(), nil },
		OnFatal: func(err error) { t.Error(err) },
	})
	run := start(t, s)
	log.Reset()

	free.Store(minFree - 1)
	for _, needed := range []string{"256 MiB", "320 MiB", "320 MiB"} { // more to go on than to stop
		_, _, err := s.CreateRun(t.Context(), newRun())
		wantReason(t, "CreateRun", err, host.Unavailable, host.ReasonFull)
		if text := err.Error(); !strings.Contains(text, "255 MiB are free in "+dir) || !strings.Contains(text, needed+" are needed there") {
			t.Errorf("the error %q does not say how much is free, how much is needed and where", text)
		}
		_, err = s.AppendEvents(t.Context(), run.ID, numbered(1, 2))
		wantReason(t, "AppendEvents", err, host.Unavailable, host.ReasonFull)
	}
	if st, err := s.Storage(t.Context()); err != nil || st.DiskFree != minFree-1 || st.ReadOnly == "" || st.Runs != 1 {
		t.Errorf("Storage = %+v, %v", st, err)
	}
	if got, err := s.Run(t.Context(), run.ID); err != nil || got.Status != host.Starting {
		t.Errorf("Run = %+v, %v; want reads to go on", got, err)
	}
	free.Store(minFree + 1)
	_, _, err := s.CreateRun(t.Context(), newRun())
	wantReason(t, "CreateRun with hardly more", err, host.Unavailable, host.ReasonFull)
	free.Store(2 * minFree)
	create(t, s)
	if last, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 2)); err != nil || last != 2 {
		t.Errorf("AppendEvents = %d, %v", last, err)
	}
	if st, err := s.Storage(t.Context()); err != nil || st.ReadOnly != "" || st.Runs != 2 {
		t.Errorf("Storage = %+v, %v", st, err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Errorf("the log has %d lines, want one for each change:\n%s", lines, log.String())
	}
}

// TestOpenOnAFullDisk opens a store that would finish deletes.
func TestOpenOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	run := start(t, s)
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 2)); err != nil {
		t.Fatal(err)
	}
	run = updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Failure })
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.deleteRun(&run)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, &Options{Free: func(string) (uint64, error) { return 0, nil }})
	if st, err := s.Storage(t.Context()); err != nil || st.ReadOnly == "" {
		t.Errorf("Storage = %+v, %v", st, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, nil).Close(); err != nil {
		t.Fatal(err)
	}
	checkPurged(t, dir)
}

// TestUnmeasuredDiskIsNotFull cannot find out how much room there is.
func TestUnmeasuredDiskIsNotFull(t *testing.T) {
	var log bytes.Buffer
	s, _ := openNew(t, &Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Free: func(string) (uint64, error) { return 0, errors.New("unknown") },
	})
	create(t, s)
	create(t, s)
	if n := strings.Count(log.String(), "cannot be found out"); n != 1 {
		t.Errorf("it was told %d times:\n%s", n, log.String())
	}
}

// TestFullDiskTakesWhatGivesRoomBack deletes while the disk is nearly full, as retention does, until hardly any is left.
func TestFullDiskTakesWhatGivesRoomBack(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	s, _ := openNew(t, &Options{Free: func(string) (uint64, error) { return free.Load(), nil }, OnFatal: func(err error) { t.Error(err) }})
	var runs []host.Run
	for range 2 {
		run := start(t, s)
		if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 2)); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Failure }))
	}
	free.Store(freeToFree)
	if err := s.DeleteRun(t.Context(), runs[0].ID); err != nil {
		t.Errorf("DeleteRun on a disk that is nearly full: %v", err)
	}
	if _, err := s.TidyEpochs(t.Context()); err != nil {
		t.Errorf("TidyEpochs on a disk that is nearly full: %v", err)
	}
	_, err := s.UpdateRun(t.Context(), runs[1].ID, func(r *host.Run) ([][]byte, error) {
		r.StatusReason = "changed"
		return nil, nil
	})
	wantReason(t, "UpdateRun", err, host.Unavailable, host.ReasonFull)
	free.Store(freeToFree - 1)
	wantReason(t, "DeleteRun with even less", s.DeleteRun(t.Context(), runs[1].ID), host.Unavailable, host.ReasonFull)
	if _, err := s.Run(t.Context(), runs[1].ID); err != nil {
		t.Errorf("the run that could not be deleted: %v", err)
	}
}

// TestFullDiskTakesActionsThatGiveRoomBack lets many runs be deleted while the disk is nearly full.
func TestFullDiskTakesActionsThatGiveRoomBack(t *testing.T) {
	s, _ := openNew(t, &Options{Free: func(string) (uint64, error) { return freeToFree, nil }, OnFatal: func(err error) { t.Error(err) }})
	action := func(kind host.BulkKind) host.Bulk {
		return host.Bulk{ID: string(newRun().Run.ID), Action: host.BulkAction{Kind: kind}, CreatedAt: time.Unix(0, 0), State: host.BulkRunning, Below: 1, Next: 1}
	}
	_, _, err := s.CreateBulk(t.Context(), "request-of-a-cancel", action(host.BulkCancel))
	wantReason(t, "CreateBulk of a cancel", err, host.Unavailable, host.ReasonFull)
	b, made, err := s.CreateBulk(t.Context(), "request-of-a-delete", action(host.BulkDelete))
	if err != nil || !made {
		t.Fatalf("CreateBulk of a delete = %t, %v", made, err)
	}
	b.Changed = 7
	if err := s.PutBulk(t.Context(), b); err != nil {
		t.Errorf("PutBulk of a delete: %v", err)
	}
}
