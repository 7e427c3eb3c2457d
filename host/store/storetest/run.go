package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) runs(t *testing.T) {
	t.Run("SeqIsDenseFromOne", x.seqIsDense)
	t.Run("AllFieldsComeBack", x.allFieldsComeBack)
	t.Run("CreatedNeverGoesBack", x.createdNeverGoesBack)
	t.Run("CreateRefusesBadRuns", x.createRefusesBadRuns)
	t.Run("UpdateComparesAndSets", x.updateComparesAndSets)
	t.Run("UpdateKeepsWhatNeverChanges", x.updateKeepsIdentity)
	t.Run("UpdateRepointsWhatWasNotStarted", x.updateRepoints)
	t.Run("UpdatePanicIsTheCallers", x.updatePanics)
	t.Run("OpenRunsAreThoseNotFinal", x.openRuns)
	t.Run("FindByPrefix", x.findRuns)
	t.Run("DeleteRemovesAFinalRun", x.deleteRun)
	t.Run("ResultsBelongToTheCaller", x.resultsBelongToTheCaller)
	t.Run("NotFound", x.notFound)
}

func (x *exercise) seqIsDense(t *testing.T) {
	s := x.new(t)
	for want := uint64(1); want <= 5; want++ {
		if got := s.create(nil).Seq; got != want {
			t.Fatalf("run number %d has Seq %d", want, got)
		}
	}
	// A refused one takes no number, and a deleted one gives none back.
	bad := newRun(t)
	bad.RequestID = "short"
	_, _, err := s.CreateRun(s.ctx, bad)
	wantCode(t, "CreateRun with a short request id", err, host.Invalid)
	last := s.create(func(n *host.NewRun) { n.Run.Seq = 99 })
	s.ended(last.ID)
	if err := s.DeleteRun(s.ctx, last.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.create(nil).Seq; got != 7 {
		t.Errorf("Seq after deleting run 6: %d, want 7", got)
	}
	s.reopen()
	if got := s.create(nil).Seq; got != 8 {
		t.Errorf("Seq after reopening: %d, want 8", got)
	}
}

// fullRun has a value in every field that CreateRun takes.
func fullRun(t testing.TB) host.NewRun {
	t.Helper()
	n := newRun(t)
	definition, metadata := []byte("definition"), []byte(strings.Repeat("metadata ", 1000))
	outputs := []byte("outputs")
	n.Bodies = map[host.Digest][]byte{digestOf(definition): definition, digestOf(metadata): metadata, digestOf(outputs): outputs}
	id := n.Run.ID
	snapshot := host.Snapshot{
		Definition: digestOf(definition), Metadata: digestOf(metadata), MetadataEntries: 7,
		ServerInfo: []byte{1, 2, 0xff}, AllowDevVersions: true, CodeVersion: "v1.2 \u00e9",
	}
	n.Run = host.Run{
		ID: id, Job: host.JobName{Location: "lo/ca", Repository: "ré\x00po", Job: "j"},
		Status: host.WaitingForCode, StatusReason: "waits for \"code\"\n", Attempt: 3,
		Tags: []tag.Tag{
			{Key: "", Value: ""},
			{Key: "a\x00b", Value: "\x00", Origin: tag.OriginLaunch},
			{Key: "penstock/priority", Value: "-3", Origin: tag.OriginSystem},
			{Key: "ключ", Value: strings.Repeat("値", 1300), Origin: "later"},
		},
		ConfigYAML: "config: {a: 1}\n# " + strings.Repeat("x", 100_000), ConfigJSON: []byte(`{"config":{"a":1}}`),
		OpSelection: "*a,+b", OpPaths: []string{"a", "a.b"}, Subset: true,
		Launched: snapshot, StartedFrom: snapshot,
		CreatedAt: epoch, StartedAt: epoch.Add(time.Second), EndedAt: epoch.Add(time.Minute),
		WaitingSince: epoch.Add(7), Waited: time.Hour + 3, StartTimeouts: 2,
		Parent: "0190a000-0000-7000-8000-000000000001", Root: "0190a000-0000-7000-8000-000000000002",
		TakenOutputs: digestOf(outputs), RetryDue: true,
		Current: host.AttemptState{
			TokenSHA256: []byte("token"), ServerID: "server", WorkerID: "worker", Handle: "pid 1",
			StartingAt: epoch.Add(2), CancelingAt: epoch.Add(3), Forced: true, OverRuntime: true,
		},
	}
	return n
}

func (x *exercise) allFieldsComeBack(t *testing.T) {
	s := x.new(t)
	n := fullRun(t)
	run, _, err := s.CreateRun(s.ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	want := n.Run
	want.Seq = 1
	wantSame(t, "CreateRun", run, want)
	wantSame(t, "Run", s.get(run.ID), want)
	s.reopen()
	wantSame(t, "Run after reopening", s.get(run.ID), want)
	wantSame(t, "Runs after reopening", s.all(), []host.Run{want})
}

func (x *exercise) createdNeverGoesBack(t *testing.T) {
	s := x.new(t)
	at := func(d time.Duration) host.Run {
		return s.create(func(n *host.NewRun) { n.Run.CreatedAt = epoch.Add(d) })
	}
	at(0)
	late := at(time.Hour)
	if got := at(time.Minute); !got.CreatedAt.Equal(late.CreatedAt) {
		t.Errorf("after the clock went back a run was created at %s, want %s", got.CreatedAt, late.CreatedAt)
	}
	s.ended(late.ID)
	if err := s.DeleteRun(s.ctx, late.ID); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	if got := at(2 * time.Minute); !got.CreatedAt.Equal(late.CreatedAt) {
		t.Errorf("after reopening a run was created at %s, want %s", got.CreatedAt, late.CreatedAt)
	}
	if got := at(2 * time.Hour); !got.CreatedAt.Equal(epoch.Add(2 * time.Hour)) {
		t.Errorf("once the clock caught up a run was created at %s, want the clock's time", got.CreatedAt)
	}
}

func (x *exercise) createRefusesBadRuns(t *testing.T) {
	s := x.new(t)
	there := s.create(nil)
	for name, c := range map[string]struct {
		edit func(*host.NewRun)
		want host.Code
	}{
		"ErrNoID":              {func(n *host.NewRun) { n.Run.ID = "" }, host.Invalid},
		"ErrOddID":             {func(n *host.NewRun) { n.Run.ID = host.RunID(strings.ToUpper(string(n.Run.ID))) }, host.Invalid},
		"ErrIDUsed":            {func(n *host.NewRun) { n.Run.ID = there.ID }, host.Conflict},
		"ErrRequestIDLong":     {func(n *host.NewRun) { n.RequestID = strings.Repeat("é", 65) }, host.Invalid},
		"ErrRequestIDNotText":  {func(n *host.NewRun) { n.RequestID = strings.Repeat("\xff", 20) }, host.Invalid},
		"ErrStatusUnknown":     {func(n *host.NewRun) { n.Run.Status = "SLEEPING" }, host.Invalid},
		"ErrStatusFinal":       {func(n *host.NewRun) { n.Run.Status = host.Success }, host.Invalid},
		"ErrTextNotUTF8":       {func(n *host.NewRun) { n.Run.StatusReason = "\xff" }, host.Invalid},
		"ErrBodyMissing":       {func(n *host.NewRun) { n.Run.Launched.Definition = host.Digest{1} }, host.Invalid},
		"ErrOutputsMissing":    {func(n *host.NewRun) { n.Run.TakenOutputs = host.Digest{1} }, host.Invalid},
		"ErrParentOdd":         {func(n *host.NewRun) { n.Run.Parent = "parent" }, host.Invalid},
		"ErrBodyOfOtherDigest": {func(n *host.NewRun) { n.Bodies = map[host.Digest][]byte{{1}: []byte("x")} }, host.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			n := newRun(t)
			c.edit(&n)
			n.Events = bytesOf([]string{"note"})
			_, _, err := s.CreateRun(s.ctx, n)
			wantCode(t, "CreateRun", err, c.want)
			if got := s.all(); len(got) != 1 {
				t.Errorf("%d runs are there, want the one from before", len(got))
			}
			if _, err := s.RunOfRequest(s.ctx, n.RequestID); host.CodeOf(err) != host.NotFound {
				t.Errorf("RunOfRequest = %v, want NotFound", err)
			}
		})
	}
	if run := s.create(func(n *host.NewRun) { n.RequestID = strings.Repeat("é", 64) }); run.Seq != 2 {
		t.Errorf("the next run has Seq %d, want 2", run.Seq)
	}
}

func (x *exercise) updateComparesAndSets(t *testing.T) {
	s := x.new(t)
	run := s.create(nil)
	got := s.update(run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
	run.Status, run.Attempt = host.Starting, 1
	wantSame(t, "UpdateRun", got, run)

	mine := errors.New("not mine")
	_, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
		r.Status, r.StatusReason = host.Failure, "half done"
		return bytesOf([]string{"note"}), mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("UpdateRun = %v, want the error of change", err)
	}
	wantSame(t, "Run after a refused update", s.get(run.ID), run)
	if events, err := s.Events(s.ctx, run.ID, host.Cursor{}, 10); err != nil || len(events) != 0 {
		t.Errorf("Events after a refused update = %v, %v; want none", events, err)
	}
	s.reopen()
	wantSame(t, "Run after reopening", s.get(run.ID), run)
}

func (x *exercise) updateKeepsIdentity(t *testing.T) {
	s := x.new(t)
	run := s.started()
	for name, change := range map[string]func(*host.Run){
		"ID":        func(r *host.Run) { r.ID = newRun(t).Run.ID },
		"Seq":       func(r *host.Run) { r.Seq++ },
		"Job":       func(r *host.Run) { r.Job.Job = "other" },
		"CreatedAt": func(r *host.Run) { r.CreatedAt = r.CreatedAt.Add(1) },
		"Attempt":   func(r *host.Run) { r.Attempt-- },
		"Status":    func(r *host.Run) { r.Status = "" },
		"Text":      func(r *host.Run) { r.StatusReason = "\xff" },
	} {
		_, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
			change(r)
			return nil, nil
		})
		wantCode(t, "UpdateRun that spoils "+name, err, host.Invalid)
		wantSame(t, "Run after UpdateRun that spoils "+name, s.get(run.ID), run)
	}
}

