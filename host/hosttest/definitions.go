package hosttest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/proto"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Repository is a repository that a peer has.
type Repository struct {
	Name, Description string
	Metadata          []*metadatav1.Entry
	Jobs              []Job
	Schedules         []*usercodev1.ScheduleDefinition
	Sensors           []*usercodev1.SensorDefinition
	// RawMore follows the encoded definition, as it is.
	RawMore []byte
}

// Definition is the body of the repository, without RawMore.
func (r Repository) Definition() *usercodev1.RepositoryDefinition {
	return &usercodev1.RepositoryDefinition{
		Name: r.Name, Description: r.Description, Metadata: r.Metadata, Schedules: r.Schedules, Sensors: r.Sensors,
	}
}

// Job is a job that a peer has.
type Job struct {
	// Name in the manifest. Default: that of the definition.
	Name       string
	Definition *usercodev1.JobDefinition
	Metadata   []*metadatav1.Entry
	// RawDefinition and RawMetadata are sent instead, as they are.
	RawDefinition, RawMetadata []byte
	// Announced is sent as the number of metadata entries instead of the real one.
	Announced *uint32
}

func (j Job) name() string { return cmp.Or(j.Name, j.Definition.GetName()) }

// encoded is all repositories on the wire.
type encoded struct {
	root      []byte
	manifests []*usercodev1.GetDefinitionsResponse_Manifest // one for each repository, sorted by name
	bodies    map[string][]byte                             // by digest
	metadata  [][]byte                                      // digests of metadata bodies
	jobs      map[string]*usercodev1.JobDefinition          // by "repository/job"
	digests   map[string][]byte                             // of definitions, by "repository/job"
	marshal   func(proto.Message) []byte
}

func encode(repositories []Repository, future bool) *encoded {
	e := &encoded{bodies: map[string][]byte{}, jobs: map[string]*usercodev1.JobDefinition{}, digests: map[string][]byte{}, marshal: marshal}
	if future {
		e.marshal = func(m proto.Message) []byte { return marshal(WithUnknown(m)) }
	}
	sorted := slices.SortedFunc(slices.Values(repositories), func(a, b Repository) int { return cmp.Compare(a.Name, b.Name) })
	root := &items{}
	for _, r := range sorted {
		m := e.manifest(r)
		e.manifests = append(e.manifests, m)
		root.add([]byte(r.Name))
		root.add(m.GetRepositoryDigest())
	}
	e.root = root.sum()
	return e
}

func (e *encoded) manifest(r Repository) *usercodev1.GetDefinitionsResponse_Manifest {
	m := &usercodev1.GetDefinitionsResponse_Manifest{Repository: r.Name}
	m.RepositoryBodyDigest = e.add(append(e.marshal(r.Definition()), r.RawMore...))
	digest := &items{}
	digest.add(m.GetRepositoryBodyDigest())
	for _, j := range slices.SortedFunc(slices.Values(r.Jobs), func(a, b Job) int { return cmp.Compare(a.name(), b.name()) }) {
		definition := j.RawDefinition
		if definition == nil {
			definition = e.marshal(j.Definition)
		}
		job := &usercodev1.GetDefinitionsResponse_Job{Name: j.name(), DefinitionDigest: e.add(definition)}
		if j.Metadata != nil || j.RawMetadata != nil {
			body := j.RawMetadata
			if body == nil {
				body = e.marshal(&usercodev1.JobMetadata{Entries: j.Metadata})
			}
			job.MetadataDigest = e.add(body)
			job.MetadataEntries = uint32(len(j.Metadata))
			e.metadata = append(e.metadata, job.MetadataDigest)
		}
		if j.Announced != nil {
			job.MetadataEntries = *j.Announced
		}
		m.Jobs = append(m.Jobs, job)
		digest.add([]byte(job.Name))
		digest.add(job.DefinitionDigest)
		digest.add(job.MetadataDigest)
		e.jobs[r.Name+"/"+job.Name] = j.Definition
		e.digests[r.Name+"/"+job.Name] = job.DefinitionDigest
	}
	m.RepositoryDigest = digest.sum()
	return m
}

func (e *encoded) add(body []byte) []byte {
	d := sha256.Sum256(body)
	e.bodies[string(d[:])] = body
	return d[:]
}

// items are what a digest is over, each preceded by its length.
type items struct{ bytes []byte }

func (i *items) add(b []byte) {
	i.bytes = binary.BigEndian.AppendUint32(i.bytes, uint32(len(b)))
	i.bytes = append(i.bytes, b...)
}

func (i *items) sum() []byte {
	d := sha256.Sum256(i.bytes)
	return d[:]
}

// marshal encodes what this package made; that it can be encoded is for its own tests.
func marshal(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}
