package workspace

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// manifest collects what a server says that it has, and checks it.
type manifest struct {
	prior  *definitions // nil when the exchange was opened without digests
	byName map[string]*manifestRepository
	jobs   int
}

type manifestRepository struct {
	name         string
	digest, body host.Digest
	jobs         []manifestJob
	// unchanged is the repository that the host has already.
	unchanged *repository
}

type manifestJob struct {
	name                 string
	definition, metadata host.Digest
	// entries is the number of metadata entries as announced; 0 without metadata.
	entries uint32
}

// invalidf is what contradicts itself in the definitions.
func invalidf(format string, args ...any) *fault {
	return &fault{
		code:    FaultDefinitions,
		message: "The server's definitions contradict themselves: " + fmt.Sprintf(format, args...) + ".",
		remedy:  "Restart the user-code server; if that does not help, build it with an intact SDK.",
	}
}

func tooLargef(format string, args ...any) *fault {
	return &fault{
		code:    FaultTooLarge,
		message: "The server's definitions are too large: " + fmt.Sprintf(format, args...) + ".",
		remedy:  "Split the user code into several code locations, or make its definitions smaller.",
	}
}

func newManifest(prior *definitions) *manifest {
	return &manifest{prior: prior, byName: map[string]*manifestRepository{}}
}

// add takes one frame of the manifest.
func (m *manifest) add(f *usercodev1.GetDefinitionsResponse_Manifest) *fault {
	name := f.GetRepository()
	if !validName(name) {
		return invalidf("a repository is called %s", quoted(name))
	}
	digest := host.DigestFrom(f.GetRepositoryDigest())
	if digest.IsZero() {
		return invalidf("repository %s has no digest", quoted(name))
	}
	body, f2 := optionalDigest(f.GetRepositoryBodyDigest(), "repository", name)
	if f2 != nil {
		return f2
	}
	r := m.byName[name]
	if r == nil {
		if len(m.byName) >= maxRepositories {
			return tooLargef("more than %d repositories", maxRepositories)
		}
		r = &manifestRepository{name: name, digest: digest, body: body}
		m.byName[name] = r
	}
	if r.digest != digest || r.body != body {
		return invalidf("repository %s has several digests", quoted(name))
	}
	if f.GetUnchanged() {
		return m.addUnchanged(r, len(f.GetJobs()))
	}
	if r.unchanged != nil {
		return invalidf("repository %s is changed and unchanged", quoted(name))
	}
	for _, j := range f.GetJobs() {
		if f := m.addJob(r, j); f != nil {
			return f
		}
	}
	return nil
}

func (m *manifest) addUnchanged(r *manifestRepository, jobs int) *fault {
	old := m.prior.repository(r.name)
	if old == nil || old.digest != r.digest || jobs > 0 || len(r.jobs) > 0 || r.unchanged != nil {
		return invalidf("repository %s counts as unchanged, but is not what was sent before", quoted(r.name))
	}
	r.unchanged, r.body = old, old.body
	return m.count(len(old.jobs))
}

func (m *manifest) addJob(r *manifestRepository, j *usercodev1.GetDefinitionsResponse_Job) *fault {
	name := j.GetName()
	if !validName(name) {
		return invalidf("a job in repository %s is called %s", quoted(r.name), quoted(name))
	}
	if n := len(r.jobs); n > 0 && r.jobs[n-1].name >= name {
		return invalidf("repository %s names job %s twice or out of order", quoted(r.name), quoted(name))
	}
	job := manifestJob{name: name, definition: host.DigestFrom(j.GetDefinitionDigest()), entries: j.GetMetadataEntries()}
	if job.definition.IsZero() {
		return invalidf("job %s has no definition digest", quoted(name))
	}
	var f *fault
	if job.metadata, f = optionalDigest(j.GetMetadataDigest(), "job", name); f != nil {
		return f
	}
	if job.metadata.IsZero() {
		job.entries = 0 // there is nothing that could hold them
	}
	r.jobs = append(r.jobs, job)
	return m.count(1)
}

func (m *manifest) count(jobs int) *fault {
	if m.jobs += jobs; m.jobs > maxJobs {
		return tooLargef("more than %d jobs", maxJobs)
	}
	return nil
}

// end checks the whole manifest and returns its repositories, sorted by name,
// with their digests as computed here.
func (m *manifest) end(e *usercodev1.GetDefinitionsResponse_ManifestEnd) ([]*manifestRepository, host.Digest, *fault) {
	if int(e.GetJobs()) != m.jobs {
		return nil, host.Digest{}, invalidf("it has %d jobs but names %d", e.GetJobs(), m.jobs)
	}
	sorted := make([]*manifestRepository, 0, len(m.byName))
	for _, r := range m.byName {
		if r.unchanged == nil && repositoryDigest(r.body, r.jobs) != r.digest {
			return nil, host.Digest{}, invalidf("the digest of repository %s is not that of its jobs", quoted(r.name))
		}
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *manifestRepository) int { return strings.Compare(a.name, b.name) })
	root := newSummer()
	for _, r := range sorted {
		root.item([]byte(r.name))
		root.digest(r.digest)
	}
	return sorted, root.sum(), nil
}

func optionalDigest(b []byte, what, name string) (host.Digest, *fault) {
	d := host.DigestFrom(b)
	if d.IsZero() && len(b) > 0 {
		return d, invalidf("a digest of %s %s is not one", what, quoted(name))
	}
	return d, nil
}

// validName is looser than the rule for names, so that a newer SDK may loosen
// it; a name that breaks this one could not be addressed.
func validName(s string) bool {
	return s != "" && len(s) <= maxNameBytes && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '/' || !unicode.IsPrint(r) })
}
