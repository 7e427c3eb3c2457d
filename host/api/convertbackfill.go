package api

import (
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/partition"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// backfillRequestFrom reads what a backfill is to launch.
func backfillRequestFrom(w *hostv1.BackfillRequest) (q backfill.Request, err error) {
	if w != nil && hasUnknown(w.ProtoReflect()) { // it may be what says that fewer runs are meant
		return q, &host.Error{
			Code: host.Invalid, Reason: "BACKFILL_INVALID",
			Message: "the backfill says something that this host does not know",
			Remedy:  "update the host, or ask with a client of its version",
		}
	}
	q = backfill.Request{
		Job: w.GetJob(), Selection: selectionFrom(w.GetPartitions()),
		FailedOnly: w.GetPartitions().GetFailedOnly(), MissingOnly: w.GetPartitions().GetMissingOnly(),
		NewestFirst: w.GetNewestFirst(), Tags: tagsFrom(w.GetTags()), ConfigYAML: w.GetConfigYaml(), OpSelection: w.GetOpSelection(),
		MaxOpenRuns: int(w.GetMaxOpenRuns()), Title: w.GetTitle(),
	}
	return q, nil
}

func selectionFrom(w *hostv1.PartitionSelection) partition.Selection {
	s := partition.Selection{All: w.GetAll(), Keys: w.GetKeys()}
	for _, r := range w.GetRanges() {
		s.Ranges = append(s.Ranges, partition.Range{From: r.GetFrom(), To: r.GetTo()})
	}
	return s
}

// backfillAsked is what is asked for, to keep, and the digest of everything that belongs to it.
func backfillAsked(req *hostv1.StartBackfillRequest) (asked []byte, digest host.Digest, err error) {
	deterministic := proto.MarshalOptions{Deterministic: true}
	if asked, err = deterministic.Marshal(req.GetBackfill()); err != nil {
		return nil, digest, fmt.Errorf("encode what is asked for: %w", err)
	}
	all, err := deterministic.Marshal(&hostv1.StartBackfillRequest{Backfill: req.GetBackfill(), By: req.GetBy()})
	if err != nil {
		return nil, digest, fmt.Errorf("encode what is asked for: %w", err)
	}
	return asked, sha256.Sum256(all), nil
}

var backfillStateWire = map[host.BackfillState]hostv1.BackfillState{
	host.BackfillRunning:   hostv1.BackfillState_BACKFILL_STATE_RUNNING,
	host.BackfillCanceling: hostv1.BackfillState_BACKFILL_STATE_CANCELING,
	host.BackfillSuccess:   hostv1.BackfillState_BACKFILL_STATE_SUCCESS,
	host.BackfillFailure:   hostv1.BackfillState_BACKFILL_STATE_FAILURE,
	host.BackfillCanceled:  hostv1.BackfillState_BACKFILL_STATE_CANCELED,
}

func backfillToWire(b *host.Backfill, p *backfill.Progress) *hostv1.Backfill {
	request := &hostv1.BackfillRequest{}
	if err := proto.Unmarshal(b.Asked, request); err != nil {
		request = &hostv1.BackfillRequest{} // kept by another version: what is known otherwise is shown
	}
	request.Job, request.MaxOpenRuns, request.Title = valid(b.Job.String()), uint32(b.MaxOpenRuns), valid(b.Title)
	return &hostv1.Backfill{
		Id: b.ID, Request: request, By: valid(b.By), State: backfillStateWire[b.State],
		CreatedAt: timeToWire(b.CreatedAt), EndedAt: timeToWire(b.EndedAt),
		Partitions: uint64(len(b.Partitions)), NotLaunched: uint64(p.NotLaunched), Refused: uint64(p.Refused),
		Counts: partitionCounts(0, p.Counts), Problem: valid(p.Problem),
	}
}

// partitionCounts are counts in the order of a run's life; without a run comes first.
func partitionCounts(none int, counts host.RunCounts) (out []*hostv1.PartitionCount) {
	if none > 0 {
		out = append(out, &hostv1.PartitionCount{Count: uint64(none)})
	}
	for _, status := range host.RunStatuses {
		if n := counts[status]; n > 0 {
			out = append(out, &hostv1.PartitionCount{Status: runStatusToWire(status), Count: n})
		}
	}
	return out
}
