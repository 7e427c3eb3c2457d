package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// reporting is an op's function that reports.
func reporting(f func(ctx context.Context, e *spec.Execution) error) runFunc {
	return func(ctx context.Context, _ []any) (any, error) { return nil, f(ctx, spec.ExecutionFrom(ctx)) }
}

// said is a line for each progress and end of an op, with the time since the first event.
func said(r *recorder) (lines []string) {
	for _, ev := range r.events {
		at := ev.GetTime().AsTime().Sub(r.events[0].GetTime().AsTime())
		switch p := ev.GetProgress(); {
		case p != nil:
			lines = append(lines, fmt.Sprintf("%v %v/%v %s", at, p.GetDone(), p.GetTotal(), p.GetUnit()))
		case ev.GetOpFinished() != nil:
			lines = append(lines, "end")
		}
	}
	return lines
}

func TestProgressIsSeenNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attempt(retried(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
			for i := range 24 {
				e.Reports.Progress(float64(i), 24, "rows")
				<-time.After(30 * time.Millisecond)
			}
			e.Reports.Progress(24, 24, "rows")
			if e.OpAttempt == 1 {
				return errors.New("again")
			}
			return nil
		})), spec.Retry{Max: 1}))
		r, _ := execute(t, t.Context(), a, Options{})
		once := []string{"0/24 rows", "8/24 rows", "16/24 rows", "24/24 rows", "end"}
		got := said(r)
		if len(got) != 2*len(once) {
			t.Fatalf("got %q", got)
		}
		for i, line := range got {
			between := i == 6 || i == 7 // of the second attempt, whose time and that of the looks do not begin together
			if !strings.HasSuffix(line, once[i%len(once)]) && !between {
				t.Errorf("event %d: got %q, want %q", i, line, once[i%len(once)])
			}
		}
		if !strings.HasPrefix(got[1], "250ms ") || !strings.HasPrefix(got[2], "500ms ") || !strings.HasPrefix(got[3], "720ms ") {
			t.Errorf("got %q", got)
		}
	})
}

func TestProgressAfterASilenceIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attempt(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
			e.Reports.Progress(1, 0, strings.Repeat("x", 100))
			<-time.After(time.Minute)
			e.Reports.Progress(2, 0, "")
			<-time.After(time.Minute)
			return nil
		})))
		r, _ := execute(t, t.Context(), a, Options{})
		want := []string{"0s 1/0 " + strings.Repeat("x", maxUnitBytes-len(ellipsis)) + ellipsis, "1m0s 2/0 ", "end"}
		if got := said(r); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestProgressOfAnOpThatHasEndedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left *spec.Execution
		a := attempt(
			place("op", reporting(func(_ context.Context, e *spec.Execution) error { left = e; return nil })),
			after(place("next", reporting(func(context.Context, *spec.Execution) error {
				left.Reports.Progress(1, 2, "")
				fmt.Fprint(left.Reports.Output(1), "left behind")
				<-time.After(time.Minute)
				return nil
			})), "op"),
		)
		r, _ := execute(t, t.Context(), a, Options{})
		if got := said(r); fmt.Sprint(got) != "[end end]" {
			t.Errorf("got %q", got)
		}
		for _, ev := range r.events {
			if c := ev.GetCaptured(); c != nil && (ev.GetOpPath() != "" || fmt.Sprint(c.GetCandidates()) != "[next]") {
				t.Errorf("%q is said to be of %q, candidates %q", c.GetData(), ev.GetOpPath(), c.GetCandidates())
			}
		}
	})
}

