package compat

// Model is the version gate said again, for job metadata: written from the table in docs/versions.md (which is that of
// the design) and not from package versioncheck, with which it shares no code. It parses nothing: whoever makes a
// version for it says what it is.
type Model struct {
	// Host is the host's protocol, a release.
	Host Numbers
	// AllowDev is the location's policy.
	AllowDev bool
}

// Numbers are those of a version.
type Numbers [3]int

// before is the order of releases.
func (n Numbers) before(o Numbers) bool {
	for i := range n {
		if n[i] != o[i] {
			return n[i] < o[i]
		}
	}
	return false
}

// Kind is what a version is.
type Kind int

// Kinds of versions.
const (
	NotReported Kind = iota
	Development
	Unreadable
	Release
	PreRelease
)

// Version is what a side reports, and what that is.
type Version struct {
	Text string
	Kind Kind
	// Numbers of a release or a pre-release.
	Numbers Numbers
}

// olderThan compares with a release: a pre-release of it is older, one of anything newer is not.
func (v Version) olderThan(release Numbers) bool {
	return v.Numbers.before(release) || v.Numbers == release && v.Kind == PreRelease
}

// newerThan compares with a release.
func (v Version) newerThan(release Numbers) bool { return release.before(v.Numbers) }

// Report is what a server says of itself.
type Report struct {
	// Silent is a server that does not answer the question, or without content.
	Silent bool
	// Version and MinHost; a MinHost of kind NotReported is none.
	Version, MinHost Version
	// Declared says that the list of capabilities is whole; Listed and SwitchedOff that job metadata is in it, enabled or
	// not (a list that names it twice can be both).
	Declared, Listed, SwitchedOff bool
}

// Verdict is what must come of a report.
type Verdict struct {
	// Incompatible is the code with which the whole location is refused; empty when it is not.
	Incompatible string
	// Refused is the code with which metadata is refused; empty when it is shown.
	Refused string
	// Newer and Unverified are notices beside what is shown.
	Newer, Unverified bool
}

// Numbers at which the table changes its answer.
var (
	minimum   = Numbers{0, 14, 18}
	oldest    = Numbers{0, 14, 0}
	noVersion = Numbers{}
)

// Judge goes down the table; the first row that matches answers.
func (m Model) Judge(r Report) Verdict {
	v := Verdict{Incompatible: m.incompatible(r)}
	v.Refused = m.refused(r)
	if v.Refused == "" {
		v.Unverified = m.dev(r.Version)
		v.Newer = !v.Unverified && r.Version.Numbers[0] == m.Host[0] && r.Version.Numbers[1] > m.Host[1]
	}
	return v
}

func (m Model) dev(v Version) bool {
	return v.Kind == Development || (v.Kind == Release || v.Kind == PreRelease) && v.Numbers == noVersion
}

func (m Model) refused(r Report) string {
	dev := m.dev(r.Version)
	switch {
	case r.Silent, r.Version.Kind == NotReported: // row 1
		return "VERSION_NOT_REPORTED"
	case dev && !m.AllowDev: // row 2
		return "DEV_VERSION_UNVERIFIED"
	case r.Version.Kind == Unreadable, r.MinHost.Kind == Unreadable: // row 3
		return "VERSION_UNPARSEABLE"
	case r.MinHost.Kind != NotReported && r.MinHost.newerThan(m.Host), m.Host.before(minimum): // row 4
		return "HOST_TOO_OLD"
	case dev: // new enough by policy, so rows 5 to 7 are not for it
	case r.Version.Kind == PreRelease && r.Version.Numbers == minimum: // row 5
		return "PRERELEASE_OF_MINIMUM"
	case r.Version.olderThan(minimum) && r.Listed: // row 6
		return "CONTRADICTORY_REPORT"
	case r.Version.olderThan(minimum): // row 7
		return "SERVER_TOO_OLD"
	case r.Version.Numbers[0] > m.Host[0]: // the location's reason, before row 8
		return "NEWER_MAJOR_PROTOCOL"
	}
	if r.SwitchedOff || r.Declared && !r.Listed { // row 8
		return "CAPABILITY_NOT_ADVERTISED"
	}
	return "" // row 9
}

// incompatible is what goes around the table: a version that can be read and is too new or too old for anything.
func (m Model) incompatible(r Report) string {
	readable := !r.Silent && (r.Version.Kind == Release || r.Version.Kind == PreRelease) && !m.dev(r.Version)
	switch {
	case !readable:
		return ""
	case r.Version.olderThan(oldest):
		return "PROTOCOL_TOO_OLD"
	case r.Version.Numbers[0] > m.Host[0]:
		return "NEWER_MAJOR_PROTOCOL"
	}
	return ""
}
