package diagnose

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// slowLoad is how long after the host's start a location may still be loading without a word.
const slowLoad = 15 * time.Second

// locations looks at each code location: whether it answers, what the version gate holds back, and whether its servers
// agree.
func (d *Doctor) locations() (checks []Check) {
	all := d.o.Workspace.Locations()
	if len(all) == 0 {
		return []Check{{
			Area: areaLocations, Level: Warning, Message: "there is no code location, so there are no jobs",
			Remedy: "Name one in the configuration file, or start the host with --location NAME=ADDRESS.",
		}}
	}
	for i := range all {
		checks = append(checks, d.location(&all[i])...)
	}
	return checks
}

func (d *Doctor) location(l *workspace.Location) (checks []Check) {
	add := func(level Level, message, remedy string) {
		checks = append(checks, Check{Area: areaLocations, Level: level, Location: l.Name, Message: message, Remedy: remedy})
	}
	switch l.State {
	case host.LocationReady:
	case host.LocationLoading:
		if d.o.Uptime() > slowLoad {
			add(Warning, "it has not answered yet since this host started", "See penstock location show "+l.Name+".")
		}
	default:
		message := string(l.State)
		remedy := "See penstock location show " + l.Name + "."
		if l.Fault != nil {
			message += " since " + l.Fault.Since.UTC().Format("2006-01-02 15:04:05 MST") + " (" + l.Fault.Code + "): " + l.Fault.Message
			remedy = (&host.Error{Remedy: l.Fault.Remedy}).Advice()
		}
		add(Error, message, remedy)
	}
	if l.Draining {
		add(Warning, "every server of it drains, so it starts nothing", "Start a new server at its address; runs wait until it answers.")
	}
	for _, decision := range l.Capabilities {
		if r := workspace.RefusalOf(decision, l.Name, 0); r != nil {
			add(Warning, fmt.Sprintf("%s is refused (%s): %s", r.Capability, r.Code, r.Message), (&host.Error{Remedy: r.Remedy}).Advice())
		}
	}
	if l.Mixed {
		add(Warning, "its servers differ in definitions, version or capabilities: "+serversText(l.Replicas),
			"If no deploy is under way, find the server that was left behind and replace it.")
	}
	for _, n := range l.Notices {
		add(Warning, n, "See penstock location show "+l.Name+".")
	}
	checks = append(checks, outputStores(l)...)
	if len(checks) == 0 {
		add(OK, fmt.Sprintf("%s: %s%s", l.State, verb(l.Jobs(), "job", "jobs"), versionsText(l.Server)), "")
	}
	return checks
}

// outputStores finds servers that keep outputs where the others do not: what a run of one has stored, a run of another
// does not find.
func outputStores(l *workspace.Location) []Check {
	var places []string
	machines := map[string]bool{}
	local := false
	for _, r := range l.Replicas {
		place := r.Server.GetOutputStore()
		if place == "" {
			continue
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
		if name, _, err := net.SplitHostPort(r.Address); err == nil {
			machines[name] = true
		}
		local = local || strings.HasPrefix(place, "file:")
	}
	c := Check{Area: areaLocations, Level: Warning, Location: l.Name}
	switch {
	case len(places) > 1:
		c.Message = "its servers store outputs in different places, so that a re-execution may not find them: " + listed(places)
		c.Remedy = "Give all of them the same place with --outputs, one that all their machines reach."
	case local && len(machines) > 1:
		c.Message = fmt.Sprintf("its servers run on %d machines and store outputs in %s; unless that directory is shared, a re-execution may not find them", len(machines), places[0])
		c.Remedy = "Mount one shared directory there on all machines, or store outputs in object storage."
	default:
		return nil
	}
	return []Check{c}
}

func serversText(replicas []workspace.Replica) string {
	var texts []string
	for _, r := range replicas {
		texts = append(texts, r.Address+versionsText(r.Server))
	}
	return listed(texts)
}

// versionsText is what a server says of its versions, ready to follow its name.
func versionsText(s *usercodev1.ServerInfo) string {
	text := ""
	if v := s.GetProtocolVersion(); v != "" {
		text += fmt.Sprintf(", protocol %.64s", v)
	}
	if v := s.GetBuild().GetCodeVersion(); v != "" {
		text += fmt.Sprintf(", code %.64s", v)
	}
	return text
}

func verb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
