package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

func (p *parted) list(req *hostv1.ListPartitionsRequest) (keys []string, res *hostv1.ListPartitionsResponse) {
	p.t.Helper()
	res, err := p.partitions.ListPartitions(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, k := range res.GetKeys() {
		keys = append(keys, k.GetKey())
	}
	return keys, res
}

func TestListPartitions(t *testing.T) {
	p := withPartitions(t, settings{idle: true}, partedPeer())
	keys, res := p.list(&hostv1.ListPartitionsRequest{Job: "regional"})
	if fmt.Sprint(keys) != "[eu us asia fail-here]" || res.GetTotal() != 4 || res.GetDefinition().GetName() != "regions" {
		t.Errorf("ListPartitions = %v", res)
	}
	keys, res = p.list(&hostv1.ListPartitionsRequest{Job: "days", PageSize: 2})
	if fmt.Sprint(keys) != "[2026-11-01 2026-11-02]" || res.GetKeys()[0].GetEnd().AsTime() != res.GetKeys()[1].GetStart().AsTime() {
		t.Errorf("the first days are %v", res)
	}
	keys, _ = p.list(&hostv1.ListPartitionsRequest{Job: "days", PageSize: 2, PageCursor: res.GetNextCursor()})
	if fmt.Sprint(keys) != "[2026-11-03 2026-11-04]" {
		t.Errorf("the next days are %v", keys)
	}
	if _, res := p.list(&hostv1.ListPartitionsRequest{Job: "plain"}); res.GetDefinition() != nil || res.GetRefusal() != nil || res.GetTotal() > 0 {
		t.Errorf("ListPartitions of a job without = %v", res)
	}
	changed, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "paired", Add: []string{"acme", "initech", "acme"}})
	if err != nil || changed.GetAdded() != 2 || changed.GetTotal() != 2 {
		t.Errorf("ChangePartitionKeys = %v, %v", changed, err)
	}
	changed, err = p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "paired", Dimension: "customer", Add: []string{"hooli"}, Remove: []string{"acme", "nobody"}})
	if err != nil || changed.GetAdded() != 1 || changed.GetRemoved() != 1 || changed.GetTotal() != 2 {
		t.Errorf("ChangePartitionKeys = %v, %v", changed, err)
	}
	if keys, _ = p.list(&hostv1.ListPartitionsRequest{Job: "paired", Dimension: "customer", NewestFirst: true}); fmt.Sprint(keys) != "[hooli initech]" {
		t.Errorf("the keys of the dynamic dimension are %v", keys)
	}
	if keys, _ = p.list(&hostv1.ListPartitionsRequest{Job: "paired", Prefix: "red|"}); fmt.Sprint(keys) != "[red|initech red|hooli]" {
		t.Errorf("the whole partitions are %v", keys)
	}
	for name, call := range map[string]func() error{
		"no job": func() error {
			_, err := p.partitions.ListPartitions(t.Context(), &hostv1.ListPartitionsRequest{Job: "nosuch"})
			return err
		},
		`"nosuch"`: func() error {
			_, err := p.partitions.ListPartitions(t.Context(), &hostv1.ListPartitionsRequest{Job: "paired", Dimension: "nosuch"})
			return err
		},
		"at most 10000": func() error {
			_, err := p.partitions.ListPartitions(t.Context(), &hostv1.ListPartitionsRequest{Job: "paired", PageSize: 10_001})
			return err
		},
		"cursor": func() error {
			_, err := p.partitions.ListPartitions(t.Context(), &hostv1.ListPartitionsRequest{Job: "paired", PageCursor: "x"})
			return err
		},
		"are not dynamic": func() error {
			_, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "days", Add: []string{"x"}})
			return err
		},
		`no dynamic dimension "color"`: func() error {
			_, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "paired", Dimension: "color", Add: []string{"x"}})
			return err
		},
		"has no partitions": func() error {
			_, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "plain", Add: []string{"x"}})
			return err
		},
		"between the keys of two dimensions": func() error {
			_, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "paired", Add: []string{"a|b"}})
			return err
		},
		"at most 10000 are allowed": func() error {
			_, err := p.partitions.ChangePartitionKeys(t.Context(), &hostv1.ChangePartitionKeysRequest{Job: "paired", Add: slices.Repeat([]string{"x"}, 10_001)})
			return err
		},
		"at most 500": func() error {
			_, err := p.partitions.GetPartitionGrid(t.Context(), &hostv1.GetPartitionGridRequest{Job: "paired", Keys: slices.Repeat([]string{"x"}, 501)})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(errorText(t, err), name) {
			t.Errorf("want an error with %q, got %s", name, errorText(t, err))
		}
	}
}

