package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) severalRuns(t *testing.T) {
	t.Run("EachChangesWhollyOrNot", x.updateRunsMixed)
	t.Run("RepeatChangesNothing", x.updateRunsRepeated)
	t.Run("RepeatGoesOn", x.updateRunsGoOn)
	t.Run("RequestForSomethingElseIsAConflict", x.requestUsed)
	t.Run("BadArguments", x.severalRefused)
	t.Run("PanicIsTheCallers", x.updateRunsPanic)
	t.Run("AsManyAsAllowed", x.updateRunsMost)
	t.Run("DeleteRunsMixed", x.deleteRunsMixed)
	t.Run("ManyAtOnceChangeOnce", x.updateRunsAtOnce)
}

// request makes one that was never used.
func request(what string) host.Request { return host.Request{ID: uuid.NewString(), What: what} }

// marks are changes that leave a mark and a note, and how often they were made.
type marks struct {
	mu    sync.Mutex
	made  map[host.RunID]int
	fails map[host.RunID]error
}

func (m *marks) change(r *host.Run) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil {
		m.made = map[host.RunID]int{}
	}
	m.made[r.ID]++
	r.StartTimeouts++
	r.StatusReason = fmt.Sprint("marked ", r.StartTimeouts)
	if err := m.fails[r.ID]; err != nil {
		return bytesOf([]string{"never seen"}), err
	}
	return bytesOf([]string{fmt.Sprint("note ", r.StartTimeouts)}), nil
}

// wantMarked checks the results, the stored run and the notes of runs that were marked so many times.
func (s *store) wantMarked(what string, ids []host.RunID, results []host.RunResult, times int, repeated bool) {
	s.t.Helper()
	if len(results) != len(ids) {
		s.t.Fatalf("%s: %d results for %d ids", what, len(results), len(ids))
	}
	for i, id := range ids {
		r := results[i]
		if r.Err != nil || r.Repeated != repeated || int(r.Run.StartTimeouts) != times {
			s.t.Errorf("%s, run %s: error %v, repeated %t, marked %d times; want %t and %d", what, id, r.Err, r.Repeated, r.Run.StartTimeouts, repeated, times)
		}
		wantSame(s.t, what+": the run", r.Run, s.get(id))
		if n := len(s.list(id)); n != times {
			s.t.Errorf("%s, run %s: %d notes, want %d", what, id, n, times)
		}
	}
}

func (x *exercise) updateRunsMixed(t *testing.T) {
	s := x.new(t)
	good, refused, deleted := s.create(nil), s.started(), s.ended(s.create(nil).ID)
	if err := s.DeleteRun(s.ctx, deleted.ID); err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	m := marks{fails: map[host.RunID]error{refused.ID: mine}}
	ids := []host.RunID{"no id", refused.ID, good.ID, deleted.ID, host.RunID(uuid.NewString()), good.ID, refused.ID, ""}
	results, err := s.UpdateRuns(s.ctx, host.Request{}, ids, m.change)
	if err != nil || len(results) != len(ids) {
		t.Fatalf("UpdateRuns = %d results, %v; want %d", len(results), err, len(ids))
	}
	for i, want := range []host.Code{host.NotFound, -1, 0, host.NotFound, host.NotFound, 0, -1, host.NotFound} {
		r := results[i]
		switch {
		case r.Repeated:
			t.Errorf("result %d is a repeat of no request", i)
		case want == host.NotFound:
			wantCode(t, fmt.Sprintf("result %d", i), r.Err, want)
		case want < 0 && !errors.Is(r.Err, mine):
			t.Errorf("result %d is %v, want the error of change", i, r.Err)
		}
		if r.Err != nil {
			wantSame(t, fmt.Sprintf("the run of result %d", i), r.Run, host.Run{})
		}
	}
	s.wantMarked("mixed", []host.RunID{good.ID, good.ID}, []host.RunResult{results[2], results[5]}, 1, false)
	results[2].Run.OpPaths = append(results[2].Run.OpPaths, "spoilt")
	wantSame(t, "the other result of the run", results[5].Run, s.get(good.ID))
	wantSame(t, "the run that refused", s.get(refused.ID), refused)
	wantSame(t, "its events", s.list(refused.ID), nil)
	if m.made[good.ID] != 1 || m.made[refused.ID] != 1 || len(m.made) != 2 {
		t.Errorf("changes were called %v times, want once for each of two runs", m.made)
	}
	s.reopen()
	if run := s.get(good.ID); run.StartTimeouts != 1 {
		t.Errorf("after reopening it was marked %d times", run.StartTimeouts)
	}
	if results, err := s.UpdateRuns(s.ctx, request("x"), nil, m.change); err != nil || len(results) != 0 {
		t.Errorf("UpdateRuns of none = %v, %v", results, err)
	}
}

