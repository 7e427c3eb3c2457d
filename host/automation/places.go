package automation

import (
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// Places are the code locations: *workspace.Workspace.
type Places interface {
	Locations() []workspace.Location
	AutomationRefusals() []*workspace.Refusal
}

// Read lists definitions, and tells for each location whether what is not among them is not there: because it answers,
// and sends the definitions in use, which the gate does not withhold, or because it is not configured. Of every other
// location nothing can be said.
func Read[T any](p Places, capability string, list func() []T) (all []T, absent func(location string) bool, refusals map[string]*workspace.Refusal) {
	before := byName(p.Locations())
	all = list()
	refusals = map[string]*workspace.Refusal{}
	for _, r := range p.AutomationRefusals() {
		if r.Capability == capability {
			refusals[r.Location] = r
		}
	}
	after := byName(p.Locations())
	return all, func(name string) bool {
		b, was := before[name]
		a, is := after[name]
		if !was && !is {
			return true
		}
		// A deploy between the two looks leaves it open of which definitions the list is.
		same := was && is && b.Digest == a.Digest && b.LoadedAt.Equal(a.LoadedAt)
		return same && b.State == host.LocationReady && a.State == host.LocationReady && refusals[name] == nil
	}, refusals
}

func byName(all []workspace.Location) map[string]*workspace.Location {
	m := make(map[string]*workspace.Location, len(all))
	for i := range all {
		m[all[i].Name] = &all[i]
	}
	return m
}
