package attempt

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/host"
)

// A store whose disk is nearly full refuses writes for a while. Nothing of a run is decided then: its worker comes back
// and says again what was not stored, and what the host itself wanted to write it tries again. No time in which a worker
// could not be heard counts against it.

// noteFull notes that the store refused what the worker of a run said, and returns err. The end of its attempt may be
// stored by then, though not in the run.
func (s *Sessions) noteFull(id host.RunID, err error) error {
	if host.ReasonOf(err) != host.ReasonFull {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = s.o.Clock.Now()
	if l := s.live[id]; l != nil {
		l.unrepaired = true
	}
	return err
}

// RefusedAt is when the store last refused what a worker said because its disk was full; zero when it never did. A worker
// may have wanted to say hello until then.
func (s *Sessions) RefusedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full
}

// repairNow ends a run whose end is stored. Until it could look, nothing else is decided about the run.
func (s *Sessions) repairNow(ctx context.Context, x suspect) error {
	end, err := s.result(ctx, x.id, x.attempt)
	if end != nil {
		return s.finish(ctx, x.id, x.attempt, end)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.unrepaired = false
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}
