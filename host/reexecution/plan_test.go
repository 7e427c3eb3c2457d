package reexecution

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// chain is list → parse (of each item) → sum → tell, as the first run of a world leaves it.
func chain(t *testing.T) (*world, *host.JobDefinition) {
	t.Helper()
	m := &model{
		ops: []modelOp{
			{name: "list", in: -1},
			{name: "parse", in: 0, item: true},
			{name: "sum", in: -1, inputs: [][]int{{1}}},
			{name: "tell", in: -1, inputs: [][]int{{2}}},
		},
		maps: []modelMap{{name: "parse", parent: -1, items: []int{0}}},
	}
	return newWorld(t, rand.New(rand.NewPCG(1, 1)), m), m.definition()
}

// ran makes a run of events, by op and what became of it: "ok" with a stored output, "unstored", "failed", "started".
func (w *world) ran(id string, run host.Run, keys []string, ends ...string) *host.Run {
	w.t.Helper()
	run.ID, run.Attempt, run.Status = host.RunID(id), 1, host.Failure
	w.runs[run.ID] = &run
	e := &execution{world: w, run: &run}
	if keys != nil {
		e.emit(&workerv1.Event{Kind: "map_expanded", Detail: &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{
			OpPaths: []string{"parse"}, Keys: keys, Total: uint32(len(keys)),
		}}})
	}
	for _, end := range ends {
		op, what, _ := strings.Cut(end, " ")
		e.emit(&workerv1.Event{Kind: "op_started", OpPath: op, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}})
		outcome := workerv1.Outcome_OUTCOME_SUCCESS
		switch what {
		case "started":
			continue
		case "failed":
			outcome = workerv1.Outcome_OUTCOME_FAILURE
		}
		e.emit(&workerv1.Event{Kind: "op_finished", OpPath: op, Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{Outcome: outcome}}})
		if what == "ok" {
			e.emit(&workerv1.Event{Kind: "output", OpPath: op, Detail: &workerv1.Event_Output{Output: &workerv1.Output{
				Name: "result", Address: "1", Digest: bytes.Repeat([]byte{1}, 32),
			}}})
		}
	}
	return &run
}

func resumed(run host.Run, plan *Plan) host.Run {
	run.OpPaths, run.Subset = plan.OpPaths, plan.Subset
	run.Tags = []tag.Tag{{Key: tag.KeyResume, Value: tag.ResumeFromFailure}}
	return run
}

func (w *world) plan(run *host.Run, want Want) (*Plan, error) {
	w.t.Helper()
	past, err := Read(w.t.Context(), w, run)
	if err != nil {
		w.t.Fatal(err)
	}
	if want.Given == nil {
		want.Given = none
	}
	return Make(w.t.Context(), past, want)
}

func (p *Plan) text() string {
	var takes []string
	for _, o := range p.Outputs {
		takes = append(takes, o.GetOpPath()+"@"+o.GetRunId())
	}
	return strings.Join(p.OpPaths, " ") + " takes " + strings.Join(takes, " ")
}

func TestMake(t *testing.T) {
	for name, c := range map[string]struct {
		run  host.Run
		keys []string
		ends []string
		want Want
		text string
	}{
		"OneInstance":   {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] ok", "parse[b] failed"}, want: Want{Strategy: FromFailure}, text: "parse[b] sum tell takes list@1 parse[a]@1"},
		"AllInstances":  {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] failed", "parse[b] failed"}, want: Want{Strategy: FromFailure}, text: "parse sum tell takes list@1"},
		"Interrupted":   {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] ok", "parse[b] ok", "sum started"}, want: Want{Strategy: FromFailure}, text: "sum tell takes list@1 parse[a]@1 parse[b]@1"},
		"Unstored":      {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] unstored", "parse[b] ok", "sum failed"}, want: Want{Strategy: FromFailure}, text: "parse[a] sum tell takes list@1 parse[b]@1"},
		"UnstoredList":  {keys: []string{"a", "b"}, ends: []string{"list unstored", "parse[a] ok", "parse[b] failed"}, want: Want{Strategy: FromFailure}, text: "list parse sum tell takes "},
		"NotNeeded":     {keys: []string{"a"}, ends: []string{"list unstored", "parse[a] unstored", "sum ok", "tell failed"}, want: Want{Strategy: FromFailure}, text: "tell takes sum@1"},
		"NoItems":       {keys: []string{}, ends: []string{"list ok", "sum failed"}, want: Want{Strategy: FromFailure}, text: "sum tell takes list@1"},
		"NothingBegan":  {want: Want{Strategy: FromFailure}, text: "list parse sum tell takes "},
		"SubsetOfIt":    {run: host.Run{Subset: true, OpSelection: "list, parse", OpPaths: []string{"list", "parse"}}, keys: []string{"a"}, ends: []string{"list ok", "parse[a] failed"}, want: Want{Strategy: FromFailure}, text: "parse takes list@1"},
		"All":           {run: host.Run{Subset: true, OpSelection: "sum*", OpPaths: []string{"sum", "tell"}}, want: Want{Strategy: All, Given: func(op, _ string) bool { return op == "sum" }}, text: "sum tell takes "},
		"SelectedOne":   {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] ok", "parse[b] ok"}, want: Want{Strategy: Selected, Selection: "parse[a]"}, text: "parse[a] takes list@1"},
		"SelectedAfter": {keys: []string{"a", "b"}, ends: []string{"list ok", "parse[a] ok", "parse[b] ok"}, want: Want{Strategy: Selected, Selection: "parse[a]*"}, text: "parse[a] sum tell takes list@1 parse[b]@1"},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := chain(t)
			c.want.Definition = d
			plan, err := w.plan(w.ran("1", c.run, c.keys, c.ends...), c.want)
			if err != nil || plan.text() != c.text || len(plan.Missing) > 0 {
				t.Errorf("got %+v, %v\nwant %s", plan, err, c.text)
			}
		})
	}
	t.Run("ErrUnknownInstance", func(t *testing.T) {
		w, d := chain(t)
		_, err := w.plan(w.ran("1", host.Run{}, []string{"a"}, "list ok"), Want{Definition: d, Strategy: Selected, Selection: "parse[z]"})
		var e *host.Error
		if !errors.As(err, &e) || e.Reason != "OP_SELECTION" || len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Message, "it has parse[a]") {
			t.Errorf("got %v", err)
		}
	})
}

