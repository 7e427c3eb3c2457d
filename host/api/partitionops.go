package api

import (
	"context"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	// maxGridOps is how many statuses of ops of runs that have ended are remembered.
	maxGridOps = 200_000
	// maxGridEvents is how many events of a run are read at most: of ops that ended behind those it is not known how.
	maxGridEvents = 20_000
	// gridEventsAtOnce is how many are read at a time; each may have 256 KiB.
	gridEventsAtOnce = 100
)

// gridOps remembers how ops of runs went that have ended. All methods may be called concurrently.
type gridOps struct {
	store host.Store

	mu   sync.Mutex
	of   map[host.RunID]map[string]hostv1.PartitionOpStatus
	size int
}

func newGridOps(store host.Store) *gridOps {
	return &gridOps{store: store, of: map[host.RunID]map[string]hostv1.PartitionOpStatus{}}
}

// ops is how each op of a run went, or goes. What it returns is not to be changed.
func (g *gridOps) ops(ctx context.Context, run *host.Run) (map[string]hostv1.PartitionOpStatus, error) {
	g.mu.Lock()
	known := g.of[run.ID]
	g.mu.Unlock()
	if known != nil {
		return known, nil
	}
	went, err := g.read(ctx, run)
	if err != nil || !run.Status.Final() {
		return went, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.size+len(went) > maxGridOps {
		clear(g.of) // those in use come again at once
		g.size = 0
	}
	if g.of[run.ID] == nil {
		g.of[run.ID] = went
		g.size += len(went)
	}
	return went, nil
}

// read works it out: of a run that ended well without its events.
func (g *gridOps) read(ctx context.Context, run *host.Run) (map[string]hostv1.PartitionOpStatus, error) {
	usual := hostv1.PartitionOpStatus_PARTITION_OP_STATUS_PENDING // what is said of an op of which there is no event
	switch run.Status {
	case host.Success:
		usual = hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SUCCESS
	case host.Failure, host.Canceled:
		usual = hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SKIPPED
	default:
	}
	instances := map[string]hostv1.PartitionOpStatus{}
	if run.Status != host.Success {
		all, err := g.follow(ctx, run, instances)
		if err != nil {
			return nil, err
		}
		if !all {
			usual = hostv1.PartitionOpStatus_PARTITION_OP_STATUS_UNSPECIFIED
		}
	}
	went := map[string]hostv1.PartitionOpStatus{}
	for path, status := range instances {
		if status == hostv1.PartitionOpStatus_PARTITION_OP_STATUS_PENDING && run.Status.Final() {
			status = hostv1.PartitionOpStatus_PARTITION_OP_STATUS_FAILURE // it was cut off
		}
		went[host.OpOf(path)] = worse(went[host.OpOf(path)], status)
	}
	for _, path := range run.OpPaths {
		if op := host.OpOf(path); went[op] == hostv1.PartitionOpStatus_PARTITION_OP_STATUS_UNSPECIFIED {
			went[op] = usual
		}
	}
	return went, nil
}

// follow reads the events of a run's newest attempt, and reports whether it read all.
func (g *gridOps) follow(ctx context.Context, run *host.Run, instances map[string]hostv1.PartitionOpStatus) (all bool, err error) {
	after := host.Cursor{}
	for n := 0; n < maxGridEvents; {
		events, err := g.store.Events(ctx, run.ID, after, gridEventsAtOnce)
		if err != nil {
			return false, err
		}
		for _, e := range events {
			if e.Cursor.Attempt > after.Attempt {
				clear(instances)
			}
			after = e.Cursor
			var event workerv1.Event
			if err := proto.Unmarshal(e.Data, &event); err != nil {
				continue // what cannot be read changes nothing
			}
			switch d := event.GetDetail().(type) {
			case *workerv1.Event_OpStarted:
				instances[event.GetOpPath()] = hostv1.PartitionOpStatus_PARTITION_OP_STATUS_PENDING
			case *workerv1.Event_OpFinished:
				instances[event.GetOpPath()] = opStatusOf(d.OpFinished)
			default:
			}
		}
		if n += len(events); len(events) < gridEventsAtOnce {
			return true, nil
		}
	}
	return false, nil
}

func opStatusOf(f *workerv1.OpFinished) hostv1.PartitionOpStatus {
	if f.GetRetryAfter() != nil {
		return hostv1.PartitionOpStatus_PARTITION_OP_STATUS_PENDING
	}
	switch f.GetOutcome() {
	case workerv1.Outcome_OUTCOME_SUCCESS, workerv1.Outcome_OUTCOME_REUSED:
		return hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SUCCESS
	case workerv1.Outcome_OUTCOME_SKIPPED, workerv1.Outcome_OUTCOME_CANCELED:
		return hostv1.PartitionOpStatus_PARTITION_OP_STATUS_SKIPPED
	default:
		return hostv1.PartitionOpStatus_PARTITION_OP_STATUS_FAILURE
	}
}
