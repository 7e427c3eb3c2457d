package storetest

import (
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) outputs(t *testing.T) {
	t.Run("OfDeletedRunsAreKeptInMind", x.outputsOfDeletedRuns)
	t.Run("InParts", x.outputsInParts)
	t.Run("ErrArguments", x.outputArguments)
}

// deletedAt adds a run at a location, which has ended, and deletes it.
func (s *store) deletedAt(location string, attempt uint32) host.RunID {
	s.t.Helper()
	run := s.create(func(n *host.NewRun) { n.Run.Job.Location = location })
	s.update(run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Canceled, attempt })
	if err := s.DeleteRun(s.ctx, run.ID); err != nil {
		s.t.Fatal(err)
	}
	return run.ID
}

// toCollect checks what is to be collected at a location, also after a restart.
func (s *store) toCollect(location string, want ...host.RunID) {
	s.t.Helper()
	slices.Sort(want)
	for range 2 {
		got, err := s.OutputsToCollect(s.ctx, location, "", len(want)+1)
		if err != nil {
			s.t.Fatal(err)
		}
		wantSame(s.t, "OutputsToCollect at "+location, got, want)
		locations, err := s.LocationsToCollect(s.ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		if got := slices.Contains(locations, location); got != (len(want) > 0) {
			s.t.Errorf("LocationsToCollect = %q, and %s has %d runs", locations, location, len(want))
		}
		s.reopen()
	}
}

func (x *exercise) outputsOfDeletedRuns(t *testing.T) {
	s := x.new(t)
	s.ended(s.started().ID)
	s.deletedAt("here", 0) // nothing of it ever ran
	s.toCollect("here")
	a, b, there := s.deletedAt("here", 1), s.deletedAt("here", 3), s.deletedAt("here2", 1)
	s.toCollect("here", a, b)
	s.toCollect("here2", there)
	s.toCollect("her")
	if err := s.OutputsCollected(s.ctx, "here", []host.RunID{b, there}); err != nil {
		t.Fatal(err)
	}
	s.toCollect("here", a)
	s.toCollect("here2", there)
	for range 2 {
		if err := s.OutputsCollected(s.ctx, "here", []host.RunID{a}); err != nil {
			t.Fatal(err)
		}
	}
	s.toCollect("here")
}

func (x *exercise) outputsInParts(t *testing.T) {
	s := x.new(t)
	var want []host.RunID
	for range 5 {
		want = append(want, s.deletedAt("here", 1))
		s.deletedAt("other", 1)
	}
	slices.Sort(want)
	var got []host.RunID
	for after := host.RunID(""); ; after = got[len(got)-1] {
		part, err := s.OutputsToCollect(s.ctx, "here", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			break
		}
		got = append(got, part...)
	}
	wantSame(t, "OutputsToCollect in parts", got, want)
}

func (x *exercise) outputArguments(t *testing.T) {
	s := x.new(t)
	_, err := s.OutputsToCollect(s.ctx, "", "", 1)
	wantCode(t, "OutputsToCollect without a location", err, host.Invalid)
	_, err = s.OutputsToCollect(s.ctx, "here", "not an id", 1)
	wantCode(t, "OutputsToCollect after no id", err, host.Invalid)
	wantCode(t, "OutputsCollected without a location", s.OutputsCollected(s.ctx, "", nil), host.Invalid)
	if err := s.OutputsCollected(s.ctx, "here", []host.RunID{"not an id"}); err != nil {
		t.Errorf("OutputsCollected of no id = %v, want it passed over", err)
	}
}
