package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/penstock-run/penstock/host/alert"
)

// notifySection is a rule of alerts.
type notifySection struct {
	Name string `yaml:"name"`
	When string `yaml:"when"`
	// URL of a webhook, or URLEnv, the variable of the host's environment that has it.
	URL    string   `yaml:"url"`
	URLEnv string   `yaml:"url_env"`
	Email  []string `yaml:"email"`
	// Times make it a rule about late runs.
	NotStartedAfter  string `yaml:"not_started_after"`
	NotStartedBy     string `yaml:"not_started_by"`
	NotFinishedAfter string `yaml:"not_finished_after"`
	NotFinishedBy    string `yaml:"not_finished_by"`
}

// emailSection is how e-mail is sent.
type emailSection struct {
	Server   string `yaml:"server"`
	From     string `yaml:"from"`
	Username string `yaml:"username"`
	// PasswordEnv is the variable of the host's environment that has the password.
	PasswordEnv string `yaml:"password_env"`
	TLS         string `yaml:"tls"`
}

// alerts makes the rules of alerts of their sections, and collects what is wrong with them.
func (v *configValues) alerts() (rules []alert.Rule) {
	const section = "notify"
	server := v.mailServer()
	sound := true
	for i, s := range v.file.Notify {
		field := fmt.Sprintf("%s[%d]", section, i)
		for _, empty := range emptyFields(&v.file.root, field) {
			v.addf(empty, "alert %d: the field has no value; give it one, or leave it out", i+1)
			sound = false
		}
		text := alert.RuleText{
			Name: s.Name, When: s.When, URL: s.URL, Email: s.Email,
			NotStartedAfter: s.NotStartedAfter, NotStartedBy: s.NotStartedBy, NotFinishedAfter: s.NotFinishedAfter, NotFinishedBy: s.NotFinishedBy,
		}
		urlField := "url"
		switch {
		case s.URL != "" && s.URLEnv != "":
			v.addf(field+".url_env", "alert %d: url and url_env say the same; give one of them", i+1)
			continue
		case s.URLEnv != "":
			urlField = "url_env"
			if text.URL = strings.TrimSpace(v.secret(field+".url_env", s.URLEnv)); text.URL == "" {
				continue // it is told
			}
		}
		rule, problems := alert.NewRule(text, server)
		for _, p := range problems {
			sound = false
			if p.Field == "url" {
				p.Field = urlField
			}
			message := p.Message
			if p.Column > 0 {
				message = fmt.Sprintf("column %d of the selector: %s", p.Column, message)
			}
			v.addf(strings.TrimSuffix(field+"."+p.Field, "."), "alert %d: %s", i+1, message)
		}
		rules = append(rules, rule)
	}
	if !sound {
		return rules
	}
	for _, p := range alert.CheckRules(rules) {
		v.addf(section+p.Field, "notify: %s", p.Message)
	}
	return rules
}

// mailServer is how e-mail is sent, nil when the file does not say. What is wrong with it is told here alone.
func (v *configValues) mailServer() *alert.MailServer {
	const section = "email"
	s := v.file.Email
	if s == nil {
		return nil
	}
	for _, empty := range emptyFields(&v.file.root, section) {
		v.addf(empty, "email: the field has no value; give it one, or leave it out")
	}
	m := alert.MailServer{Server: s.Server, From: s.From, Username: s.Username, TLS: s.TLS}
	if s.PasswordEnv != "" {
		if m.Password = v.secret(section+".password_env", s.PasswordEnv); m.Password == "" {
			return &m // it is told
		}
	}
	server, problems := alert.NewMailServer(m)
	for _, p := range problems {
		v.addf(section+"."+p.Field, "email: %s", p.Message)
	}
	return server
}

// secret reads a variable of the host's environment that has a secret.
func (v *configValues) secret(field, name string) string {
	value, found := os.LookupEnv(name)
	if value == "" {
		v.addf(field, "the variable %.80q of the host's environment %s", name, map[bool]string{true: "is empty", false: "is not set"}[found])
	}
	return value
}
