package attempt

import (
	"time"

	"github.com/penstock-run/penstock/host"
)

// Liveness is what is known of the worker of a run whose attempt was granted.
type Liveness struct {
	// Attached tells that its stream is open.
	Attached bool
	// HeardAt is when it last said something, or when this host started, if that is later.
	HeardAt time.Time
	// LostAt is when it counts as lost if it says nothing until then.
	LostAt time.Time
	// CancelGrace is the time that it was given to end, once it was told to; KillAt is when it is killed if it has not.
	CancelGrace time.Duration
	KillAt      time.Time
	// Forced tells that it was told to end at once.
	Forced bool
}

// Liveness tells what is known of a run's worker; ok is false when none was granted, or the run has ended.
func (s *Sessions) Liveness(id host.RunID) (l Liveness, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.live[id]
	if live == nil {
		return Liveness{}, false
	}
	l = Liveness{Attached: live.session != nil, HeardAt: live.heard, LostAt: live.heard.Add(s.o.LostAfter)}
	if live.cancel != nil {
		l.CancelGrace, l.KillAt, l.Forced = live.cancel.grace, live.killAt, live.cancel.force
	}
	return l, true
}
