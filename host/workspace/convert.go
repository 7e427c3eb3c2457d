package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/versioncheck"
)

// definitionBody is a job's definition as it came, decoded once when asked for.
type definitionBody struct {
	job    string // the name in the manifest
	digest host.Digest
	body   []byte

	once       sync.Once
	definition *host.JobDefinition
	ops        int
	err        error

	parted partedDefinition
}

// decode decodes the body. An error concerns this job alone.
func (b *definitionBody) decode() (*host.JobDefinition, error) {
	b.once.Do(func() {
		def, err := DecodeDefinition(b.body)
		if err == nil && def.GetName() != b.job {
			err = fmt.Errorf("the definition is that of a job called %s", quoted(def.GetName()))
		}
		if err == nil {
			b.definition, b.ops, err = definitionOf(def)
		}
		if err != nil {
			b.definition = nil
			b.err = &host.Error{
				Code:    host.Invalid,
				Reason:  "DEFINITION_UNREADABLE",
				Message: fmt.Sprintf("the definition of job %s cannot be used: %v", quoted(b.job), err),
				Remedy:  "Correct the job in the user code, or build it with an SDK of this host's version, and deploy it again.",
			}
		}
	})
	return b.definition, b.err
}

// DecodeDefinition decodes the definition body of a job, after counting on the
// wire that it stays within the limits. The message is checked no further; it
// is the caller's to change. Partitions are left out and not looked at: they
// have a gate of their own, see [Job.Proto].
func DecodeDefinition(body []byte) (*usercodev1.JobDefinition, error) {
	var def usercodev1.JobDefinition
	body, _ = cutPartitions(body)
	if err := newBudget().scan(body, def.ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(body, &def); err != nil {
		return nil, errors.New("it is damaged, or holds text that is not UTF-8")
	}
	return &def, nil
}

// JobDefinitionOf is the host's form of a definition, with nested graphs in
// place. The error names the first thing that is wrong with it; a definition
// without one can be walked without fear of cycles, dangling names or size.
func JobDefinitionOf(def *usercodev1.JobDefinition) (*host.JobDefinition, error) {
	d, _, err := definitionOf(def)
	return d, err
}

func definitionOf(def *usercodev1.JobDefinition) (*host.JobDefinition, int, error) {
	graph, ops, err := graphOf(def)
	if err != nil {
		return nil, 0, err
	}
	if len(def.GetConfigSchemaJson()) > 0 && !json.Valid(def.GetConfigSchemaJson()) {
		return nil, 0, errors.New("its config schema is not JSON")
	}
	tags := TagsOf(def.GetTags())
	for i := 1; i < len(tags); i++ {
		if tags[i-1].Key == tags[i].Key {
			return nil, 0, fmt.Errorf("it has the tag %s twice", quoted(tags[i].Key))
		}
	}
	return &host.JobDefinition{
		Name:         def.GetName(),
		Description:  def.GetDescription(),
		Tags:         tags,
		ConfigSchema: bytes.Clone(def.GetConfigSchemaJson()),
		Graph:        *graph,
	}, ops, nil
}

// TagsOf is the host's form of tags, sorted by key. An origin on the wire is
// dropped: tags of definitions have that of definitions.
func TagsOf(tags []*tagv1.Tag) []tag.Tag {
	converted := make([]tag.Tag, 0, len(tags))
	for _, t := range tags {
		converted = append(converted, tag.Tag{Key: t.GetKey(), Value: t.GetValue(), Origin: tag.OriginDefinition})
	}
	slices.SortFunc(converted, func(a, b tag.Tag) int { return strings.Compare(a.Key, b.Key) })
	return converted
}

// reportOf is the version gate's form of what a server said; nil when it said nothing.
func reportOf(info *usercodev1.ServerInfo) versioncheck.Report {
	if info == nil {
		return versioncheck.Report{}
	}
	return versioncheck.Report{
		Answered:               true,
		ProtocolVersion:        info.GetProtocolVersion(),
		MinHostProtocolVersion: info.GetMinHostProtocolVersion(),
		CapabilitiesDeclared:   info.GetCapabilitiesDeclared(),
		Capabilities:           capabilitiesOf(info.GetCapabilities()),
		ServerID:               info.GetServerId(),
	}
}

func capabilitiesOf(capabilities []*usercodev1.Capability) []versioncheck.Capability {
	converted := make([]versioncheck.Capability, 0, len(capabilities))
	for _, c := range capabilities {
		converted = append(converted, versioncheck.Capability{Name: c.GetName(), Revision: c.GetRevision(), Enabled: c.GetEnabled()})
	}
	return converted
}

// hostInfo is what the host says of itself.
func hostInfo(h HostInfo) *usercodev1.HostInfo {
	info := &usercodev1.HostInfo{Version: h.Version, ProtocolVersion: h.Protocol}
	for _, r := range versioncheck.Requirements() {
		info.Capabilities = append(info.Capabilities, &usercodev1.Capability{Name: r.Name, Revision: 1, Enabled: true})
	}
	return info
}
