package compat

import (
	"context"
	"crypto/rand"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// launch checks that a run of the job that uses everything goes its way, and keeps the job as of launch.
func (f *findings) launch(ctx context.Context, h Host, s Subject) error {
	name := s.Location + "/tutorial/" + JobEverything
	run, err := h.Launch(ctx, request(name))
	if !s.Want.Usable() {
		if err == nil {
			f.addf(CheckLaunch, "a run was queued of a location that cannot be used")
		}
		return nil
	}
	if err != nil {
		f.addf(CheckLaunch, "%s cannot be launched: %v", name, err)
		return nil
	}
	ended, events, err := h.Follow(ctx, run.GetId())
	if err != nil {
		return fmt.Errorf("follow run %s of %s: %w", run.GetId(), name, err)
	}
	f.heard(run, ended)
	for _, e := range events {
		f.heard(e)
	}
	outcome := s.Want.Outcome
	if outcome == hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
		outcome = hostv1.RunStatus_RUN_STATUS_SUCCESS
	}
	if ended.GetStatus() != outcome {
		f.addf(CheckLaunch, "the run ended %s (%s), want %s", ended.GetStatus(), ended.GetStatusReason(), outcome)
	}
	f.started(s, run.GetId(), events)
	return f.snapshot(ctx, h, s, run)
}

func request(job string) *hostv1.LaunchRunRequest {
	return &hostv1.LaunchRunRequest{RequestId: rand.Text(), Job: job}
}

// started checks that user code began as often as the host granted, and what came of it.
func (f *findings) started(s Subject, run string, events []*hostv1.StoredEvent) {
	grants, refusing := 0, s.Behavior.Refuse != nil
	for _, g := range s.Peer.Recorded().Grants {
		if g.RunID == run {
			grants++
		}
	}
	finished := 0
	for _, e := range events {
		if e.GetUnreadable() != "" {
			f.addf(CheckLaunch, "an event cannot be read: %s", e.GetUnreadable())
		}
		if e.GetEvent().GetKind() == "op_finished" && e.GetEvent().GetOpFinished().GetOutcome() == workerv1.Outcome_OUTCOME_SUCCESS {
			finished++
		}
	}
	want := 1
	if refusing {
		want = 0
	}
	if grants != want || finished != want*opsOfEverything {
		f.addf(CheckLaunch, "user code began %d times and ended %d ops, want %d and %d", grants, finished, want, want*opsOfEverything)
	}
}

// launched is a job's definition as its runs show it: without partitions, which are its page's and have a gate of their own.
func launched(j hosttest.Job) *usercodev1.JobDefinition {
	def := proto.CloneOf(j.Definition)
	def.Partitions = nil
	return def
}

// snapshot checks a run's job as of launch.
func (f *findings) snapshot(ctx context.Context, h Host, s Subject, run *hostv1.Run) error {
	snapshot, err := h.Snapshot(ctx, run.GetId())
	if err != nil {
		f.addf(CheckLaunch, "the run has no snapshot: %v", err)
		return nil
	}
	f.heard(snapshot)
	j, _ := definitionOf(s.Behavior.Repositories, "tutorial", JobEverything)
	f.equal(CheckLaunch, "the run's definition", snapshot.GetDefinition(), launched(j))
	f.metadata(s, "run "+run.GetId(), j, snapshot.GetMetadata())
	if digest := run.GetMetadataDigest(); (len(digest) > 0) != s.Want.Shown() {
		f.addf(CheckLaunch, "the run names the metadata body %x", digest)
	}
	if run.GetCodeVersion() != s.build().GetCodeVersion() || run.GetProtocolVersion() != reported(s.Behavior) {
		f.addf(CheckLaunch, "the run is of code version %q, protocol %q; want %q, %q", run.GetCodeVersion(), run.GetProtocolVersion(), s.build().GetCodeVersion(), reported(s.Behavior))
	}
	tags := map[string]string{}
	for _, t := range run.GetTags() {
		tags[t.GetKey()] = t.GetValue()
	}
	for _, t := range j.Definition.GetTags() {
		if tags[t.GetKey()] != t.GetValue() {
			f.addf(CheckLaunch, "the run has %s=%q, want the job's tag %q", t.GetKey(), tags[t.GetKey()], t.GetValue())
		}
	}
	return nil
}

// cancel checks that a run that is under way ends when it is asked to.
func (f *findings) cancel(ctx context.Context, h Host, s Subject) error {
	if !s.Want.Usable() || s.Behavior.Refuse != nil || s.Want.Outcome != hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
		return nil
	}
	s.Hold.Shut()
	defer s.Hold.Open()
	run, err := h.Launch(ctx, request(s.Location+"/warehouse/"+JobSmall))
	if err != nil {
		f.addf(CheckCancel, "%s cannot be launched: %v", JobSmall, err)
		return nil
	}
	if err := h.Begun(ctx, run.GetId()); err != nil {
		f.addf(CheckCancel, "run %s does not begin: %v", run.GetId(), err)
		return nil
	}
	if _, err := h.Cancel(ctx, run.GetId()); err != nil {
		f.addf(CheckCancel, "run %s cannot be canceled: %v", run.GetId(), err)
		return nil
	}
	ended, _, err := h.Follow(ctx, run.GetId())
	if err != nil {
		return err
	}
	if ended.GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED {
		f.addf(CheckCancel, "the run ended %s (%s), want CANCELED", ended.GetStatus(), ended.GetStatusReason())
	}
	return nil
}
