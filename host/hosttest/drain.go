package hosttest

import "context"

// Drain makes the process do what a server does that was asked to end: it
// reports that it drains and starts nothing more. Drain returns when all
// workers have ended, or with the error of ctx; the process goes on to answer
// until Stop or Become.
func (p *Peer) Drain(ctx context.Context) error {
	p.mu.Lock()
	s := p.process
	p.mu.Unlock()
	if s == nil {
		return nil
	}
	s.draining.Store(true)
	for _, a := range s.live() {
		select {
		case <-a.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// live are the attempts whose workers have not ended.
func (s *process) live() (live []*attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attempts {
		select {
		case <-a.ended:
		default:
			live = append(live, a)
		}
	}
	return live
}

func (s *process) liveWorkers() uint32 { return uint32(len(s.live())) }