func (x *exercise) updatePanics(t *testing.T) {
	s := x.new(t)
	run := s.started()
	func() {
		defer func() {
			if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "oh no") {
				t.Errorf("recovered %v, want the panic of change", p)
			}
		}()
		_, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
			r.StatusReason = "half done"
			panic("oh no")
		})
		t.Errorf("UpdateRun returned %v", err)
	}()
	wantSame(t, "Run after a panic", s.get(run.ID), run)
	s.ended(run.ID)
}

func (x *exercise) openRuns(t *testing.T) {
	s := x.new(t)
	var want []host.Run
	for i := range 9 {
		run := s.create(nil)
		switch i % 3 {
		case 0:
			run = s.update(run.ID, func(r *host.Run) { r.Status = host.WaitingForCode })
		case 1:
			s.update(run.ID, func(r *host.Run) { r.Status = host.Canceled })
			continue
		}
		want = append(want, run)
	}
	for range 2 {
		got, err := s.OpenRuns(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "OpenRuns", got, want)
		s.reopen()
	}
}

func (x *exercise) findRuns(t *testing.T) {
	s := x.new(t)
	ids := []host.RunID{
		"0190a000-0000-7000-8000-000000000000", "0190a000-0000-7000-8000-000000000001",
		"0190a001-0000-7000-8000-000000000002", "0190b000-0000-7000-8000-000000000003",
	}
	for _, i := range []int{2, 0, 3, 1} {
		s.create(func(n *host.NewRun) { n.Run.ID = ids[i] })
	}
	for _, c := range []struct {
		prefix string
		limit  int
		want   []host.RunID
	}{
		{"", 10, ids}, {"", 2, ids[:2]}, {"0", 10, ids}, {"0190a", 10, ids[:3]}, {"0190A00", 10, ids[:3]},
		{"0190a000-", 10, ids[:2]}, {"0190a0000", 10, nil}, {"0190a001", 1, ids[2:3]},
		{string(ids[1]), 10, ids[1:2]}, {string(ids[1]) + "0", 10, nil}, {"f", 10, nil},
		{"019x", 10, nil}, {"%", 10, nil}, {"0190a", 0, nil}, {"é", 10, nil},
	} {
		got, err := s.FindRuns(s.ctx, c.prefix, c.limit)
		if err != nil {
			t.Errorf("FindRuns(%q, %d): %v", c.prefix, c.limit, err)
		}
		wantSame(t, fmt.Sprintf("FindRuns(%q, %d)", c.prefix, c.limit), got, c.want)
	}
}

