package versioncheck

import (
	"fmt"
	"strings"
)

// Code says why, for programs. The set only grows.
type Code string

// Codes of refused capabilities, in the order in which they are looked for.
const (
	CodeVersionNotReported      Code = "VERSION_NOT_REPORTED"
	CodeDevVersionUnverified    Code = "DEV_VERSION_UNVERIFIED" // also a notice, when the policy allows it
	CodeVersionUnparseable      Code = "VERSION_UNPARSEABLE"
	CodeHostTooOld              Code = "HOST_TOO_OLD"
	CodePrereleaseOfMinimum     Code = "PRERELEASE_OF_MINIMUM"
	CodeContradictoryReport     Code = "CONTRADICTORY_REPORT"
	CodeServerTooOld            Code = "SERVER_TOO_OLD"
	CodeCapabilityNotAdvertised Code = "CAPABILITY_NOT_ADVERTISED"
	CodeUnknownCapability       Code = "UNKNOWN_CAPABILITY"
)

// Codes of notices, which refuse nothing.
const (
	// CodeNewerThanHost: the server is of a newer minor version than the host.
	CodeNewerThanHost Code = "NEWER_THAN_HOST"
	// CodeKnownBugs: the server has the capability, with bugs that are known.
	CodeKnownBugs Code = "KNOWN_BUGS"
)

// Codes of locations.
const (
	// CodeNewerMajor: INCOMPATIBLE, the server's major version is newer.
	CodeNewerMajor Code = "NEWER_MAJOR_PROTOCOL"
	// CodeProtocolTooOld: INCOMPATIBLE, older than [OldestProtocol].
	CodeProtocolTooOld Code = "PROTOCOL_TOO_OLD"
	// CodeLocationUnreachable: the location does not answer. Content that
	// cannot be current for that reason has it, too.
	CodeLocationUnreachable Code = "LOCATION_UNREACHABLE"
	// CodeNegotiationFailed: the location is in error, because it was reached
	// but the first exchange timed out, broke or exceeded its limit.
	CodeNegotiationFailed Code = "NEGOTIATION_FAILED"
	// CodeNotFetched: the location answers, but the content has not arrived.
	CodeNotFetched Code = "NOT_FETCHED"
)

// DocsPath returns where the repository's documentation explains the code.
func (c Code) DocsPath() string { return "docs/versions.md#" + strings.ToLower(string(c)) }

// Reason is what was compared, and when something is refused or not current,
// why and what to do. Its texts are printable ASCII of at most [MaxText] bytes.
type Reason struct {
	// Code is empty when all is well; so are then Message, Remedy and DocsPath.
	Code Code
	// Reported is the version as the other side sent it: in quotes, escaped,
	// cut at 64 characters; empty when it sent none.
	Reported string
	// Required is the version that the other side needs, or that the host
	// needs when Code is HOST_TOO_OLD.
	Required string
	// HostVersion is the host's protocol version.
	HostVersion string
	// Message says what they have and what is needed.
	Message string
	// Remedy says what to do.
	Remedy string
	// DocsPath is the page that explains Code, as a path in the repository.
	DocsPath string
}

// Fields that hold a version, named as on the wire where they are on it.
const (
	fieldProtocol = "protocol_version"
	fieldMinHost  = "min_host_protocol_version"
	fieldHost     = "the host's protocol version"
	// Of a line of a host's table.
	fieldRowMin     = "min_protocol_version"
	fieldRowMinHost = "min_host_protocol_version"
)

func (r *Reason) explain(code Code, message, remedy string) {
	r.Code, r.Message, r.Remedy, r.DocsPath = code, message, remedy, code.DocsPath()
}

func (r *Reason) unknownCapability(capability string) {
	r.explain(CodeUnknownCapability,
		fmt.Sprintf("This host does not know the capability %s.", quote(capability)),
		"Check the capability's name, or upgrade the host to a version that knows it.")
}

