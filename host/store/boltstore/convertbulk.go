package boltstore

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// marshalBulk makes the record of an action, but for its request. The errors are of the caller.
func marshalBulk(b *host.Bulk) (*storev1.Bulk, error) {
	id, ok := idKey(host.RunID(b.ID))
	switch a := &b.Action; {
	case !ok:
		return nil, invalid("bulk action %.64q is not a UUID in lower case", b.ID)
	case !a.Kind.Valid():
		return nil, invalid("bulk action %s: %.32q is not a kind", b.ID, a.Kind)
	case b.State != host.BulkRunning && b.State != host.BulkDone && b.State != host.BulkStopped:
		return nil, invalid("bulk action %s: %.32q is not a state", b.ID, b.State)
	case !storable(b.CreatedAt):
		return nil, invalid("bulk action %s: it needs a time at which it began, between the years 1970 and 2261", b.ID)
	case len(a.Runs) > host.MaxBulkRuns || len(b.Batch) > host.MaxBulkBatch || len(b.Failures) > host.MaxBulkFailures:
		return nil, invalid("bulk action %s: %d runs, %d in its batch, or %d failures are too many", b.ID, len(a.Runs), len(b.Batch), len(b.Failures))
	}
	m := &storev1.Bulk{
		Id: id, AskedDigest: digestToProto(b.Asked),
		Kind: string(b.Action.Kind), Where: b.Action.Where, Force: b.Action.Force, Reason: b.Action.Reason,
		Strategy: b.Action.Strategy, Remove: b.Action.Remove,
		By: b.By, CreatedAt: timeToProto(b.CreatedAt), Below: b.Below, Selected: b.Selected,
		State: string(b.State), EndedAt: timeToProto(b.EndedAt), Error: b.Error, Next: b.Next,
		Changed: b.Changed, PassedOver: b.PassedOver, Failed: b.Failed,
	}
	for _, t := range b.Action.Set {
		m.Set = append(m.Set, &storev1.Tag{Key: t.Key, Value: t.Value})
	}
	var err error
	if m.Runs, err = bulkRunsToProto(b, b.Action.Runs); err != nil {
		return nil, err
	}
	if m.Batch, err = bulkRunsToProto(b, b.Batch); err != nil {
		return nil, err
	}
	for _, f := range b.Failures {
		run, ok := idKey(f.Run)
		if !ok {
			return nil, invalid("bulk action %s: run %.64q is not a UUID in lower case", b.ID, f.Run)
		}
		m.Failures = append(m.Failures, &storev1.BulkFailure{RunId: run, Message: f.Message})
	}
	if _, err := proto.Marshal(m); err != nil {
		return nil, invalid("bulk action %s cannot be stored: %v", b.ID, err) // text that is not UTF-8
	}
	return m, nil
}

// bulkRunLen is the length of a run in a list of them: seq and id.
const bulkRunLen = seqLen + idLen

func bulkRunsToProto(b *host.Bulk, runs []host.RunRef) ([]byte, error) {
	out := make([]byte, 0, len(runs)*bulkRunLen)
	for _, run := range runs {
		id, ok := idKey(run.ID)
		if !ok {
			return nil, invalid("bulk action %s: run %.64q is not a UUID in lower case", b.ID, run.ID)
		}
		out = append(append(out, seqKey(run.Seq)...), id...)
	}
	return out, nil
}

// unmarshalBulk reads a record of marshalBulk. Nothing of the action lies in m.
func unmarshalBulk(m *storev1.Bulk) (b host.Bulk, err error) {
	id, err := uuid.FromBytes(m.Id)
	if err != nil {
		return host.Bulk{}, damaged(string(bucketBulks), m.Id, fmt.Errorf("id: %w", err))
	}
	b = host.Bulk{
		ID: id.String(), Asked: host.DigestFrom(m.AskedDigest),
		Action: host.BulkAction{
			Kind: host.BulkKind(m.Kind), Where: m.Where, Force: m.Force, Reason: m.Reason,
			Strategy: m.Strategy, Remove: append([]string(nil), m.Remove...),
		},
		By: m.By, CreatedAt: timeFromProto(m.CreatedAt), Below: m.Below, Selected: m.Selected,
		State: host.BulkState(m.State), EndedAt: timeFromProto(m.EndedAt), Error: m.Error, Next: m.Next,
		Changed: m.Changed, PassedOver: m.PassedOver, Failed: m.Failed,
	}
	for _, t := range m.Set {
		b.Action.Set = append(b.Action.Set, tag.Tag{Key: t.Key, Value: t.Value})
	}
	if b.Action.Runs, err = bulkRunsFromProto(m, m.Runs); err != nil {
		return host.Bulk{}, err
	}
	if b.Batch, err = bulkRunsFromProto(m, m.Batch); err != nil {
		return host.Bulk{}, err
	}
	for _, f := range m.Failures {
		run, ok := idOf(f.RunId)
		if !ok {
			return host.Bulk{}, damaged(string(bucketBulks), m.Id, fmt.Errorf("%x is not the id of a run", f.RunId))
		}
		b.Failures = append(b.Failures, host.BulkFailure{Run: run, Message: f.Message})
	}
	return b, nil
}

func bulkRunsFromProto(m *storev1.Bulk, list []byte) (runs []host.RunRef, err error) {
	if len(list)%bulkRunLen != 0 {
		return nil, damaged(string(bucketBulks), m.Id, fmt.Errorf("%d bytes are no list of runs", len(list)))
	}
	for run := range slices.Chunk(list, bulkRunLen) {
		id, _ := idOf(run[seqLen:])
		runs = append(runs, host.RunRef{Seq: binary.BigEndian.Uint64(run), ID: id})
	}
	return runs, nil
}
