package boltstore

import (
	"context"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// maxWhat is how many bytes a host.Request says what is asked for in.
const maxWhat = 256

// severalRuns is one write to several runs, each of which changes wholly or not at all.
type severalRuns struct {
	store   *Store
	request host.Request
	// ids are those of the call, each once; place is where each id of the call is among them.
	ids   []host.RunID
	place []int
	// tails are those of the ids, nil for runs that are not there; results are what becomes of them.
	tails   []*tail
	results []host.RunResult
	// known is what is remembered of the request; changed are the ids that it changes now.
	known   memory
	changed [][]byte
	// failed ends the write as a whole.
	failed error
}

// several begins a write to several runs; release must follow.
func (s *Store) several(ctx context.Context, r host.Request, ids []host.RunID) (*severalRuns, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, errClosed
	}
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	if len(ids) > host.MaxRunsPerWrite {
		return nil, invalid("%d runs are named; at most %d are written at a time", len(ids), host.MaxRunsPerWrite)
	}
	m := &severalRuns{store: s, request: r, place: make([]int, len(ids))}
	first := make(map[host.RunID]int, len(ids))
	for i, id := range ids {
		at, again := first[id]
		if !again {
			at = len(m.ids)
			first[id] = at
			m.ids = append(m.ids, id)
		}
		m.place[i] = at
	}
	m.tails, m.results = make([]*tail, len(m.ids)), make([]host.RunResult, len(m.ids))
	for i, id := range m.ids {
		t, err := s.acquire(id)
		if host.ReasonOf(err) == reasonClosed {
			m.release()
			return nil, err
		}
		m.tails[i], m.results[i].Err = t, err
	}
	return m, nil
}

func checkRequest(r host.Request) error {
	switch {
	case r == host.Request{}:
		return nil
	case !validRequestID(r.ID):
		return invalid("request id %.80q must have 16 to 64 characters", r.ID)
	case r.What == "" || len(r.What) > maxWhat || !utf8.ValidString(r.What):
		return invalid("request id %q does not say what is asked for in 1 to %d bytes of UTF-8", r.ID, maxWhat)
	}
	return nil
}

// release gives the tails back.
func (m *severalRuns) release() {
	for _, t := range m.tails {
		if t != nil {
			m.store.tails.release(t)
		}
	}
}

// each finds out what becomes of each run, and writes nothing: prepare is called for those that the request did not
// change before, repeated for the others, with the place of the run in ids. Their errors are results. The error of each
// is one of the whole write.
func (m *severalRuns) each(tx *bbolt.Tx, repeated, prepare func(tx *bbolt.Tx, i int) error) (err error) {
	if m.known, err = memoryOf(tx, m.request); err != nil {
		return err
	}
	for i, id := range m.ids {
		key, _ := idKey(id)
		switch r := &m.results[i]; {
		case m.known.has(key):
			r.Repeated, r.Err = true, repeated(tx, i)
		case m.tails[i] == nil: // there is no such run, which its result says already
		default:
			if r.Err = prepare(tx, i); r.Err == nil {
				m.changed = append(m.changed, key)
			}
		}
		if m.failed != nil {
			return m.failed
		}
	}
	return nil
}

// remember stores which runs the request changed, in the transaction that changes them.
func (m *severalRuns) remember(x *txn) {
	if m.request == (host.Request{}) || len(m.changed) == 0 {
		return
	}
	m.known.at, m.known.ids = m.store.written(), append(m.known.ids, m.changed...)
	x.putMemory(m.request.ID, m.known)
}

// settled tells what became of the write.
func (m *severalRuns) settled(committed bool) {
	if committed {
		m.store.forgettable(len(m.changed))
	}
}

// answer is what the call returns: a result for each of its ids.
func (m *severalRuns) answer() []host.RunResult {
	out := make([]host.RunResult, len(m.place))
	for i, at := range m.place {
		out[i] = m.results[at]
	}
	return out
}
