package versioncheck

const (
	// Protocol is the version of the contract between host and user code that
	// this source tree speaks. It is a release, written by hand: build
	// information may be missing or say "dev", a constant never does.
	Protocol = "0.15.0"

	// OldestProtocol is the oldest protocol that a host of this tree works
	// with. A location below it is incompatible as a whole.
	OldestProtocol = "0.14.0"
)

// Host is the side that shows and launches.
type Host struct {
	// Protocol is the host's protocol version: the constant [Protocol] for the
	// running host, whatever was reported for another one.
	Protocol string
	// Oldest is the oldest protocol of user code that the host works with;
	// empty means [OldestProtocol]. Another host may have another one.
	Oldest string
}

// oldest is the oldest protocol that the host works with, for messages and to
// compare with.
func (h Host) oldest() (string, Version) {
	if h.Oldest == "" {
		return OldestProtocol, oldest()
	}
	v, _ := Parse(h.Oldest) // the zero Version makes every server too old
	return plain(h.Oldest), v
}

// Policy is what the operator configured for one location.
type Policy struct {
	// AllowDevVersions lets a development version, which cannot be compared,
	// count as new enough, with a notice. It answers for the version alone:
	// what such a server says against a capability itself still counts.
	// Default: false.
	AllowDevVersions bool
}

// Report is what a user-code server said of itself, together with the
// definitions that the decision is for: never take one from another exchange.
type Report struct {
	// Answered is false when the server does not implement GetServerInfo, or
	// replied without server info.
	Answered bool
	// ProtocolVersion is the server's protocol version as sent.
	ProtocolVersion string
	// MinHostProtocolVersion is the oldest host protocol that the server works
	// with, as sent; empty means any.
	MinHostProtocolVersion string
	// CapabilitiesDeclared says that Capabilities is the whole list. An absent
	// list says nothing; a declared and empty one says that there are none.
	CapabilitiesDeclared bool
	// Capabilities is what the server says it can do, in any order.
	Capabilities []Capability
	// ServerID identifies the server process.
	ServerID string
}

// Capability is one line of a server's own list.
type Capability struct {
	// Name is the capability's name, for example [JobMetadata].
	Name string
	// Revision counts from 1 and gates nothing: a change of it is a change of
	// the report.
	Revision uint32
	// Enabled is false when the server has the capability switched off.
	Enabled bool
}

// lists reports whether the server lists the capability as enabled, and
// whether it lists it as switched off. A list that names it twice can do both.
func (r Report) lists(name string) (enabled, disabled bool) {
	for _, c := range r.Capabilities {
		if c.Name == name {
			enabled = enabled || c.Enabled
			disabled = disabled || !c.Enabled
		}
	}
	return enabled, disabled
}