func (x *exercise) deleteRun(t *testing.T) {
	s := x.new(t)
	kept, run := s.started(), s.started()
	for _, r := range []host.Run{kept, run} {
		if _, err := s.AppendEvents(s.ctx, r.ID, batch(1, 1, 3000)); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, "DeleteRun of a run that is not final", s.DeleteRun(s.ctx, run.ID), host.Conflict)
	s.update(run.ID, func(r *host.Run) { r.Status = host.Failure }, "note")
	if err := s.DeleteRun(s.ctx, run.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.wantNoRun(run.ID)
		wantSame(t, "Runs", s.all(), []host.Run{kept})
		if got, err := s.FindRuns(s.ctx, string(run.ID), 1); err != nil || len(got) != 0 {
			t.Errorf("FindRuns of a deleted run = %v, %v", got, err)
		}
		if events, err := s.Events(s.ctx, kept.ID, host.Cursor{}, 5000); err != nil || len(events) != 3000 {
			t.Errorf("the other run has %d events, error %v; want 3000", len(events), err)
		}
		s.reopen()
	}
}

// wantNoRun checks that no method knows the run.
func (s *store) wantNoRun(id host.RunID) {
	s.t.Helper()
	_, err := s.Run(s.ctx, id)
	wantCode(s.t, "Run", err, host.NotFound)
	_, err = s.UpdateRun(s.ctx, id, func(*host.Run) ([][]byte, error) {
		s.t.Error("change was called for a run that is not there")
		return nil, nil
	})
	wantCode(s.t, "UpdateRun", err, host.NotFound)
	wantCode(s.t, "DeleteRun", s.DeleteRun(s.ctx, id), host.NotFound)
	_, err = s.AppendEvents(s.ctx, id, batch(1, 1, 1))
	wantCode(s.t, "AppendEvents", err, host.NotFound)
	_, err = s.LastSeq(s.ctx, id, 1)
	wantCode(s.t, "LastSeq", err, host.NotFound)
	_, err = s.Events(s.ctx, id, host.Cursor{}, 1)
	wantCode(s.t, "Events", err, host.NotFound)
	_, err = s.LastEvents(s.ctx, id, 1)
	wantCode(s.t, "LastEvents", err, host.NotFound)
}

