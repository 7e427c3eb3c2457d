package api

import (
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// bulkActionFrom reads what is to be done; which runs are meant is not part of it. What it does not know is left out.
func bulkActionFrom(w *hostv1.BulkAction) (a host.BulkAction) {
	switch {
	case w.GetCancel() != nil:
		a.Kind, a.Force, a.Reason = host.BulkCancel, w.GetCancel().GetForce(), w.GetCancel().GetReason()
	case w.GetReexecute() != nil:
		a.Kind, a.Strategy = host.BulkReexecute, w.GetReexecute().GetStrategy().String()
		if s, ok := strategies[w.GetReexecute().GetStrategy()]; ok {
			a.Strategy = string(s)
		}
	case w.GetTag() != nil:
		a.Kind, a.Set, a.Remove = host.BulkTag, tagsFrom(w.GetTag().GetSet()), w.GetTag().GetRemove()
	case w.GetDelete() != nil:
		a.Kind = host.BulkDelete
	}
	return a
}

func bulkActionToWire(a *host.BulkAction) *hostv1.BulkAction {
	out := &hostv1.BulkAction{}
	if len(a.Runs) == 0 {
		out.Filter = &hostv1.RunFilter{Where: a.Where}
	}
	for _, run := range a.Runs {
		out.RunIds = append(out.RunIds, string(run.ID))
	}
	switch a.Kind {
	case host.BulkCancel:
		out.Action = &hostv1.BulkAction_Cancel{Cancel: &hostv1.BulkCancel{Force: a.Force, Reason: valid(a.Reason)}}
	case host.BulkReexecute:
		strategy := hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL
		if reexecution.Strategy(a.Strategy) == reexecution.FromFailure {
			strategy = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE
		}
		out.Action = &hostv1.BulkAction_Reexecute{Reexecute: &hostv1.BulkReexecute{Strategy: strategy}}
	case host.BulkTag:
		out.Action = &hostv1.BulkAction_Tag{Tag: &hostv1.TagEdit{Set: tagsToWire(a.Set), Remove: a.Remove}}
	case host.BulkDelete:
		out.Action = &hostv1.BulkAction_Delete{Delete: &hostv1.BulkDelete{}}
	}
	return out
}

var bulkStateWire = map[host.BulkState]hostv1.BulkState{
	host.BulkRunning: hostv1.BulkState_BULK_STATE_RUNNING,
	host.BulkDone:    hostv1.BulkState_BULK_STATE_DONE,
	host.BulkStopped: hostv1.BulkState_BULK_STATE_STOPPED,
}

func bulkToWire(b *host.Bulk) *hostv1.Bulk {
	out := &hostv1.Bulk{
		Id: b.ID, Action: bulkActionToWire(&b.Action), By: valid(b.By), State: bulkStateWire[b.State],
		CreatedAt: timeToWire(b.CreatedAt), EndedAt: timeToWire(b.EndedAt),
		Selected: b.Selected, Changed: b.Changed, PassedOver: b.PassedOver, Failed: b.Failed, Error: valid(b.Error),
	}
	for _, f := range b.Failures {
		out.Failures = append(out.Failures, &hostv1.BulkFailure{RunId: string(f.Run), Message: valid(f.Message)})
	}
	return out
}

// askedFor is the digest of everything that is asked for. Distances from now are in it as they were written.
func askedFor(req *hostv1.StartBulkRequest) (host.Digest, error) {
	asked := &hostv1.StartBulkRequest{Action: req.GetAction(), By: req.GetBy()}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(asked)
	if err != nil {
		return host.Digest{}, fmt.Errorf("encode what is asked for: %w", err)
	}
	return sha256.Sum256(text), nil
}
