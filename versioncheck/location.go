package versioncheck

// Compatibility says whether two sides can work together at all.
type Compatibility struct {
	// Compatible is false when nothing of the other side can be used.
	Compatible bool
	// Reason says what was compared, and why they are not compatible.
	Reason
}

// DecideLocation says whether the location that sent the report can be used at
// all. It is incompatible when its version can be read and is of a newer major
// version than the host's, or older than the oldest that the host works with. A server that
// reports nothing, something unreadable or a development version, or that
// needs a newer host, is compatible: its jobs are listed and launched, and
// only its gated capabilities are refused.
func DecideLocation(report Report, host Host) Compatibility {
	c := Compatibility{Compatible: true}
	var least Version
	c.Required, least = host.oldest()
	c.HostVersion = plain(host.Protocol)
	if !report.Answered {
		return c
	}
	c.Reported = quoteReported(report.ProtocolVersion)
	server, err := Parse(report.ProtocolVersion)
	if err != nil || isDev(report.ProtocolVersion, server, err) {
		return c
	}
	if server.OlderThan(least) {
		c.Compatible = false
		c.protocolTooOld()
		return c
	}
	if own, err := Parse(host.Protocol); err == nil && server.major() > own.major() {
		c.Compatible = false
		c.newerMajor(own)
	}
	return c
}

// CheckHost is the other direction: whether a host is new enough for user code
// that requires at least the given host protocol; empty means any. A server or
// a worker asks with what the host said of itself. It refuses a host whose
// version is missing, a development version, or unreadable: user code that
// requires something must not run where nobody knows.
//
// In the answer, Reported is the host's version as sent, Required the minimum.
func CheckHost(minimum string, host Host) Compatibility {
	var c Compatibility
	c.Reported = quoteReported(host.Protocol)
	c.HostVersion = plain(host.Protocol)
	if minimum == "" {
		c.Compatible = true
		return c
	}
	c.Required = plain(minimum)
	least, err := Parse(minimum)
	if err != nil {
		c.ownMinimumUnparseable(minimum)
		return c
	}
	c.Required = plain(least.String())
	v, err := Parse(host.Protocol)
	switch {
	case host.Protocol == "":
		c.hostNotReported()
	case isDev(host.Protocol, v, err):
		c.hostDevVersion()
	case err != nil:
		c.hostUnparseable()
	case v.OlderThan(least):
		c.hostOlderThanUserCode()
	default:
		c.Compatible = true
	}
	return c
}