func TestNotesAndTagsBecomeEvents(t *testing.T) {
	many := tag.List{{Key: "first", Value: "1"}}
	for i := range 99 {
		many = append(many, tag.Tag{Key: fmt.Sprint("large", i), Value: strings.Repeat("x", tag.MaxValueBytes)})
	}
	a := attempt(place("op", reporting(func(_ context.Context, e *spec.Execution) error {
		e.Reports.Note("found \xff", metadata.List{{Key: "rows", Value: metadata.Int(3)}})
		e.Reports.TagRun(many)
		return nil
	})))
	told := 0
	r, _ := execute(t, t.Context(), a, Options{Metadata: func(kind, path string, attempt int, message string, list metadata.List) {
		if told++; kind != "note" || path != "op" || attempt != 1 || !strings.HasPrefix(message, "found") || len(list) != 1 {
			t.Errorf("told %s %s %d %q %v", kind, path, attempt, message, list)
		}
	}})
	tags, notes := 0, 0
	for _, ev := range r.events {
		if n := ev.GetNote(); n != nil {
			notes++
			if ev.GetOpPath() != "op" || ev.GetOpAttempt() != 1 || ev.GetMessage() != "found \uFFFD" || n.GetEntries()[0].GetInt() != 3 {
				t.Errorf("note: got %v", ev)
			}
		}
		size := 0
		for _, added := range ev.GetTagsAdded().GetTags() {
			if size += len(added.GetValue()); added.GetKey() != many[tags].Key || added.GetValue() != many[tags].Value || size > maxEventBytes {
				t.Errorf("tag %d is %s, the event has %d bytes", tags, added.GetKey(), size)
			}
			tags++
		}
	}
	if notes != 1 || told != 1 || tags != len(many) {
		t.Errorf("%d notes, %d told, %d tags", notes, told, tags)
	}
}

func TestMetadataOfAnOutputIsThatOfTheLastAttempt(t *testing.T) {
	attach := func(e *spec.Execution, key string, n int) {
		check := func(l metadata.List) error { return l.Validate() }
		if err := e.AddOutputMetadata(metadata.List{{Key: key, Value: metadata.Int(n)}}, check); err != nil {
			t.Error(err)
		}
	}
	var late *spec.Execution
	task := place("task", reporting(func(_ context.Context, e *spec.Execution) error { attach(e, "n", 1); late = e; return nil }))
	task.Op.Outputs = nil
	a := attempt(task, retried(place("op", func(ctx context.Context, _ []any) (any, error) {
		e := spec.ExecutionFrom(ctx)
		attach(e, fmt.Sprint("attempt ", e.OpAttempt), 1)
		attach(e, "n", 1)
		attach(e, "n", 2)
		return failing(1, 1)(ctx, nil)
	}), spec.Retry{Max: 1}), place("none", constant(1)))
	r, _ := execute(t, t.Context(), a, Options{Limit: 1})
	got := map[string]string{}
	for i, ev := range r.events {
		if out := ev.GetOutput(); out != nil {
			line := out.GetName() + ": " + out.GetNotStored()
			for _, entry := range out.GetMetadata() {
				line += fmt.Sprint(" ", entry.GetKey(), "=", entry.GetInt())
			}
			got[ev.GetOpPath()] += line
			if before := r.events[i-1]; before.GetOpFinished() == nil || before.GetOpPath() != ev.GetOpPath() {
				t.Errorf("the output of %s comes after %v", ev.GetOpPath(), before)
			}
		}
	}
	want := map[string]string{
		"task": ": the op has no output n=1",
		"op":   "result: outputs of this run are not stored attempt 2=1 n=2",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := late.AddOutputMetadata(nil, func(metadata.List) error { return nil }); err == nil {
		t.Error("metadata was attached to the output of an op that has ended")
	}
}

// process stands in for that in which a run executes: what it was given is written when the engine asks for it.
type process struct {
	mu      sync.Mutex
	pending []string // of stdout
	write   func(descriptor int, p []byte) []byte
	masked  bytes.Buffer
}

func (p *process) Start(write func(int, []byte) []byte) { p.write = write }
func (p *process) Stop()                                { p.Drain() }
func (p *process) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.pending {
		p.masked.Write(p.write(1, []byte(text)))
	}
	p.pending = nil
}

