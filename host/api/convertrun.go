package api

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// runToWire converts a run in full. lastSeq is that of the last event of its current attempt.
func runToWire(r *host.Run, lastSeq uint64) *hostv1.Run {
	out := &hostv1.Run{
		Id:           string(r.ID),
		Seq:          r.Seq,
		Job:          jobNameToWire(r.Job),
		Status:       runStatusToWire(r.Status),
		StatusReason: valid(r.StatusReason),
		Attempt:      r.Attempt,
		Tags:         tagsToWire(r.Tags),

		DefinitionDigest:        digestToWire(r.Launched.Definition),
		MetadataDigest:          digestToWire(r.Launched.Metadata),
		StartedDefinitionDigest: digestToWire(r.StartedFrom.Definition),

		ConfigYaml:   r.ConfigYAML,
		OpSelection:  r.OpSelection,
		OpPaths:      r.OpPaths,
		CreatedAt:    timeToWire(r.CreatedAt),
		StartedAt:    timeToWire(r.StartedAt),
		EndedAt:      timeToWire(r.EndedAt),
		LastEventSeq: lastSeq,
		WorkerHandle: valid(r.Current.Handle),
		WaitingSince: timeToWire(r.WaitingSince),

		Snapshot:           r.Launched.ID(),
		StartedSnapshot:    r.StartedFrom.ID(),
		CodeVersion:        valid(r.Launched.CodeVersion),
		StartedCodeVersion: valid(r.StartedFrom.CodeVersion),
		ProtocolVersion:    valid(serverInfoFrom(r.Launched.ServerInfo).GetProtocolVersion()),
	}
	out.ParentRun, out.RootRun, out.RetryDue = string(r.Parent), string(r.Root), r.RetryDue
	if r.LaunchedAs != (host.JobName{}) {
		out.LaunchedJob = jobNameToWire(r.LaunchedAs)
	}
	return out
}

// runRowToWire is runToWire without what only a run's own page shows and may be a megabyte.
func runRowToWire(r *host.Run, lastSeq uint64) *hostv1.Run {
	row := *r
	row.ConfigYAML = ""
	return runToWire(&row, lastSeq)
}

// serverInfoFrom decodes a report as it came; one that cannot be read is as none.
func serverInfoFrom(encoded []byte) *usercodev1.ServerInfo {
	if len(encoded) == 0 {
		return nil
	}
	var info usercodev1.ServerInfo
	if err := proto.Unmarshal(encoded, &info); err != nil {
		return nil
	}
	return &info
}

// eventToWire decodes an event of a worker of any version, or says why it cannot be read.
func eventToWire(e host.StoredEvent) *hostv1.StoredEvent {
	out := &hostv1.StoredEvent{Attempt: e.Cursor.Attempt}
	if e.Cursor.Note == 0 {
		out.Seq = e.Cursor.Seq
	}
	var event workerv1.Event
	if err := proto.Unmarshal(e.Data, &event); err != nil {
		out.Unreadable = fmt.Sprintf("an event of %d bytes that is damaged, or holds text that is not UTF-8", len(e.Data))
		return out
	}
	out.Event = &event
	return out
}

var runStatusWire = map[host.RunStatus]hostv1.RunStatus{
	host.Queued:         hostv1.RunStatus_RUN_STATUS_QUEUED,
	host.WaitingForCode: hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE,
	host.Starting:       hostv1.RunStatus_RUN_STATUS_STARTING,
	host.Started:        hostv1.RunStatus_RUN_STATUS_STARTED,
	host.Canceling:      hostv1.RunStatus_RUN_STATUS_CANCELING,
	host.Success:        hostv1.RunStatus_RUN_STATUS_SUCCESS,
	host.Failure:        hostv1.RunStatus_RUN_STATUS_FAILURE,
	host.Canceled:       hostv1.RunStatus_RUN_STATUS_CANCELED,
}

func runStatusToWire(s host.RunStatus) hostv1.RunStatus { return runStatusWire[s] }

// runStatusFrom is the reverse; ok is false for a status that this host does not know.
func runStatusFrom(w hostv1.RunStatus) (s host.RunStatus, ok bool) {
	for s, same := range runStatusWire {
		if same == w {
			return s, true
		}
	}
	return "", false
}

// timeToWire leaves an instant that has not come unset.
func timeToWire(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// digestToWire leaves the digest of nothing empty.
func digestToWire(d host.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}
