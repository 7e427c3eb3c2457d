package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

func (x *exercise) closes(t *testing.T) {
	t.Run("CanceledContextLeavesNothing", x.canceledContext)
	t.Run("AfterCloseAllFails", x.afterClose)
	t.Run("CloseKeepsWhatWasAnswered", x.closeUnderLoad)
	t.Run("SizeGrows", x.size)
}

func (x *exercise) canceledContext(t *testing.T) {
	s := x.new(t)
	run := s.started()
	ended := s.ended(s.create(nil).ID)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	n := newRun(t)
	n.Bodies = map[host.Digest][]byte{digestOf([]byte("b")): []byte("b")}
	for name, err := range s.everything(ctx, run.ID, ended.ID, n) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context = %v, want its error", name, err)
		}
	}
	wantSame(t, "runs", s.all(), []host.Run{ended, run})
	wantSame(t, "events", s.list(run.ID), nil)
	wantSame(t, "known locations", s.known(), nil)
	s.wantNoAutomation()
	_, err := s.Body(s.ctx, digestOf([]byte("b")))
	wantCode(t, "Body", err, host.NotFound)
	if next := s.create(nil); next.Seq != 3 {
		t.Errorf("the next run has Seq %d, want 3", next.Seq)
	}
}

// everything calls every method once and returns the errors.
func (s *store) everything(ctx context.Context, run, ended host.RunID, n host.NewRun) map[string]error {
	errs := map[string]error{}
	_, _, errs["CreateRun"] = s.CreateRun(ctx, n)
	_, errs["RunOfRequest"] = s.RunOfRequest(ctx, n.RequestID)
	_, errs["Run"] = s.Run(ctx, run)
	_, errs["FindRuns"] = s.FindRuns(ctx, "", 1)
	_, errs["Runs"] = s.Runs(ctx, nil, 0, 1)
	_, errs["SelectRuns"] = s.SelectRuns(ctx, nil, 0, 1)
	_, errs["CountRuns"] = s.CountRuns(ctx, nil)
	_, errs["RunTerms"] = s.RunTerms(ctx, host.TermQuery{On: selector.Tag, Limit: 1})
	_, errs["RunBytes"] = s.RunBytes(ctx, []host.RunID{run})
	_, errs["OpenRuns"] = s.OpenRuns(ctx)
	_, errs["RunsToRetry"] = s.RunsToRetry(ctx)
	_, errs["LocationsToCollect"] = s.LocationsToCollect(ctx)
	_, errs["OutputsToCollect"] = s.OutputsToCollect(ctx, "here", "", 1)
	errs["OutputsCollected"] = s.OutputsCollected(ctx, "here", []host.RunID{run})
	_, errs["UpdateRun"] = s.UpdateRun(ctx, run, func(r *host.Run) ([][]byte, error) {
		r.StatusReason = "changed"
		return bytesOf([]string{"note"}), nil
	})
	_, errs["UpdateRuns"] = s.UpdateRuns(ctx, request("change"), []host.RunID{run}, func(r *host.Run) ([][]byte, error) {
		r.StatusReason = "changed"
		return bytesOf([]string{"note"}), nil
	})
	_, errs["RunsOfRequest"] = s.RunsOfRequest(ctx, request("change"))
	_, errs["HostEvents"] = s.HostEvents(ctx, run)
	_, errs["DeleteRuns"] = s.DeleteRuns(ctx, request("delete"), []host.RunID{ended})
	errs["DeleteRun"] = s.DeleteRun(ctx, ended)
	_, errs["AppendEvents"] = s.AppendEvents(ctx, run, batch(1, 1, 1))
	_, errs["LastSeq"] = s.LastSeq(ctx, run, 1)
	_, errs["Events"] = s.Events(ctx, run, host.Cursor{}, 1)
	_, errs["LastEvents"] = s.LastEvents(ctx, run, 1)
	errs["PutBodies"] = s.PutBodies(ctx, n.Bodies)
	_, errs["Body"] = s.Body(ctx, digestOf([]byte("b")))
	l, bodies := knownLocation("here", epoch, map[string][2]string{"r/j": {"b", ""}})
	errs["PutKnownLocation"] = s.PutKnownLocation(ctx, l, bodies)
	_, errs["KnownLocations"] = s.KnownLocations(ctx)
	errs["TouchKnownLocations"] = s.TouchKnownLocations(ctx, map[string]time.Time{"here": epoch})
	_, errs["JobHistory"] = s.JobHistory(ctx, historyJob, 0, 1)
	b := newBulk(s.t)
	_, _, errs["CreateBulk"] = s.CreateBulk(ctx, "request "+b.ID, b)
	errs["PutBulk"] = s.PutBulk(ctx, b)
	_, errs["Bulk"] = s.Bulk(ctx, b.ID)
	_, errs["BulkOfRequest"] = s.BulkOfRequest(ctx, "request "+b.ID)
	_, _, errs["Bulks"] = s.Bulks(ctx, "", 1)
	s.everyAutomation(ctx, errs)
	return errs
}

func (x *exercise) afterClose(t *testing.T) {
	s := x.new(t)
	run := s.started()
	ended := s.ended(s.create(nil).ID)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	n := newRun(t)
	n.Bodies = map[host.Digest][]byte{digestOf([]byte("b")): []byte("b")}
	errs := s.everything(s.ctx, run.ID, ended.ID, n)
	_, errs["Size"] = s.Size()
	for name, err := range errs {
		wantCode(t, name+" after Close", err, host.Unavailable)
	}
	s.reopen()
	wantSame(t, "runs after reopening", s.all(), []host.Run{ended, run})
}

func (x *exercise) closeUnderLoad(t *testing.T) {
	s := x.new(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := map[host.RunID]bool{}
	some := make(chan struct{}, 1)
	for range 8 {
		wg.Go(func() {
			for {
				run, _, err := s.CreateRun(s.ctx, newRun(t))
				if err != nil {
					wantCode(t, "CreateRun during Close", err, host.Unavailable)
					return
				}
				mu.Lock()
				answered[run.ID] = true
				mu.Unlock()
				select {
				case some <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 5 {
		<-some
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wg.Wait()
	s.reopen()
	for _, run := range s.all() {
		delete(answered, run.ID)
	}
	if len(answered) > 0 {
		t.Errorf("%d runs were answered and are gone", len(answered))
	}
}

func (x *exercise) size(t *testing.T) {
	s := x.new(t)
	before, err := s.Size()
	if err != nil {
		t.Fatal(err)
	}
	run := s.started()
	for last := uint64(1000); last <= 10_000; last += 1000 {
		s.append(run.ID, batch(1, last-999, last), last)
	}
	after, err := s.Size()
	if err != nil || after <= before {
		t.Errorf("Size = %d, %v after 10,000 events; it was %d", after, err, before)
	}
}
