package explain

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// eventsPage is how many events are read at a time; one may have 256 KiB.
const eventsPage = 200

// opStates is what the events of an attempt say of its ops.
type opStates struct {
	// ops are by path as reported, instances of mapped ops each on their own; paths are in the order of their first event.
	ops   map[string]*opState
	paths []string
	// expected are the instances of mapped ops, by the path of the op in the definition.
	expected map[string]int
	// failures are the paths of ops that failed for good, in order.
	failures []string
	// finished is the worker's last word; nil before.
	finished *workerv1.RunFinished
	// last is the last event of the worker; nil when there is none.
	last *workerv1.Event
}

// opState is one op, or one instance.
type opState struct {
	path    string
	attempt uint32
	// running tells that user code runs; ended that nothing more happens to it.
	running, ended bool
	// since is when it began to be so; retryAt is when the next attempt starts, while it waits for that.
	since, retryAt time.Time
	outcome        workerv1.Outcome
	failure        *workerv1.Failure
	progress       *workerv1.Progress
	message        string
}

// told are the fields of an event's detail that say how ops stand; the others, which are most, are skipped.
var told = map[protowire.Number]bool{
	17: true, // run_finished
	18: true, // op_started
	19: true, // op_finished
	22: true, // progress
	25: true, // map_expanded
}

// ops reads the events of the run's current attempt.
func (x *Explainer) ops(ctx context.Context, run *host.Run) (*opStates, error) {
	s := &opStates{ops: map[string]*opState{}, expected: map[string]int{}}
	var last []byte
	for after := (host.Cursor{Attempt: run.Attempt}); ; {
		events, err := x.o.Store.Events(ctx, run.ID, after, eventsPage)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			after = e.Cursor
			if e.Cursor.Note != 0 || e.Cursor.Attempt != run.Attempt {
				continue
			}
			last = e.Data
			if !tells(e.Data) {
				continue
			}
			var event workerv1.Event
			if proto.Unmarshal(e.Data, &event) == nil { // one that is damaged tells nothing
				s.take(&event)
			}
		}
		if len(events) < eventsPage {
			break
		}
	}
	if last != nil {
		var event workerv1.Event
		if proto.Unmarshal(last, &event) == nil {
			s.last = &event
		}
	}
	return s, nil
}

// tells reports whether an event has one of the details that count.
func tells(data []byte) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		if told[number] {
			return true
		}
		m := protowire.ConsumeFieldValue(number, kind, data[n:])
		if m < 0 {
			return false
		}
		data = data[n+m:]
	}
	return false
}

// take brings the states up to date with the next event.
func (s *opStates) take(e *workerv1.Event) {
	switch d := e.GetDetail().(type) {
	case *workerv1.Event_RunFinished:
		s.finished = d.RunFinished
	case *workerv1.Event_MapExpanded:
		for _, path := range d.MapExpanded.GetOpPaths() {
			s.expect(path, int(d.MapExpanded.GetTotal()), len(d.MapExpanded.GetKeys()))
		}
	case *workerv1.Event_OpStarted:
		op := s.op(e.GetOpPath())
		*op = opState{path: op.path, attempt: e.GetOpAttempt(), running: true, since: e.GetTime().AsTime()}
	case *workerv1.Event_OpFinished:
		s.opEnded(s.op(e.GetOpPath()), e, d.OpFinished)
	case *workerv1.Event_Progress:
		if op := s.ops[e.GetOpPath()]; op != nil && op.running {
			op.progress, op.message = d.Progress, e.GetMessage()
		}
	}
}

// expect adds the instances that an event told. Several events may tell those of one map: the keys count, and the total
// where an event tells none.
func (s *opStates) expect(path string, total, keys int) {
	if keys == 0 {
		keys = total
	}
	s.expected[definedPath(path)] += keys
}

func (s *opStates) opEnded(op *opState, e *workerv1.Event, end *workerv1.OpFinished) {
	at := e.GetTime().AsTime()
	*op = opState{path: op.path, attempt: e.GetOpAttempt(), since: at, outcome: end.GetOutcome(), failure: end.GetFailure()}
	if end.GetRetryAfter() != nil {
		op.retryAt = at.Add(end.GetRetryAfter().AsDuration())
		return
	}
	op.ended = true
	if end.GetOutcome() == workerv1.Outcome_OUTCOME_FAILURE || end.GetOutcome() == workerv1.Outcome_OUTCOME_UNSPECIFIED {
		s.failures = append(s.failures, op.path)
	}
}

func (s *opStates) op(path string) *opState {
	op := s.ops[path]
	if op == nil {
		op = &opState{path: path}
		s.ops[path] = op
		s.paths = append(s.paths, path)
	}
	return op
}

// definedPath is the path of an op in its job's definition: that of an instance without the keys.
func definedPath(path string) string {
	if !strings.ContainsRune(path, '[') {
		return path
	}
	var b strings.Builder
	inside := false
	for _, r := range path {
		switch {
		case r == '[':
			inside = true
		case r == ']':
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String()
}
