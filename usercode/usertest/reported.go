package usertest

import (
	"sync"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// Progress is what an op said to usercode.Progress, as far as a host would have learned of it: the first call, the
// newest now and then, and the last.
type Progress struct {
	OpPath      string
	Attempt     int // of the op, from 1
	Done, Total float64
	Unit        string
}

// Note is what an op said to usercode.Note.
type Note struct {
	OpPath   string
	Attempt  int // of the op, from 1
	Message  string
	Metadata usercode.MetadataList
}

// reported collects what ops report beyond logs.
type reported struct {
	mu       sync.Mutex
	notes    []Note
	metadata map[string]usercode.MetadataList // of outputs, by op path
}

// take is engine.Options.Metadata.
func (r *reported) take(kind, opPath string, attempt int, message string, list metadata.List) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind == "output" {
		r.metadata[opPath] = usercode.MetadataList(list)
		return
	}
	r.notes = append(r.notes, Note{OpPath: opPath, Attempt: attempt, Message: message, Metadata: usercode.MetadataList(list)})
}

// add records events of ops that are no part of their lives.
func (r *Result) add(e engine.Record) {
	switch e.Kind {
	case "log":
		r.Logs = append(r.Logs, Log{OpPath: e.OpPath, Time: e.Time, Level: e.Level, Message: e.Message, Attrs: e.Attrs})
	case "progress":
		r.Progress = append(r.Progress, Progress{OpPath: e.OpPath, Attempt: e.Attempt, Done: e.Done, Total: e.Total, Unit: e.Unit})
	case "resource_opened", "resource_closed":
		r.Resources = append(r.Resources, ResourceChange{Name: e.Resource, OpPath: e.OpPath, Closed: e.Kind == "resource_closed", Failure: e.Failure, Stack: e.Stack})
	case "tags_added":
		for _, t := range e.Tags {
			r.Tags[t.Key] = t.Value
		}
	case "captured":
		written := r.written[e.OpPath]
		written[e.Descriptor-1] = append(written[e.Descriptor-1], e.Data...)
		r.written[e.OpPath] = written
	}
}

// Stdout is what an op wrote to usercode.Stdout, or its Command to its own, in all its attempts; of more than 16 MiB the
// middle is left out. What ops write to os.Stdout is not in it: that is the test's own.
func (r *Result) Stdout(opPath string) string { return string(r.written[opPath][0]) }

// Stderr is Stdout for usercode.Stderr.
func (r *Result) Stderr(opPath string) string { return string(r.written[opPath][1]) }
