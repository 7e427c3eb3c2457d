package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host/hosttest"
)

// peer starts a server of the test's own that behaves as told, and returns the flags that make a host know it.
func peer(t *testing.T, name string, change func(*hosttest.Behavior)) []string {
	t.Helper()
	b := hosttest.Current()
	change(&b)
	return []string{"--location", name + "=" + hosttest.Start(t, b).Address()}
}

// TestBrokenLocations: whatever a location does, the host starts, says of each what is wrong and what to do, and the
// good one among them works as if it were alone.
func TestBrokenLocations(t *testing.T) { //nolint:tparallel // what follows needs each location to be broken
	t.Parallel()
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	flags := []string{
		"--location", "gone=127.0.0.1:1",
		"--location", "page=" + page.Listener.Addr().String(),
	}
	for name, change := range map[string]func(*hosttest.Behavior){
		"hangs":        func(b *hosttest.Behavior) { b.Info = hosttest.Hang },
		"garbage":      func(b *hosttest.Behavior) { b.Info = hosttest.Garbage },
		"oversize":     func(b *hosttest.Behavior) { b.Info = hosttest.Oversize },
		"fails":        func(b *hosttest.Behavior) { b.Info = hosttest.Fail },
		"floods":       func(b *hosttest.Behavior) { b.Definitions = hosttest.FloodJobs },
		"floodsbodies": func(b *hosttest.Behavior) { b.Definitions = hosttest.FloodBodies },
		"lies":         func(b *hosttest.Behavior) { b.Definitions = hosttest.LieBody },
		"needstoken":   func(b *hosttest.Behavior) { b.Token = "secret" },
	} {
		flags = append(flags, peer(t, name, change)...)
	}
	w := newWorld(t, flags...)
	w.serve(tutorial)
	for name, c := range map[string]struct {
		state string
		want  []string // in error or remedy
	}{
		"gone":         {"UNAVAILABLE", []string{"127.0.0.1:1 refuses connections", "Start the user-code server"}},
		"page":         {"ERROR", []string{"is not a Penstock user-code server", "Check the address and the port"}},
		"hangs":        {"ERROR", []string{"GetServerInfo took longer than 5s", "not stuck"}},
		"garbage":      {"ERROR", []string{"GetServerInfo", "SDK is intact"}},
		"oversize":     {"ERROR", []string{"larger reply than the limit for GetServerInfo", "SDK is intact"}},
		"fails":        {"ERROR", []string{"GetServerInfo", "log"}},
		"floods":       {"ERROR", []string{"job"}},
		"floodsbodies": {"ERROR", []string{"more than 256 MiB"}},
		"lies":         {"ERROR", []string{"digest"}},
		"needstoken":   {"ERROR", []string{"asks for a token", "--token-file"}},
	} {
		t.Run(name, func(t *testing.T) {
			var l map[string]any
			eventually(t, name+" is "+c.state, func() bool {
				l = w.jsonOf("location", "show", name)
				return l["state"] == c.state
			})
			text := fmt.Sprint(l["error"], "\n", l["remedy"])
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("error and remedy lack %q:\n%s", want, text)
				}
			}
			if l["remedy"] == "" || len(text) > 1000 || strings.Contains(text, "\x1b") {
				t.Errorf("error and remedy are\n%q", text)
			}
		})
	}
	w.want(0, "run", "launch", "code/tutorial/my_job_with_tags", "--wait")
	w.want(0, "location", "list")
	w.want(0, "job", "list")
	w.want(5, "location", "reload", "gone")
	w.want(1, "location", "reload", "page")
	if code := w.server.stop(); code != 0 {
		t.Errorf("the host's exit code is %d", code)
	}
}

// TestVersionsThatDoNotFit: a server that tells no version, or asks for a newer host, has jobs that launch; what the
// gate keeps back says so.
func TestVersionsThatDoNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(
		peer(t, "silent", func(b *hosttest.Behavior) { b.Info = hosttest.Unimplemented }),
		peer(t, "newer", func(b *hosttest.Behavior) { b.MinHostProtocol = "0.99.0" })...)...)
	for name, want := range map[string][]string{
		"silent": {"does not report a protocol version", "0.14.18 or newer"},
		"newer":  {"needs a host", "0.99.0", "0.15.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eventually(t, name+" is READY", func() bool { return w.jsonOf("location", "show", name)["state"] == "READY" })
			a := w.want(4, "job", "show", name+"/tutorial/my_job_with_metadata")
			for _, s := range want {
				if !strings.Contains(a.errOut, s) {
					t.Errorf("stderr lacks %q:\n%s", s, a.errOut)
				}
			}
			if !strings.Contains(a.out, "Metadata not shown") || strings.Contains(a.out+a.errOut, "data team") {
				t.Errorf("stdout:\n%s", a.out)
			}
			w.want(0, "run", "launch", name+"/tutorial/my_job_with_tags", "--wait")
		})
	}
}

// TestLocationGoesDown: a launch at a location that went down is kept until its code is back.
func TestLocationGoesDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(tutorial)
	server.kill()
	id := w.launch("my_job_with_tags")
	run := w.awaitStatus(id, "WAITING_FOR_CODE")
	if reason := fmt.Sprint(run["status_reason"]); !strings.Contains(reason, "code location code") || !strings.Contains(reason, w.code) {
		t.Errorf("the reason is %q, want the location and its address", reason)
	}
	w.serve(tutorial)
	w.awaitStatus(id, "SUCCESS")
}
