package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/livefile"
)

const (
	// maxNamedFile is the most bytes of a file that the configuration names.
	maxNamedFile = 1 << 20
	// maxTokenFile is the most bytes of a file with a token.
	maxTokenFile = 4 << 10
)

// configReader reads a configuration file and the files that it names, and tells when one of them changed. One goroutine
// at a time may use it.
type configReader struct {
	path string
	// fixed are locations that are there whatever the file says; they come first.
	fixed []host.LocationConfig
	// limit of runs in progress: it holds unless the file has another, or always when limitGiven.
	limit      int
	limitGiven bool
	now        func() time.Time

	// files are those of the last reading, by path.
	files map[string]*livefile.File
	// full is set once the file said something.
	full bool
}

// configuration is what a host is configured with, the contents of files included.
type configuration struct {
	Locations     []host.LocationConfig
	MaxInProgress int
	Limits        []host.Limit
	Pools         []host.Pool
	Retention     retention.Policy
	Alerts        []alert.Rule
}

// changed looks whether one of the files that were read last is another one now.
func (r *configReader) changed() bool {
	changed := false
	for _, f := range r.files {
		changed = f.Refresh(r.now()) || changed
	}
	return changed
}

// forget makes the next reading read everything.
func (r *configReader) forget() { r.files = nil }

// read answers what all files say together. Everything that is wrong is a configError.
func (r *configReader) read() (*configuration, error) {
	before := r.files
	r.files = map[string]*livefile.File{}
	data, err := r.content(before, r.path, maxConfigFile)
	if err != nil {
		return nil, &configError{[]string{"read the configuration: " + err.Error()}}
	}
	empty := len(bytes.TrimSpace(data)) == 0
	if empty && r.full { // more likely cut by what writes it than meant
		return nil, &configError{[]string{r.path + ": the file is empty; to go on without code locations, write locations: []"}}
	}
	file, err := parseConfig(r.path, data)
	if err != nil {
		return nil, err
	}
	v := &configValues{reader: r, before: before, file: file}
	c := &configuration{MaxInProgress: r.limit}
	c.Locations = append(slices.Clone(r.fixed), v.locations()...)
	if most := file.Queue.MaxInProgress; most != nil {
		if *most < -1 {
			v.addf("queue.max_in_progress", "the most runs in progress cannot be %d; -1 means no limit, 0 that none starts", *most)
		}
		if !r.limitGiven {
			c.MaxInProgress = *most
		}
	}
	c.Limits = v.limits()
	c.Pools = v.pools()
	c.Retention = v.retention()
	c.Alerts = v.alerts()
	v.check(c.Locations)
	if len(v.problems) > 0 {
		return nil, v.err()
	}
	r.full = !empty
	return c, nil
}

// content reads a file, or takes it as it was read before if it did not change.
func (r *configReader) content(before map[string]*livefile.File, path string, most int) ([]byte, error) {
	f := r.files[path]
	if f == nil {
		if f = before[path]; f == nil {
			f = livefile.New(path, most)
		}
		f.Refresh(r.now())
		r.files[path] = f
	}
	return f.Content()
}

// configValues makes locations of their sections and collects what is wrong with them.
type configValues struct {
	reader   *configReader
	before   map[string]*livefile.File
	file     *configFile
	problems []configPlace
	// unread are the fields whose files could not be read; what is missing for that is not said again.
	unread []string
}

// configPlace is a problem with its place in the file; line 0 is none.
type configPlace struct {
	line, column int
	text         string
}

func (v *configValues) addf(field, format string, args ...any) {
	p := configPlace{text: fmt.Sprintf(format, args...)}
	p.line, p.column = placeOf(&v.file.root, field)
	v.problems = append(v.problems, p)
}

