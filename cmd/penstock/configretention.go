package main

import (
	"fmt"

	"github.com/penstock-run/penstock/host/retention"
)

// retentionSection says how long runs are kept.
type retentionSection struct {
	KeepLastPerJob int           `yaml:"keep_last_per_job"`
	Rules          []ruleSection `yaml:"rules"`
}

// ruleSection is one rule.
type ruleSection struct {
	// Where is a selector; without one the rule is about all runs.
	Where string `yaml:"where"`
	// Keep is a time such as 30d, or forever.
	Keep string `yaml:"keep"`
}

// retention makes the policy of its section, and collects what is wrong with it.
func (v *configValues) retention() retention.Policy {
	const section = "retention"
	s := &v.file.Retention
	for _, empty := range emptyFields(&v.file.root, section) {
		v.addf(empty, "retention: the field has no value; give it one, or leave it out")
	}
	for i := range s.Rules {
		for _, empty := range emptyFields(&v.file.root, fmt.Sprintf("%s.rules[%d]", section, i)) {
			v.addf(empty, "rule %d of retention: the field has no value; give it one, or leave it out", i+1)
		}
	}
	p := retention.Policy{KeepLast: s.KeepLastPerJob}
	sound := true
	for i, rule := range s.Rules {
		field := fmt.Sprintf("%s.rules[%d]", section, i)
		r, problems := retention.ParseRule(rule.Where, rule.Keep)
		for _, problem := range problems {
			sound = false
			text := problem.Message
			if problem.Column > 0 {
				text = fmt.Sprintf("column %d of the selector: %s", problem.Column, text)
			}
			v.addf(field+"."+problem.Field, "rule %d of retention: %s", i+1, text)
		}
		p.Rules = append(p.Rules, r)
	}
	if !sound {
		return p
	}
	for _, problem := range p.Check() {
		v.addf(section+"."+problem.Field, "retention: %s", problem.Message)
	}
	return p
}
