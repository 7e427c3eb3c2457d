package engine

import (
	"io"
	"sync"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// maxUnitBytes is how long the unit of progress may be.
const maxUnitBytes = 64

// reports is what one attempt of an op says beyond its log, and what it writes.
type reports struct {
	outlet  *outlet
	path    string
	attempt int
	// metadata is told what is sent, see Options.
	metadata func(kind, opPath string, attempt int, message string, list metadata.List)

	progress progress
	written  [2]stream      // stdout, stderr; guarded by outlet.mu
	masks    [2]mask.Stream // of what is written to Output; guarded by outlet.mu
	left     bool           // its function was left behind; guarded by outlet.mu
}

// newReports is for one attempt of an op.
func (s *schedule) newReports(path string, attempt int) *reports {
	return &reports{
		outlet: s.outlet, path: path, attempt: attempt, metadata: s.opts.Metadata,
		masks: newMasks(s.outlet.masker),
	}
}

// newMasks are for stdout and stderr.
func newMasks(m *mask.Masker) [2]mask.Stream { return [2]mask.Stream{*m.Stream(), *m.Stream()} }

// progress keeps the newest of an op until it is sent.
type progress struct {
	mu          sync.Mutex
	done, total float64
	unit        string
	fresh       bool // what is here was not sent
	wait        int  // ticks until another may be sent
	over        bool // none is taken any more
}

// Progress sends the first at once, and then the newest now and then.
func (r *reports) Progress(done, total float64, unit string) {
	p := &r.progress
	p.mu.Lock()
	if p.over {
		p.mu.Unlock()
		return
	}
	p.done, p.total, p.unit = done, total, unit
	p.fresh = true
	first := p.wait == 0
	if first {
		p.wait = progressTicks
	}
	p.mu.Unlock()
	if first {
		r.outlet.sendFirst(r)
	}
}

// tick lets time pass and reports whether there is more to wait for.
func (p *progress) tick() (due, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wait == 0 {
		return false, false
	}
	p.wait--
	if due = p.wait == 0 && p.fresh; due {
		p.wait = progressTicks
	}
	return due, p.wait > 0
}

// end lets nothing come after what is there.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
}

// sendProgress sends the newest, if it was not sent. The caller holds outlet.sending.
func (r *reports) sendProgress() {
	p := &r.progress
	p.mu.Lock()
	fresh := p.fresh
	p.fresh = false
	ev := &workerv1.Progress{Done: p.done, Total: p.total, Unit: p.unit}
	p.mu.Unlock()
	if fresh {
		ev.Unit = clean(ev.Unit, maxUnitBytes)
		r.outlet.emit.op(r.path, r.attempt, &workerv1.Event{Kind: "progress", Detail: &workerv1.Event_Progress{Progress: ev}})
	}
}

// Note sends the message with its metadata.
func (r *reports) Note(message string, list metadata.List) {
	r.metadata("note", r.path, r.attempt, message, list)
	r.outlet.emit.op(r.path, r.attempt, &workerv1.Event{
		Kind:    "note",
		Message: clean(message, maxMessageBytes),
		Detail:  &workerv1.Event_Note{Note: &workerv1.Note{Entries: wire.Entries(list)}},
	})
}

// TagRun sends the tags, in as many events as they need.
func (r *reports) TagRun(list tag.List) {
	size := 0
	added := &workerv1.TagsAdded{}
	send := func() {
		r.outlet.emit.op(r.path, r.attempt, &workerv1.Event{Kind: "tags_added", Detail: &workerv1.Event_TagsAdded{TagsAdded: added}})
		size, added = 0, &workerv1.TagsAdded{}
	}
	for _, t := range list {
		n := len(t.Key) + len(t.Value) + 16
		if size+n > maxAttributeBytes && size > 0 {
			send()
		}
		size += n
		added.Tags = append(added.Tags, &tagv1.Tag{Key: t.Key, Value: t.Value})
	}
	send()
}

// outputMetadata reports what was attached to the output of the attempt, when nobody stores outputs. Who stores them
// reports it with the output: see Made.Execution.
func (r *reports) outputMetadata(list metadata.List, hasOutput, stored bool) {
	if len(list) == 0 {
		return
	}
	r.metadata("output", r.path, r.attempt, "", list)
	if stored {
		return
	}
	out := &workerv1.Output{NotStored: "outputs of this run are not stored", Metadata: wire.Entries(list)}
	if !hasOutput {
		out.NotStored = "the op has no output"
	} else {
		out.Name = spec.ResultPort
	}
	r.outlet.emit.op(r.path, r.attempt, &workerv1.Event{Kind: "output", Detail: &workerv1.Event_Output{Output: out}})
}

// Output writes to what is captured of this op, and of no other that runs beside it.
func (r *reports) Output(descriptor int) io.Writer { return outputWriter{r, descriptor} }

type outputWriter struct {
	reports    *reports
	descriptor int
}

// Write never fails.
func (w outputWriter) Write(p []byte) (int, error) {
	w.reports.outlet.write(w.descriptor, p, &w.reports.masks[w.descriptor-1], w.reports)
	return len(p), nil
}
