package main

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// limitSection is a limit of the queue.
type limitSection struct {
	// Name is what it is called; default: what it counts.
	Name string `yaml:"name"`
	// Where is a selector of the runs that are counted; without one all are.
	Where string `yaml:"where"`
	// Each is the key of a tag, each value of which is counted apart.
	Each string `yaml:"each"`
	// AtMost is nil when the file does not say.
	AtMost *int `yaml:"at_most"`
}

// limits makes the limits of the queue of their sections, and collects what is wrong with them.
func (v *configValues) limits() (limits []host.Limit) {
	const section = "queue.limits"
	sections := v.file.Queue.Limits
	if len(sections) > host.MaxLimits {
		v.addf(section, "%d limits of the queue are too many; at most %d", len(sections), host.MaxLimits)
		return nil
	}
	named := map[string]int{}
	for i, s := range sections {
		field := fmt.Sprintf("%s[%d]", section, i)
		for _, empty := range emptyFields(&v.file.root, field) {
			v.addf(empty, "limit %d of the queue: the field has no value; give it one, or leave it out", i+1)
		}
		atMost := 0
		if s.AtMost == nil {
			v.addf(field, "limit %d of the queue: at_most is missing: it is not said how many runs may be in progress", i+1)
		} else {
			atMost = *s.AtMost
		}
		l, problems := host.NewLimit(s.Name, s.Where, s.Each, atMost)
		for _, p := range problems {
			text := p.Message
			if p.Column > 0 {
				text = fmt.Sprintf("column %d of the selector: %s", p.Column, text)
			}
			v.addf(field+"."+p.Field, "limit %d of the queue: %s", i+1, text)
		}
		if first, again := named[l.Name]; again && len(problems) == 0 {
			v.addf(field, "limit %d of the queue: limit %d is called %q, too; give one of them another name", i+1, first, l.Name)
		}
		named[l.Name] = i + 1
		limits = append(limits, l)
	}
	return limits
}
