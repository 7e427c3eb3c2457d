package main

import (
	"fmt"
	"strings"
)

// digestDigits is how many hex digits of a digest people see; serverDigits the same of a server's id.
const (
	digestDigits = 16
	serverDigits = 8
)

// server is what the location's server said, empty when it said nothing.
func (l locationObject) server() serverObject {
	if l.Server == nil {
		return serverObject{}
	}
	return *l.Server
}

func (l locationObject) jobs() (n int) {
	for _, r := range l.Repositories {
		n += int(r.Jobs)
	}
	return n
}

// locations prints a line for each location, and then what people should know of them.
func (p printer) locations(locations []locationObject) {
	rows := convert(locations, func(l locationObject) []string {
		server := l.server()
		return []string{
			l.Name, l.State, server.ProtocolVersion, server.Build.CodeVersion, fmt.Sprint(l.jobs()), l.serversText(), l.waitingText(), l.Address, l.Error,
		}
	})
	p.table([]string{"LOCATION", "STATE", "PROTOCOL", "CODE VERSION", "JOBS", "SERVERS", "WAITING", "ADDRESS", "ERROR"}, rows)
	for _, l := range locations {
		for _, notice := range l.Notices {
			fmt.Fprintf(p.err, "penstock: notice: location %s: %s\n", inert(l.Name), inert(notice))
		}
	}
}

// location prints one location.
func (p printer) location(l locationObject) error {
	if p.json {
		return p.object(l)
	}
	s := l.server()
	p.fields(
		[2]string{"Location", l.Name},
		[2]string{"State", l.State},
		[2]string{"Error", l.Error},
		[2]string{"Error code", l.ErrorCode},
		[2]string{"Error since", clockText(l.ErrorSince)},
		[2]string{"What to do", l.Remedy},
		[2]string{"Mixed", l.mixedText()},
		[2]string{"Draining", l.drainText()},
		[2]string{"Waiting", l.waitingHint()},
		[2]string{"Address", l.Address},
		[2]string{"Protocol", s.ProtocolVersion},
		[2]string{"Needs host", s.MinHostProtocolVersion},
		[2]string{"SDK", joined(" ", s.SDK.Language, s.SDK.Version, s.SDK.Runtime)},
		[2]string{"Code version", s.Build.text()},
		[2]string{"Image", joined("@", s.Build.Image, s.Build.ImageDigest)},
		[2]string{"Definitions", l.DefinitionsDigest[:min(digestDigits, len(l.DefinitionsDigest))]},
		[2]string{"Started", clockText(s.StartedAt)},
		[2]string{"Loaded", clockText(l.LoadedAt)},
		[2]string{"Answered", clockText(l.AnsweredAt)},
	)
	if len(l.Notices) > 0 {
		var lines []string
		for _, notice := range l.Notices {
			lines = append(lines, pieces(notice, "")...)
		}
		p.section("Notices", lines)
	}
	if len(l.Replicas) > 0 {
		p.section("Servers", l.replicaLines())
	}
	if len(l.Repositories) > 0 {
		rows := [][]string{{"REPOSITORY", "JOBS"}}
		for _, r := range l.Repositories {
			rows = append(rows, []string{r.Name, fmt.Sprint(r.Jobs)})
		}
		p.section("Repositories", aligned(rows))
	}
	if len(l.Capabilities) > 0 {
		var lines []string
		for _, c := range l.Capabilities {
			lines = append(lines, inert(c.Capability)+": "+inert(c.State))
			if c.Refusal != nil {
				lines = append(lines, c.Refusal.lines("  ")...)
			}
		}
		p.section("Capabilities", lines)
	}
	return nil
}

// mixedText is empty when the servers do not differ.
func (l locationObject) mixedText() string {
	if !l.Mixed || len(l.Replicas) == 0 {
		return ""
	}
	return "yes: within a minute different definitions, versions or capabilities were reported, as in a deploy"
}

// drainText says that nothing is started at the location; empty when that is not so.
func (l locationObject) drainText() string {
	switch {
	case l.Draining:
		return "yes: nothing is started until a server answers that does not drain"
	case len(l.Replicas) == 0: // a host that does not tell servers apart
		return l.server().drainText()
	default:
		return ""
	}
}

// drainText says that the server drains, and what it waits for; empty when it does not drain.
func (s serverObject) drainText() string {
	if !s.Draining {
		return ""
	}
	text := "draining"
	if s.LiveWorkers > 0 {
		text += ": waits for " + counted(int(s.LiveWorkers), "worker")
		if s.DrainDeadline != nil {
			text += ", until " + clockText(s.DrainDeadline) + " at the latest"
		}
	}
	return text
}

// replicaLines is a table of the location's servers.
func (l locationObject) replicaLines() []string {
	rows := [][]string{{"SERVER", "ADDRESS", "PROTOCOL", "CODE VERSION", "IN USE", "FIRST SEEN", "ANSWERED", ""}}
	for _, r := range l.Replicas {
		s := serverObject{}
		if r.Server != nil {
			s = *r.Server
		}
		use := "no"
		if r.InUse {
			use = "yes"
		}
		rows = append(rows, []string{
			clipDigits(s.ID), r.Address, s.ProtocolVersion, s.Build.CodeVersion, use, clockText(r.FirstSeenAt), clockText(r.AnsweredAt), s.drainText(),
		})
	}
	return aligned(rows)
}

// clipDigits is the beginning of a server's id.
func clipDigits(id string) string {
	r := []rune(id)
	return string(r[:min(serverDigits, len(r))])
}

// serversText is how many servers are known, and what is special about them.
func (l locationObject) serversText() string {
	if len(l.Replicas) == 0 && l.State == "READY" {
		return "?" // the host does not tell them apart
	}
	draining := 0
	for _, r := range l.Replicas {
		if r.Server != nil && r.Server.Draining {
			draining++
		}
	}
	notes := []string{}
	if l.Mixed && len(l.Replicas) > 0 {
		notes = append(notes, "mixed")
	}
	switch {
	case l.Draining:
		notes = append(notes, "draining")
	case draining > 0:
		notes = append(notes, fmt.Sprintf("%d draining", draining))
	}
	if len(notes) == 0 {
		return fmt.Sprint(len(l.Replicas))
	}
	return fmt.Sprintf("%d (%s)", len(l.Replicas), strings.Join(notes, ", "))
}