// TestPartitionsOfAnOldServer refuses, and does not say that there are none.
func TestPartitionsOfAnOldServer(t *testing.T) {
	b := partedPeer()
	b.Capabilities = slices.DeleteFunc(b.Capabilities, func(c *usercodev1.Capability) bool { return c.GetName() == versioncheck.Partitions })
	p := withPartitions(t, settings{idle: true}, b)
	if _, res := p.list(&hostv1.ListPartitionsRequest{Job: "days"}); res.GetRefusal() == nil || res.GetDefinition() != nil {
		t.Errorf("ListPartitions = %v, want a refusal", res)
	}
	_, err := p.backfills.StartBackfill(t.Context(), &hostv1.StartBackfillRequest{
		RequestId: "request-of-old-server", Backfill: &hostv1.BackfillRequest{Job: "days", Partitions: allPartitions()},
	})
	if connect.CodeOf(err) != connect.CodePermissionDenied {
		t.Errorf("StartBackfill = %v, want it refused", err)
	}
}

// TestPartitionGrid looks at partitions whose ops ended in several runs.
func TestPartitionGrid(t *testing.T) {
	p := withPartitions(t, settings{}, partedPeer())
	grid := func(keys ...string) *hostv1.GetPartitionGridResponse {
		t.Helper()
		res, err := p.partitions.GetPartitionGrid(t.Context(), &hostv1.GetPartitionGridRequest{Job: "regional", Keys: keys})
		if err != nil || len(res.GetPartitions()) != len(keys) {
			t.Fatalf("GetPartitionGrid = %v, %v", res, err)
		}
		return res
	}
	launched := p.launch(&hostv1.LaunchRunRequest{Job: "regional", Partition: "us"})
	_, first := p.follow(launched.GetId())
	res := grid("eu", "us")
	if eu := res.GetPartitions()[0]; eu.GetRun() != nil || eu.GetRuns() != 0 || len(eu.GetOps()) > 0 {
		t.Errorf("a partition without a run is %v", eu)
	}
	us := res.GetPartitions()[1]
	if us.GetRun().GetId() != first.GetId() || us.GetRuns() != 1 || len(us.GetOps()) != len(res.GetOps()) || len(res.GetOps()) < 2 {
		t.Fatalf("the grid is %v", res)
	}
	for i, op := range us.GetOps() {
		if op.GetRunId() != first.GetId() || op.GetStatus() != hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SUCCESS {
			t.Errorf("op %s is %v", res.GetOps()[i], op)
		}
	}
	// A run of one op alone: the others are as they were.
	op := res.GetOps()[0]
	launched = p.launch(&hostv1.LaunchRunRequest{Job: "regional", Partition: "us", OpSelection: op})
	_, second := p.follow(launched.GetId())
	us = grid("us").GetPartitions()[0]
	if us.GetRun().GetId() != second.GetId() || us.GetRuns() != 2 || us.GetOps()[0].GetRunId() != second.GetId() || us.GetOps()[1].GetRunId() != first.GetId() {
		t.Errorf("after a run of %s alone the grid is %v", op, us)
	}
	res, err := p.partitions.GetPartitionGrid(t.Context(), &hostv1.GetPartitionGridRequest{Job: "regional", Keys: []string{"us"}, WithoutOps: true})
	if err != nil || len(res.GetOps()) > 0 || len(res.GetPartitions()[0].GetOps()) > 0 || res.GetPartitions()[0].GetRuns() != 2 {
		t.Errorf("GetPartitionGrid without ops = %v, %v", res, err)
	}
}
