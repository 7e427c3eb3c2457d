package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// peerCommand is a command that starts the synthetic server of a protocol version, which has no commands of its own.
func peerCommand(t *testing.T, args ...string) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "peer")
	script := fmt.Sprintf("#!/bin/sh\nshift\nexec %s %s \"$@\"\n", peerserver, strings.Join(args, " "))
	if err := os.WriteFile(name, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{name}
}

// TestCheckBuild: what penstock check says of builds of several ages, for this penstock's own protocol, for a running
// host, and for one whose capabilities were saved.
func TestCheckBuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(0, "host", "capabilities")
	saved := filepath.Join(w.dir, "host.json")
	text := w.want(0, "host", "capabilities", "--json").out
	older := filepath.Join(w.dir, "older.json")
	if err := os.WriteFile(saved, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(older, []byte(strings.Replace(text, `"protocolVersion": "0.15.0"`, `"protocolVersion": "0.14.17"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flags, command []string
		code           int
		out, errOut    []string
	}{
		"OKOwn":           {nil, []string{tutorial}, 0, []string{"job_metadata  allowed  5 jobs", "partitions    allowed  1 job", "schedules     allowed  1 schedule", "sensors       allowed  1 sensor", "All that this build has will be there."}, nil},
		"OKHost":          {[]string{"--host", w.host}, []string{tutorial}, 0, []string{"http://" + w.host, "job_metadata  allowed  5 jobs"}, nil},
		"OKSaved":         {[]string{"--capabilities", saved}, []string{tutorial, "serve"}, 0, []string{saved, "job_metadata  allowed  5 jobs"}, nil},
		"ErrOlderHost":    {[]string{"--capabilities", older}, []string{tutorial}, 4, []string{"job_metadata: HOST_TOO_OLD"}, []string{"would refuse: job_metadata of 5 jobs; partitions of 1 job; 1 schedule; 1 sensor"}},
		"ErrMinHost":      {[]string{"--host", w.host}, []string{tutorial, "serve", "--min-host", "0.99"}, 4, []string{"Needs host:   0.99", "the host: HOST_TOO_OLD"}, []string{"needs a newer host"}},
		"ErrOldServer":    {nil, peerCommand(t, "--protocol", "0.14.17"), 4, []string{"Protocol:      0.14.17", "job_metadata  refused  2 jobs", "job_metadata: SERVER_TOO_OLD", "launch_run    allowed"}, []string{"would refuse: job_metadata of 2 jobs"}},
		"OKMinimum":       {nil, peerCommand(t, "--protocol", "0.14.18", "--declare"), 0, []string{"job_metadata  allowed  2 jobs"}, nil},
		"ErrIncompatible": {nil, peerCommand(t, "--protocol", "1.0.0"), 4, []string{"launch_run: NEWER_MAJOR_PROTOCOL", "launch_run    refused  unknown here"}, []string{"launch_run"}},
		"ErrDev":          {nil, peerCommand(t, "--protocol", "dev"), 4, []string{"job_metadata: DEV_VERSION_UNVERIFIED"}, []string{"job_metadata of 2 jobs"}},
		"ErrDefinitions":  {nil, []string{wrongcode}, 6, nil, []string{"exit status 1", `job "empty" of repository "wrong": it is empty`, "definitions are wrong: 10 problems"}},
		"ErrSelector":     {nil, []string{"env", "WRONG=selector", wrongcode}, 6, []string{"after_failure", `"failrue" is not a status`}, []string{"definitions are wrong"}},
		"ErrMetadata":     {nil, peerCommand(t, "--protocol", "0.15.0", "--declare", "--unsafe"), 6, []string{"error: metadata: "}, []string{"definitions are wrong: those of "}},
		"ErrNotUserCode":  {nil, []string{"sh", "-c", "echo no such thing; exit 3"}, 6, nil, []string{"exit status 3", "no such thing"}},
		"ErrLate":         {[]string{"--timeout", "300ms"}, []string{"sh", "-c", "exec sleep 1000"}, 5, nil, []string{"after 300ms it does not answer"}},
		"ErrNoHost":       {[]string{"--host", "127.0.0.1:1"}, []string{tutorial}, 5, nil, []string{"does not answer"}},
		"ErrNoProgram":    {nil, []string{"no-such-program"}, 2, nil, []string{"no-such-program", "Build it first"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append(append([]string{"check"}, c.flags...), "--")
			a := w.want(c.code, append(args, c.command...)...)
			for _, want := range c.out {
				if !strings.Contains(a.out, want) {
					t.Errorf("standard output lacks %q:\n%s", want, a.out)
				}
			}
			for _, want := range c.errOut {
				if !strings.Contains(a.errOut, want) {
					t.Errorf("standard error lacks %q:\n%s", want, a.errOut)
				}
			}
			if c.errOut == nil && a.errOut != "" || strings.Contains(a.out+a.errOut, "\x1b") {
				t.Errorf("standard output and error:\n%q\n%q", a.out, a.errOut)
			}
			args[len(args)-1] = "--json"
			a = w.want(c.code, append(append(args, "--"), c.command...)...)
			var object struct {
				Verdict string `json:"verdict"`
			}
			if c.code == 2 || c.code == 5 {
				return
			}
			if err := json.Unmarshal([]byte(a.out), &object); err != nil {
				t.Fatalf("%v:\n%s", err, a.out)
			}
			if want := map[int]string{0: "OK", 4: "REFUSED", 6: "WRONG"}[c.code]; object.Verdict != want {
				t.Errorf("the verdict is %s, want %s", object.Verdict, want)
			}
		})
	}
}

// TestCheckUnusedCapability: a refused capability that is not used is only said.
func TestCheckUnusedCapability(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := w.want(0, "host", "capabilities", "--json").out
	later := strings.Replace(table, `"capabilities": [`, `"capabilities": [
    {"name": "assets", "label": "assets", "minProtocolVersion": "0.99.0", "minHostProtocolVersion": "0.15.0"},`, 1)
	file := filepath.Join(w.dir, "later.json")
	if err := os.WriteFile(file, []byte(later), 0o600); err != nil {
		t.Fatal(err)
	}
	a := w.want(0, "check", "--capabilities", file, "--", tutorial)
	if !strings.Contains(a.out, "assets        refused  unknown here") || !strings.Contains(a.out, "assets: SERVER_TOO_OLD") {
		t.Errorf("standard output:\n%s", a.out)
	}
	if a := w.want(4, "check", "--strict", "--capabilities", file, "--", tutorial); !strings.Contains(a.errOut, "would refuse: assets") {
		t.Errorf("standard error:\n%s", a.errOut)
	}
	// The binary itself says the same.
	own := run(t, w.dir, tutorial, "check", "--capabilities", file)
	if code := own.exited(); code != 0 || !strings.Contains(own.out.String(), "assets        refused  unknown to this build") {
		t.Errorf("exit code %d:\n%s", code, own.out)
	}
	own = run(t, w.dir, tutorial, "check", "--host", w.host)
	if code := own.exited(); code != 0 || !strings.Contains(own.out.String(), "job_metadata  allowed  5 jobs") {
		t.Errorf("exit code %d:\n%s", code, own.out)
	}
}
