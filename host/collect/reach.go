package collect

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Through reaches the servers of a workspace that have the capability to keep outputs. It asks one: the servers of a
// location keep outputs in the same place.
func Through(w *workspace.Workspace) Reach {
	return func(location string) (usercodev1.UserCodeServiceClient, func(), error) {
		l, err := w.Location(location)
		if err != nil {
			return nil, nil, err
		}
		if l.State != host.LocationReady || !allowed(l.Capabilities) {
			return nil, nil, &host.Error{
				Code: host.Unavailable, Reason: "OUTPUTS_UNREACHABLE",
				Message: fmt.Sprintf("code location %s does not answer, or cannot delete outputs", location),
			}
		}
		conns, err := w.Conns(location)
		if err != nil {
			return nil, nil, err
		}
		for _, other := range conns[1:] {
			other.Release()
		}
		return conns[0].Client, conns[0].Release, nil
	}
}

// allowed tells that the gate allows what is asked for.
func allowed(decisions []versioncheck.Decision) bool {
	for _, d := range decisions {
		if d.Capability == versioncheck.OutputStore {
			return d.State == versioncheck.StateShown
		}
	}
	return false
}
