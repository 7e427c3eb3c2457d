package wire

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Limits of what one server may define.
const (
	MaxJobs       = 20_000
	MaxTotalBytes = 256 << 20
)

// Definitions is everything that a user-code server sends of its repositories, encoded once. It may be read from any
// goroutine; nothing in it may be changed.
type Definitions struct {
	Digest       Digest
	Repositories []*Repository // sorted by name
	Jobs         int

	bodies map[Digest][]byte
}

// Repository is the manifest of one repository.
type Repository struct {
	Name       string
	Digest     Digest
	BodyDigest Digest
	Jobs       []*usercodev1.GetDefinitionsResponse_Job // sorted by name
}

// Encode encodes repositories that were validated: names are unique, values are sound. The error lists every body and
// every sum that is over its limit.
func Encode(repositories []*spec.Repository) (*Definitions, error) {
	d := &Definitions{bodies: map[Digest][]byte{}}
	var problems []error
	roots := map[string]Digest{}
	for _, r := range repositories {
		encoded, err := d.encode(r)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		roots[r.Name] = encoded.Digest
		d.Repositories = append(d.Repositories, encoded)
		d.Jobs += len(encoded.Jobs)
	}
	if d.Jobs > MaxJobs {
		problems = append(problems, fmt.Errorf("there are %d jobs; the limit of one server is %d", d.Jobs, MaxJobs))
	}
	total := 0
	for _, body := range d.bodies {
		total += len(body)
	}
	if total > MaxTotalBytes {
		problems = append(problems, fmt.Errorf("all definitions have %d bytes; the limit of one server is %d", total, MaxTotalBytes))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	slices.SortFunc(d.Repositories, func(a, b *Repository) int { return cmp.Compare(a.Name, b.Name) })
	d.Digest = RootDigest(roots)
	return d, nil
}

func (d *Definitions) encode(r *spec.Repository) (*Repository, error) {
	var problems []error
	keep := func(body []byte, err error) []byte {
		if err != nil {
			problems = append(problems, fmt.Errorf("repository %q: %w", r.Name, err))
		} else if body != nil {
			d.bodies[DigestOf(body)] = body
		}
		return DigestOf(body).Bytes()
	}
	body := keep(repositoryBody(r))
	encoded := &Repository{Name: r.Name}
	for _, job := range r.Jobs {
		encoded.Jobs = append(encoded.Jobs, &usercodev1.GetDefinitionsResponse_Job{
			Name:             job.Name,
			DefinitionDigest: keep(JobDefinition(job)),
			MetadataDigest:   keep(JobMetadata(job)),
			MetadataEntries:  uint32(len(job.Metadata)),
		})
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	slices.SortFunc(encoded.Jobs, func(a, b *usercodev1.GetDefinitionsResponse_Job) int { return cmp.Compare(a.GetName(), b.GetName()) })
	encoded.BodyDigest = Digest(body)
	encoded.Digest = RepositoryDigest(body, encoded.Jobs)
	return encoded, nil
}

// Body returns the body of a digest; ok is false when there is none. The bytes must not be changed.
func (d *Definitions) Body(digest []byte) (body []byte, ok bool) {
	if len(digest) != len(Digest{}) {
		return nil, false
	}
	body, ok = d.bodies[Digest(digest)]
	return body, ok
}

// Job finds a job's line in the manifest; nil when there is no such repository or job.
func (d *Definitions) Job(repository, job string) *usercodev1.GetDefinitionsResponse_Job {
	for _, r := range d.Repositories {
		if r.Name != repository {
			continue
		}
		i, found := slices.BinarySearchFunc(r.Jobs, job, func(j *usercodev1.GetDefinitionsResponse_Job, name string) int {
			return cmp.Compare(j.GetName(), name)
		})
		if found {
			return r.Jobs[i]
		}
	}
	return nil
}
