package queue

// SetMaxInProgress replaces Options.MaxInProgress from now on. A lower limit
// ends no run: nothing more starts until enough have ended.
func (q *Queue) SetMaxInProgress(most int) {
	q.mu.Lock()
	q.o.MaxInProgress = most
	q.mu.Unlock()
	q.wake()
}
