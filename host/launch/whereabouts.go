package launch

import (
	"sync"

	"github.com/penstock-run/penstock/host"
)

// whereabouts remembers which server each attempt may have a worker on: only
// that one knows, and only there may the start be repeated. The oldest are
// forgotten first. All methods may be called concurrently.
type whereabouts struct {
	mu      sync.Mutex
	servers map[attemptKey]whereabout
	order   []attemptKey
}

// whereabout is where an attempt may have a worker.
type whereabout struct {
	server string
	// among tells that the location had other servers besides: then that
	// another one answers does not mean that this one is gone.
	among bool
	// recalled tells that it is known from before this host's start, when the
	// location may have had others.
	recalled bool
}

type attemptKey struct {
	run     host.RunID
	attempt uint32
}

// put notes that a server accepted the start of an attempt, or may have.
func (w *whereabouts) put(key attemptKey, at whereabout) {
	if at.server == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.servers == nil {
		w.servers = map[attemptKey]whereabout{}
	}
	if _, known := w.servers[key]; !known {
		w.order = append(w.order, key)
	}
	w.servers[key] = at
	if len(w.order) > maxWhereabouts {
		delete(w.servers, w.order[0])
		w.order = w.order[1:]
	}
}

// Recall notes which servers have, or may have, the workers of runs that were started before this host's start. Of a run
// that is STARTING the server was only stored because there were several.
func (l *Local) Recall(runs []host.Run) {
	for i := range runs {
		run := &runs[i]
		if run.Status.InProgress() && run.Attempt > 0 {
			l.servers.put(attemptKey{run.ID, run.Attempt}, whereabout{
				server: run.Current.ServerID, among: run.Status == host.Starting, recalled: true,
			})
		}
	}
}

// of is where an attempt may have a worker; the server is empty when it is not known.
func (w *whereabouts) of(key attemptKey) whereabout {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.servers[key]
}
