package outputs_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/output"
)

type rows struct {
	Names []string `json:"names"`
}

var (
	readRows = usercode.NewOp("read", func(context.Context) (rows, error) { return rows{Names: []string{"a", "<b>"}}, nil })
	countOp  = usercode.NewOp1("count", func(_ context.Context, r rows) (int, error) { return len(r.Names), nil })
	countJob = usercode.NewJob("counting", func(g *usercode.Graph) { countOp(g, readRows(g)) })
)

func TestOutputsAreStored(t *testing.T) {
	store := newStore(t)
	e := execution{job: countJob, store: store, run: 1}.do(t).want(t, "success")
	for path, want := range map[string]string{"read": `{"names":["a","<b>"]}` + "\n", "count": "2\n"} {
		o := e.outputs[path]
		data, err := store.Get(t.Context(), o.GetAddress(), 1<<20)
		digest := sha256.Sum256([]byte(want))
		if err != nil || string(data) != want || o.GetSize() != uint64(len(want)) || string(o.GetDigest()) != string(digest[:]) ||
			o.GetCodec() != "json" || o.GetName() != "result" || o.GetNotStored() != "" || o.GetAddress() != fmt.Sprintf("runs/%s/%x", runID(1), digest) {
			t.Errorf("%s: got %v, %q, %v", path, o, data, err)
		}
	}
	at := map[string]int{}
	for i, ev := range e.events {
		at[ev.GetKind()+" "+ev.GetOpPath()] = i
	}
	if at["output read"] < at["op_finished read"] || at["output count"] < at["op_finished count"] || at["run_finished "] != len(e.events)-1 {
		t.Errorf("events are out of order: %v", at)
	}
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("no luck") }

type exits struct{}

func (exits) MarshalJSON() ([]byte, error) {
	runtime.Goexit()
	return nil, nil
}

func TestWhatCannotBeStoredFailsNothing(t *testing.T) {
	take := usercode.NewOp3("take", func(context.Context, float64, panics, func()) (string, error) { return "well", nil })
	nan := usercode.NewOp("nan", func(context.Context) (float64, error) { return math.NaN(), nil })
	panicking := usercode.NewOp("panicking", func(context.Context) (panics, error) { return panics{}, nil })
	function := usercode.NewOp("function", func(context.Context) (func(), error) { return func() {}, nil })
	exiting := usercode.NewOp("exiting", func(context.Context) (exits, error) { return exits{}, nil })
	large := usercode.NewOp("large", func(context.Context) (string, error) { return strings.Repeat("x", 1000), nil }, usercode.MaxOutput(1000))
	fits := usercode.NewOp("fits", func(context.Context) (string, error) { return strings.Repeat("x", 997), nil }, usercode.MaxOutput(1000))
	job := usercode.NewJob("job", func(g *usercode.Graph) {
		take(g, nan(g), panicking(g), function(g))
		exiting(g)
		large(g)
		fits(g)
	})
	e := execution{job: job, store: newStore(t), run: 1}.do(t).want(t, "success")
	for path, want := range map[string]string{
		"nan": "JSON has no way to write NaN", "panicking": `codec "json" panicked: no luck`, "function": "JSON has no way to write a func()",
		"exiting": "runtime.Goexit", "large": "more than 1000 bytes", "take": "", "fits": "",
	} {
		o := e.outputs[path]
		if !strings.Contains(o.GetNotStored(), want) || (want == "") != (o.GetNotStored() == "") || (want == "") != (o.GetAddress() != "") {
			t.Errorf("%s: got %v; want %q", path, o, want)
		}
	}
	if e.values["take"] != "well" {
		t.Errorf("got %v", e.values["take"])
	}
}

func TestTransientOutputsAreNotStored(t *testing.T) {
	store := newStore(t)
	secret := usercode.NewOp("secret", func(ctx context.Context) (string, error) {
		return "hush", usercode.OutputMetadata(ctx, usercode.Metadata{"characters": 4})
	}, usercode.Transient{})
	quiet := usercode.NewOp("quiet", func(context.Context) (string, error) { return "hush", nil }, usercode.Transient{})
	length := usercode.NewOp2("length", func(_ context.Context, a, b string) (int, error) { return len(a) + len(b), nil })
	job := usercode.NewJob("job", func(g *usercode.Graph) { length(g, secret(g), quiet(g)) })
	e := execution{job: job, store: store, run: 1}.do(t).want(t, "success")
	if o := e.outputs["secret"]; o.GetAddress() != "" || !strings.Contains(o.GetNotStored(), "transient") || len(o.GetMetadata()) != 1 {
		t.Errorf("got %v", o)
	}
	if o := e.outputs["quiet"]; o != nil {
		t.Errorf("got an event of what nobody asks for: %v", o)
	}
	if names, err := store.List(t.Context(), "runs"); err != nil || len(names) != 1 || e.values["length"] != 8 {
		t.Errorf("got %v, %v, %v", names, err, e.values)
	}
}

func TestWithoutAStore(t *testing.T) {
	e := execution{job: countJob, run: 1}.do(t).want(t, "success")
	if len(e.outputs) > 0 {
		t.Errorf("got %v", e.outputs)
	}
	e = execution{job: countJob, run: 2, ops: []string{"count"}, stored: []*workerv1.StoredOutput{{
		OpPath: "read", RunId: runID(1), Output: &workerv1.Output{Address: "runs/x", Digest: make([]byte, 32), Codec: "json"},
	}}}.do(t).want(t, "failure")
	if f := e.finished["count"].GetFailure(); f.GetReason() != "stored_output" || !strings.Contains(f.GetMessage(), "has no output store") {
		t.Errorf("got %v", f)
	}
}

