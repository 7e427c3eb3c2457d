package boltstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Runs are read far more often than anything else, so their records are read field by field: the generated message would be
// made only to be copied. TestRecordsOfRuns holds both against each other.

// message reads a message field by field.
type message struct {
	rest []byte
	// whole is the message as text, of which all texts are parts: a copy each would be most of the work.
	whole  string
	number protowire.Number
	// bytes is the value of a field that is text, bytes or a message; n that of a number.
	bytes []byte
	n     uint64
	// unknown tells that fields were there of which nobody knows here.
	unknown bool
	err     error
}

// next goes on to the next field of a kind that is known.
func (m *message) next() bool {
	for len(m.rest) > 0 && m.err == nil {
		number, kind, size := protowire.ConsumeTag(m.rest)
		if size < 0 {
			m.err = protowire.ParseError(size)
			return false
		}
		m.rest, m.number, m.bytes, m.n = m.rest[size:], number, nil, 0
		switch kind {
		case protowire.VarintType:
			m.n, size = protowire.ConsumeVarint(m.rest)
		case protowire.BytesType:
			m.bytes, size = protowire.ConsumeBytes(m.rest)
		default:
			if size = protowire.ConsumeFieldValue(number, kind, m.rest); size >= 0 {
				m.rest, m.unknown = m.rest[size:], true
				continue
			}
		}
		if size < 0 {
			m.err = protowire.ParseError(size)
			return false
		}
		m.rest = m.rest[size:]
		return true
	}
	return false
}

// ahead is how many fields of the same number there are from this one on, without another between.
func (m *message) ahead() (n int) {
	n = 1
	for rest := m.rest; len(rest) > 0; n++ {
		number, _, size := protowire.ConsumeField(rest)
		if number != m.number || size < 0 {
			break
		}
		rest = rest[size:]
	}
	return n
}

// newMessage begins to read a message. Nothing that is read of it lies in payload.
func newMessage(payload []byte) message { return message{rest: payload, whole: string(payload)} }

// text, clone and flag are the value of the field.
func (m *message) text() string {
	end := len(m.whole) - len(m.rest) // behind the field
	return m.whole[end-len(m.bytes) : end]
}

func (m *message) clone() []byte { return append([]byte(nil), m.bytes...) }
func (m *message) flag() bool    { return m.n != 0 }

// enter begins to read the field as a message of its own, which leave ends.
func (m *message) enter() message { return message{rest: m.bytes, whole: m.text()} }

func (m *message) leave(in *message) {
	m.unknown = m.unknown || in.unknown
	if m.err == nil {
		m.err = in.err
	}
}

// pair reads the field as a message of two numbers, such as a google.protobuf.Timestamp.
func (m *message) pair() (seconds, nanos int64) {
	in := m.enter()
	for in.next() {
		switch in.number {
		case 1:
			seconds = int64(in.n)
		case 2:
			nanos = int64(int32(in.n))
		default:
			in.unknown = true
		}
	}
	m.leave(&in)
	return seconds, nanos
}

func (m *message) time() time.Time {
	seconds, nanos := m.pair()
	return time.Unix(seconds, nanos).UTC()
}

func (m *message) span() time.Duration {
	seconds, nanos := m.pair()
	return time.Duration(seconds)*time.Second + time.Duration(nanos)
}

func (m *message) runID() host.RunID {
	if len(m.bytes) == 0 {
		return ""
	}
	id, err := uuid.FromBytes(m.bytes)
	if err != nil && m.err == nil {
		m.err = fmt.Errorf("id of a run in field %d: %w", m.number, err)
	}
	return host.RunID(id.String())
}

func (m *message) jobName() (name host.JobName) {
	in := m.enter()
	for in.next() {
		switch in.number {
		case 1:
			name.Location = in.text()
		case 2:
			name.Repository = in.text()
		case 3:
			name.Job = in.text()
		default:
			in.unknown = true
		}
	}
	m.leave(&in)
	return name
}

func (m *message) snapshot() (s host.Snapshot) {
	in := m.enter()
	for in.next() {
		switch in.number {
		case 1:
			s.Definition = host.DigestFrom(in.bytes)
		case 2:
			s.Metadata = host.DigestFrom(in.bytes)
		case 3:
			s.MetadataEntries = uint32(in.n)
		case 4:
			s.ServerInfo = in.clone()
		case 5:
			s.AllowDevVersions = in.flag()
		case 6:
			s.CodeVersion = in.text()
		default:
			in.unknown = true
		}
	}
	m.leave(&in)
	return s
}

