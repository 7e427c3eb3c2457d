package workspace

import (
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/versioncheck"
)

// definitions is what one server process had at one moment, with the report
// that came with it. It never changes; a newer one replaces it.
type definitions struct {
	location     *location
	report       report
	policy       versioncheck.Policy
	decision     versioncheck.Decision // for job metadata
	gates        gates
	root         host.Digest
	repositories []*repository // sorted by name
	jobs         []*Job        // sorted by repository, job
	byName       map[string][]*Job
	loadedAt     time.Time
	// lacking says that the gate allows metadata that is not here: it was
	// refused when these were stored.
	lacking bool
	// automation are the schedules and sensors that the gate allows, made when somebody asks.
	automation func() *automationSet
}

// repository is shared by the definitions in which it is the same.
type repository struct {
	name         string
	digest, body host.Digest
	content      []byte // of the body, to store
	description  string
	automation   *repositoryAutomation
	jobs         []*jobContent // sorted by name
}

// jobContent is what definitions hold of a job.
type jobContent struct {
	name       string
	definition *definitionBody
	metadata   metadataBody
	texts      texts
}

// metadataBody is a job's metadata; body is nil when the gate refused it.
type metadataBody struct {
	digest host.Digest
	// announced is the manifest's number of entries, held that of the body.
	announced, held uint32
	body            []byte
}

// allowed says whether metadata was allowed when these were fetched.
func (d *definitions) allowed() bool { return d.decision.State == versioncheck.StateShown }

// repository finds a repository; d may be nil.
func (d *definitions) repository(name string) *repository {
	if d == nil {
		return nil
	}
	for _, r := range d.repositories {
		if r.name == name {
			return r
		}
	}
	return nil
}

// bodies are all that d holds; d may be nil.
func (d *definitions) bodies() map[host.Digest][]byte {
	bodies := map[host.Digest][]byte{}
	if d == nil {
		return bodies
	}
	for _, r := range d.repositories {
		for _, j := range r.jobs {
			bodies[j.definition.digest] = j.definition.body
			if j.metadata.body != nil {
				bodies[j.metadata.digest] = j.metadata.body
			}
		}
	}
	return bodies
}

// assemble makes repositories of what an exchange brought. What is as before is
// shared with held, which may be nil, so that it is decoded once.
func assemble(o *outcome, held *definitions) []*repository {
	if o.same {
		return withoutRefused(held.repositories, o.allowed)
	}
	decoded := map[host.Digest]*definitionBody{}
	if held != nil {
		for _, r := range held.repositories {
			for _, j := range r.jobs {
				decoded[j.definition.digest] = j.definition
			}
		}
	}
	repositories := make([]*repository, 0, len(o.repositories))
	for _, m := range o.repositories {
		if m.unchanged != nil {
			repositories = append(repositories, withoutRefused([]*repository{m.unchanged}, o.allowed)...)
			continue
		}
		r := &repository{name: m.name, digest: m.digest, body: m.body, jobs: make([]*jobContent, 0, len(m.jobs))}
		if old := held.repository(m.name); old != nil && old.body == m.body {
			r.description, r.content, r.automation = old.description, old.content, old.automation
		} else {
			r.content = o.bodies[m.body]
			r.description = repositoryDescription(r.content)
			r.automation = newRepositoryAutomation(r.content)
		}
		for _, j := range m.jobs {
			def := decoded[j.definition]
			if def == nil || def.job != j.name {
				def = &definitionBody{job: j.name, digest: j.definition, body: o.bodies[j.definition]}
			}
			c := &jobContent{name: j.name, definition: def, metadata: metadataBody{digest: j.metadata, announced: j.entries}}
			if o.allowed {
				c.metadata.hold(o.bodies[j.metadata])
			}
			r.jobs = append(r.jobs, c)
		}
		repositories = append(repositories, r)
	}
	return repositories
}

// withoutRefused drops metadata that was allowed before and is not any more.
func withoutRefused(repositories []*repository, allowed bool) []*repository {
	if allowed {
		return repositories
	}
	stripped := make([]*repository, len(repositories))
	for i, r := range repositories {
		s := *r
		s.jobs = make([]*jobContent, len(r.jobs))
		for k, j := range r.jobs {
			s.jobs[k] = &jobContent{
				name: j.name, definition: j.definition,
				metadata: metadataBody{digest: j.metadata.digest, announced: j.metadata.announced},
			}
		}
		stripped[i] = &s
	}
	return stripped
}

// newDefinitions makes definitions of repositories.
func newDefinitions(d definitions) *definitions {
	d.gates = gatesOf(d.report, d.location.host, d.policy)
	d.automation = sync.OnceValue(d.makeAutomation)
	n := 0
	for _, r := range d.repositories {
		n += len(r.jobs)
	}
	all := make([]Job, n)
	d.jobs = make([]*Job, 0, n)
	d.byName = make(map[string][]*Job, n)
	for _, r := range d.repositories {
		for _, c := range r.jobs {
			j := &all[len(d.jobs)]
			*j = Job{
				Name:                  host.JobName{Location: d.location.name, Repository: r.name, Job: c.name},
				DefinitionDigest:      c.definition.digest,
				DefinitionBody:        c.definition.body,
				MetadataBody:          c.metadata.body,
				RepositoryDescription: r.description,
				content:               c,
				from:                  &d,
			}
			d.jobs = append(d.jobs, j)
			d.byName[c.name] = append(d.byName[c.name], j)
		}
	}
	return &d
}

// repositoryDescription reads the description out of a RepositoryDefinition.
// Schedules and sensors are read elsewhere; the rest, metadata of the
// repository, is not shown anywhere and stays undecoded.
func repositoryDescription(body []byte) (description string) {
	const descriptionField = 2
	_ = eachField(body, func(num protowire.Number, typ protowire.Type, _, value []byte) bool {
		if num == descriptionField && typ == protowire.BytesType {
			text, _ := protowire.ConsumeBytes(value)
			description = strings.ToValidUTF8(string(text), "\uFFFD")
		}
		return true
	}) // what was found before damage is it
	return description
}
