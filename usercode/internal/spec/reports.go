package spec

import (
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Reports takes what the author's code says of the op that runs, beyond its log. What it is given is valid: package
// usercode checks it. It is safe for concurrent use; while the events of the run wait for room, calls wait.
type Reports interface {
	// Progress is how far the op is. It is cheap: the newest counts, and not each becomes an event.
	Progress(done, total float64, unit string)
	// Note is metadata for who looks at the run.
	Note(message string, list metadata.List)
	// TagRun adds tags to the run.
	TagRun(list tag.List)
	// Output is where the op alone writes to: 1 for stdout, 2 for stderr. Writes never fail.
	Output(descriptor int) io.Writer
}

// outputMetadata is what user code has attached to the output of one attempt of an op.
type outputMetadata struct {
	mu    sync.Mutex
	list  metadata.List
	taken bool
}

// AddOutputMetadata attaches metadata to the output of this attempt; a key that is there already gets the later value.
// Both the list and what it makes of all are checked first; with an error nothing is attached. It is safe for
// concurrent use.
func (e *Execution) AddOutputMetadata(list metadata.List, check func(metadata.List) error) error {
	if err := check(list); err != nil {
		return err
	}
	e.output.mu.Lock()
	defer e.output.mu.Unlock()
	if e.output.taken {
		return errors.New("the op has ended, so its output gets no more metadata; attach it before the op's function returns")
	}
	merged := slices.Clone(e.output.list)
	for _, entry := range list {
		if i := slices.IndexFunc(merged, func(m metadata.Entry) bool { return m.Key == entry.Key }); i >= 0 {
			merged[i] = entry
		} else {
			merged = append(merged, entry)
		}
	}
	if err := check(merged); err != nil {
		return err
	}
	e.output.list = merged
	return nil
}

// TakeOutputMetadata is what was attached, in the order in which its keys came. Who executes the op takes it once the
// op's function has returned; what comes later is refused. It belongs into the event of kind output, also where there is
// no output or it is not stored. What a failed attempt attached is dropped with its Execution.
func (e *Execution) TakeOutputMetadata() metadata.List {
	if e.output == nil {
		return nil
	}
	e.output.mu.Lock()
	defer e.output.mu.Unlock()
	e.output.taken = true
	return e.output.list
}
