package workspace

import (
	"github.com/penstock-run/penstock/versioncheck"
)

// gates are the decisions on what is read of definitions, beside metadata, only
// when the gate allows it.
type gates struct {
	partitions, schedules, sensors versioncheck.Decision
}

func gatesOf(r report, h versioncheck.Host, p versioncheck.Policy) gates {
	judged := r.judged()
	return gates{
		partitions: versioncheck.Decide(versioncheck.Partitions, judged, h, p),
		schedules:  versioncheck.Decide(versioncheck.Schedules, judged, h, p),
		sensors:    versioncheck.Decide(versioncheck.Sensors, judged, h, p),
	}
}

func (g gates) partitionsAllowed() bool { return g.partitions.State == versioncheck.StateShown }
