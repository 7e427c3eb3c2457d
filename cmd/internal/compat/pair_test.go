package compat

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/versioncheck"
)

// expectation is what a host must do with a job's metadata: show it, or refuse it with a code.
type expectation struct{ refused string }

// exchange does with a pair what people do every day, and checks the answers.
func (p *pair) exchange(want expectation) {
	p.t.Helper()
	listed := p.want(0, "job", "list").out
	for _, job := range []string{"my_job_with_metadata", "my_job_with_tags", "repository_report", "gated"} {
		if !strings.Contains(listed, job) {
			p.t.Errorf("job list lacks %s:\n%s", job, listed)
		}
	}
	const job = "code/tutorial/my_job_with_metadata"
	if want.refused == "" {
		if a := p.want(0, "job", "show", job); !strings.Contains(a.out, "data team") {
			p.t.Errorf("the metadata is not shown:\n%s", a.out)
		}
	} else {
		a := p.want(4, "job", "show", job)
		if strings.Contains(a.out+a.errOut, "data team") || !strings.Contains(a.out, want.refused) {
			p.t.Errorf("job show has withheld metadata, or lacks %s:\n%s%s", want.refused, a.out, a.errOut)
		}
		metadata, _ := p.jsonOf("job", "show", job)["metadata"].(map[string]any)
		if entries, there := metadata["entries"]; !there || entries != nil {
			p.t.Errorf("in JSON the metadata is %v, want entries null", metadata)
		}
	}
	p.want(0, "run", "launch", "code/tutorial/my_job_with_tags", "--wait")
	found, _ := p.jsonOf("run", "list", "--tag", "foo=bar")["runs"].([]any)
	if len(found) == 0 {
		p.t.Error("the run lacks the tag of its job")
	}
	g := p.launchGated()
	p.want(0, "run", "cancel", g.id)
	p.awaitStatus(g.id, "CANCELED")
	p.launchGated().finish()
}

// TestOtherProtocols runs this source tree against itself, built with the protocol versions of older and newer releases:
// an old host with new user code, and the other way round, both upgraded in mid-run.
func TestOtherProtocols(t *testing.T) {
	t.Parallel() // as its subtests
	now := buildThis(t, versioncheck.Protocol)
	older, newer := buildThis(t, "0.14.17"), buildThis(t, "0.99.0")
	for _, c := range []struct {
		name          string
		host, code    build
		before        expectation
		hostTo, code2 build
		after         expectation
	}{
		{"OldHost", older, now, expectation{"HOST_TOO_OLD"}, now, now, expectation{}},
		{"OldUserCode", now, older, expectation{"CONTRADICTORY_REPORT"}, now, now, expectation{}},
		{"NewUserCode", now, newer, expectation{}, now, now, expectation{}},
		{"NewHost", newer, now, expectation{}, now, now, expectation{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each has processes and a folder of its own
			p := newPair(t, c.host, c.code)
			p.exchange(c.before)
			p.move(c.hostTo, c.code2)
			p.exchange(c.after)
		})
	}
}

// move replaces the host and the user code while a run is under way, which goes on.
func (p *pair) move(host, code build) {
	p.t.Helper()
	g := p.launchGated()
	for _, s := range p.running { // their workers go on
		_ = s.cmd.Process.Kill()
		<-s.done
	}
	p.running = nil
	p.serve(code)
	if host != p.host {
		if code := p.server.stop(); code != 0 {
			p.t.Errorf("the host ended with %d:\n%s", code, p.server.out)
		}
		p.startHost(host)
	}
	g.finish()
}