// err has all problems in the order of their places.
func (v *configValues) err() error {
	slices.SortStableFunc(v.problems, func(a, b configPlace) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return newConfigError(len(v.problems), func(i int) string {
		p := v.problems[i]
		if p.line == 0 {
			return p.text
		}
		return fmt.Sprintf("%s:%d:%d: %s", v.reader.path, p.line, p.column, p.text)
	})
}

func (v *configValues) locations() (all []host.LocationConfig) {
	for i := range v.file.Locations {
		all = append(all, v.location(workspace.LocationField(i), &v.file.Locations[i]))
	}
	return all
}

func (v *configValues) location(field string, s *locationSection) host.LocationConfig {
	for _, empty := range emptyFields(&v.file.root, field) {
		v.addf(empty, "location %.64q: the field has no value; give it one, or leave it out", s.Name)
	}
	l := host.LocationConfig{Name: s.Name, Address: s.Address, AllowDevVersions: s.AllowDevVersions, Insecure: s.Insecure}
	if s.TLS != nil {
		l.TLS = v.tls(field+".tls", s)
	}
	if s.TokenFile != "" {
		l.Token = strings.TrimSpace(string(v.read(field+".token_file", s.Name, s.TokenFile, maxTokenFile)))
	}
	if s.StaleLaunches != nil {
		switch *s.StaleLaunches {
		case "wait":
		case "refuse":
			l.RefuseStaleLaunches = true
		default:
			v.addf(field+".stale_launches", "location %.64q: %.40q is neither wait nor refuse", s.Name, *s.StaleLaunches)
		}
	}
	if s.WaitForCode != nil {
		wait, err := time.ParseDuration(*s.WaitForCode)
		switch {
		case err != nil:
			v.addf(field+".wait_for_code", "location %.64q: %.40q is not a duration; write numbers with units, such as 90s, 30m or 24h", s.Name, *s.WaitForCode)
		case wait <= 0:
			v.addf(field+".wait_for_code", "location %.64q: %s is no time to wait; leave the field out to wait for ever", s.Name, *s.WaitForCode)
		default:
			l.WaitForCode = wait
		}
	}
	return l
}

func (v *configValues) tls(field string, s *locationSection) *host.LocationTLS {
	t := &host.LocationTLS{ServerName: s.TLS.ServerName}
	read := func(name, path string) []byte {
		if path == "" {
			return nil
		}
		return v.read(field+"."+name, s.Name, path, maxNamedFile)
	}
	t.CAPEM = read("ca_file", s.TLS.CAFile)
	t.CertPEM, t.KeyPEM = read("cert_file", s.TLS.CertFile), read("key_file", s.TLS.KeyFile)
	identity, err := textList(&s.TLS.Identity)
	if err != nil {
		v.addf(field+".identity", "location %.64q: tls.identity is %s", s.Name, err)
	}
	t.Identity = identity
	return t
}

// read reads a named file; a relative path is relative to the configuration file.
func (v *configValues) read(field, location, path string, most int) []byte {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(v.reader.path), path)
	}
	data, err := v.reader.content(v.before, path, maxNamedFile)
	switch {
	case err == nil && len(strings.TrimSpace(string(data))) == 0:
		err = errors.New(path + " is empty")
	case err == nil && len(data) > most:
		err = fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	if err != nil {
		_, name, _ := strings.Cut(field, ".")
		v.addf(field, "location %.64q: %s: %s", location, name, err)
		v.unread = append(v.unread, field)
		return nil
	}
	return data
}

// check adds what the workspace has against the locations.
func (v *configValues) check(all []host.LocationConfig) {
	var e *host.Error
	if err := workspace.CheckConfigs(all); !errors.As(err, &e) {
		return
	}
	for _, p := range e.Problems {
		index, field := 0, ""
		if _, err := fmt.Sscanf(p.Field, "locations[%d]", &index); err == nil {
			_, field, _ = strings.Cut(p.Field, ".")
		}
		text := p.Message
		if p.Path != "" {
			text = "location " + p.Path + ": " + text
		}
		if index < len(v.reader.fixed) {
			v.problems = append(v.problems, configPlace{text: text})
			continue
		}
		field = strings.TrimSuffix(workspace.LocationField(index-len(v.reader.fixed))+"."+field, ".")
		if !v.follows(field) {
			v.addf(field, "%s", text)
		}
	}
}

// follows tells that a problem of a field is there only because a file was not read: its own, or the other one of a pair.
func (v *configValues) follows(field string) bool {
	pair := strings.NewReplacer("cert_file", "key_file", "key_file", "cert_file").Replace(field)
	return slices.Contains(v.unread, field) || slices.Contains(v.unread, pair)
}
