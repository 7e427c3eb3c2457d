package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
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
		{"ErrNotText", "# \u00fc\nqueue: \xff\n", []string{"p.yaml:2:8: the file is not UTF-8 text from here on"}},
		{"ErrControl", "locations: \x01", []string{"p.yaml: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseConfig("p.yaml", []byte(c.text))
			if _, ok := errors.AsType[*configError](err); !ok {
				t.Fatalf("parse %q: %v, want a configError", c.text, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("parse %q says\n%v\nwithout %q", c.text, err, want)
				}
			}
		})
	}
}
