package boltstore

import "github.com/penstock-run/penstock/host"

// announceEvents tells that worker events up to last were committed. While a note pins the run, the note's commit
// will tell.
func (s *Store) announceEvents(t *tail, last host.Cursor) {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	run, shown := t.add(last.Attempt, last.Seq)
	if run.Status.Final() {
		s.keeper.runEnded(t.seq)
	}
	if shown {
		s.tell(host.Change{Run: *run, Events: true, LastEvent: last})
	}
}

// announceRun tells that a run was committed as payload, with notes when lastNote is not zero. pinned ends the pin of the
// notes.
func (s *Store) announceRun(t *tail, run *host.Run, payload []byte, pinned bool, lastNote host.Cursor) {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	if t.replace(run, payload) {
		s.keeper.runEnded(t.seq)
	}
	c := host.Change{Run: *run, Events: pinned, LastEvent: lastNote}
	if pinned {
		// Worker events that waited for the notes are shown with them.
		if shown := t.unpin(); shown > lastNote.Seq && lastNote.Attempt == run.Attempt {
			c.LastEvent = host.Cursor{Attempt: run.Attempt, Seq: shown}
		}
	}
	s.tell(c)
}

// tell calls OnChange. announcing is held: between the moment at which a change takes effect for readers and this
// call no other may come, or an older state of the run would be told last.
func (s *Store) tell(c host.Change) {
	if s.onChange != nil {
		s.onChange(c)
	}
}

// announceDelete tells that a run is gone.
func (s *Store) announceDelete(t *tail, run *host.Run) {
	s.announcing.Lock()
	defer s.announcing.Unlock()
	t.remove()
	s.tell(host.Change{Run: host.Run{ID: run.ID, Seq: run.Seq, Job: run.Job}, Deleted: true})
}
