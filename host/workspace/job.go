package workspace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/versioncheck"
)

// Job is one job of the definitions that were in use when it was looked up. It
// never changes, except that its metadata turns stale when its location stops
// answering. Slices and messages in it are shared: do not change them. All
// methods may be called concurrently.
type Job struct {
	Name host.JobName
	// DefinitionDigest is that of DefinitionBody.
	DefinitionDigest host.Digest
	// DefinitionBody is the encoded JobDefinition as it came.
	DefinitionBody []byte
	// MetadataBody is the encoded JobMetadata as it came; nil when there is
	// none, or when the gate refuses it.
	MetadataBody []byte
	// RepositoryDescription is markdown, and may be empty.
	RepositoryDescription string

	content *jobContent
	from    *definitions
}

// Definition is the job's definition, decoded once. An error concerns this job
// alone: its definition cannot be used. Partitions that cannot be used are left
// out of it, see Partitions.
func (j *Job) Definition() (*host.JobDefinition, error) {
	if !j.from.gates.partitionsAllowed() {
		return j.content.definition.decode()
	}
	return j.content.definition.withPartitions()
}

// Err says why the definition cannot be used; nil when it can.
func (j *Job) Err() error {
	_, err := j.Definition()
	return err
}

// Proto decodes the definition with all that is for people. The caller may change it.
func (j *Job) Proto() (*usercodev1.JobDefinition, error) {
	if err := j.Err(); err != nil {
		return nil, err
	}
	def, err := DecodeDefinition(j.DefinitionBody)
	if err == nil && j.from.gates.partitionsAllowed() {
		def.Partitions = j.content.definition.partitionsProto()
	}
	return def, err
}

// Summary is the first line of the description.
func (j *Job) Summary() string {
	def, err := j.Definition()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(def.Description), "\n")
	return strings.TrimSpace(line)
}

// Tags are those that every run of the job starts with; none when the
// definition cannot be used.
func (j *Job) Tags() []tag.Tag {
	def, err := j.Definition()
	if err != nil {
		return nil
	}
	return def.Tags
}

// Ops is the number of ops that the job places, with those in nested graphs.
func (j *Job) Ops() int {
	if j.Err() != nil {
		return 0
	}
	return j.content.definition.ops
}

// Server is what the server said of itself when it sent the job; nil when it said nothing.
func (j *Job) Server() *usercodev1.ServerInfo { return j.from.report.info }

// LoadedAt is since when these definitions are in use.
func (j *Job) LoadedAt() time.Time { return j.from.loadedAt }

// CodeVersion is what the server that sent the job calls the version of its code, else its revision; empty when it said neither.
func (j *Job) CodeVersion() string { return codeVersion(j.from.report.info) }

// Snapshot is the job as it is, for a run to keep.
func (j *Job) Snapshot() host.Snapshot {
	s := host.Snapshot{
		Definition:       j.DefinitionDigest,
		MetadataEntries:  j.content.metadata.announced,
		ServerInfo:       slices.Clone(j.from.report.encoded),
		AllowDevVersions: j.from.policy.AllowDevVersions,
		CodeVersion:      j.CodeVersion(),
	}
	if j.MetadataBody != nil {
		s.Metadata = j.content.metadata.digest
	}
	return s
}

// codeVersion is what a server calls the version of its code, else its revision.
func codeVersion(info *usercodev1.ServerInfo) string {
	if v := info.GetBuild().GetCodeVersion(); v != "" {
		return v
	}
	return info.GetBuild().GetVcsRevision()
}

// Metadata is the job's metadata as it may be shown now.
func (j *Job) Metadata() MetadataView {
	return j.content.metadata.view(j.metadataDecision(), j.Name.Location)
}

// MetadataState is the state of Metadata, without decoding it.
func (j *Job) MetadataState() versioncheck.State { return j.metadataDecision().State }

// Allows is the gate's decision on a capability, by the report that came with these definitions; a refusal, or nil.
func (j *Job) Allows(capability string) *Refusal {
	return RefusalOf(versioncheck.Decide(capability, j.from.report.judged(), j.from.location.host, j.from.policy), j.Name.Location, 0)
}

func (j *Job) metadataDecision() versioncheck.Decision {
	l := j.from.location
	holding := versioncheck.Holding{
		Entries:     j.content.metadata.entries(),
		BodyPresent: j.MetadataBody != nil,
		Answering:   l.answering(),
	}
	if !holding.Answering {
		holding.Age, holding.Loading = l.age(), l.loading()
	}
	d := versioncheck.Resolve(j.from.decision, holding)
	if d.State != versioncheck.StateStale {
		return d
	}
	if f := l.problem(); f != nil {
		if !f.silent {
			d.Message = "The definitions that the code location has now cannot be used; this is what it sent before."
		}
		d.Message += " " + f.message
	}
	return d
}

// Warnings are what people should know before they launch the job.
func (j *Job) Warnings() (warnings []string) {
	for _, t := range j.Tags() {
		if can := LauncherNeed(t); can != "" {
			warnings = append(warnings, fmt.Sprintf("The tag %s of this job's definition keeps it from being launched: this host has no launcher that can %s; known: %s.", t.Key, can, LocalLauncher))
		}
	}
	return warnings
}

// LocalLauncher is the name of the only launcher that a host has so far.
const LocalLauncher = "local"

// LauncherNeed says what a tag asks of a launcher that no launcher of this host
// can do, as the end of "no launcher that can …"; "" when there is nothing.
func LauncherNeed(t tag.Tag) string {
	switch t.Key {
	case tag.KeyKubernetes:
		return "apply Kubernetes settings"
	case tag.KeyImage:
		return "run in an image of your choice"
	case tag.KeyLauncher:
		if t.Value != LocalLauncher {
			return "be called " + quoted(t.Value)
		}
	}
	return ""
}
