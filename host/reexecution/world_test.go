package reexecution

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// world is runs of one job as a store has them, and the values that their ops made.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	model *model

	runs   map[host.RunID]*host.Run
	events map[host.RunID][][]byte
	bodies map[host.Digest][]byte
	// values are what was made, by number: each op that ends well makes another one.
	values []value
	// executions are in order.
	executions []*execution
	reads      int
}

// value is what an op made, of what others had made.
type value struct {
	path string
	of   map[string]int
}

func newWorld(t *testing.T, r *rand.Rand, m *model) *world {
	return &world{
		t: t, rand: r, model: m, runs: map[host.RunID]*host.Run{}, events: map[host.RunID][][]byte{}, bodies: map[host.Digest][]byte{},
		values: make([]value, 1), // 0 is none
	}
}

func (w *world) Run(_ context.Context, id host.RunID) (host.Run, error) {
	if r := w.runs[id]; r != nil {
		return *r, nil
	}
	return host.Run{}, &host.Error{Code: host.NotFound}
}

func (w *world) Events(_ context.Context, id host.RunID, after host.Cursor, limit int) (page []host.StoredEvent, err error) {
	w.reads++
	all := w.events[id]
	for i := int(after.Seq); i < len(all) && len(page) < limit; i++ {
		page = append(page, host.StoredEvent{Cursor: host.Cursor{Attempt: 1, Seq: uint64(i + 1)}, Data: all[i]})
	}
	return page, nil
}

func (w *world) Body(_ context.Context, d host.Digest) ([]byte, error) {
	if b := w.bodies[d]; b != nil {
		return b, nil
	}
	return nil, &host.Error{Code: host.NotFound}
}

// execution is one run of the job while it is executed.
type execution struct {
	*world

	run    *host.Run
	chosen coverage
	taken  map[string]int
	// made are the values of this run by path, ended what became of its ops.
	made     map[string]int
	stored   map[string]bool
	expanded map[string][]string
	failing  float64
	// left is how many ops it has before its worker is lost.
	left int
}

// execute makes a run as planned, of which ops fail at random.
func (w *world) execute(parent *host.Run, plan *Plan, failing float64) *host.Run {
	w.t.Helper()
	run := &host.Run{ID: host.RunID(fmt.Sprintf("run%d", len(w.runs)+1)), Attempt: 1, OpPaths: plan.OpPaths, Subset: plan.Subset, OpSelection: plan.Selection}
	if parent != nil {
		run.Parent, run.Tags = parent.ID, []tag.Tag{{Key: tag.KeyResume, Value: tag.ResumeFromFailure}}
	}
	var body []byte
	if run.TakenOutputs, body = Encode(plan.Outputs); body != nil {
		w.bodies[run.TakenOutputs] = body
	}
	w.runs[run.ID] = run
	e := &execution{
		world: w, run: run, chosen: coverageOf(run), taken: map[string]int{}, made: map[string]int{}, stored: map[string]bool{},
		expanded: map[string][]string{}, failing: failing, left: 1 << 30,
	}
	if w.rand.IntN(4) == 0 && failing > 0 {
		e.left = w.rand.IntN(20)
	}
	for _, o := range plan.Outputs {
		e.taken[o.GetOpPath()] = idOf(o.GetOutput())
	}
	w.executions = append(w.executions, e)
	run.Status = host.Success
	for i := range w.model.ops {
		if !e.op(i) {
			run.Status = host.Failure
		}
	}
	return run
}

func idOf(o *workerv1.Output) int {
	id, _ := strconv.Atoi(o.GetAddress())
	return id
}

func (e *execution) emit(event *workerv1.Event) {
	b, err := proto.Marshal(event)
	if err != nil {
		e.t.Fatal(err)
	}
	e.events[e.run.ID] = append(e.events[e.run.ID], b)
	if e.rand.IntN(3) == 0 {
		e.events[e.run.ID] = append(e.events[e.run.ID], []byte{0xff}, nil)
	}
}

// keys are those of a map in this run. What is missing for it, when the map is needed, is an error of the plan.
func (e *execution) keys(of int, around []string) ([]string, bool) {
	m := e.model.maps[of]
	scope := fmt.Sprint(m.name, around)
	if keys, known := e.expanded[scope]; known {
		return keys, true
	}
	sum := 0
	for _, from := range m.items {
		paths, ok := e.model.sources(e.keys, from, m.parent, around)
		if !ok {
			return nil, false
		}
		for _, p := range paths {
			id, ok := e.value(p, "the items of "+scope)
			if !ok {
				return nil, false
			}
			sum += id
		}
	}
	keys := itemsOf(sum)
	e.expanded[scope] = keys
	var paths []string
	for i, op := range e.model.ops {
		if chain := e.model.chain(op.in); len(chain) > len(around) && chain[len(around)] == of {
			paths = append(paths, e.model.path(i, around))
		}
	}
	for from := 0; from == 0 || from < len(keys); from += 2 {
		e.emit(&workerv1.Event{Kind: "map_expanded", Detail: &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{
			OpPaths: paths, Keys: keys[from:min(from+2, len(keys))], Total: uint32(len(keys)),
		}}})
	}
	return keys, true
}

