package api

import (
	"context"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// hostService serves HostService.
type hostService struct{ s *Server }

// GetHost tells what this host is and how its queue stands.
func (h hostService) GetHost(context.Context, *hostv1.GetHostRequest) (*hostv1.GetHostResponse, error) {
	size, err := h.s.o.Store.Size()
	if err != nil {
		return nil, err
	}
	queue, identity := h.s.o.Queue.Status(), h.s.o.Identity
	return &hostv1.GetHostResponse{Host: &hostv1.Host{
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
	}}, nil
}
