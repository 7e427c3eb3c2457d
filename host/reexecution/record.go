package reexecution

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Runs is where runs and what is stored of them are read. A host.Store is one.
type Runs interface {
	// Run returns one run. NotFound when there is none.
	Run(ctx context.Context, id host.RunID) (host.Run, error)
	// Events returns at most limit events after the cursor, in order.
	Events(ctx context.Context, id host.RunID, after host.Cursor, limit int) ([]host.StoredEvent, error)
	// Body returns the bytes of a body. NotFound when there is none.
	Body(ctx context.Context, d host.Digest) ([]byte, error)
}

// eventsAtOnce is how many events are read at a time; each may have 256 KiB.
const eventsAtOnce = 100

// outcome is what became of an op in a run.
type outcome int

const (
	neverStarted outcome = iota
	interrupted          // started, and nobody said how it ended
	endedBadly           // failed or canceled
	skipped
	endedWell // succeeded, or reused
)

// record is what the events of one run say.
type record struct {
	run host.Run
	// ops are the outcomes of the ops that it says anything of, by path; instances are "op[key]".
	ops map[string]outcome
	// outputs are those that are stored, by op path.
	outputs map[string]*workerv1.StoredOutput
	// maps are the instances of maps, by their ops.
	maps map[string]*expansion
	// taken are the outputs that it took from others, by op path.
	taken map[string]*workerv1.StoredOutput
	// executes tells which ops it was to execute.
	executes coverage
}

// expansion is what a run says of one map.
type expansion struct {
	// ops are paths without the key of that map, "load[a].parse".
	ops   []string
	keys  []string
	total int
}

// complete tells that no page is missing.
func (e *expansion) complete() bool { return len(e.keys) == e.total }

// readRecord reads a run's events, page by page, and the outputs that it took.
func readRecord(ctx context.Context, runs Runs, run *host.Run) (*record, error) {
	r := &record{
		run: *run, ops: map[string]outcome{}, outputs: map[string]*workerv1.StoredOutput{},
		maps: map[string]*expansion{}, taken: map[string]*workerv1.StoredOutput{}, executes: coverageOf(run),
	}
	for after := (host.Cursor{}); ; {
		events, err := runs.Events(ctx, run.ID, after, eventsAtOnce)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			r.add(e.Data)
			after = e.Cursor
		}
		if len(events) < eventsAtOnce {
			break
		}
	}
	if run.TakenOutputs.IsZero() {
		return r, nil
	}
	body, err := runs.Body(ctx, run.TakenOutputs)
	if err != nil {
		return nil, err
	}
	taken, err := Decode(body)
	if err != nil {
		return nil, err
	}
	for _, o := range taken {
		r.taken[o.GetOpPath()] = o
	}
	return r, nil
}

// add takes in one event. What cannot be read, and what is of no concern here, changes nothing.
func (r *record) add(data []byte) {
	if !concerns(data) {
		return
	}
	var e workerv1.Event
	if err := proto.Unmarshal(data, &e); err != nil {
		return
	}
	path := e.GetOpPath()
	switch d := e.GetDetail().(type) {
	case *workerv1.Event_OpStarted:
		r.ops[path] = interrupted
	case *workerv1.Event_OpFinished:
		r.ops[path] = outcomeOf(d.OpFinished.GetOutcome())
	case *workerv1.Event_Output:
		r.addOutput(path, d.Output)
	case *workerv1.Event_MapExpanded:
		r.addMap(d.MapExpanded)
	default:
	}
}

func outcomeOf(o workerv1.Outcome) outcome {
	switch o {
	case workerv1.Outcome_OUTCOME_SUCCESS, workerv1.Outcome_OUTCOME_REUSED:
		return endedWell
	case workerv1.Outcome_OUTCOME_SKIPPED:
		return skipped
	default:
		return endedBadly
	}
}

func (r *record) addOutput(path string, o *workerv1.Output) {
	if o.GetAddress() == "" || host.DigestFrom(o.GetDigest()).IsZero() {
		delete(r.outputs, path)
		return
	}
	owner := o.GetReusedFrom()
	if owner == "" {
		owner = string(r.run.ID)
	}
	o.Metadata = nil // for people; who reads the output has no use for it
	r.outputs[path] = &workerv1.StoredOutput{OpPath: path, RunId: owner, Output: o}
}

func (r *record) addMap(m *workerv1.MapExpanded) {
	name := strings.Join(m.GetOpPaths(), " ")
	e := r.maps[name]
	if e == nil {
		e = &expansion{ops: m.GetOpPaths()}
		r.maps[name] = e
	}
	e.total = int(m.GetTotal())
	e.keys = append(e.keys, m.GetKeys()...)
}

// Numbers of the fields of Event that are looked at.
var concerning = []protowire.Number{18, 19, 20, 25} // op_started, op_finished, output, map_expanded

// concerns tells whether an event says something of ops, their outputs or maps. It skips over fields and decodes none:
// what ops print and log is most of what there is.
func concerns(data []byte) bool {
	for rest := data; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return false
		}
		if slices.Contains(concerning, number) {
			return true
		}
		m := protowire.ConsumeFieldValue(number, kind, rest[n:])
		if m < 0 {
			return false
		}
		rest = rest[n+m:]
	}
	return false
}
