package hosttest

import (
	"context"
	"sync"
)

// lasting is what outlives the processes of a peer: workers with Behavior.Outlive.
type lasting struct {
	ctx     context.Context
	cancel  context.CancelFunc
	workers *sync.WaitGroup
}

func newLasting() lasting {
	ctx, cancel := context.WithCancel(context.Background())
	return lasting{ctx: ctx, cancel: cancel, workers: &sync.WaitGroup{}}
}

// Close ends the peer for good, with the workers that outlive its processes. It may be called twice.
func (p *Peer) Close() {
	p.Stop()
	p.lasting.cancel()
	p.lasting.workers.Wait()
}
