package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/penstock-run/penstock/host"
)

// maxConfigFile is the most bytes of a configuration file.
const maxConfigFile = 4 << 20

// configFile is the host's configuration file.
type configFile struct {
	Locations []locationSection `yaml:"locations"`
	Queue     queueSection      `yaml:"queue"`
	Retention retentionSection  `yaml:"retention"`
	Notify    []notifySection   `yaml:"notify"`
	Email     *emailSection     `yaml:"email"`

	// root is the same as typed, for the places of values.
	root yaml.Node
}

// locationSection is one code location.
type locationSection struct {
	Name             string      `yaml:"name"`
	Address          string      `yaml:"address"`
	AllowDevVersions bool        `yaml:"allow_dev_versions"`
	TLS              *tlsSection `yaml:"tls"`
	TokenFile        string      `yaml:"token_file"`
	Insecure         bool        `yaml:"insecure"`
	// StaleLaunches is wait or refuse.
	StaleLaunches *string `yaml:"stale_launches"`
	// WaitForCode is a duration, such as 24h.
	WaitForCode *string `yaml:"wait_for_code"`
}

// tlsSection is how to dial a location with TLS; an empty one trusts the system's certificates.
type tlsSection struct {
	CAFile     string `yaml:"ca_file"`
	ServerName string `yaml:"server_name"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	// Identity is text or a list of texts.
	Identity yaml.Node `yaml:"identity"`
}

// queueSection is about the queue.
type queueSection struct {
	// MaxInProgress is nil when the file does not say.
	MaxInProgress *int           `yaml:"max_in_progress"`
	Limits        []limitSection `yaml:"limits"`
	Pools         []poolSection  `yaml:"pools"`
}

// configError is everything that is wrong with a configuration file.
type configError struct {
	// lines are the problems, each with its place.
	lines []string
}

// maxConfigProblems is how many problems are listed: a file of another kind may have any number.
const maxConfigProblems = 100

// newConfigError lists the first of n problems, and counts the others.
func newConfigError(n int, line func(int) string) *configError {
	e := &configError{}
	for i := range min(n, maxConfigProblems) {
		e.lines = append(e.lines, line(i))
	}
	if n > maxConfigProblems {
		e.lines = append(e.lines, fmt.Sprintf("and %d more", n-maxConfigProblems))
	}
	return e
}

func (e *configError) Error() string {
	return "the configuration cannot be used:\n  " + strings.Join(e.lines, "\n  ")
}

// parseConfig lists each mistake with its line and column.
func parseConfig(path string, data []byte) (*configFile, error) {
	c := &configFile{}
	if isBlank(data) {
		return c, nil
	}
	err := yaml.Load(data, c, yaml.WithKnownFields())
	if err == nil {
		err = yaml.Load(data, &c.root)
	}
	if err == nil {
		return c, nil
	}
	var many *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case !utf8.Valid(data):
		return nil, &configError{[]string{notText(path, data)}}
	case errors.As(err, &many):
		return nil, newConfigError(len(many.Errors), func(i int) string { return configProblem(path, many.Errors[i]) })
	case errors.As(err, &one):
		return nil, &configError{[]string{configProblem(path, one)}}
	default:
		return nil, &configError{[]string{path + ": " + err.Error()}}
	}
}

// notText says where a file stops being text.
func notText(path string, data []byte) string {
	line, column := 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if column++; r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return fmt.Sprintf("%s:%d:%d: the file is not UTF-8 text from here on", path, line, column)
}

// isBlank reports whether a file has nothing but space and comments, which is a legal configuration.
func isBlank(data []byte) bool {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

var (
	unknownField  = regexp.MustCompile(`^field (.*) not found in type .*$`)
	wrongKind     = regexp.MustCompile("^cannot construct !!([a-z]+) (?:`(.*)` )?into (.*)$")
	severalInFile = "expected single document"
)

// configProblem says where and what is wrong, in the words of the file rather than of the program.
func configProblem(path string, e *yaml.LoadError) string {
	place := path
	if e.Mark.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", path, e.Mark.Line, max(e.Mark.Column, 1))
	}
	message := strings.TrimPrefix(e.Message, "yaml: ")
	if m := unknownField.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("unknown field %.80q; known are: locations (name, address, tls (ca_file, server_name, cert_file, key_file, identity), token_file, insecure, allow_dev_versions, stale_launches, wait_for_code), queue (max_in_progress, limits (name, where, each, at_most), pools (name, slots)), retention (keep_last_per_job, rules (where, keep)), notify (name, when, url, url_env, email, not_started_after, not_started_by, not_finished_after, not_finished_by) and email (server, from, username, password_env, tls)", m[1])
	} else if m := wrongKind.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s where %s is wanted", yamlKind(m[1], m[2]), goKind(m[3]))
	} else if strings.HasPrefix(message, severalInFile) {
		message = "the file has several documents; one is allowed"
	}
	return place + ": " + message
}

func yamlKind(tag, value string) string {
	name := map[string]string{"str": "text", "int": "a number", "float": "a fraction", "bool": "a truth value", "map": "a mapping", "seq": "a list", "null": "nothing"}[tag]
	if name == "" {
		name = tag
	}
	if value != "" {
		name += fmt.Sprintf(" (%.40q)", value)
	}
	return name
}

func goKind(kind string) string {
	switch {
	case kind == "int" || kind == "*int":
		return "a whole number"
	case kind == "bool":
		return "true or false"
	case kind == "string" || kind == "*string":
		return "text"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	default:
		return "a mapping"
	}
}

// locationFlag reads NAME=ADDRESS.
func locationFlag(text string, insecure bool) (host.LocationConfig, error) {
	name, address, ok := strings.Cut(text, "=")
	if !ok || name == "" || address == "" {
		return host.LocationConfig{}, usageErrorf("--location %.200q is not NAME=ADDRESS, for example tutorial=127.0.0.1:4266", text)
	}
	return host.LocationConfig{Name: name, Address: address, Insecure: insecure}, nil
}
