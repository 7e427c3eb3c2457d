package boltstore

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// marshalBackfill makes the record of a backfill, but for its request and its partitions. The errors are of the caller.
func marshalBackfill(b *host.Backfill) (*storev1.Backfill, error) {
	id, ok := idKey(host.RunID(b.ID))
	problem := ""
	switch {
	case !ok:
		return nil, invalid("backfill %.64q is not a UUID in lower case", b.ID)
	case b.State != host.BackfillRunning && b.State != host.BackfillCanceling && !b.State.Final():
		problem = fmt.Sprintf("%.32q is not a state", b.State)
	case !storable(b.CreatedAt) || !storableOrZero(b.EndedAt):
		problem = "it needs a time at which it began, between the years 1970 and 2261"
	case len(b.Partitions) == 0 || len(b.Partitions) > host.MaxBackfillPartitions:
		problem = fmt.Sprintf("%d partitions are not 1 to %d", len(b.Partitions), host.MaxBackfillPartitions)
	case b.MaxOpenRuns < 1 || b.MaxOpenRuns > host.MaxBackfillOpenRuns:
		problem = fmt.Sprintf("%d runs at a time are not 1 to %d", b.MaxOpenRuns, host.MaxBackfillOpenRuns)
	case b.Next < 0 || b.Next > len(b.Partitions):
		problem = fmt.Sprintf("place %d is not among its %d partitions", b.Next, len(b.Partitions))
	case len(b.Refusals) > host.MaxBackfillRefusals || b.RefusedCount < len(b.Refusals):
		problem = fmt.Sprintf("%d refusals of %d are not at most %d of all", len(b.Refusals), b.RefusedCount, host.MaxBackfillRefusals)
	case b.Round < 0 || b.Round > math.MaxUint32 || len(b.Retry) > len(b.Partitions) || b.Round == 0 && len(b.Retry) > 0:
		problem = fmt.Sprintf("round %d cannot launch %d partitions of %d again", b.Round, len(b.Retry), len(b.Partitions))
	}
	for _, place := range b.Retry {
		if place < 0 || place >= len(b.Partitions) {
			problem = fmt.Sprintf("place %d to launch again is not among its %d partitions", place, len(b.Partitions))
		}
	}
	if problem == "" && checkNames("job", b.Job.Location, b.Job.Repository, b.Job.Job) != nil {
		problem = "it does not name a job"
	}
	if problem != "" {
		return nil, invalid("backfill %s: %s", b.ID, problem)
	}
	m := &storev1.Backfill{
		Id: id, AskedDigest: digestToProto(b.AskedDigest), Asked: b.Asked,
		Job:          &storev1.JobName{Location: b.Job.Location, Repository: b.Job.Repository, Job: b.Job.Job},
		PartitionSet: b.PartitionSet, ConfigYaml: b.ConfigYAML, OpSelection: b.OpSelection, MaxOpenRuns: uint32(b.MaxOpenRuns),
		Title: b.Title, By: b.By, CreatedAt: timeToProto(b.CreatedAt),
		State: string(b.State), EndedAt: timeToProto(b.EndedAt), Problem: b.Problem, Next: uint64(b.Next),
		RefusedCount: uint64(b.RefusedCount), Round: uint64(b.Round), RetryRequest: b.RetryRequest, Forced: b.Forced, Counted: b.Counts != nil,
	}
	for _, t := range b.Tags {
		m.Tags = append(m.Tags, &storev1.Tag{Key: t.Key, Value: t.Value, Origin: string(t.Origin)})
	}
	for _, r := range b.Refusals {
		m.Refusals = append(m.Refusals, &storev1.BackfillRefusal{Partition: r.Partition, Message: r.Message})
	}
	for status, n := range b.Counts {
		if m.Counts == nil {
			m.Counts = map[string]uint64{}
		}
		m.Counts[string(status)] = n
	}
	if _, err := packBackfill(m); err != nil {
		return nil, invalid("backfill %s cannot be stored: %v", b.ID, err) // text that is not UTF-8
	}
	return m, nil
}

func packBackfill(m *storev1.Backfill) ([]byte, error) {
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	return pack(m.Id, payload), nil
}

// unmarshalBackfill reads a record of marshalBackfill. Nothing of the backfill lies in m.
func unmarshalBackfill(m *storev1.Backfill) host.Backfill {
	b := host.Backfill{
		ID: backfillID(m), AskedDigest: host.DigestFrom(m.AskedDigest), Asked: append([]byte(nil), m.Asked...),
		Job:          host.JobName{Location: m.GetJob().GetLocation(), Repository: m.GetJob().GetRepository(), Job: m.GetJob().GetJob()},
		PartitionSet: m.PartitionSet, ConfigYAML: m.ConfigYaml, OpSelection: m.OpSelection, MaxOpenRuns: int(m.MaxOpenRuns),
		Title: m.Title, By: m.By, CreatedAt: timeFromProto(m.CreatedAt),
		State: host.BackfillState(m.State), EndedAt: timeFromProto(m.EndedAt), Problem: m.Problem, Next: int(m.Next),
		RefusedCount: int(m.RefusedCount), Round: int(m.Round), RetryRequest: m.RetryRequest, Forced: m.Forced,
	}
	for _, t := range m.Tags {
		b.Tags = append(b.Tags, tag.Tag{Key: t.Key, Value: t.Value, Origin: tag.Origin(t.Origin)})
	}
	for _, r := range m.Refusals {
		b.Refusals = append(b.Refusals, host.BackfillRefusal{Partition: r.Partition, Message: r.Message})
	}
	if m.Counted {
		b.Counts = host.RunCounts{}
		for status, n := range m.Counts {
			b.Counts[host.RunStatus(status)] = n
		}
	}
	return b
}

func backfillID(m *storev1.Backfill) string {
	id, err := uuid.FromBytes(m.Id)
	if err != nil {
		return fmt.Sprintf("%x", m.Id)
	}
	return id.String()
}

// roundKey is the key of the partitions of a round.
func roundKey(id []byte, round uint64) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, idLen+4), id...), uint32(round)) // see marshalBackfill
}

// packRound makes the record of the partitions that a round launches.
func packRound(id []byte, b *host.Backfill) (record, error) {
	m := &storev1.BackfillPartitions{}
	if b.Round == 0 {
		m.Keys = b.Partitions
	}
	for _, place := range b.Retry {
		m.Places = append(m.Places, uint32(place)) // see marshalBackfill
	}
	payload, err := proto.Marshal(m)
	if err != nil {
		return record{}, invalid("partitions of backfill %s cannot be stored: %v", b.ID, err)
	}
	key := roundKey(id, uint64(b.Round))
	return record{key: key, value: pack(key, payload)}, nil
}

// decodeRound reads a record of packRound. Nothing of it lies in value.
func decodeRound(key, value []byte) (*storev1.BackfillPartitions, error) {
	payload, err := unpack(string(bucketBackfillPartitions), key, value)
	if err != nil {
		return nil, err
	}
	m := &storev1.BackfillPartitions{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, damaged(string(bucketBackfillPartitions), key, err)
	}
	return m, nil
}
