package diagnose

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// outputs looks for outputs of deleted runs that nobody removes, because their location is not configured any more.
func (d *Doctor) outputs(ctx context.Context) (checks []Check) {
	names, err := d.o.Store.LocationsToCollect(ctx)
	if err != nil {
		return []Check{storeError(err)}
	}
	for _, name := range names {
		if _, err := d.o.Workspace.Location(name); host.CodeOf(err) != host.NotFound {
			continue // it is away, or at it
		}
		checks = append(checks, Check{
			Area: areaStore, Level: Warning, Location: name,
			Message: fmt.Sprintf("outputs of deleted runs of code location %s are not removed: it is not configured any more", name),
			Remedy:  "Configure it again for as long as that takes, or delete them where its servers stored them.",
		})
	}
	return checks
}
