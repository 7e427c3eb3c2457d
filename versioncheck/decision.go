package versioncheck

// State is what people see of a capability.
type State string

// The five states. [Decide] answers with the first two, [Resolve] with all.
const (
	// StateShown means allowed, and there is something to show.
	StateShown State = "SHOWN"
	// StateRefused means that the gate is closed; the reason says why.
	StateRefused State = "REFUSED"
	// StateEmpty means allowed, and there is truly nothing to show.
	StateEmpty State = "EMPTY"
	// StateStale means shown or empty as of the last good snapshot, because
	// the location does not answer.
	StateStale State = "STALE"
	// StateUnavailable means allowed, but the host does not hold the content.
	StateUnavailable State = "UNAVAILABLE"
)

// Decision is the gate's answer for one capability of one location.
type Decision struct {
	// State is SHOWN, which for a baseline capability means allowed, or REFUSED.
	State State
	// Capability is the capability's name.
	Capability string
	// ServerID names the server whose report was judged.
	ServerID string
	// Notices are things to know about an allowed capability.
	Notices []Notice
	// Reason says what was compared, and why the state is not SHOWN.
	Reason
}

// Notice is something to know that refuses nothing.
type Notice struct {
	// Code is NEWER_THAN_HOST, KNOWN_BUGS or DEV_VERSION_UNVERIFIED.
	Code Code
	// Message is for a person.
	Message string
}

// Decide answers for one capability from the report that came with a snapshot.
// Take the decision again whenever the report, the host or the policy is
// another, also when the definitions are the same.
//
// A baseline capability is allowed unless [DecideLocation] says that the
// location is incompatible. A gated one goes through these rows, and the first
// that matches answers:
//
//  1. no version was reported: VERSION_NOT_REPORTED
//  2. a development version: DEV_VERSION_UNVERIFIED, unless the policy takes
//     it for new enough; then rows 5 to 7 are skipped
//  3. one of the versions cannot be read: VERSION_UNPARSEABLE
//  4. the server or the capability needs a newer host: HOST_TOO_OLD
//  5. a pre-release of the minimum: PRERELEASE_OF_MINIMUM
//  6. older, but advertises the capability: CONTRADICTORY_REPORT
//  7. older: SERVER_TOO_OLD
//  8. new enough, but the capability is switched off, or the list is declared
//     and does not have it: CAPABILITY_NOT_ADVERTISED
//  9. new enough: SHOWN, with the notice NEWER_THAN_HOST when the server's
//     minor version is newer than the host's, and KNOWN_BUGS when it is older
//     than the capability's minimum without known bugs
//
// A newer major version is refused before row 8 with the location's reason,
// and a capability that is not in the table with UNKNOWN_CAPABILITY.
func Decide(capability string, report Report, host Host, policy Policy) Decision {
	if need, known := requirements()[capability]; known {
		return need.decide(report, host, policy)
	}
	d := undecided(capability, report, host)
	d.unknownCapability(capability)
	return d
}

// Decide answers as the function [Decide] does, for a line that may be data of
// another host: what that host will say of the report. It is as total; a line
// whose versions cannot be read refuses with VERSION_UNPARSEABLE.
func (r Requirement) Decide(report Report, host Host, policy Policy) Decision {
	return readRequirement(r).decide(report, host, policy)
}

// undecided is the answer before the rows: refused, for no reason yet.
func undecided(capability string, report Report, host Host) Decision {
	d := Decision{
		State:      StateRefused,
		Capability: plain(capability),
		ServerID:   plain(report.ServerID),
	}
	if report.Answered {
		d.Reported = quoteReported(report.ProtocolVersion)
	}
	d.HostVersion = plain(host.Protocol)
	return d
}

func (n requirement) decide(report Report, host Host, policy Policy) Decision {
	d := undecided(n.wireName, report, host)
	d.Required = n.MinProtocol
	if !n.Baseline && !d.pass(n, report, host, policy) {
		return d
	}
	// What passed the rows is compatible, unless the line asks for less than the
	// host does of every location.
	if _, least := host.oldest(); n.Baseline || n.min.OlderThan(least) {
		if c := DecideLocation(report, host); !c.Compatible {
			d.Notices, d.Reason = nil, c.Reason
			return d
		}
	}
	if n.knownBugsIn(report) {
		d.Notices = append(d.Notices, d.knownBugsNotice(n))
	}
	d.State = StateShown
	return d
}

// pass takes a gated capability through the rows. It explains a refusal in the
// decision's reason and adds the notices of an allowed one.
func (d *Decision) pass(need requirement, report Report, host Host, policy Policy) bool {
	if need.field != "" {
		d.rowUnparseable(need)
		return false
	}
	if !report.Answered || report.ProtocolVersion == "" {
		d.versionNotReported(need)
		return false
	}
	server, err := Parse(report.ProtocolVersion)
	dev := isDev(report.ProtocolVersion, server, err)
	if dev && !policy.AllowDevVersions {
		d.devVersion(need)
		return false
	}
	if err != nil && !dev {
		d.unparseable(need, fieldProtocol, report.ProtocolVersion)
		return false
	}
	hostVersion, ok := d.passHost(need, report, host)
	if !ok {
		return false
	}
	if !dev && !d.passVersion(need, report, server, hostVersion) {
		return false
	}

	enabled, disabled := report.lists(need.wireName)
	if disabled || report.CapabilitiesDeclared && !enabled {
		d.notAdvertised(need, disabled)
		return false
	}
	switch {
	case dev:
		d.Notices = append(d.Notices, d.devNotice(need))
	case server.major() == hostVersion.major() && server.minor() > hostVersion.minor():
		d.Notices = append(d.Notices, d.newerNotice())
	}
	return true
}

// passHost is what the server and the capability ask of the host.
func (d *Decision) passHost(need requirement, report Report, host Host) (Version, bool) {
	who, minimum := "Showing "+need.Label, need.minHost
	if report.MinHostProtocolVersion != "" {
		asked, err := Parse(report.MinHostProtocolVersion)
		if err != nil {
			d.unparseable(need, fieldMinHost, report.MinHostProtocolVersion)
			return Version{}, false
		}
		if minimum.OlderThan(asked) {
			who, minimum = "The server", asked
		}
	}
	v, err := Parse(host.Protocol)
	if err != nil {
		d.unparseable(need, fieldHost, host.Protocol)
		return Version{}, false
	}
	if v.OlderThan(minimum) {
		d.hostTooOld(who, minimum)
		return Version{}, false
	}
	return v, true
}

// passVersion compares a readable version of a server with the minimum.
func (d *Decision) passVersion(need requirement, report Report, server, host Version) bool {
	if server.preReleaseOf(need.min) {
		d.preRelease(need)
		return false
	}
	if server.OlderThan(need.min) {
		if enabled, _ := report.lists(need.wireName); enabled {
			d.contradictory(need)
		} else {
			d.serverTooOld(need)
		}
		return false
	}
	if server.major() > host.major() {
		d.newerMajor(host)
		return false
	}
	return true
}
