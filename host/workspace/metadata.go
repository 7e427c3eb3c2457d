package workspace

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// docsBase is where the paths of package versioncheck lead for people.
const docsBase = "https://github.com/penstock-run/penstock/blob/main/"

// MetadataView is the metadata of a job in one of five states.
type MetadataView struct {
	State versioncheck.State
	// Entries when shown, empty or stale: not nil then, and nil otherwise.
	Entries []*metadatav1.Entry
	// Refusal when refused or unavailable; nil otherwise.
	Refusal *Refusal
	// Unreadable is the number of entries that are allowed and cannot be read, or
	// were announced and did not come.
	Unreadable uint32
	// Notice goes beside shown metadata: the server is newer than the host, how
	// old a stale one is, entries that could not be read. It may be empty.
	Notice string
}

// Refusal says that something is not shown, why, and what to do about it.
type Refusal struct {
	State      versioncheck.State // REFUSED or UNAVAILABLE
	Code       string
	Capability string
	Location   string
	ServerID   string
	// Reported is quoted and cut; Required and HostVersion are plain.
	Reported, Required, HostVersion string
	// Withheld is the number of entries that are not shown.
	Withheld uint32
	Message  string
	Remedy   string
	DocsURL  string
}

// RefusalOf is how a decision that shows nothing looks, everywhere; nil for the
// others. withheld is the number of entries that are not shown.
func RefusalOf(d versioncheck.Decision, location string, withheld uint32) *Refusal {
	if d.State != versioncheck.StateRefused && d.State != versioncheck.StateUnavailable {
		return nil
	}
	return &Refusal{
		State: d.State, Code: string(d.Code), Capability: d.Capability, Location: location, ServerID: d.ServerID,
		Reported: d.Reported, Required: d.Required, HostVersion: d.HostVersion,
		Withheld: withheld, Message: d.Message, Remedy: d.Remedy, DocsURL: docsBase + d.DocsPath,
	}
}

// ViewMetadata is the metadata of a run's job as of its launch: the snapshot's
// own report decides, by what this host (its protocol version) knows now. body
// is nil when none was stored.
func ViewMetadata(location string, s host.Snapshot, body []byte, hostProtocol string) MetadataView {
	m := metadataBody{digest: s.Metadata, announced: s.MetadataEntries}
	if body != nil {
		m.hold(body)
	}
	d := snapshotDecision(s, &m, m.body != nil, hostProtocol)
	if d.State == versioncheck.StateUnavailable {
		// The gate was closed at launch and is open now; what a run did not
		// take with it cannot be fetched any more.
		d.Message = fmt.Sprintf("The job had %d metadata entries at launch, which the host of that time could not take.", m.entries())
		d.Remedy = "Look at the job's page for its metadata as it is now; runs that are launched from now on keep theirs."
	}
	return m.view(d, location)
}

// emptyBody is the digest of a metadata body without entries.
var emptyBody = host.Digest(sha256.Sum256(nil))

// MetadataStateOf is the state of what ViewMetadata answers, without the body,
// which is stored when the snapshot names it.
func MetadataStateOf(s host.Snapshot, hostProtocol string) versioncheck.State {
	m := metadataBody{digest: s.Metadata, announced: s.MetadataEntries}
	if s.Metadata == emptyBody {
		m.hold([]byte{})
	}
	return snapshotDecision(s, &m, !s.Metadata.IsZero(), hostProtocol).State
}

// snapshotDecision is what the report of a snapshot allows of its metadata.
func snapshotDecision(s host.Snapshot, m *metadataBody, present bool, hostProtocol string) versioncheck.Decision {
	var info *usercodev1.ServerInfo
	if len(s.ServerInfo) > 0 {
		var report usercodev1.ServerInfo
		if proto.Unmarshal(s.ServerInfo, &report) == nil {
			info = &report // a damaged report counts as none: the gate is closed then
		}
	}
	d := versioncheck.Decide(versioncheck.JobMetadata, reportOf(info),
		versioncheck.Host{Protocol: hostProtocol}, versioncheck.Policy{AllowDevVersions: s.AllowDevVersions})
	return versioncheck.Resolve(d, versioncheck.Holding{Entries: m.entries(), BodyPresent: present, Answering: true})
}

// entries is how many there are: as many as were announced, or as came.
func (m *metadataBody) entries() uint32 {
	n := max(m.announced, m.held)
	if n == 0 && (len(m.body) > 0 || m.body == nil && !m.digest.IsZero()) {
		return 1 // there is a body, damaged or not fetched, that announces nothing
	}
	return n
}

// decode is the entries that can be read, and what is wrong with the others.
func (m *metadataBody) decode() (entries []*metadatav1.Entry, problems []error) {
	entries, problems = decodeEntries(m.body)
	if m.announced != m.held {
		problems = append(problems, fmt.Errorf("the server announced %d and sent %d", m.announced, m.held))
	}
	return entries, problems
}

// view shows what a resolved decision allows.
func (m *metadataBody) view(d versioncheck.Decision, location string) MetadataView {
	v := MetadataView{State: d.State, Refusal: RefusalOf(d, location, m.entries())}
	if v.Refusal != nil {
		return v
	}
	entries, problems := m.decode()
	v.Entries = entries
	v.Unreadable = m.entries() - min(m.entries(), uint32(len(entries)))
	var notices []string
	if d.State == versioncheck.StateStale {
		notices = append(notices, d.Message)
	}
	for _, n := range d.Notices {
		notices = append(notices, n.Message)
	}
	if len(problems) > 0 {
		notices = append(notices, problemsText(m.entries(), problems))
	}
	v.Notice = strings.Join(notices, " ")
	return v
}

// problemsText says what is wrong with entries, the first few of them.
func problemsText(entries uint32, problems []error) string {
	const most = 3
	var b strings.Builder
	fmt.Fprintf(&b, "Of %d entries, some are not shown: ", entries)
	for i, p := range problems {
		if i == most {
			fmt.Fprintf(&b, "; and %d more", len(problems)-most)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.Error())
	}
	b.WriteString(".")
	return b.String()
}
