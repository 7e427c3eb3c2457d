package usercode

import (
	"fmt"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// OpOption is [Description], a [Config], a [Resource], [Retry], [Timeout], [Priority], [Pool], [CodeVersion], [MaxOutput] or [Transient].
type OpOption interface{ applyOp(def *opDef) }

// GraphOption is [Description].
type GraphOption interface{ applyGraph(def *graphDef) }

// JobOption is [Description], [Metadata], [MetadataList], [Tags], [MaxConcurrent], [Partitions], [DynamicPartitions],
// [PartitionPairs], [PartitionConfig] or [PartitionTags].
type JobOption interface{ applyJob(j *Job) }

// RepositoryItem is a [Job], a [Schedule], a [Sensor], or [Description], [Metadata] or [MetadataList] for the repository
// itself.
type RepositoryItem interface{ applyRepository(r *Repository) }

// CommandOption is [Description], [Env], [Dir], [Retry], [Timeout], [Priority], [Pool], [CodeVersion], [MaxOutput] or [Transient].
type CommandOption interface{ applyCommand(c *command) }

// ConfigOption is [Description].
type ConfigOption interface{ applyConfig(def *configDef) }

// Description says in markdown what a repository, job, graph, op, config or resource is for; at most 64 KiB.
type Description string

func (d Description) applyOp(def *opDef)             { def.describe(string(d)) }
func (d Description) applyGraph(def *graphDef)       { def.describe(string(d)) }
func (d Description) applyJob(j *Job)                { j.describe(string(d)) }
func (d Description) applyRepository(r *Repository)  { r.describe(string(d)) }
func (d Description) applyCommand(c *command)        { c.opOptions = append(c.opOptions, d) }
func (d Description) applyConfig(def *configDef)     { def.describe(string(d)) }
func (d Description) applyResource(def *resourceDef) { def.describe(string(d)) }

const maxDescriptionBytes = 64 << 10

func checkDescription(text string) error {
	if len(text) > maxDescriptionBytes {
		return fmt.Errorf("the description has %d bytes; the limit is %d", len(text), maxDescriptionBytes)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("the description is not valid UTF-8")
	}
	return nil
}

// Metadata is for people who look at a job or repository: its owner, its documents, the git hash of its definition.
// It never reaches a run; for that, see [Tags]. Ops report such metadata of their own, see [Note]. Values are made with package metadata, or are plain Go values that
// [metadata.Of] knows. It is shown sorted by key; [MetadataList] keeps an order.
type Metadata map[string]any

func (m Metadata) applyJob(j *Job)               { j.metadata.add(metadata.FromMap(m)) }
func (m Metadata) applyRepository(r *Repository) { r.metadata.add(metadata.FromMap(m)) }

// MetadataList is [Metadata] in the order in which it is shown:
//
//	usercode.MetadataList{{Key: "owner", Value: metadata.Text("data team")}, …}
type MetadataList metadata.List

func (l MetadataList) applyJob(j *Job)               { j.metadata.add(metadata.List(l), nil) }
func (l MetadataList) applyRepository(r *Repository) { r.metadata.add(metadata.List(l), nil) }

// metadataOf collects the metadata that several options give.
type metadataOf struct {
	list metadata.List
	errs []error
}

func (m *metadataOf) add(list metadata.List, err error) {
	if err != nil {
		m.errs = append(m.errs, err)
		return
	}
	m.list = append(m.list, list...)
}

// problems is every single one, those of the whole list included.
func (m *metadataOf) problems() []error {
	return flatten(append(m.errs, m.list.Validate()))
}

// Tags go to every run of the job, or to every one that the schedule or sensor makes: they say what it belongs to, it is found by them, and those under penstock/ steer
// it. A value is a string, or anything that becomes JSON. The rule for keys and values is that of package tag.
type Tags map[string]any

func (t Tags) applyJob(j *Job) {
	list, err := tag.FromAny(t)
	if err != nil {
		j.tagErrs = append(j.tagErrs, err)
		return
	}
	j.tags = append(j.tags, list...)
}

// flatten takes apart the errors that are lists of problems.
func flatten(errs []error) (flat []error) {
	for _, err := range errs {
		if list, ok := err.(interface{ Unwrap() []error }); ok { // Problems themselves, not what an error wraps
			flat = append(flat, list.Unwrap()...)
		} else if err != nil {
			flat = append(flat, err)
		}
	}
	return flat
}