func (x *exercise) resultsBelongToTheCaller(t *testing.T) {
	s := x.new(t)
	n := fullRun(t)
	n.Events = bytesOf([]string{"note"})
	spoil := func(r *host.Run) {
		r.Tags[0].Key, r.OpPaths[0], r.ConfigJSON[0] = "spoilt", "spoilt", 'X'
		r.Launched.ServerInfo[0], r.Current.TokenSHA256[0] = 'X', 'X'
	}
	run, _, err := s.CreateRun(s.ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	want := s.get(run.ID)
	for body := range n.Bodies {
		n.Bodies[body][0] = 'X'
	}
	n.Events[0][0] = 'X'
	spoil(&n.Run)
	spoil(&run)
	wantSame(t, "Run after the caller changed what CreateRun took and gave", s.get(run.ID), want)

	var kept *host.Run
	updated := s.update(want.ID, func(r *host.Run) { kept, r.StatusReason = r, "new" })
	want.StatusReason = "new"
	spoil(kept)
	spoil(&updated)
	got := s.get(want.ID)
	wantSame(t, "Run after the caller changed what UpdateRun gave", got, want)
	spoil(&got)
	page := s.all()
	spoil(&page[0])
	open, err := s.OpenRuns(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	spoil(&open[0])
	wantSame(t, "Run after the caller changed what reads gave", s.get(want.ID), want)

	events, err := s.Events(s.ctx, want.ID, host.Cursor{}, 1)
	if err != nil || len(events) != 1 || string(events[0].Data) != "note" {
		t.Fatalf("Events = %v, %v; want the note as it was", events, err)
	}
	events[0].Data[0] = 'X'
	body, err := s.Body(s.ctx, want.Launched.Definition)
	if err != nil || string(body) != "definition" {
		t.Fatalf("Body = %q, %v; want it as it was", body, err)
	}
	body[0] = 'X'
	if again, err := s.LastEvents(s.ctx, want.ID, 1); err != nil || string(again[0].Data) != "note" {
		t.Errorf("LastEvents = %v, %v; want the note as it was", again, err)
	}
	if body, err := s.Body(s.ctx, want.Launched.Definition); err != nil || string(body) != "definition" {
		t.Errorf("Body = %q, %v; want it as it was", body, err)
	}
}

func (x *exercise) notFound(t *testing.T) {
	s := x.new(t)
	s.create(nil)
	for _, id := range []host.RunID{host.RunID(uuid.NewString()), "", "\x00", "no id"} {
		s.wantNoRun(id)
	}
	s.create(nil)
}
