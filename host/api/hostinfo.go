package api

import (
	"context"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// hostService serves HostService.
type hostService struct{ s *Server }

var _ hostv1connect.HostServiceHandler = hostService{}

// GetHost tells what this host is and how its queue stands.
func (h hostService) GetHost(context.Context, *hostv1.GetHostRequest) (*hostv1.GetHostResponse, error) {
	size, err := h.s.o.Store.Size()
	if err != nil {
		return nil, err
	}
	queue, identity := h.s.o.Queue.Status(), h.s.o.Identity
	out := &hostv1.Host{
		Version:           identity.Version,
		Commit:            identity.Commit,
		ProtocolVersion:   identity.Protocol,
		AdvertisedAddress: identity.Advertised,
		DataDirectory:     valid(identity.DataDirectory),
		DataBytes:         uint64(max(size, 0)),
		StartedAt:         timeToWire(h.s.started),
		Queue: &hostv1.Queue{
			MaxInProgress: int32(queue.MaxInProgress),
			InProgress:    uint32(queue.InProgress),
			Queued:        uint32(queue.Queued),
		},
	}
	if c, ok := h.s.o.Config(); ok {
		out.Config = &hostv1.ConfigFile{
			Path: valid(c.Path), LoadedAt: timeToWire(c.LoadedAt), Error: valid(c.Error), ErrorSince: timeToWire(c.ErrorSince),
		}
	}
	return &hostv1.GetHostResponse{Host: out}, nil
}
