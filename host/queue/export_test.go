package queue

// LimitFeed makes a queue that has not started lose changes sooner.
func (q *Queue) LimitFeed(n int) { q.feedLimit = n }

// AwaitStarts waits for what the queue does beside its loop, which must not begin anything meanwhile.
func (q *Queue) AwaitStarts() { q.starts.Wait() }

// Busy tells whether the queue does anything beside its loop.
func (q *Queue) Busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.open {
		if e.busy {
			return true
		}
	}
	return q.rechecking
}
