package usercode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// parts is every definition that a job uses, each once, in the order of first use; configs by name.
type parts struct {
	graphs    []*graphDef
	ops       []*opDef
	config    []*configDef
	resources []*resourceDef
	seen      map[any]bool
}

func partsOf(root *graphDef) *parts {
	p := &parts{seen: map[any]bool{}}
	p.add(root)
	slices.SortStableFunc(p.resources, func(a, b *resourceDef) int { return strings.Compare(a.resource.Name, b.resource.Name) })
	slices.SortStableFunc(p.config, func(a, b *configDef) int { return strings.Compare(a.config.Name, b.config.Name) })
	for _, c := range p.config {
		c.complete()
	}
	return p
}

func (p *parts) add(g *graphDef) {
	if !p.isNew(g) {
		return
	}
	p.graphs = append(p.graphs, g)
	for _, op := range g.ops {
		if !p.isNew(op) {
			continue
		}
		p.ops = append(p.ops, op)
		p.addConfigs(op.configs)
		p.addResources(op.resources)
	}
	for _, nested := range g.nested {
		p.add(nested)
	}
}

func (p *parts) addConfigs(configs []*configDef) {
	for _, c := range configs {
		if p.isNew(c) {
			p.config = append(p.config, c)
		}
	}
}

// addResources adds those that resources use, too.
func (p *parts) addResources(resources []*resourceDef) {
	for _, r := range resources {
		if p.isNew(r) {
			p.resources = append(p.resources, r)
			p.addConfigs(r.configs)
			p.addResources(r.uses)
		}
	}
}

func (p *parts) isNew(def any) bool {
	if p.seen[def] {
		return false
	}
	p.seen[def] = true
	return true
}

// faults is what is wrong with each, and with their names: within a job a name says what it is.
func (p *parts) faults() []fault {
	var all []fault
	graphs, ops, resources, configs := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, g := range p.graphs {
		all = appendFaults(all, "graph", g.name(), g.faults, g.ofJob)
		if !g.ofJob {
			all = appendTwin(all, graphs, "graph", g.name(), g.origin)
		}
	}
	for _, op := range p.ops {
		all = appendFaults(all, "op", op.name(), op.faults, false)
		all = appendTwin(all, ops, "op", op.name(), op.op.Origin)
	}
	for _, r := range p.resources {
		all = appendFaults(all, "resource", r.resource.Name, r.faults, false)
		all = appendTwin(all, resources, "resource", r.resource.Name, r.resource.Origin)
	}
	for _, c := range p.config {
		all = appendFaults(all, "config", c.config.Name, c.faults, false)
		all = appendTwin(all, configs, "config", c.config.Name, c.config.Origin)
	}
	return all
}

func appendFaults(all []fault, what, name string, faults []fault, unnamed bool) []fault {
	for _, f := range faults {
		if !unnamed {
			f.message = fmt.Sprintf("%s %q: %s", what, name, f.message)
		}
		all = append(all, f)
	}
	return all
}

func appendTwin(all []fault, seen map[string]string, what, name, origin string) []fault {
	first, twice := seen[name]
	if !twice {
		seen[name] = origin
		return all
	}
	message := fmt.Sprintf("%s %q: there is another %s of this name in the job, made at %s; rename one", what, name, what, first)
	if first == origin {
		message = fmt.Sprintf("%s %q is made several times; make it once, outside of the body, and use that", what, name)
	}
	return append(all, fault{origin: origin, message: message})
}

// configs is what the job's run config holds, by name.
func (p *parts) configs() []*spec.Config {
	configs := make([]*spec.Config, len(p.config))
	for i, c := range p.config {
		configs[i] = &c.config
	}
	return configs
}

// used is what the job's ops open, by name.
func (p *parts) used() []*spec.Resource {
	var resources []*spec.Resource
	for _, r := range p.resources {
		resources = append(resources, &r.resource)
	}
	return resources
}