func (r *Reason) versionNotReported(need requirement) {
	r.explain(CodeVersionNotReported,
		fmt.Sprintf("The server does not report a protocol version; %s %s or newer.", need.needs(), need.MinProtocol),
		deploy(need.MinProtocol))
}

func (r *Reason) devVersion(need requirement) {
	r.explain(CodeDevVersionUnverified,
		fmt.Sprintf("The server reports the development version %s, which cannot be compared; %s protocol %s or newer.",
			r.Reported, need.needs(), need.MinProtocol),
		fmt.Sprintf("Deploy the user code with a released SDK whose protocol is %s or newer, or set allow_dev_versions for this location if you know that the build is new enough.",
			need.MinProtocol))
}

func (r *Reason) devNotice(need requirement) Notice {
	return Notice{CodeDevVersionUnverified, fmt.Sprintf(
		"The server reports the development version %s; allow_dev_versions takes it for %s or newer, which nobody checked.",
		r.Reported, need.MinProtocol)}
}

func (r *Reason) unparseable(need requirement, field, raw string) {
	remedy := fmt.Sprintf("Make the server report %s in the form 1.2.3; an SDK whose protocol is %s or newer does.", field, need.MinProtocol)
	if field == fieldHost {
		remedy = "Name the host's protocol version in the form 1.2.3."
	}
	r.explain(CodeVersionUnparseable,
		fmt.Sprintf("%s is %s, which is not a version; %s protocol %s or newer.",
			sentence(field), quote(raw), need.needs(), need.MinProtocol),
		remedy)
}

func (r *Reason) rowUnparseable(need requirement) {
	r.explain(CodeVersionUnparseable,
		fmt.Sprintf("The host's table of capabilities requires for %s the %s %s, which is not a version.", need.Label, need.field, quote(need.raw)),
		"Get the table from the host again; what was saved is damaged, or of a host that this check does not understand.")
}

func (r *Reason) hostTooOld(who string, minimum Version) {
	r.Required = plain(minimum.String())
	r.explain(CodeHostTooOld,
		fmt.Sprintf("%s needs a host of protocol %s or newer; this host's is %s.", who, r.Required, r.HostVersion),
		fmt.Sprintf("Upgrade the host to protocol %s or newer, or deploy user code that works with host protocol %s.",
			r.Required, r.HostVersion))
}

func (r *Reason) preRelease(need requirement) {
	r.explain(CodePrereleaseOfMinimum,
		fmt.Sprintf("The server reports protocol %s, a pre-release of %s; %s the release %[2]s or newer.",
			r.Reported, need.MinProtocol, need.needs()),
		deploy(need.MinProtocol))
}

func (r *Reason) contradictory(need requirement) {
	r.explain(CodeContradictoryReport,
		fmt.Sprintf("The server reports protocol %s and advertises %s, which needs %s or newer; both cannot be true.",
			r.Reported, need.Name, need.MinProtocol),
		fmt.Sprintf("Build the user code with one SDK version, %s or newer, and deploy it again.", need.MinProtocol))
}

func (r *Reason) serverTooOld(need requirement) {
	r.explain(CodeServerTooOld,
		fmt.Sprintf("The server reports protocol %s; %s %s or newer.", r.Reported, need.needs(), need.MinProtocol),
		deploy(need.MinProtocol))
}

func (r *Reason) notAdvertised(need requirement, disabled bool) {
	how, remedy := "does not advertise", "Deploy the user code with an SDK that has "+need.Name+"."
	if disabled {
		how, remedy = "has switched off", "Switch on "+need.Name+" in the user-code server and deploy it again."
	}
	r.explain(CodeCapabilityNotAdvertised,
		fmt.Sprintf("The server reports protocol %s but %s %s.", r.Reported, how, need.Name), remedy)
}

func (r *Reason) newerNotice() Notice {
	return Notice{CodeNewerThanHost, fmt.Sprintf(
		"The server's protocol %s is newer than this host's %s; kinds that this host does not know are shown as text.",
		r.Reported, r.HostVersion)}
}

