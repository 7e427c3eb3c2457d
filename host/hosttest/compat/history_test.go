package compat

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// TestDiffsTellNothingWithheld compares every snapshot of a job with every other, over upgrades and downgrades: where one
// of the two was refused, metadata is not compared, or it would look as if it had been added or removed.
func TestDiffsTellNothingWithheld(t *testing.T) {
	t.Parallel() // it has a host of its own
	first, second := newCanary(), newCanary()
	stages := []struct {
		version      version
		repositories []hosttest.Repository
	}{
		{versions()[3], Fixture(first)},     // 0.14.17
		{versions()[3], Redeployed(second)}, // 0.14.17
		{versions()[4], Redeployed(second)}, // 0.14.18
		{versions()[3], Redeployed(first)},  // 0.14.17
	}
	b := stages[0].version.behavior(first)
	b.Repositories = stages[0].repositories
	peer := hosttest.StartAt(t, hosttest.OwnAddress(), b)
	h := Start(t, Options{Directory: t.TempDir(), Clock: clock{}, Locations: []host.LocationConfig{{Name: "code", Address: peer.Address()}}})
	model := Model{Host: current()}
	for i, s := range stages {
		if i > 0 {
			b = s.version.behavior(first)
			b.Repositories = s.repositories
			if err := peer.Become(b); err != nil {
				t.Fatal(err)
			}
		}
		answersAs(t, h, "code", peer, model.Judge(s.version.report))
		before := peer.Recorded().InfoCalls // what is loaded is stored before the next probe but one
		if err := peer.Await(patience(t), func(r hosttest.Recorded) bool { return r.InfoCalls > before+2 }); err != nil {
			t.Fatal(err)
		}
	}
	const job = "code/tutorial/" + JobEverything
	snapshots, err := h.History(patience(t), job)
	if err != nil || len(snapshots) != len(stages) {
		t.Fatalf("%d snapshots, %v; want %d", len(snapshots), err, len(stages))
	}
	const refused = hostv1.FeatureState_FEATURE_STATE_REFUSED
	for i, from := range snapshots {
		for k, to := range snapshots {
			if i == k {
				continue
			}
			diff, err := h.Diff(patience(t), &hostv1.DiffJobRequest{Job: job, From: from.GetId(), To: to.GetId()})
			if err != nil {
				t.Errorf("from %d to %d: %v", i, k, err)
				continue
			}
			withheld := from.GetMetadataState() == refused || to.GetMetadataState() == refused
			if !withheld || diff.GetMetadataRefusal() == nil {
				t.Errorf("from %d to %d: the states are %s and %s, refusal %v; want one of both refused, and said so",
					i, k, from.GetMetadataState(), to.GetMetadataState(), diff.GetMetadataRefusal())
			}
			for _, c := range diff.GetChanges() {
				if c.GetSection() == hostv1.JobChangeSection_JOB_CHANGE_SECTION_METADATA {
					t.Errorf("from %d to %d: metadata that is withheld counts as changed: %v", i, k, c)
				}
			}
			if text := prototext.Format(diff); strings.Contains(text, first) || strings.Contains(text, second) {
				t.Errorf("from %d to %d: withheld metadata is told: %s", i, k, text)
			}
		}
	}
}