// TestDeletedAncestor deletes the run whose outputs a chain of others takes.
func TestDeletedAncestor(t *testing.T) {
	w, d := chain(t)
	want := Want{Definition: d, Strategy: FromFailure, Given: none}
	first := w.ran("1", host.Run{}, []string{"a", "b"}, "list ok", "parse[a] ok", "parse[b] failed")
	plan, err := w.plan(first, want)
	if err != nil {
		t.Fatal(err)
	}
	run := resumed(host.Run{Parent: "1"}, plan)
	var body []byte
	run.TakenOutputs, body = Encode(plan.Outputs)
	w.bodies[run.TakenOutputs] = body
	second := w.ran("2", run, []string{"a", "b"}, "parse[b] ok", "sum failed")
	if plan, err = w.plan(second, want); err != nil || plan.text() != "sum tell takes list@1 parse[a]@1 parse[b]@2" {
		t.Fatalf("with all there: %v, %v", plan, err)
	}
	delete(w.runs, "1")
	if plan, err = w.plan(second, want); err != nil || plan.text() != "list parse sum tell takes " || plan.Subset {
		t.Errorf("with the first run deleted: %+v, %v", plan, err)
	}
}

// TestOlderOutputsAreShadowed has an op whose output only the run before the last stored.
func TestOlderOutputsAreShadowed(t *testing.T) {
	w, d := chain(t)
	w.ran("1", host.Run{}, []string{"a"}, "list ok", "parse[a] ok", "sum ok", "tell failed")
	second := w.ran("2", host.Run{Parent: "1"}, []string{"a"}, "list ok", "parse[a] ok", "sum unstored", "tell failed")
	plan, err := w.plan(second, Want{Definition: d, Strategy: FromFailure})
	if err != nil || plan.text() != "sum tell takes list@2 parse[a]@2" {
		t.Errorf("got %+v, %v", plan, err)
	}
}

// TestManyEvents has a run that printed a lot and made events of kinds that nobody knows.
func TestManyEvents(t *testing.T) {
	w, d := chain(t)
	run := w.ran("1", host.Run{}, []string{"a"}, "list ok")
	noise, err := proto.Marshal(&workerv1.Event{Kind: "captured", OpPath: "parse[a]", Detail: &workerv1.Event_Captured{
		Captured: &workerv1.Captured{Data: bytes.Repeat([]byte("x"), 1000)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	future, err := proto.Marshal(&workerv1.Event{Kind: "future", OpPath: "parse[a]"})
	if err != nil {
		t.Fatal(err)
	}
	future = append(future, 0xfa, 0x3f, 1, 7) // field 1023
	for range 50_000 {
		w.events["1"] = append(w.events["1"], noise, future)
	}
	w.events["1"] = append(w.events["1"], []byte{0xff}, nil)
	w.ran("2", host.Run{}, nil, "parse[a] ok")
	w.events["1"] = append(w.events["1"], w.events["2"]...)
	plan, err := w.plan(run, Want{Definition: d, Strategy: FromFailure})
	if err != nil || plan.text() != "sum tell takes list@1 parse[a]@1" {
		t.Errorf("got %+v, %v", plan, err)
	}
}

func TestEncode(t *testing.T) {
	a, b := &workerv1.StoredOutput{OpPath: "a", RunId: "1"}, &workerv1.StoredOutput{OpPath: "b[1]", RunId: "2"}
	one, body := Encode([]*workerv1.StoredOutput{a, b})
	other, _ := Encode([]*workerv1.StoredOutput{b, a})
	outputs, err := Decode(body)
	if one != other || err != nil || len(outputs) != 2 || !proto.Equal(outputs[1], b) {
		t.Errorf("got %v and %v, %v, %v", one, other, outputs, err)
	}
	if none, body := Encode(nil); !none.IsZero() || body != nil {
		t.Errorf("nothing is %v, %v", none, body)
	}
	if _, err := Decode([]byte{0xff}); err == nil {
		t.Error("a damaged body was read")
	}
}