// buildThis builds this source tree as if its protocol were another one. Nothing in the tree can be told to: the compiler
// is given another file in place of the constant's.
func buildThis(t *testing.T, protocol string) build {
	t.Helper()
	b := build{name: "protocol " + protocol, dir: t.TempDir(), protocol: protocol}
	const source = "../../../versioncheck/protocol.go"
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	old := `Protocol = "` + versioncheck.Protocol + `"`
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%s does not say %s once", source, old)
	}
	other := filepath.Join(b.dir, "protocol.go")
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), old, `Protocol = "`+protocol+`"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {absolute: other}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(b.dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	const module = "github.com/penstock-run/penstock/"
	cmd := exec.Command("go", "build", "-overlay", list, "-o", b.dir+"/", module+"cmd/penstock", module+"cmd/tutorial", module+"cmd/internal/e2e/testcode")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build with protocol %s: %v\n%s", protocol, err, out)
	}
	return b
}

// protocolOf is what the binaries of a build say.
func protocolOf(t *testing.T, b build) string {
	t.Helper()
	out, err := exec.Command(b.binary("penstock"), "version", "--json", "--host", "127.0.0.1:1").Output()
	if err != nil {
		t.Fatalf("the version of %s: %v", b.name, err)
	}
	var version struct {
		Client struct {
			Protocol string `json:"protocol_version"`
		} `json:"client"`
	}
	if err := json.Unmarshal(out, &version); err != nil || version.Client.Protocol == "" {
		t.Fatalf("the version of %s is %s, %v", b.name, out, err)
	}
	return version.Client.Protocol
}

// expected is what this source tree's gate says of the pair: an earlier host must say the same.
func (p *pair) expected() expectation {
	p.t.Helper()
	server, _ := p.jsonOf("location", "show", "code")["server"].(map[string]any)
	report := versioncheck.Report{Answered: true}
	report.ProtocolVersion, _ = server["protocol_version"].(string)
	report.MinHostProtocolVersion, _ = server["min_host_protocol_version"].(string)
	d := versioncheck.Decide(versioncheck.JobMetadata, report, versioncheck.Host{Protocol: p.host.protocol}, versioncheck.Policy{})
	return expectation{string(d.Code)}
}

// TestEarlier runs the binaries of earlier releases, which make compat builds into one folder for each tag, with those of
// this source tree.
func TestEarlier(t *testing.T) {
	dir := os.Getenv("PENSTOCK_COMPAT_EARLIER")
	if dir == "" {
		t.Skip("no binaries of earlier releases: make compat builds them, and sets PENSTOCK_COMPAT_EARLIER")
	}
	earlier, err := filepath.Glob(filepath.Join(dir, "v*"))
	if err != nil || len(earlier) == 0 {
		t.Fatalf("there is no release in %s: %v", dir, err)
	}
	slices.Sort(earlier)
	now := build{name: "this tree", dir: os.Getenv("PENSTOCK_COMPAT_CURRENT")}
	now.protocol = protocolOf(t, now)
	for _, e := range earlier {
		old := build{name: filepath.Base(e), dir: e}
		old.protocol = protocolOf(t, old)
		for _, c := range []struct {
			name       string
			host, code build
		}{{"OldHost", old, now}, {"OldUserCode", now, old}} {
			t.Run(old.name+"/"+c.name, func(t *testing.T) {
				p := newPair(t, c.host, c.code)
				p.exchange(p.expected())
				p.move(now, now)
				p.exchange(p.expected())
			})
		}
		t.Run(old.name+"/Downgrade", func(t *testing.T) {
			p := newPair(t, now, now)
			p.exchange(p.expected())
			p.downgrade(old)
		})
	}
}

// downgrade starts an earlier host on the store of this one: it works, or refuses the store as too new.
func (p *pair) downgrade(host build) {
	p.t.Helper()
	if code := p.server.stop(); code != 0 {
		p.t.Errorf("the host ended with %d:\n%s", code, p.server.out)
	}
	const tooNew = 78
	if !p.tryHost(host) {
		if code := p.server.cmd.ProcessState.ExitCode(); code != tooNew {
			p.t.Errorf("%s ended with %d on a newer store, want %d:\n%s", host.name, code, tooNew, p.server.out)
		}
		return
	}
	p.exchange(p.expected())
}
