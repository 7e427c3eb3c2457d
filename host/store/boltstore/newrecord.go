package boltstore

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host"
)

// Numbers of the fields of penstock.store.v1.Run that are read or written one by one.
const (
	fieldID        protowire.Number = 1
	fieldSeq       protowire.Number = 2
	fieldCreatedAt protowire.Number = 17
	fieldStartedAt protowire.Number = 18
	fieldEndedAt   protowire.Number = 19
)

// newRecord is the record of a run that has no number yet: the writer, for whom all wait, only puts in what it knows.
type newRecord struct {
	payload []byte
	// seqAt and createdAt are where its number and its time of creation belong.
	seqAt, createdAt int
}

// newRecordOf makes the record. The error is that of marshalRun.
func newRecordOf(run *host.Run) (newRecord, error) {
	bare := *run
	bare.Seq, bare.CreatedAt = 0, time.Time{}
	payload, err := marshalRun(&bare)
	if err != nil {
		return newRecord{}, err
	}
	return newRecord{payload: payload, seqAt: fieldAfter(payload, fieldSeq), createdAt: fieldAfter(payload, fieldCreatedAt)}, nil
}

// fieldAfter is where the first field with a number above n begins. Fields are in order of their numbers.
func fieldAfter(payload []byte, n protowire.Number) (at int) {
	for at < len(payload) {
		number, _, length := protowire.ConsumeField(payload[at:])
		if length < 0 || number > n {
			break
		}
		at += length
	}
	return at
}

// fieldIn reads a field of a message, or of text, from the record of a run, and nothing else; nil when it is not there.
// It may lie in value.
func fieldIn(key, value []byte, number protowire.Number) ([]byte, error) {
	payload, err := unpack(string(bucketRuns), key, value)
	if err != nil {
		return nil, err
	}
	for len(payload) > 0 {
		n, kind, length := protowire.ConsumeField(payload)
		if length < 0 {
			return nil, damaged(string(bucketRuns), key, protowire.ParseError(length))
		}
		if n == number && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(payload)
			text, _ := protowire.ConsumeBytes(payload[tag:])
			return text, nil
		}
		payload = payload[length:]
	}
	return nil, nil
}

// complete is the payload of the run with this number and time of creation.
func (r newRecord) complete(seq uint64, created time.Time) []byte {
	var at []byte // a google.protobuf.Timestamp
	for i, v := range []int64{created.Unix(), int64(created.Nanosecond())} {
		if v != 0 {
			at = protowire.AppendTag(at, protowire.Number(i+1), protowire.VarintType)
			at = protowire.AppendVarint(at, uint64(v))
		}
	}
	p := make([]byte, 0, len(r.payload)+32)
	p = append(p, r.payload[:r.seqAt]...)
	p = protowire.AppendTag(p, fieldSeq, protowire.VarintType)
	p = protowire.AppendVarint(p, seq)
	p = append(p, r.payload[r.seqAt:r.createdAt]...)
	p = protowire.AppendTag(p, fieldCreatedAt, protowire.BytesType)
	p = protowire.AppendBytes(p, at)
	return append(p, r.payload[r.createdAt:]...)
}

// detached is a copy of a run that shares nothing with it that can be changed, and is as if it had been stored and read.
func detached(r *host.Run) *host.Run {
	c := *r
	c.Tags = cloned(r.Tags)
	for i := range c.Tags {
		c.Tags[i].EditedAt = instant(c.Tags[i].EditedAt)
	}
	c.ConfigJSON, c.OpPaths = cloned(r.ConfigJSON), cloned(r.OpPaths)
	c.Launched.ServerInfo, c.StartedFrom.ServerInfo = cloned(r.Launched.ServerInfo), cloned(r.StartedFrom.ServerInfo)
	c.Current.TokenSHA256 = cloned(r.Current.TokenSHA256)
	for _, t := range []*time.Time{
		&c.CreatedAt, &c.StartedAt, &c.EndedAt, &c.WaitingSince, &c.Current.StartingAt, &c.Current.CancelingAt,
	} {
		*t = instant(*t)
	}
	return &c
}

// cloned is a copy of a list; nil of an empty one.
func cloned[T any](list []T) []T { return append([]T(nil), list...) }

// instant is an instant without its zone and its reading of the monotonic clock; zero stays zero.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), int64(t.Nanosecond())).UTC()
}