func (m *message) attempt() (a host.AttemptState) {
	in := m.enter()
	for in.next() {
		switch in.number {
		case 1:
			a.TokenSHA256 = in.clone()
		case 2:
			a.ServerID = in.text()
		case 3:
			a.WorkerID = in.text()
		case 4:
			a.Handle = in.text()
		case 5:
			a.StartingAt = in.time()
		case 6:
			a.CancelingAt = in.time()
		case 7:
			a.Forced = in.flag()
		case 8:
			a.OverRuntime = in.flag()
		default:
			in.unknown = true
		}
	}
	m.leave(&in)
	return a
}

func (m *message) tag() (t tag.Tag) {
	in := m.enter()
	for in.next() {
		switch in.number {
		case 1:
			t.Key = in.text()
		case 2:
			t.Value = in.text()
		case 3:
			t.Origin = tag.Origin(in.text())
		case 4:
			t.EditedBy = in.text()
		case 5:
			t.EditedAt = in.time()
		default:
			in.unknown = true
		}
	}
	m.leave(&in)
	return t
}

// statusOf makes no copy of the names that there are.
func statusOf(name []byte) host.RunStatus {
	for _, known := range host.RunStatuses {
		if string(name) == string(known) {
			return known
		}
	}
	return host.RunStatus(name)
}

var errNoID = errors.New("it has no id")

// readRun reads a payload of marshalRun. Nothing of the run lies in payload. unknown tells that a newer host wrote fields
// of its own into it.
func readRun(payload []byte) (run *host.Run, unknown bool, err error) {
	r, m := &host.Run{}, newMessage(payload)
	for m.next() {
		readField(r, &m)
	}
	if r.ID == "" && m.err == nil {
		m.err = errNoID
	}
	return r, m.unknown, m.err
}

// readTermFields reads of a record of bucket runs only what termsOf looks at.
func readTermFields(key, value []byte) (*host.Run, error) {
	payload, err := unpack(string(bucketRuns), key, value)
	if err != nil {
		return nil, err
	}
	r, m := &host.Run{}, newMessage(payload)
	for m.next() {
		switch m.number {
		case fieldSeq, 3, 4, 5, 6, 9, 15, 16, fieldStartedAt, fieldEndedAt: // job, status, tags, snapshots and times
			readField(r, &m)
		default:
		}
	}
	if seq, ok := seqOf(key); m.err == nil && (!ok || seq != r.Seq) {
		m.err = fmt.Errorf("it is run number %d", r.Seq)
	}
	if m.err != nil {
		return nil, damaged(string(bucketRuns), key, m.err)
	}
	return r, nil
}

func readField(r *host.Run, m *message) {
	switch m.number {
	case fieldID:
		r.ID = m.runID()
	case fieldSeq:
		r.Seq = m.n
	case 3:
		r.Job.Location = m.text()
	case 4:
		r.Job.Repository = m.text()
	case 5:
		r.Job.Job = m.text()
	case 6:
		r.Status = statusOf(m.bytes)
	case 7:
		r.StatusReason = m.text()
	case 8:
		r.Attempt = uint32(m.n)
	case 9:
		if r.Tags == nil {
			r.Tags = make([]tag.Tag, 0, m.ahead())
		}
		r.Tags = append(r.Tags, m.tag())
	case 10:
		r.ConfigYAML = m.text()
	case 11:
		r.ConfigJSON = m.clone()
	case 12:
		r.OpSelection = m.text()
	case 13:
		if r.OpPaths == nil {
			r.OpPaths = make([]string, 0, m.ahead())
		}
		r.OpPaths = append(r.OpPaths, m.text())
	case 14:
		r.Subset = m.flag()
	case 15:
		r.Launched = m.snapshot()
	case 16:
		r.StartedFrom = m.snapshot()
	case fieldCreatedAt:
		r.CreatedAt = m.time()
	case fieldStartedAt:
		r.StartedAt = m.time()
	case fieldEndedAt:
		r.EndedAt = m.time()
	case 20:
		r.Current = m.attempt()
	default:
		readLaterField(r, m)
	}
}

// readLaterField reads the fields that came after the first format.
func readLaterField(r *host.Run, m *message) {
	switch m.number {
	case 21:
		r.StartTimeouts = uint32(m.n)
	case 22:
		r.WaitingSince = m.time()
	case 23:
		r.LaunchedAs = m.jobName()
	case 24:
		r.Waited = m.span()
	case 25:
		r.Parent = m.runID()
	case 26:
		r.Root = m.runID()
	case 27:
		r.TakenOutputs = host.DigestFrom(m.bytes)
	case 28:
		r.RetryDue = m.flag()
	default:
		m.unknown = true
	}
}
