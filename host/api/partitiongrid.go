package api

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// gridDepth is how many runs of a partition are looked at, from the newest on, to find the one that executed an op last: of
// a run that executes some ops alone the others are those of runs before.
const gridDepth = 10

// GetPartitionGrid returns the newest run of each of some partitions, with how each op of it went.
func (p partitionService) GetPartitionGrid(ctx context.Context, req *hostv1.GetPartitionGridRequest) (*hostv1.GetPartitionGridResponse, error) {
	if n := len(req.GetKeys()); n > maxGridKeys {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "PARTITION_KEYS",
			Message: fmt.Sprintf("%d partitions are asked for; at most %d are allowed", n, maxGridKeys), Remedy: "ask for them in several calls",
		}
	}
	job, err := p.s.o.Workspace.FindJob(req.GetJob())
	if err != nil {
		return nil, err
	}
	out, payload := &hostv1.GetPartitionGridResponse{}, 0
	if !req.GetWithoutOps() {
		definition, err := job.Definition()
		if err != nil {
			return nil, err
		}
		out.Ops = definition.Ops().Paths
	}
	for _, key := range req.GetKeys() {
		status, err := p.partition(ctx, job.Name, key, out.GetOps())
		if err != nil {
			return nil, err
		}
		if payload += proto.Size(status); payload > maxPagePayload {
			return nil, &host.Error{
				Code: host.Invalid, Reason: "PARTITION_KEYS",
				Message: fmt.Sprintf("the answer for %d partitions would be too large", len(req.GetKeys())),
				Remedy:  "ask for fewer at a time, or without ops",
			}
		}
		out.Partitions = append(out.Partitions, status)
	}
	return out, nil
}

// partition is how a partition stands.
func (p partitionService) partition(ctx context.Context, job host.JobName, key string, ops []string) (*hostv1.PartitionStatus, error) {
	where := backfill.RunsOf(job, key)
	counts, err := p.s.o.Store.CountRuns(ctx, where)
	if _, err = host.DamageIn(err); err != nil {
		return nil, err
	}
	out := &hostv1.PartitionStatus{Key: key, Runs: counts.Total()}
	if counts.Total() == 0 {
		return out, nil
	}
	newest, err := p.newest(ctx, where, 0, 1)
	if err != nil || len(newest) == 0 {
		return out, err
	}
	if out.Run, err = p.runs.rowToWire(ctx, &newest[0]); err != nil || len(ops) == 0 {
		return out, err
	}
	out.Ops = make([]*hostv1.PartitionOp, len(ops))
	left := len(ops)
	for i := range out.Ops {
		out.Ops[i] = &hostv1.PartitionOp{}
	}
	for left > 0 && len(newest) > 0 {
		for i := range newest {
			n, err := p.takeOps(ctx, &newest[i], ops, out.GetOps())
			if left -= n; err != nil {
				return nil, err
			}
		}
		if newest[0].Seq < out.GetRun().GetSeq() { // the second page was the last one
			break
		}
		if newest, err = p.newest(ctx, where, newest[len(newest)-1].Seq, gridDepth-1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// newest are the runs before one, newest first.
func (p partitionService) newest(ctx context.Context, where *selector.Expr, before uint64, limit int) (runs []host.Run, err error) {
	for more := true; more && len(runs) < limit; {
		page, err := p.s.o.Store.Runs(ctx, where, before, limit-len(runs))
		if _, err = host.DamageIn(err); err != nil {
			return nil, err
		}
		runs = append(runs, page.Runs...)
		before, more = page.Next, page.Next > 0
	}
	return runs, nil
}

// takeOps takes in how ops of a run went of which nothing is known yet, and counts them.
func (p partitionService) takeOps(ctx context.Context, run *host.Run, ops []string, into []*hostv1.PartitionOp) (taken int, err error) {
	var went map[string]hostv1.PartitionOpStatus
	executes := executedOps(run)
	for i, op := range ops {
		if into[i].GetRunId() != "" || !executes[op] {
			continue
		}
		if went == nil {
			if went, err = p.s.grid.ops(ctx, run); err != nil {
				return taken, err
			}
		}
		into[i].RunId, into[i].Status = string(run.ID), went[op]
		taken++
	}
	return taken, nil
}

// executedOps are the ops that a run is to execute, those in maps without the keys of their instances.
func executedOps(run *host.Run) map[string]bool {
	executes := make(map[string]bool, len(run.OpPaths))
	for _, path := range run.OpPaths {
		executes[host.OpOf(path)] = true
	}
	return executes
}

// worse is the status that an op has of which two instances went like that.
func worse(a, b hostv1.PartitionOpStatus) hostv1.PartitionOpStatus {
	order := []hostv1.PartitionOpStatus{
		hostv1.PartitionOpStatus_PARTITION_OP_STATUS_UNSPECIFIED, hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SUCCESS,
		hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SKIPPED, hostv1.PartitionOpStatus_PARTITION_OP_STATUS_PENDING,
		hostv1.PartitionOpStatus_PARTITION_OP_STATUS_FAILURE,
	}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}
