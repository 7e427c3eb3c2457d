package api

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/queue"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// maxLimitChanges is how many changes of limits GetHost tells of.
const maxLimitChanges = 10

// hostService serves HostService.
type hostService struct{ s *Server }

var _ hostv1connect.HostServiceHandler = hostService{}

// GetHost tells what this host is and how its queue stands.
func (h hostService) GetHost(ctx context.Context, _ *hostv1.GetHostRequest) (*hostv1.GetHostResponse, error) {
	size, err := h.s.o.Store.Size()
	if err != nil {
		return nil, err
	}
	status, identity := h.s.o.Queue.Status(), h.s.o.Identity
	out := &hostv1.Host{
		Version:           identity.Version,
		Commit:            identity.Commit,
		ProtocolVersion:   identity.Protocol,
		AdvertisedAddress: identity.Advertised,
		DataDirectory:     valid(identity.DataDirectory),
		DataBytes:         uint64(max(size, 0)),
		StartedAt:         timeToWire(h.s.started),
		Queue: &hostv1.Queue{
			MaxInProgress: int32(status.MaxInProgress),
			InProgress:    uint32(status.InProgress),
			Queued:        uint32(status.Queued),
			Limits:        limitsToWire(h.s.o.Queue.Limits()),
			Pools:         poolsToWire(h.s.o.Sessions.Pools()),
		},
	}
	changes, err := h.s.o.Store.LimitChanges(ctx, maxLimitChanges)
	if _, err = host.DamageIn(err); err != nil {
		return nil, err
	}
	for i := range changes {
		gone, come := changes[i].Differences()
		out.Queue.Changes = append(out.Queue.Changes, &hostv1.LimitChange{
			At: timeToWire(changes[i].At), Source: valid(changes[i].Source), Gone: gone, Come: come,
		})
	}
	if c, ok := h.s.o.Config(); ok {
		out.Config = &hostv1.ConfigFile{
			Path: valid(c.Path), LoadedAt: timeToWire(c.LoadedAt), Error: valid(c.Error), ErrorSince: timeToWire(c.ErrorSince),
		}
	}
	return &hostv1.GetHostResponse{Host: out}, nil
}

func limitsToWire(limits []queue.LimitStatus) (out []*hostv1.QueueLimit) {
	for i := range limits {
		l := &limits[i]
		m := &hostv1.QueueLimit{
			Name: valid(l.Name), Where: l.Where.String(), Each: l.Each, AtMost: uint32(l.AtMost),
			InProgress: uint32(l.InProgress), Waiting: uint32(l.Waiting), ValueCount: uint32(l.ValueCount),
		}
		for _, v := range l.Values {
			m.Values = append(m.Values, &hostv1.QueueLimit_Value{Value: valid(v.Value), InProgress: uint32(v.InProgress), Waiting: uint32(v.Waiting)})
		}
		out = append(out, m)
	}
	return out
}

func poolsToWire(pools []attempt.PoolStatus) (out []*hostv1.Pool) {
	for i := range pools {
		p := &pools[i]
		m := &hostv1.Pool{Name: valid(p.Name), Taken: uint32(p.Taken), Waiting: uint32(p.Waiting), UnheardRuns: uint32(p.Unheard)}
		if p.Configured {
			m.Slots = new(uint32(p.Slots))
		}
		for _, op := range p.Ops {
			m.Ops = append(m.Ops, &hostv1.PoolOp{RunId: string(op.Run), OpPath: valid(op.OpPath), Taken: op.Taken, Since: timeToWire(op.Since)})
		}
		out = append(out, m)
	}
	return out
}