func (x *exercise) updateRunsRepeated(t *testing.T) {
	s := x.new(t)
	ids := []host.RunID{s.create(nil).ID, s.started().ID, s.ended(s.create(nil).ID).ID}
	s.update(ids[1], func(*host.Run) {}) // nothing
	r := host.Request{ID: "odd\x00/" + strings.Repeat("値", 30), What: "mark “it”"}
	m := marks{}
	results, err := s.UpdateRuns(s.ctx, r, ids, m.change)
	if err != nil {
		t.Fatal(err)
	}
	s.wantMarked("first", ids, results, 1, false)
	for range 2 {
		again := []host.RunID{ids[2], ids[0], ids[2]}
		results, err := s.UpdateRuns(s.ctx, r, again, m.change)
		if err != nil {
			t.Fatal(err)
		}
		s.wantMarked("repeat", again, results, 1, true)
		if got, err := s.RunsOfRequest(s.ctx, r); err != nil || !slices.Equal(got, ids) {
			t.Errorf("RunsOfRequest = %v, %v; want %v", got, err, ids)
		}
		s.reopen()
	}
	for _, none := range []host.Request{{}, request("new")} {
		if got, err := s.RunsOfRequest(s.ctx, none); err != nil || len(got) != 0 {
			t.Errorf("RunsOfRequest of none = %v, %v", got, err)
		}
	}
	// A change that made nothing of the run counts as well: a repeat must not make something of it later.
	nothing := request("nothing")
	if _, err := s.UpdateRuns(s.ctx, nothing, ids, func(*host.Run) ([][]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	results, err = s.UpdateRuns(s.ctx, nothing, ids, m.change)
	if err != nil {
		t.Fatal(err)
	}
	s.wantMarked("repeat of nothing", ids, results, 1, true)
	// Who asks again learns how the run is now, also that it is gone.
	s.update(ids[0], func(r *host.Run) { r.StatusReason = "later" })
	if err := s.DeleteRun(s.ctx, ids[2]); err != nil {
		t.Fatal(err)
	}
	results, err = s.UpdateRuns(s.ctx, r, []host.RunID{ids[0], ids[2]}, m.change)
	if err != nil || results[0].Run.StatusReason != "later" || !results[0].Repeated || !results[1].Repeated {
		t.Fatalf("repeat after the runs changed = %+v, %v", results, err)
	}
	wantCode(t, "repeat for a run that is gone", results[1].Err, host.NotFound)
}

func (x *exercise) updateRunsGoOn(t *testing.T) {
	s := x.new(t)
	first, second, third := s.create(nil).ID, s.create(nil).ID, s.create(nil).ID
	r := request("mark")
	m := marks{fails: map[host.RunID]error{second: errors.New("not yet")}}
	if results, err := s.UpdateRuns(s.ctx, r, []host.RunID{first, second}, m.change); err != nil || results[1].Err == nil {
		t.Fatalf("UpdateRuns = %+v, %v; want the second to refuse", results, err)
	}
	m.fails = nil
	s.reopen()
	for _, repeated := range []bool{false, true} {
		results, err := s.UpdateRuns(s.ctx, r, []host.RunID{first, second, third}, m.change)
		if err != nil {
			t.Fatal(err)
		}
		s.wantMarked("the one before", []host.RunID{first}, results[:1], 1, true)
		s.wantMarked("those after", []host.RunID{second, third}, results[1:], 1, repeated)
		s.reopen()
	}
	// What nothing came of is not remembered.
	none := request("mark")
	if results, err := s.UpdateRuns(s.ctx, none, []host.RunID{host.RunID(uuid.NewString())}, m.change); err != nil || results[0].Err == nil {
		t.Fatalf("UpdateRuns of no run = %+v, %v", results, err)
	}
	none.What = "something else"
	if _, err := s.UpdateRuns(s.ctx, none, []host.RunID{first}, m.change); err != nil {
		t.Errorf("a request that did nothing before: %v", err)
	}
}

func (x *exercise) severalRefused(t *testing.T) {
	s := x.new(t)
	run := s.create(nil)
	many := make([]host.RunID, host.MaxRunsPerWrite+1)
	for i := range many {
		many[i] = run.ID
	}
	m := marks{}
	for name, c := range map[string]struct {
		r   host.Request
		ids []host.RunID
	}{
		"TooMany":     {ids: many},
		"ShortID":     {r: host.Request{ID: "short", What: "x"}, ids: many[:1]},
		"LongID":      {r: host.Request{ID: strings.Repeat("x", 65), What: "x"}, ids: many[:1]},
		"NoID":        {r: host.Request{What: "x"}, ids: many[:1]},
		"NoWhat":      {r: host.Request{ID: uuid.NewString()}, ids: many[:1]},
		"LongWhat":    {r: request(strings.Repeat("x", 257)), ids: many[:1]},
		"WhatNotUTF8": {r: request("\xff"), ids: many[:1]},
	} {
		_, err := s.UpdateRuns(s.ctx, c.r, c.ids, m.change)
		wantCode(t, "UpdateRuns "+name, err, host.Invalid)
		_, err = s.DeleteRuns(s.ctx, c.r, c.ids)
		wantCode(t, "DeleteRuns "+name, err, host.Invalid)
	}
	// What UpdateRun refuses of a change is the result of its run alone.
	results, err := s.UpdateRuns(s.ctx, host.Request{}, []host.RunID{run.ID, s.create(nil).ID}, func(r *host.Run) ([][]byte, error) {
		if r.ID == run.ID {
			r.Job.Job, r.Status = "other", host.Success
		}
		return nil, nil
	})
	if err != nil || results[1].Err != nil {
		t.Fatalf("UpdateRuns = %+v, %v", results, err)
	}
	wantCode(t, "a change that spoils the run", results[0].Err, host.Invalid)
	wantSame(t, "the run", s.get(run.ID), run)
	if len(m.made) > 0 {
		t.Errorf("changes were called: %v", m.made)
	}
}

func (x *exercise) updateRunsPanic(t *testing.T) {
	s := x.new(t)
	ids := []host.RunID{s.started().ID, s.started().ID, s.started().ID}
	r := request("mark")
	m := marks{}
	func() {
		defer func() {
			if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "oh no") {
				t.Errorf("recovered %v, want the panic of change", p)
			}
		}()
		_, err := s.UpdateRuns(s.ctx, r, ids, func(r *host.Run) ([][]byte, error) {
			if r.ID == ids[1] {
				panic("oh no")
			}
			return m.change(r)
		})
		t.Errorf("UpdateRuns returned %v", err)
	}()
	for _, id := range ids {
		if run := s.get(id); run.StartTimeouts != 0 || len(s.list(id)) != 0 {
			t.Errorf("run %s was changed before the panic: %+v", id, run)
		}
		s.append(id, batch(1, 1, 1), 1) // readers see it, so nothing holds it back
	}
	m = marks{}
	results, err := s.UpdateRuns(s.ctx, r, ids, m.change)
	if err != nil || results[0].Repeated || m.made[ids[2]] != 1 {
		t.Errorf("the request after a panic = %+v, %v, made %v", results, err, m.made)
	}
}

func (x *exercise) updateRunsMost(t *testing.T) {
	s := x.new(t)
	ids := make([]host.RunID, host.MaxRunsPerWrite)
	var wg sync.WaitGroup
	for part := range 8 {
		wg.Go(func() {
			for i := part; i < len(ids); i += 8 {
				run, _, err := s.CreateRun(s.ctx, newRun(t))
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = run.ID
			}
		})
	}
	wg.Wait()
	r := request("mark")
	m := marks{}
	for _, repeated := range []bool{false, true} {
		results, err := s.UpdateRuns(s.ctx, r, ids, m.change)
		if err != nil {
			t.Fatal(err)
		}
		for i, of := range results {
			if of.Err != nil || of.Repeated != repeated || of.Run.ID != ids[i] || of.Run.StartTimeouts != 1 {
				t.Fatalf("result %d is %+v", i, of)
			}
		}
		s.reopen()
	}
	if _, err := s.UpdateRuns(s.ctx, host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
		return nil, r.Become(host.Canceled, "", epoch)
	}); err != nil {
		t.Fatal(err)
	}
	results, err := s.DeleteRuns(s.ctx, host.Request{}, ids)
	if err != nil || len(results) != len(ids) {
		t.Fatalf("DeleteRuns = %d results, %v", len(results), err)
	}
	wantSame(t, "runs", s.all(), nil)
}

func (x *exercise) updateRunsAtOnce(t *testing.T) {
	s := x.new(t)
	var ids []host.RunID
	for range 20 {
		ids = append(ids, s.started().ID)
	}
	r := request("mark")
	m := marks{}
	fresh := 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			results, err := s.UpdateRuns(s.ctx, r, ids, m.change)
			if err != nil {
				t.Errorf("UpdateRuns: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, of := range results {
				if !of.Repeated {
					fresh++
				}
			}
		})
		wg.Go(func() {
			for i, id := range ids {
				if _, err := s.AppendEvents(s.ctx, id, batch(1, 1, uint64(i+1))); err != nil {
					t.Errorf("AppendEvents: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if fresh != len(ids) {
		t.Errorf("%d results are not repeats, want %d", fresh, len(ids))
	}
	for i, id := range ids {
		if n := len(s.list(id)); m.made[id] != 1 || n != i+2 {
			t.Errorf("run %d was changed %d times and has %d events, want 1 and %d", i, m.made[id], n, i+2)
		}
	}
}
