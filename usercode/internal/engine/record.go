package engine

import (
	"log/slog"
	"time"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Record is an event in plain Go, for who runs an attempt in its own process and has no use for the wire.
type Record struct {
	Time    time.Time
	Kind    string
	OpPath  string // empty for the run
	Attempt int    // of the op, from 1
	Message string
	Outcome string // of kinds op_finished and run_finished: success, failure, canceled or skipped
	Reason  string // why not success: error, panic, config, …
	Failure string // the whole message of it
	Stack   string
	Retry   bool           // of kind op_finished: another attempt follows
	Wait    time.Duration  // until it does
	Level   slog.Level     // of kind log
	Attrs   map[string]any // of kind log

	Resource    string   // of kinds resource_opened and resource_closed; Failure says why not
	Done, Total float64  // of kind progress
	Unit        string   // of kind progress
	Tags        tag.List // of kind tags_added
	Descriptor  int      // of kind captured: 1 stdout, 2 stderr
	Data        []byte   // of kind captured
	Skipped     uint64   // of kind captured: bytes left out before Data
}

// Records is a sink that reads events.
func Records(f func(Record)) Sink {
	return func(ev *workerv1.Event) {
		r := Record{Time: ev.GetTime().AsTime(), Kind: ev.GetKind(), OpPath: ev.GetOpPath(), Attempt: int(ev.GetOpAttempt()), Message: ev.GetMessage()}
		switch d := ev.GetDetail().(type) {
		case *workerv1.Event_RunFinished:
			r.end(d.RunFinished.GetOutcome(), d.RunFinished.GetFailure())
		case *workerv1.Event_OpFinished:
			r.end(d.OpFinished.GetOutcome(), d.OpFinished.GetFailure())
			r.Retry, r.Wait = d.OpFinished.RetryAfter != nil, d.OpFinished.GetRetryAfter().AsDuration()
		case *workerv1.Event_Log:
			r.Level = slog.Level(d.Log.GetLevel())
			r.Attrs = make(map[string]any, len(d.Log.GetAttributes()))
			for _, e := range d.Log.GetAttributes() {
				r.Attrs[e.GetKey()] = plain(e)
			}
		case *workerv1.Event_Resource:
			failure := d.Resource.GetFailure()
			r.Resource, r.Reason, r.Failure, r.Stack = d.Resource.GetName(), failure.GetReason(), failure.GetMessage(), failure.GetStack()
		case *workerv1.Event_Progress:
			r.Done, r.Total, r.Unit = d.Progress.GetDone(), d.Progress.GetTotal(), d.Progress.GetUnit()
		case *workerv1.Event_TagsAdded:
			r.Tags = wire.TagsFrom(d.TagsAdded.GetTags())
		case *workerv1.Event_Captured:
			r.Descriptor, r.Data, r.Skipped = int(d.Captured.GetDescriptor_()), d.Captured.GetData(), d.Captured.GetSkipped()
		}
		f(r)
	}
}

func (r *Record) end(outcome workerv1.Outcome, failure *workerv1.Failure) {
	switch outcome {
	case workerv1.Outcome_OUTCOME_SUCCESS:
		r.Outcome = "success"
	case workerv1.Outcome_OUTCOME_CANCELED:
		r.Outcome = "canceled"
	case workerv1.Outcome_OUTCOME_SKIPPED:
		r.Outcome = "skipped"
	default:
		r.Outcome = "failure"
	}
	r.Reason, r.Failure, r.Stack = failure.GetReason(), failure.GetMessage(), failure.GetStack()
}

// plain is an attribute as it was logged, as far as Go has a type for it; anything else is text.
func plain(e *metadatav1.Entry) any {
	switch v := e.GetValue().(type) {
	case *metadatav1.Entry_Int:
		return v.Int
	case *metadatav1.Entry_Float:
		return v.Float
	case *metadatav1.Entry_Bool:
		return v.Bool
	case *metadatav1.Entry_Null:
		return nil
	case *metadatav1.Entry_Timestamp:
		return v.Timestamp.AsTime()
	case *metadatav1.Entry_Text:
		return v.Text
	case *metadatav1.Entry_Url:
		return v.Url
	case *metadatav1.Entry_Path:
		return v.Path
	case *metadatav1.Entry_Json:
		return v.Json
	case *metadatav1.Entry_Markdown:
		return v.Markdown
	case *metadatav1.Entry_BigInt:
		return v.BigInt
	case *metadatav1.Entry_RunId:
		return v.RunId
	}
	return e.String()
}
