package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "token", "  a secret\n")
	write(t, dir, "ca.pem", "PEM")
	path := write(t, dir, "penstock.yaml", `
# What this host shows.
locations:
  - name: etl
    address: code.example.com:4266
    token_file: token
    tls:
      ca_file: ca.pem
      server_name: code
  - {name: dev, address: "127.0.0.1:4266", allow_dev_versions: true}
queue:
  max_in_progress: 25
`)
	c, err := readConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.locations(path)
	want := []host.LocationConfig{
		{Name: "etl", Address: "code.example.com:4266", Token: "a secret", TLS: &host.LocationTLS{CAPEM: []byte("PEM"), ServerName: "code"}},
		{Name: "dev", Address: "127.0.0.1:4266", AllowDevVersions: true},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("the locations (-want +got):\n%s%v", diff, err)
	}
	if c.Queue.MaxInProgress == nil || *c.Queue.MaxInProgress != 25 {
		t.Errorf("max_in_progress is %v, want 25", c.Queue.MaxInProgress)
	}
	for _, text := range []string{"", "# nothing\n\n", "{}"} {
		if c, err := parseConfig("p", []byte(text)); err != nil || len(c.Locations) > 0 || c.Queue.MaxInProgress != nil {
			t.Errorf("parse %q: %+v, %v; want an empty configuration", text, c, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"ErrUnknownFields", "locations:\n  - nam: x\n    addr: y\nqueues: 1\n", []string{
			`p.yaml:2:5: unknown field "nam"`, `p.yaml:3:5: unknown field "addr"`, `p.yaml:4:1: unknown field "queues"`,
		}},
		{"ErrKinds", "locations: x\nqueue:\n  max_in_progress: many\n", []string{
			`p.yaml:1:12: text ("x") where a list is wanted`, `p.yaml:3:20: text ("many") where a whole number is wanted`,
		}},
		{"ErrSyntax", "locations: [\n", []string{"p.yaml:2:1: "}},
		{"ErrTwice", "queue: {}\nqueue: {}\n", []string{`p.yaml:2:1: mapping key "queue" already defined at line 1`}},
		{"ErrTwoDocuments", "queue: {}\n---\nqueue: {}\n", []string{"the file has several documents"}},
		{"ErrList", "[]", []string{"p.yaml:1:1: a list where a mapping is wanted"}},
		{"ErrControl", "locations: \x01", []string{"p.yaml: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseConfig("p.yaml", []byte(c.text))
			var exit *exitError
			if !errors.As(err, &exit) || exit.code != exitUsage {
				t.Fatalf("parse %q: %v, want exit %d", c.text, err, exitUsage)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("parse %q says\n%v\nwithout %q", c.text, err, want)
				}
			}
		})
	}
}

func TestConfigFilesErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "empty", " \n")
	path := write(t, dir, "p.yaml", "locations:\n - {name: a, address: x, token_file: gone, tls: {ca_file: gone}}\n - {name: b, address: x, token_file: empty}\n")
	c, err := readConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.locations(path)
	for _, want := range []string{`location "a": tls.ca_file`, `location "a": token_file`, `location "b": token_file`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, without %q", err, want)
		}
	}
	if _, err := readConfig(filepath.Join(dir, "gone.yaml")); err == nil || !strings.Contains(err.Error(), "gone.yaml") {
		t.Errorf("a configuration that is not there: %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("locations:\n - {name: a, address: b}\nqueue: {max_in_progress: 1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := parseConfig("p", []byte(text))
		var exit *exitError
		if err != nil && (!errors.As(err, &exit) || exit.code != exitUsage) {
			t.Errorf("parse %q: %v", text, err)
		}
	})
}