func (r *Reason) knownBugsNotice(need requirement) Notice {
	has := "has"
	if need.plural() {
		has = "have"
	}
	return Notice{CodeKnownBugs, fmt.Sprintf(
		"The server reports protocol %s; %s %s known bugs before %s, so build the user code with an SDK whose protocol is that or newer.",
		r.Reported, need.Label, has, need.FixedProtocol)}
}

func (r *Reason) newerMajor(own Version) {
	r.Required = fmt.Sprintf("%d.x", own.major())
	r.explain(CodeNewerMajor,
		fmt.Sprintf("The server reports protocol %s, a newer major version than this host's %s.", r.Reported, r.HostVersion),
		fmt.Sprintf("Upgrade the host to that major version, or deploy user code whose protocol is %s.", r.Required))
}

func (r *Reason) protocolTooOld() {
	r.explain(CodeProtocolTooOld,
		fmt.Sprintf("The server reports protocol %s; this host works with %s or newer.", r.Reported, r.Required),
		deploy(r.Required))
}

func (r *Reason) unavailable(h Holding) {
	if h.Answering {
		r.explain(CodeNotFetched,
			fmt.Sprintf("The code location lists %s but has not sent the content yet.", count(int64(h.Entries), "entry", "entries")),
			"Reload the code location; if that does not help, look at its error.")
		return
	}
	r.explain(CodeLocationUnreachable,
		fmt.Sprintf("The code location lists %s whose content was never fetched, and it does not answer now.", count(int64(h.Entries), "entry", "entries")),
		"Start the code location's server, or check its address; the content is fetched when it answers.")
}

func (r *Reason) stale(h Holding) {
	if h.Loading {
		r.explain(CodeLocationUnreachable,
			fmt.Sprintf("The host has just started and has not heard from the code location yet; this is what it sent last, %s.", ago(h.Age)),
			"Wait a moment; if that does not help, look at the code location's error.")
		return
	}
	r.explain(CodeLocationUnreachable,
		fmt.Sprintf("The code location does not answer; this is what it sent last, %s.", ago(h.Age)),
		"Start the code location's server, or check its address.")
}

func (r *Reason) ownMinimumUnparseable(minimum string) {
	r.explain(CodeVersionUnparseable,
		fmt.Sprintf("This user code requires host protocol %s, which is not a version.", quote(minimum)),
		"Write the required host protocol in the form 1.2.3.")
}

func (r *Reason) hostNotReported() {
	r.explain(CodeVersionNotReported,
		fmt.Sprintf("The host does not report a protocol version; this user code requires host protocol %s or newer.", r.Required),
		upgradeHost(r.Required))
}

func (r *Reason) hostDevVersion() {
	r.explain(CodeDevVersionUnverified,
		fmt.Sprintf("The host reports the development version %s, which cannot be compared; this user code requires host protocol %s or newer.",
			r.Reported, r.Required),
		upgradeHost(r.Required))
}

func (r *Reason) hostUnparseable() {
	r.explain(CodeVersionUnparseable,
		fmt.Sprintf("The host reports protocol %s, which is not a version; this user code requires host protocol %s or newer.",
			r.Reported, r.Required),
		upgradeHost(r.Required))
}

func (r *Reason) hostOlderThanUserCode() {
	r.explain(CodeHostTooOld,
		fmt.Sprintf("The host reports protocol %s; this user code requires host protocol %s or newer.", r.Reported, r.Required),
		upgradeHost(r.Required))
}

func deploy(minimum string) string {
	return fmt.Sprintf("Deploy the user code with an SDK whose protocol is %s or newer.", minimum)
}

func upgradeHost(minimum string) string {
	return fmt.Sprintf("Upgrade the host to protocol %s or newer, or build the user code with an SDK that requires less.", minimum)
}

// sentence starts a sentence with a field: one that is on the wire keeps its name.
func sentence(field string) string {
	if field == fieldHost {
		return "The host's protocol version"
	}
	return "The server's " + field
}
