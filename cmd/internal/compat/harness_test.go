package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; the machines are shared.
const patience = 60 * time.Second

// build is the binaries of one version: penstock, tutorial and testcode.
type build struct {
	name, dir string
	// protocol is what both sides of it say.
	protocol string
}

func (b build) binary(name string) string { return filepath.Join(b.dir, name) }

// output is what a process wrote so far.
type output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// process is a server that a test runs.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
}

// run starts a server, which keeps in dir what ops return. It is killed at the end of the test.
func run(t *testing.T, dir, binary string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.Env = append(os.Environ(), "PENSTOCK_OUTPUTS="+filepath.Join(dir, "outputs")) // not those of who runs the tests
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s wrote:\n%s", binary, p.out)
		}
	})
	return p
}

// stop ends the process in order and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end; it wrote:\n%s", p.cmd.Path, p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

// eventually asks until the answer is yes. What it asks is in other processes, which send no signal.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); ; {
		if ok() {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %s: never %s", patience, what)
		}
	}
}

var addresses atomic.Uint32

// freeAddress is a loopback address of its own.
func freeAddress(port int) string {
	n, pid := addresses.Add(1), os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:%d", 1+pid%250, 128+pid/250%100, n, port)
}

// pair is a host of one version and user code of another.
type pair struct {
	t                    *testing.T
	dir                  string
	host                 build
	address, code, tests string
	server               *process
	running              []*process // the user-code servers
}

func newPair(t *testing.T, host, code build) *pair {
	t.Helper()
	p := &pair{t: t, dir: t.TempDir(), host: host, address: freeAddress(3000), code: freeAddress(4266), tests: freeAddress(4266)}
	p.startHost(host)
	p.serve(code)
	return p
}

func (p *pair) startHost(host build) {
	p.t.Helper()
	if !p.tryHost(host) {
		p.t.Fatalf("the host ended:\n%s", p.server.out)
	}
}

// tryHost starts a host and returns once it answers, or false when it ends by itself.
func (p *pair) tryHost(host build) bool {
	p.t.Helper()
	p.host = host
	p.server = run(p.t, p.dir, host.binary("penstock"), "serve", "--listen", p.address, "--data", filepath.Join(p.dir, "data"),
		"--location", "code="+p.code, "--location", "tests="+p.tests)
	ended := false
	eventually(p.t, "the host answers", func() bool {
		select {
		case <-p.server.done:
			ended = true
		default:
		}
		return ended || p.cli("location", "list").code == 0
	})
	return !ended
}

// serve starts both user-code binaries of a version, in place of those before.
func (p *pair) serve(code build) {
	p.t.Helper()
	for location, binary := range map[string]string{p.code: "tutorial", p.tests: "testcode"} {
		p.running = append(p.running, run(p.t, p.dir, code.binary(binary), "serve", "--listen", location))
	}
	for _, name := range []string{"code", "tests"} {
		eventually(p.t, "the location "+name+" is READY at "+code.protocol, func() bool {
			l := p.jsonOf("location", "show", name)
			server, _ := l["server"].(map[string]any)
			return l["state"] == "READY" && server["protocol_version"] == code.protocol
		})
	}
}

// answer is what a command wrote and how it ended.
type answer struct {
	code        int
	out, errOut string
}

// cli runs a client command of the host's version.
func (p *pair) cli(args ...string) answer {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.host.binary("penstock"), args...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), "PENSTOCK_HOST="+p.address)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("penstock %s: %v", strings.Join(args, " "), err)
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// want runs a client command that must end with the code.
func (p *pair) want(code int, args ...string) answer {
	p.t.Helper()
	a := p.cli(args...)
	if a.code != code {
		p.t.Fatalf("penstock %s of %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), p.host.name, a.code, code, a.out, a.errOut)
	}
	return a
}

// jsonOf is the object that a command prints with --json; nil when it prints none.
func (p *pair) jsonOf(args ...string) map[string]any {
	p.t.Helper()
	var object map[string]any
	if json.Unmarshal([]byte(p.cli(append(args, "--json")...).out), &object) != nil {
		return nil
	}
	return object
}

func (p *pair) awaitStatus(id, want string) {
	p.t.Helper()
	status := ""
	eventually(p.t, "run "+id+" is "+want, func() bool {
		status, _ = p.jsonOf("run", "show", id)["status"].(string)
		if status != want && (status == "FAILURE" || status == "SUCCESS" || status == "CANCELED") {
			p.t.Fatalf("run %s ended %s, want %s:\n%s", id, status, want, p.cli("run", "events", id).out)
		}
		return status == want
	})
}

// gated is a run whose user code waits.
type gated struct {
	p             *pair
	id            string
	started, open string
}

// launchGated launches a run of user code that waits, and returns once it does.
func (p *pair) launchGated() gated {
	p.t.Helper()
	name := fmt.Sprint(addresses.Add(1))
	g := gated{p: p, started: filepath.Join(p.dir, name+".started"), open: filepath.Join(p.dir, name+".open")}
	config := filepath.Join(p.dir, name+".yaml")
	text := fmt.Sprintf("config: {gate: {started: %s, open: %s, lines: 20, deaf: false}}", g.started, g.open)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	g.id, _ = p.jsonOf("run", "launch", "tests/tests/gated", "--config", config)["id"].(string)
	eventually(p.t, "the user code of run "+g.id+" begins", func() bool { return g.starts() > 0 })
	return g
}

// starts is how often its user code began.
func (g gated) starts() int {
	text, err := os.ReadFile(g.started)
	if err != nil {
		return 0
	}
	return strings.Count(string(text), g.id)
}

// finish lets it go on, and demands that it succeeds and began once.
func (g gated) finish() {
	g.p.t.Helper()
	if err := os.WriteFile(g.open, nil, 0o600); err != nil {
		g.p.t.Fatal(err)
	}
	g.p.awaitStatus(g.id, "SUCCESS")
	if n := g.starts(); n != 1 {
		g.p.t.Errorf("the user code of run %s began %d times", g.id, n)
	}
}
