package api

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// locationService serves LocationService.
type locationService struct{ s *Server }

// ListLocations lists all, sorted by name.
func (l locationService) ListLocations(context.Context, *hostv1.ListLocationsRequest) (*hostv1.ListLocationsResponse, error) {
	out := &hostv1.ListLocationsResponse{}
	for _, location := range l.s.o.Workspace.Locations() {
		out.Locations = append(out.Locations, locationToWire(&location))
	}
	return out, nil
}

// GetLocation returns one.
func (l locationService) GetLocation(_ context.Context, req *hostv1.GetLocationRequest) (*hostv1.GetLocationResponse, error) {
	location, err := l.s.o.Workspace.Location(req.GetName())
	if err != nil {
		return nil, err
	}
	return &hostv1.GetLocationResponse{Location: locationToWire(&location)}, nil
}

// ReloadLocation negotiates again and answers when done. That the location does not answer is not an error of the call:
// the answer says so.
func (l locationService) ReloadLocation(ctx context.Context, req *hostv1.ReloadLocationRequest) (*hostv1.ReloadLocationResponse, error) {
	location, err := l.s.o.Workspace.Reload(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	return &hostv1.ReloadLocationResponse{Location: locationToWire(&location)}, nil
}

// WatchLocations sends an empty message, so that the stream begins also where there is no location, then every location,
// then every change.
func (l locationService) WatchLocations(ctx context.Context, _ *hostv1.WatchLocationsRequest, stream hostv1connect.LocationServiceWatchLocationsServerStream) error {
	return l.s.watch(ctx, hostv1connect.LocationServiceWatchLocationsProcedure, func(ctx context.Context) error {
		sub := l.s.o.Workspace.Watch()
		defer sub.Close()
		if err := stream.Send(&hostv1.WatchLocationsResponse{}); err != nil {
			return err
		}
		for _, location := range l.s.o.Workspace.Locations() {
			if err := stream.Send(&hostv1.WatchLocationsResponse{Location: locationToWire(&location)}); err != nil {
				return err
			}
		}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-l.s.stopping:
				return stopping()
			case <-sub.Ready():
			}
			for _, name := range sub.Take() {
				if err := l.sendChange(name, stream); err != nil {
					return err
				}
			}
		}
	})
}

// sendChange sends the location as it is now, or that it is gone.
func (l locationService) sendChange(name string, stream hostv1connect.LocationServiceWatchLocationsServerStream) error {
	location, err := l.s.o.Workspace.Location(name)
	switch {
	case host.CodeOf(err) == host.NotFound:
		return stream.Send(&hostv1.WatchLocationsResponse{Location: &hostv1.Location{Name: name}, Removed: true})
	case err != nil:
		return err
	default:
		return stream.Send(&hostv1.WatchLocationsResponse{Location: locationToWire(&location)})
	}
}

var locationStateWire = map[host.LocationState]hostv1.LocationState{
	host.LocationLoading:      hostv1.LocationState_LOCATION_STATE_LOADING,
	host.LocationReady:        hostv1.LocationState_LOCATION_STATE_READY,
	host.LocationStale:        hostv1.LocationState_LOCATION_STATE_STALE,
	host.LocationUnavailable:  hostv1.LocationState_LOCATION_STATE_UNAVAILABLE,
	host.LocationIncompatible: hostv1.LocationState_LOCATION_STATE_INCOMPATIBLE,
	host.LocationError:        hostv1.LocationState_LOCATION_STATE_ERROR,
}

func locationToWire(l *workspace.Location) *hostv1.Location {
	out := &hostv1.Location{
		Name: l.Name, Address: l.Address, State: locationStateWire[l.State],
		Server: l.Server, LoadedAt: timeToWire(l.LoadedAt), AnsweredAt: timeToWire(l.AnsweredAt),
	}
	if l.Fault != nil {
		out.Error, out.Remedy = valid(l.Fault.Message), valid(l.Fault.Remedy)
		out.ErrorCode, out.ErrorSince = l.Fault.Code, timeToWire(l.Fault.Since)
	}
	out.Mixed, out.Draining = l.Mixed, l.Draining
	if !l.Digest.IsZero() {
		out.DefinitionsDigest = l.Digest[:]
	}
	for _, r := range l.Replicas {
		out.Replicas = append(out.Replicas, &hostv1.Replica{
			Server: r.Server, Address: r.Address, InUse: r.InUse,
			FirstSeenAt: timeToWire(r.FirstSeen), AnsweredAt: timeToWire(r.AnsweredAt),
		})
	}
	for _, n := range l.Notices {
		out.Notices = append(out.Notices, valid(n))
	}
	for _, d := range l.Capabilities {
		refusal := refusalToWire(workspace.RefusalOf(d, l.Name, 0))
		if refusal != nil {
			refusal.Withheld = nil // entries are counted per job
		}
		out.Capabilities = append(out.Capabilities, &hostv1.CapabilityDecision{
			Capability: d.Capability, State: featureStateToWire(d.State), Refusal: refusal,
		})
	}
	for _, r := range l.Repositories {
		out.Repositories = append(out.Repositories, &hostv1.RepositorySummary{Name: r.Name, Jobs: uint32(r.Jobs)})
	}
	return out
}
