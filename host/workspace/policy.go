package workspace

import (
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// DevVersionLocations are the names of the locations whose policy accepts
// development versions, sorted.
func (w *Workspace) DevVersionLocations() (names []string) {
	for _, l := range w.all() {
		if l.configured().AllowDevVersions {
			names = append(names, l.name)
		}
	}
	return names
}

// ReportOf is what a server said of itself as the version gate reads it; of nil
// it is the report of a server that said nothing.
func ReportOf(info *usercodev1.ServerInfo) versioncheck.Report { return reportOf(info) }
