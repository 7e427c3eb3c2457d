package usercode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	encoding "github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Number is what [Progress] counts in.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr | ~float32 | ~float64
}

// Progress says how far the op is that got ctx: done of total units, such as "rows". The total is 0 while it is not
// known, and it may change; the unit may be empty. It is shown as a bar where the op is shown.
//
// It may be called for every single row: the newest call counts, the first is seen at once, further ones four times a
// second, and the last one before the op ends. A number that is none (NaN, infinite) makes a call mean nothing; a
// negative one is 0. Outside of a run it does nothing.
func Progress[D, T Number](ctx context.Context, done D, total T, unit string) {
	e := spec.ExecutionFrom(ctx)
	if e == nil || e.Reports == nil {
		return
	}
	d, t := float64(done), float64(total)
	if math.IsNaN(d-d) || math.IsNaN(t-t) { // infinite ones included
		return
	}
	e.Reports.Progress(max(d, 0), max(t, 0), unit)
}

// Reported is metadata that an op reports: [Metadata] or [MetadataList].
type Reported interface {
	reported() (metadata.List, error)
}

func (m Metadata) reported() (metadata.List, error)     { return metadata.FromMap(m) }
func (l MetadataList) reported() (metadata.List, error) { return metadata.List(l), nil }

// Note adds a message with metadata to what is shown of the op that got ctx: a table of what was rejected, a link to
// what was made. Metadata is of every kind that a job's may be; nil, or none, is a message alone.
//
//	err := usercode.Note(ctx, "Some rows were rejected", usercode.Metadata{"rows": rejected, "file": metadata.Path(name)})
//
// The error is everything that is wrong with the metadata; all of it may take 184 KiB as it is sent. It also becomes a
// warning in the op's log, with the message, so that it can be ignored where a note is not worth a failure. Outside of a
// run the metadata is checked, and that is all.
func Note(ctx context.Context, message string, m ...Reported) error {
	list, err := reportedList(m)
	if err == nil {
		err = encoding.CheckReported(list)
	}
	e := reporting(ctx)
	switch {
	case e == nil:
	case err != nil:
		e.Logger.Warn("A note was refused", slog.String("note", message), slog.Any("error", err))
	default:
		e.Reports.Note(message, list)
	}
	return wrong("note", err)
}

// OutputMetadata attaches metadata to the output of the op that got ctx: its number of rows, a preview, where it is. It
// is shown with the output, and also where the op has none or it is not stored. It may be called several times, until the
// op's function returns; a key that is there already gets the later value. When an attempt fails and the op runs again,
// only what the last attempt attaches counts.
//
// The error is everything that is wrong with the metadata, of which nothing is attached then; all that is attached may
// take 184 KiB as it is sent. It also becomes a warning in the op's log. Outside of a run the metadata is checked, and
// that is all.
func OutputMetadata(ctx context.Context, m ...Reported) error {
	list, err := reportedList(m)
	e := reporting(ctx)
	switch {
	case err != nil:
	case e == nil:
		err = encoding.CheckReported(list)
	default:
		err = e.AddOutputMetadata(list, encoding.CheckReported)
	}
	if e != nil && err != nil {
		e.Logger.Warn("Metadata of the output was refused", slog.Any("error", err))
	}
	return wrong("metadata of the output", err)
}

// TagRun adds tags to the run of the op that got ctx, so that it is found by what it has turned out to be; a tag with the
// same key is replaced. The rule for tags is that of a launch, except that tags under penstock/ are refused: what
// steers a run is decided before it starts. The host adds them when it learns of them, as long as the run has not more
// than 256, and a tag that a person has edited since stays. [RunFrom] does not show them.
//
// The error is everything that is wrong, and no tag is added then. It also becomes a warning in the op's log. Outside of a
// run the tags are checked, and that is all.
func TagRun(ctx context.Context, tags Tags) error {
	list, err := runTags(tags)
	e := reporting(ctx)
	switch {
	case e == nil || len(tags) == 0:
	case err != nil:
		e.Logger.Warn("Tags of the run were refused", slog.Any("error", err))
	default:
		e.Reports.TagRun(list)
	}
	return wrong("tags of the run", err)
}

// runTags applies the rule for tags, and a stricter one to those of the system.
func runTags(tags Tags) (tag.List, error) {
	own := maps.Clone(tags)
	var problems tag.Problems
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if strings.HasPrefix(key, tag.Namespace) {
			delete(own, key)
			problems = append(problems, tag.Problem{Key: key, Err: fmt.Errorf(
				"%s belongs to the system, and what steers a run is decided before it starts; set it at launch or in the job's definition", tag.Namespace)})
		}
	}
	list, err := tag.FromAny(own)
	if err != nil {
		more, _ := errors.AsType[tag.Problems](err) // always these
		problems = append(more, problems...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return list, nil
}

// Stdout is where the op that got ctx writes what is certainly its own: what goes to os.Stdout while several ops run may be of
// any of them. Writes never fail. Outside of a run it is os.Stdout.
func Stdout(ctx context.Context) io.Writer {
	if e := reporting(ctx); e != nil {
		return e.Reports.Output(1)
	}
	return os.Stdout
}

// Stderr is [Stdout] for stderr.
func Stderr(ctx context.Context) io.Writer {
	if e := reporting(ctx); e != nil {
		return e.Reports.Output(2)
	}
	return os.Stderr
}

// reporting is the execution to which something can be reported, nil outside of a run.
func reporting(ctx context.Context) *spec.Execution {
	if e := spec.ExecutionFrom(ctx); e != nil && e.Reports != nil && e.Logger != nil {
		return e
	}
	return nil
}

func reportedList(from []Reported) (metadata.List, error) {
	var all metadataOf
	for _, m := range from {
		if m != nil {
			all.add(m.reported())
		}
	}
	return all.list, joined(all.errs)
}

// joined keeps an error that is alone as it is.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

func wrong(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
