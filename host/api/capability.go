package api

import (
	"context"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// GetCapabilities tells what this host asks of user code. The answer as JSON is what checks of a build read from a file.
func (h hostService) GetCapabilities(context.Context, *hostv1.GetCapabilitiesRequest) (*hostv1.GetCapabilitiesResponse, error) {
	answer := &hostv1.GetCapabilitiesResponse{
		HostVersion:           h.s.o.Identity.Version,
		ProtocolVersion:       h.s.o.Identity.Protocol,
		OldestProtocolVersion: versioncheck.OldestProtocol,
		AllowDevVersions:      h.s.o.Workspace.DevVersionLocations(),
	}
	for _, r := range versioncheck.Requirements() {
		answer.Capabilities = append(answer.Capabilities, &hostv1.CapabilityRequirement{
			Name: r.Name, Label: r.Label, Description: r.Description, Baseline: r.Baseline,
			MinProtocolVersion: r.MinProtocol, MinHostProtocolVersion: r.MinHostProtocol, FixedProtocolVersion: r.FixedProtocol,
		})
	}
	return answer, nil
}