func (p *process) print(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, text)
}

// written is what was captured, by op, with candidates in brackets.
func written(events []*workerv1.Event) map[string]string {
	all := map[string]string{}
	for _, ev := range events {
		if c := ev.GetCaptured(); c != nil {
			by := ev.GetOpPath()
			if by == "" {
				by = fmt.Sprint(c.GetCandidates())
			}
			if c.GetSkipped() > 0 {
				all[by] += fmt.Sprintf("<%d left out>", c.GetSkipped())
			}
			all[by] += string(c.GetData())
		}
	}
	return all
}

func TestOutputBelongsToTheOpThatRuns(t *testing.T) {
	p := &process{}
	started, printed := make(chan struct{}), make(chan struct{})
	a := attempt(
		place("first", reporting(func(context.Context, *spec.Execution) error { p.print("by the first"); return nil })),
		place("left", reporting(func(context.Context, *spec.Execution) error {
			<-started
			p.print("by one of them")
			close(printed)
			return nil
		}), "first"),
		place("right", reporting(func(_ context.Context, e *spec.Execution) error {
			fmt.Fprint(e.Reports.Output(1), "by the right")
			close(started)
			<-printed
			return nil
		}), "first"),
		place("last", reporting(func(context.Context, *spec.Execution) error { p.print("by the last"); return nil }), "left", "right"),
	)
	r, _ := execute(t, t.Context(), a, Options{Process: p, Limit: 2})
	got := written(r.events)
	both := got["[left right]"] + got["[right left]"]
	if got["first"] != "by the first" || got["right"] != "by the right" || got["last"] != "by the last" || both != "by one of them" || len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

func TestOutputOfAnAttemptThatIsLeftBehindIsNotItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &process{}
		release := make(chan struct{})
		a := attempt(
			limited(place("deaf", reporting(func(context.Context, *spec.Execution) error {
				<-time.After(100 * time.Millisecond) // the other runs, too
				p.print("in time, ")
				<-release
				return nil
			})), time.Second),
			place("other", reporting(func(context.Context, *spec.Execution) error {
				<-time.After(time.Minute)
				p.print("by one of them")
				return nil
			})),
		)
		r, _ := execute(t, t.Context(), a, Options{Process: p, Limit: 2})
		close(release)
		got := written(r.events)
		if both := got["[deaf other]"] + got["[other deaf]"]; both != "in time, by one of them" || len(got["deaf"]+got["other"]) > 0 {
			t.Errorf("got %q", got)
		}
	})
}

func TestCapturedOutputIsMaskedAcrossItsPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := &process{}
		o := newOutlet(&emitter{sink: r.sink, now: time.Now}, p, mask.New([]string{"hunter22"}))
		op := &reports{outlet: o, path: "op", attempt: 1, masks: newMasks(o.masker)}
		o.enter(op)
		for _, text := range []string{"it is hun", "ter", "22, really; hunt"} {
			p.print(text)
			p.Drain()
			<-time.After(time.Second)
		}
		fmt.Fprint(op.Output(2), "also hunter")
		fmt.Fprint(op.Output(2), "22 here")
		o.leave(op)
		o.close()
		if got := written(r.events); got["op"] != "it is ***, really; ***also *** here" && got["op"] != "it is ***, really; also *** here***" {
			t.Errorf("got %q", got)
		}
		if got := p.masked.String(); strings.Contains(got, "hunter22") || !strings.HasPrefix(got, "it is ***") {
			t.Errorf("the process keeps %q", got)
		}
	})
}

func BenchmarkProgress(b *testing.B) {
	o := newOutlet(&emitter{sink: func(*workerv1.Event) {}, now: time.Now}, nil, nil)
	defer o.close()
	r := &reports{outlet: o, path: "op", attempt: 1, masks: newMasks(o.masker)}
	o.enter(r)
	i := 0.0
	for b.Loop() {
		i++
		r.Progress(i, 1e9, "rows")
	}
}
