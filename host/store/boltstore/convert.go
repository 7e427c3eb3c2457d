package boltstore

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// marshalRun makes the record of a run. The error is of the caller: text that is not UTF-8.
func marshalRun(r *host.Run) ([]byte, error) {
	id, ok := idKey(r.ID)
	if !ok {
		return nil, invalid("run id %.64q is not a UUID in lower case", r.ID)
	}
	m := &storev1.Run{
		Id: id, Seq: r.Seq,
		Location: r.Job.Location, Repository: r.Job.Repository, Job: r.Job.Job,
		Status: string(r.Status), StatusReason: r.StatusReason, Attempt: r.Attempt,
		ConfigYaml: r.ConfigYAML, ConfigJson: r.ConfigJSON,
		OpSelection: r.OpSelection, OpPaths: r.OpPaths, Subset: r.Subset,
		Launched: snapshotToProto(r.Launched), Started: snapshotToProto(r.StartedFrom),
		CreatedAt: timeToProto(r.CreatedAt), StartedAt: timeToProto(r.StartedAt), EndedAt: timeToProto(r.EndedAt),
		WaitingSince: timeToProto(r.WaitingSince), Waited: spanToProto(r.Waited),
		StartTimeouts: r.StartTimeouts, LaunchedAs: jobNameToProto(r.LaunchedAs),
		RetryDue: r.RetryDue,
		Current: &storev1.Attempt{
			TokenSha256: r.Current.TokenSHA256, ServerId: r.Current.ServerID, WorkerId: r.Current.WorkerID,
			Handle: r.Current.Handle, Forced: r.Current.Forced, OverRuntime: r.Current.OverRuntime,
			StartingAt: timeToProto(r.Current.StartingAt), CancelingAt: timeToProto(r.Current.CancelingAt),
		},
	}
	for _, of := range []struct {
		to *[]byte
		id host.RunID
	}{{&m.Parent, r.Parent}, {&m.Root, r.Root}} {
		if of.id == "" {
			continue
		}
		if *of.to, ok = idKey(of.id); !ok {
			return nil, invalid("parent or root %.64q of run %s is not a UUID in lower case", of.id, r.ID)
		}
	}
	if !r.TakenOutputs.IsZero() {
		m.OutputsDigest = r.TakenOutputs[:]
	}
	for _, t := range r.Tags {
		m.Tags = append(m.Tags, &storev1.Tag{
			Key: t.Key, Value: t.Value, Origin: string(t.Origin), EditedBy: t.EditedBy, EditedAt: timeToProto(t.EditedAt),
		})
	}
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, invalid("run %s cannot be stored: %v", r.ID, err)
	}
	return payload, nil
}

// unmarshalRun reads a payload of marshalRun. Nothing of the run lies in payload.
func unmarshalRun(payload []byte) (*host.Run, error) {
	m := &storev1.Run{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, err
	}
	id, err := uuid.FromBytes(m.Id)
	if err != nil {
		return nil, fmt.Errorf("run id: %w", err)
	}
	r := &host.Run{
		ID: host.RunID(id.String()), Seq: m.Seq,
		Job:    host.JobName{Location: m.Location, Repository: m.Repository, Job: m.Job},
		Status: host.RunStatus(m.Status), StatusReason: m.StatusReason, Attempt: m.Attempt,
		ConfigYAML: m.ConfigYaml, ConfigJSON: m.ConfigJson,
		OpSelection: m.OpSelection, OpPaths: m.OpPaths, Subset: m.Subset,
		Launched: snapshotFromProto(m.Launched), StartedFrom: snapshotFromProto(m.Started),
		CreatedAt: timeFromProto(m.CreatedAt), StartedAt: timeFromProto(m.StartedAt), EndedAt: timeFromProto(m.EndedAt),
		WaitingSince: timeFromProto(m.WaitingSince), Waited: m.Waited.AsDuration(),
		StartTimeouts: m.StartTimeouts, LaunchedAs: jobNameFromProto(m.LaunchedAs),
		TakenOutputs: host.DigestFrom(m.OutputsDigest), RetryDue: m.RetryDue,
	}
	for _, of := range []struct {
		to *host.RunID
		id []byte
	}{{&r.Parent, m.Parent}, {&r.Root, m.Root}} {
		if len(of.id) == 0 {
			continue
		}
		id, err := uuid.FromBytes(of.id)
		if err != nil {
			return nil, fmt.Errorf("parent or root of a run: %w", err)
		}
		*of.to = host.RunID(id.String())
	}
	if c := m.Current; c != nil {
		r.Current = host.AttemptState{
			TokenSHA256: c.TokenSha256, ServerID: c.ServerId, WorkerID: c.WorkerId,
			Handle: c.Handle, Forced: c.Forced, OverRuntime: c.OverRuntime,
			StartingAt: timeFromProto(c.StartingAt), CancelingAt: timeFromProto(c.CancelingAt),
		}
	}
	for _, t := range m.Tags {
		r.Tags = append(r.Tags, tag.Tag{
			Key: t.Key, Value: t.Value, Origin: tag.Origin(t.Origin), EditedBy: t.EditedBy, EditedAt: timeFromProto(t.EditedAt),
		})
	}
	return r, nil
}

func snapshotToProto(s host.Snapshot) *storev1.Snapshot {
	return &storev1.Snapshot{
		DefinitionDigest: digestToProto(s.Definition),
		MetadataDigest:   digestToProto(s.Metadata),
		MetadataEntries:  s.MetadataEntries,
		ServerInfo:       s.ServerInfo,
		AllowDevVersions: s.AllowDevVersions,
		CodeVersion:      s.CodeVersion,
	}
}

func snapshotFromProto(m *storev1.Snapshot) host.Snapshot {
	if m == nil {
		return host.Snapshot{}
	}
	return host.Snapshot{
		Definition:       host.DigestFrom(m.DefinitionDigest),
		Metadata:         host.DigestFrom(m.MetadataDigest),
		MetadataEntries:  m.MetadataEntries,
		ServerInfo:       m.ServerInfo,
		AllowDevVersions: m.AllowDevVersions,
		CodeVersion:      m.CodeVersion,
	}
}

// jobNameToProto leaves out a name that is not set.
func jobNameToProto(n host.JobName) *storev1.JobName {
	if n == (host.JobName{}) {
		return nil
	}
	return &storev1.JobName{Location: n.Location, Repository: n.Repository, Job: n.Job}
}

func jobNameFromProto(m *storev1.JobName) host.JobName {
	return host.JobName{Location: m.GetLocation(), Repository: m.GetRepository(), Job: m.GetJob()}
}

func digestToProto(d host.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeFromProto(m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.AsTime()
}

// spanToProto leaves no time at all unset.
func spanToProto(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
