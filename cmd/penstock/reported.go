package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// reportedObject is what an op reported beyond its log, by kind of event.
type reportedObject struct {
	Progress *progressObject  `json:"progress,omitempty"`
	Metadata []metadataObject `json:"metadata,omitempty"`   // of a note, or of an output
	Tags     []tagObject      `json:"tags_added,omitempty"` // to the run
	Output   *outputObject    `json:"output,omitempty"`
	Captured *capturedObject  `json:"captured,omitempty"`
}

// progressObject is how far an op is.
type progressObject struct {
	Done  *float64 `json:"done"`
	Total *float64 `json:"total"` // 0: not known
	Unit  string   `json:"unit"`
}

// outputObject is what became of an op's output.
type outputObject struct {
	Name       string `json:"name"`
	Address    string `json:"address"`
	Bytes      uint64 `json:"bytes"`
	Digest     string `json:"digest"` // hex
	Codec      string `json:"codec"`
	NotStored  string `json:"not_stored"`  // why not; empty when it was
	ReusedFrom string `json:"reused_from"` // run
}

// capturedObject is a piece of what was written to stdout or stderr.
type capturedObject struct {
	Stream     string   `json:"stream"`     // stdout or stderr
	Text       string   `json:"text"`       // with U+FFFD for what is no UTF-8
	Skipped    uint64   `json:"skipped"`    // bytes before it that were left out
	Candidates []string `json:"candidates"` // ops that ran then, when the op is not known
}

// reportedOf reads the detail of an event, as far as it is a report; nil when it is none.
func reportedOf(event *workerv1.Event) *reportedObject {
	o := &reportedObject{}
	switch d := event.GetDetail().(type) {
	case *workerv1.Event_Progress:
		o.Progress = &progressObject{Done: finite(d.Progress.GetDone()), Total: finite(d.Progress.GetTotal()), Unit: d.Progress.GetUnit()}
	case *workerv1.Event_Note:
		o.Metadata = convert(d.Note.GetEntries(), entryOf)
	case *workerv1.Event_TagsAdded:
		o.Tags = tagsOf(d.TagsAdded.GetTags())
	case *workerv1.Event_Output:
		o.Output = &outputObject{
			Name: d.Output.GetName(), Address: d.Output.GetAddress(), Bytes: d.Output.GetSize(), Digest: hex.EncodeToString(d.Output.GetDigest()),
			Codec: d.Output.GetCodec(), NotStored: d.Output.GetNotStored(), ReusedFrom: d.Output.GetReusedFrom(),
		}
		o.Metadata = convert(d.Output.GetMetadata(), entryOf)
	case *workerv1.Event_Captured:
		o.Captured = &capturedObject{
			Stream: streamText(d.Captured.GetDescriptor_()), Text: strings.ToValidUTF8(string(d.Captured.GetData()), "\uFFFD"),
			Skipped: d.Captured.GetSkipped(), Candidates: textsOf(d.Captured.GetCandidates()),
		}
	default:
		return nil
	}
	return o
}

// captured is the piece that the event is; nil when it is none.
func (o eventObject) captured() *capturedObject {
	if o.Reported == nil {
		return nil
	}
	return o.Reported.Captured
}

// finite is nil for numbers that JSON does not have.
func finite(n float64) *float64 {
	if n-n != 0 {
		return nil
	}
	return &n
}

func streamText(descriptor uint32) string {
	switch descriptor {
	case 1:
		return "stdout"
	case 2:
		return "stderr"
	}
	return fmt.Sprint("descriptor ", descriptor)
}

// attributesOf is what an event carries as metadata.
func attributesOf(event *workerv1.Event) []*metadatav1.Entry {
	switch d := event.GetDetail().(type) {
	case *workerv1.Event_Log:
		return d.Log.GetAttributes()
	case *workerv1.Event_Note:
		return d.Note.GetEntries()
	case *workerv1.Event_Output:
		return d.Output.GetMetadata()
	}
	return nil
}

// text says what was reported, for events that have no message of their own.
func (o *reportedObject) text() string {
	switch {
	case o == nil:
	case o.Progress != nil:
		return o.Progress.text()
	case len(o.Tags) > 0:
		return strings.Join(convert(o.Tags, func(t tagObject) string { return t.Key + "=" + t.Value }), " ")
	case o.Output != nil:
		return o.Output.text()
	case o.Captured != nil:
		return o.Captured.text()
	}
	return ""
}

func (p *progressObject) text() string {
	if p.Done == nil || p.Total == nil {
		return "not a number"
	}
	text := number(*p.Done)
	if *p.Total > 0 {
		text += " of " + number(*p.Total)
	}
	text = joined(" ", text, p.Unit)
	if *p.Total > 0 {
		text += fmt.Sprintf(" (%.0f%%)", min(max(*p.Done / *p.Total, 0), 1)*100)
	}
	return text
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (o *outputObject) text() string {
	switch {
	case o.NotStored != "":
		return joined(" ", o.Name, "is not stored: "+o.NotStored)
	case o.ReusedFrom != "":
		return joined(" ", o.Name, "was taken from run "+o.ReusedFrom)
	}
	return joined(" ", o.Name, fmt.Sprintf("is stored: %d bytes, %s, %s", o.Bytes, o.Codec, o.Address))
}

// text is what was written, and what is not in it.
func (c *capturedObject) text() string {
	text := strings.TrimSuffix(c.Text, "\n")
	if c.Skipped > 0 {
		text = fmt.Sprintf("… %d bytes were left out …\n%s", c.Skipped, text)
	}
	if len(c.Candidates) > 0 {
		text = "[" + strings.Join(c.Candidates, " or ") + "] " + text
	}
	return text
}
