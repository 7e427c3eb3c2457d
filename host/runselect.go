package host

import (
	"slices"
	"time"

	"github.com/penstock-run/penstock/host/selector"
)

// Fields of runs in selectors.
const (
	FieldStatus     = "status"
	FieldJob        = "job"
	FieldLocation   = "location"
	FieldRepository = "repository"
	FieldID         = "id"
	FieldPartition  = "partition"
	FieldVersion    = "version"
	FieldSnapshot   = "snapshot"
	FieldCreated    = "created"
	FieldStarted    = "started"
	FieldEnded      = "ended"
)

// PartitionKey is the tag that FieldPartition shows.
const PartitionKey = "penstock/partition"

// RunSchema is what selectors of runs know.
func RunSchema() selector.Schema {
	return selector.Schema{What: "run", Fields: []selector.SchemaField{
		{Name: FieldStatus, Doc: "where it is in its life", Words: statusWords()},
		{Name: FieldJob, Doc: "its job", Path: true},
		{Name: FieldLocation, Doc: "code location of its job"},
		{Name: FieldRepository, Doc: "repository of its job"},
		{Name: FieldID, Doc: "its id, or the beginning of it", Beginning: true},
		{Name: FieldPartition, Doc: "the partition that it is about"},
		{Name: FieldVersion, Doc: "version of the code that it was launched or started with"},
		{Name: FieldSnapshot, Doc: "snapshot of the job that it was launched or started with, or the beginning of its id", Beginning: true},
		{Name: FieldCreated, Doc: "when it was launched", Time: true},
		{Name: FieldStarted, Doc: "when its user code was allowed to start", Time: true},
		{Name: FieldEnded, Doc: "when it became final", Time: true},
	}}
}

// statusWords are the values of FieldStatus.
func statusWords() []string {
	words := make([]string, len(RunStatuses))
	for i, s := range RunStatuses {
		words[i] = string(s)
	}
	return words
}

// MetadataText is an entry of a job's metadata as selectors see it.
type MetadataText struct {
	// Key of the entry, Text what it shows; cut after MaxMetadataText bytes.
	Key, Text string
}

// MaxMetadataText is how many bytes of an entry of metadata selectors see.
const MaxMetadataText = 256

// RunSource is a run as selectors see it.
type RunSource struct {
	Run *Run
	// Texts are those of the metadata that the run was launched with.
	Texts []MetadataText
}

var _ selector.Source = RunSource{}

// Tag implements selector.Source.
func (s RunSource) Tag(key string) (value string, ok bool) { return s.Run.Tag(key) }

// Metadata implements selector.Source.
func (s RunSource) Metadata(key string) (text string, ok bool) {
	for _, m := range s.Texts {
		if m.Key == key {
			return m.Text, true
		}
	}
	return "", false
}

// Field implements selector.Source.
func (s RunSource) Field(name string) []string {
	r := s.Run
	switch name {
	case FieldStatus:
		return []string{string(r.Status)}
	case FieldJob:
		return []string{r.Job.Job, r.Job.Repository + "/" + r.Job.Job, r.Job.String()}
	case FieldLocation:
		return []string{r.Job.Location}
	case FieldRepository:
		return []string{r.Job.Repository}
	case FieldID:
		return []string{string(r.ID)}
	case FieldPartition:
		if value, ok := r.Tag(PartitionKey); ok {
			return []string{value}
		}
	case FieldVersion:
		return present(r.Launched.CodeVersion, r.StartedFrom.CodeVersion)
	case FieldSnapshot:
		return present(r.Launched.ID(), r.StartedFrom.ID())
	}
	return nil
}

// present are the values that are not empty, each once.
func present(values ...string) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

// Time implements selector.Source.
func (s RunSource) Time(name string) time.Time {
	switch name {
	case FieldCreated:
		return s.Run.CreatedAt
	case FieldStarted:
		return s.Run.StartedAt
	case FieldEnded:
		return s.Run.EndedAt
	default:
		return time.Time{}
	}
}

// JobIs selects the runs of a job; parts of the name that are empty match anything.
func JobIs(name JobName) *selector.Expr {
	var parts []*selector.Expr
	for _, p := range []struct{ field, value string }{
		{FieldLocation, name.Location}, {FieldRepository, name.Repository}, {FieldJob, name.Job},
	} {
		if p.value != "" {
			parts = append(parts, selector.FieldIs(p.field, p.value))
		}
	}
	return selector.All(parts...)
}

// StatusIn selects the runs that have one of these statuses; without any, all.
func StatusIn(statuses ...RunStatus) *selector.Expr {
	if len(statuses) == 0 {
		return nil
	}
	var parts []*selector.Expr
	for _, s := range statuses {
		parts = append(parts, selector.FieldIs(FieldStatus, string(s)))
	}
	return selector.Any(parts...)
}