// faulty is a store of which calls fail.
type faulty struct {
	output.Store

	put func(ctx context.Context, name string) error
}

func (f faulty) Put(ctx context.Context, name string, data []byte) error {
	if err := f.put(ctx, name); err != nil {
		return err
	}
	return f.Store.Put(ctx, name, data)
}

func TestStoreGoesAwayAndComesBack(t *testing.T) {
	away := atomic.Bool{}
	away.Store(true)
	store := faulty{newStore(t), func(context.Context, string) error {
		if away.Load() {
			return errors.New("connection refused")
		}
		return nil
	}}
	e := execution{job: countJob, store: store, run: 1}.do(t).want(t, "success")
	for path, o := range e.outputs {
		if o.GetAddress() != "" || !strings.Contains(o.GetNotStored(), "connection refused") {
			t.Errorf("%s: got %v", path, o)
		}
	}
	away.Store(false)
	e = execution{job: countJob, store: store, run: 2}.do(t).want(t, "success")
	if len(e.outputs) != 2 || e.outputs["count"].GetAddress() == "" {
		t.Errorf("got %v", e.outputs)
	}
}

func TestDriverPanics(t *testing.T) {
	store := faulty{newStore(t), func(context.Context, string) error { panic("a bug") }}
	e := execution{job: countJob, store: store, run: 1}.do(t).want(t, "success")
	if o := e.outputs["count"]; !strings.Contains(o.GetNotStored(), "panicked: a bug") {
		t.Errorf("got %v", o)
	}
}

func TestCanceledRunDoesNotWaitForTheStore(t *testing.T) {
	hanging := make(chan struct{})
	var once sync.Once
	ctx, cancel := context.WithCancel(t.Context())
	abandon := make(chan struct{})
	store := faulty{newStore(t), func(context.Context, string) error {
		once.Do(func() {
			cancel()
			close(abandon) // as when the grace is over
		})
		<-hanging // like a file system that is gone: it does not even look at the context
		return nil
	}}
	e := execution{job: countJob, store: store, run: 1}.doUntil(ctx, t, abandon)
	close(hanging)
	if o := e.outputs["read"]; o.GetAddress() != "" || o.GetNotStored() == "" {
		t.Errorf("got %v", o)
	}
}

func TestSameOutputsAreStoredOnce(t *testing.T) {
	puts := atomic.Int32{}
	store := faulty{newStore(t), func(context.Context, string) error { puts.Add(1); return nil }}
	same := usercode.NewOp("same", func(context.Context) (string, error) { return "the same", nil })
	job := usercode.NewJob("job", func(g *usercode.Graph) {
		for i := range 100 {
			same(g.As(fmt.Sprintf("same_%d", i)))
		}
	}, usercode.MaxConcurrent(50))
	e := execution{job: job, store: store, run: 1}.do(t).want(t, "success")
	if len(e.outputs) != 100 || e.outputs["same_99"].GetAddress() == "" || puts.Load() != 1 {
		t.Errorf("got %d outputs and %d puts", len(e.outputs), puts.Load())
	}
}

// TestOutputIsEncodedBeforeOthersChangeIt lets an op change what it was given, which is what another op returned.
func TestOutputIsEncodedBeforeOthersChangeIt(t *testing.T) {
	store := newStore(t)
	fill := usercode.NewOp("fill", func(context.Context) (map[string]int, error) {
		m := map[string]int{}
		for i := range 1000 {
			m[fmt.Sprint(i)] = i
		}
		return m, nil
	})
	empty := usercode.NewOp1("empty", func(_ context.Context, m map[string]int) (int, error) {
		n := len(m)
		clear(m)
		return n, nil
	})
	job := usercode.NewJob("job", func(g *usercode.Graph) { empty(g, fill(g)) })
	e := execution{job: job, store: store, run: 1}.do(t).want(t, "success")
	again := execution{job: job, store: store, run: 2, ops: []string{"empty"}, stored: e.taken(1, "fill")}.do(t).want(t, "success")
	if again.values["empty"] != 1000 {
		t.Errorf("got %v entries of what was stored", again.values["empty"])
	}
}

// TestLargeOutputsWaitForRoom holds the store until more has been returned than there is room for.
func TestLargeOutputsWaitForRoom(t *testing.T) {
	const ops, each, fit = 12, 10 << 20, 6
	release, full, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var putting, returning atomic.Int32
	store := faulty{newStore(t), func(context.Context, string) error {
		if putting.Add(1) == fit {
			close(full)
		}
		<-release
		return nil
	}}
	first := usercode.NewOp("first", func(context.Context) (int, error) { return 1, nil }, usercode.Transient{})
	large := usercode.NewOp1("large", func(context.Context, int) (string, error) {
		n := returning.Add(1)
		if n == ops {
			close(returned)
		}
		return strings.Repeat(string('a'+n), each), nil
	})
	job := usercode.NewJob("job", func(g *usercode.Graph) {
		one := first(g)
		for i := range ops {
			large(g.As(fmt.Sprintf("large_%d", i)), one)
		}
	}, usercode.MaxConcurrent(ops))
	done := make(chan ended, 1)
	go func() { done <- execution{job: job, store: store, run: 1}.do(t) }()
	<-returned
	<-full
	if n := putting.Load(); n != fit {
		t.Errorf("%d outputs are on their way, and there is room for %d", n, fit)
	}
	close(release)
	e := (<-done).want(t, "success")
	if len(e.outputs) != ops || e.outputs["large_0"].GetSize() != each+3 {
		t.Errorf("got %d outputs, %v", len(e.outputs), e.outputs["large_0"])
	}
}
