package boltstore

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Runs are written by the one writer, for whom all wait, so their records are also made field by field, in the order of the
// fields' numbers: as the generated message is marshaled, but without making it first. TestRecordsOfRuns holds both against
// each other.

// encodedRun is how many bytes most records have.
const encodedRun = 1 << 10

// marshalRun makes the record of a run. The error is of the caller: text that is not UTF-8.
func marshalRun(r *host.Run) ([]byte, error) {
	id, ok := idKey(r.ID)
	if !ok {
		return nil, invalid("run id %.64q is not a UUID in lower case", r.ID)
	}
	chain := [2][]byte{}
	for i, of := range []host.RunID{r.Parent, r.Root} {
		if of == "" {
			continue
		}
		if chain[i], ok = idKey(of); !ok {
			return nil, invalid("parent or root %.64q of run %s is not a UUID in lower case", of, r.ID)
		}
	}
	w := fieldWriter{b: make([]byte, 0, encodedRun)}
	w.bytes(fieldID, id)
	w.number(fieldSeq, r.Seq)
	w.text(3, r.Job.Location)
	w.text(4, r.Job.Repository)
	w.text(5, r.Job.Job)
	w.text(6, string(r.Status))
	w.text(7, r.StatusReason)
	w.number(8, uint64(r.Attempt))
	for i := range r.Tags {
		w.tag(9, &r.Tags[i])
	}
	w.text(10, r.ConfigYAML)
	w.bytes(11, r.ConfigJSON)
	w.text(12, r.OpSelection)
	for _, path := range r.OpPaths {
		w.item(13, path)
	}
	w.flag(14, r.Subset)
	w.snapshot(15, &r.Launched)
	w.snapshot(16, &r.StartedFrom)
	w.time(fieldCreatedAt, r.CreatedAt)
	w.time(fieldStartedAt, r.StartedAt)
	w.time(fieldEndedAt, r.EndedAt)
	w.attempt(20, &r.Current)
	w.number(21, uint64(r.StartTimeouts))
	w.time(22, r.WaitingSince)
	w.jobName(23, r.LaunchedAs)
	w.span(24, r.Waited)
	w.bytes(25, chain[0])
	w.bytes(26, chain[1])
	w.digest(27, r.TakenOutputs)
	w.flag(28, r.RetryDue)
	if w.err != nil {
		return nil, invalid("run %s cannot be stored: %v", r.ID, w.err)
	}
	return w.b, nil
}

// fieldWriter writes a message field by field. Like the generated ones it leaves out what has its default.
type fieldWriter struct {
	b   []byte
	err error
}

func (w *fieldWriter) number(n protowire.Number, v uint64) {
	if v != 0 {
		w.b = protowire.AppendTag(w.b, n, protowire.VarintType)
		w.b = protowire.AppendVarint(w.b, v)
	}
}

func (w *fieldWriter) flag(n protowire.Number, v bool) { w.number(n, protowire.EncodeBool(v)) }

func (w *fieldWriter) bytes(n protowire.Number, v []byte) {
	if len(v) > 0 {
		w.b = protowire.AppendTag(w.b, n, protowire.BytesType)
		w.b = protowire.AppendBytes(w.b, v)
	}
}

func (w *fieldWriter) text(n protowire.Number, v string) {
	if v != "" {
		w.item(n, v)
	}
}

// item writes a text of a list, where empty ones count.
func (w *fieldWriter) item(n protowire.Number, v string) {
	if !utf8.ValidString(v) && w.err == nil {
		w.err = fmt.Errorf("text %.64q is not UTF-8", v)
	}
	w.b = protowire.AppendTag(w.b, n, protowire.BytesType)
	w.b = protowire.AppendString(w.b, v)
}

func (w *fieldWriter) digest(n protowire.Number, d host.Digest) {
	if !d.IsZero() {
		w.bytes(n, d[:])
	}
}

// begin begins a message within, and end ends the one that begin returned.
func (w *fieldWriter) begin(n protowire.Number) (at int) {
	w.b = append(protowire.AppendTag(w.b, n, protowire.BytesType), 0) // room for the size, which mostly takes one byte
	return len(w.b)
}

func (w *fieldWriter) end(at int) {
	size := len(w.b) - at
	if more := protowire.SizeVarint(uint64(size)) - 1; more > 0 {
		w.b = append(w.b, make([]byte, more)...)
		copy(w.b[at+more:], w.b[at:at+size])
	}
	protowire.AppendVarint(w.b[:at-1], uint64(size))
}

// pair writes a message of two numbers, such as a google.protobuf.Timestamp.
func (w *fieldWriter) pair(n protowire.Number, seconds, nanos int64) {
	at := w.begin(n)
	w.number(1, uint64(seconds))
	w.number(2, uint64(nanos))
	w.end(at)
}

func (w *fieldWriter) time(n protowire.Number, t time.Time) {
	if !t.IsZero() {
		w.pair(n, t.Unix(), int64(t.Nanosecond()))
	}
}

func (w *fieldWriter) span(n protowire.Number, d time.Duration) {
	if d != 0 {
		w.pair(n, int64(d/time.Second), int64(d%time.Second))
	}
}

func (w *fieldWriter) jobName(n protowire.Number, name host.JobName) {
	if name == (host.JobName{}) {
		return
	}
	at := w.begin(n)
	w.text(1, name.Location)
	w.text(2, name.Repository)
	w.text(3, name.Job)
	w.end(at)
}

func (w *fieldWriter) tag(n protowire.Number, t *tag.Tag) {
	at := w.begin(n)
	w.text(1, t.Key)
	w.text(2, t.Value)
	w.text(3, string(t.Origin))
	w.text(4, t.EditedBy)
	w.time(5, t.EditedAt)
	w.end(at)
}

func (w *fieldWriter) snapshot(n protowire.Number, s *host.Snapshot) {
	at := w.begin(n)
	w.digest(1, s.Definition)
	w.digest(2, s.Metadata)
	w.number(3, uint64(s.MetadataEntries))
	w.bytes(4, s.ServerInfo)
	w.flag(5, s.AllowDevVersions)
	w.text(6, s.CodeVersion)
	w.end(at)
}

func (w *fieldWriter) attempt(n protowire.Number, a *host.AttemptState) {
	at := w.begin(n)
	w.bytes(1, a.TokenSHA256)
	w.text(2, a.ServerID)
	w.text(3, a.WorkerID)
	w.text(4, a.Handle)
	w.time(5, a.StartingAt)
	w.time(6, a.CancelingAt)
	w.flag(7, a.Forced)
	w.flag(8, a.OverRuntime)
	w.end(at)
}