// itemsOf are the keys of the items of a list.
func itemsOf(sum int) []string {
	keys := []string{}
	for i := range sum % 4 {
		keys = append(keys, fmt.Sprintf("k%d.%d", i, (sum+i)%5))
	}
	return keys
}

// value is what stands for an op in this run; ok is false when it did not end well.
func (e *execution) value(path, who string) (id int, ok bool) {
	if e.chosen.has(path) {
		return e.made[path], e.made[path] > 0
	}
	id = e.taken[path]
	if id == 0 {
		e.t.Fatalf("run %s executes %v and takes %v, and nothing gives %s to %s", e.run.ID, e.run.OpPaths, e.taken, path, who)
	}
	return id, true
}

// op executes the instances of an op that are chosen, and tells whether all ended well.
func (e *execution) op(i int) (well bool) {
	op := &e.model.ops[i]
	if !e.chosen.all && !e.chosen.named[op.name] {
		return true
	}
	all, known := e.model.instances(e.keysFor(op), op.in, nil)
	if !known {
		e.emit(&workerv1.Event{Kind: "op_finished", OpPath: op.name, Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_SKIPPED}}})
		return false
	}
	well = true
	for _, keys := range all {
		path := e.model.path(i, keys)
		if e.chosen.has(path) && !e.instance(op, path, keys) {
			well = false
		}
	}
	return well
}

// keysFor are the keys where an instance of an op is chosen; what else there is need not be known.
func (e *execution) keysFor(op *modelOp) keysOf {
	return func(of int, around []string) ([]string, bool) {
		if !e.anyBelow(op.name, around) {
			return nil, true
		}
		return e.keys(of, around)
	}
}

// anyBelow tells whether an instance of an op is chosen whose keys begin with these.
func (e *execution) anyBelow(op string, keys []string) bool {
	if e.chosen.all {
		return true
	}
	for _, p := range e.run.OpPaths {
		name, chosen := splitPath(p)
		n := min(len(keys), len(chosen))
		if name == op && slices.Equal(keys[:n], chosen[:n]) {
			return true
		}
	}
	return false
}

func (e *execution) instance(op *modelOp, path string, keys []string) bool {
	v, ready := value{path: path, of: map[string]int{}}, true
	for _, from := range op.feeds() {
		paths, known := e.model.sources(e.keys, from, op.in, keys)
		ready = ready && known
		for _, p := range paths {
			id, ok := e.value(p, path)
			v.of[p] = id
			ready = ready && ok
		}
	}
	for _, from := range op.after {
		if !e.chosen.all && !e.chosen.named[e.model.ops[from].name] {
			continue
		}
		n := e.model.common(e.model.ops[from].in, op.in)
		all, _ := e.model.instances(e.keysFor(&e.model.ops[from]), e.model.ops[from].in, keys[:n])
		for _, k := range all {
			if p := e.model.path(from, k); e.chosen.has(p) && e.made[p] == 0 {
				ready = false
			}
		}
	}
	if e.left--; e.left < 0 {
		return false // nobody says anything
	}
	finished := func(o *workerv1.OpFinished) {
		e.emit(&workerv1.Event{Kind: "op_finished", OpPath: path, OpAttempt: 1, Detail: &workerv1.Event_OpFinished{OpFinished: o}})
	}
	if !ready {
		finished(&workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_SKIPPED})
		return false
	}
	started := func() {
		e.emit(&workerv1.Event{Kind: "op_started", OpPath: path, OpAttempt: 1, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}})
	}
	started()
	if e.rand.IntN(5) == 0 {
		finished(&workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_FAILURE, RetryAfter: durationpb.New(0)})
		started()
	}
	if e.rand.Float64() < e.failing {
		if e.rand.IntN(4) > 0 {
			finished(&workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_FAILURE})
		}
		return false
	}
	finished(&workerv1.OpFinished{Outcome: workerv1.Outcome_OUTCOME_SUCCESS})
	e.values = append(e.values, v)
	id := len(e.values) - 1
	e.made[path] = id
	output := &workerv1.Output{Name: "result", NotStored: "no room"}
	if e.rand.IntN(6) > 0 {
		digest := sha256.Sum256([]byte(path))
		output = &workerv1.Output{Name: "result", Address: strconv.Itoa(id), Digest: digest[:], Size: 1, Codec: "json"}
	}
	if e.rand.IntN(20) > 0 {
		e.stored[path] = output.GetAddress() != ""
		e.emit(&workerv1.Event{Kind: "output", OpPath: path, Detail: &workerv1.Event_Output{Output: output}})
	}
	return true
}
