package boltstore

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
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
	run, _, err := readRun(payload)
	return run, err
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

// jobNameToProto leaves out a name that is not set.
func jobNameToProto(n host.JobName) *storev1.JobName {
	if n == (host.JobName{}) {
		return nil
	}
	return &storev1.JobName{Location: n.Location, Repository: n.Repository, Job: n.Job}
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
