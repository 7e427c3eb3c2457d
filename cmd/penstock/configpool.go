package main

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// poolSection is a pool of slots that ops take.
type poolSection struct {
	// Name is what ops name it by.
	Name string `yaml:"name"`
	// Slots is nil when the file does not say.
	Slots *int `yaml:"slots"`
}

// pools makes the pools of their sections, and collects what is wrong with them.
func (v *configValues) pools() (pools []host.Pool) {
	const section = "queue.pools"
	sections := v.file.Queue.Pools
	if len(sections) > host.MaxPools {
		v.addf(section, "%d pools are too many; at most %d", len(sections), host.MaxPools)
		return nil
	}
	named := map[string]int{}
	for i, s := range sections {
		field := fmt.Sprintf("%s[%d]", section, i)
		for _, empty := range emptyFields(&v.file.root, field) {
			v.addf(empty, "pool %d: the field has no value; give it one, or leave it out", i+1)
		}
		p := host.Pool{Name: s.Name}
		if s.Slots == nil {
			v.addf(field, "pool %d: slots is missing: it is not said how many ops may have one at a time", i+1)
		} else {
			p.Slots = *s.Slots
		}
		problems := p.Problems()
		for _, problem := range problems {
			v.addf(field+"."+problem.Field, "pool %d: %s", i+1, problem.Message)
		}
		if first, again := named[p.Name]; again && len(problems) == 0 {
			v.addf(field, "pool %d: pool %d is called %q, too; an op could mean either", i+1, first, p.Name)
		}
		named[p.Name] = i + 1
		pools = append(pools, p)
	}
	return pools
}
