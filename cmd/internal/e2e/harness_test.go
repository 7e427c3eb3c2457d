package e2e

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

// Where TestMain put the binaries.
var penstock, tutorial, testcode, wrongcode, speedcode, peerserver, upgradedemo string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "penstock-e2e-")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("PENSTOCK_OUTPUTS", filepath.Join(dir, "outputs")); err != nil { // not those of who runs the tests
		panic(err)
	}
	code := func() int {
		defer os.RemoveAll(dir)
		const module = "github.com/penstock-run/penstock/"
		build := exec.Command("go", "build", "-o", dir+"/",
			module+"cmd/penstock", module+"cmd/tutorial", module+"cmd/internal/e2e/testcode",
			module+"cmd/internal/e2e/wrongcode", module+"cmd/internal/e2e/speedcode", module+"host/hosttest/peerserver", module+"cmd/internal/upgradedemo")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the binaries: %v\n%s", err, out)
			return 1
		}
		penstock, tutorial = filepath.Join(dir, "penstock"), filepath.Join(dir, "tutorial")
		testcode, wrongcode, peerserver = filepath.Join(dir, "testcode"), filepath.Join(dir, "wrongcode"), filepath.Join(dir, "peerserver")
		upgradedemo, speedcode = filepath.Join(dir, "upgradedemo"), filepath.Join(dir, "speedcode")
		return m.Run()
	}()
	os.Exit(code)
}

// patience bounds every wait; the machines are shared.
const patience = 60 * time.Second

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
	t    testing.TB
	cmd  *exec.Cmd
	out  *output
	done chan struct{}
}

// run starts a server. It is killed at the end of the test.
func run(t testing.TB, dir, binary string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), out: &output{}, done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(binary), p.out)
		}
	})
	return p
}

// kill ends the process as `kill -9` does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop ends the process in order and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	return p.exited()
}

// exited waits for the process to end by itself.
func (p *process) exited() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s did not end; it wrote:\n%s", p.cmd.Path, p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

// eventually asks until the answer is yes. What it asks is in other processes, which send no signal.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
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

// freeAddress is a loopback address of its own, the same port as in production.
// A port that was free a moment ago would be anybody's by the time it is used.
func freeAddress(port int) string {
	n, pid := addresses.Add(1), os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:%d", 1+pid%250, pid/250%250, n, port)
}

// world is a host and its code locations.
type world struct {
	t          testing.TB
	dir        string
	host, code string // addresses
	hostArgs   []string
	server     *process
}

// newWorld picks addresses and starts a host that knows a location named code.
func newWorld(t testing.TB, hostArgs ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), host: freeAddress(3000), code: freeAddress(4266), hostArgs: hostArgs}
	w.startHost()
	return w
}

func (w *world) startHost() {
	w.t.Helper()
	args := append([]string{"serve", "--listen", w.host, "--data", filepath.Join(w.dir, "data"), "--location", "code=" + w.code}, w.hostArgs...)
	w.server = run(w.t, w.dir, penstock, args...)
	eventually(w.t, "the host answers", func() bool { return w.cli("location", "list").code == 0 })
}

// serve starts a user-code binary as the location code and waits until the host knows it.
func (w *world) serve(binary string, args ...string) *process {
	w.t.Helper()
	if binary != peerserver {
		args = append([]string{"serve"}, args...)
	}
	p := run(w.t, w.dir, binary, append(args, "--listen", w.code)...)
	w.awaitState("READY")
	return p
}

func (w *world) awaitState(want string) {
	w.t.Helper()
	eventually(w.t, "the location is "+want, func() bool {
		return w.jsonOf("location", "show", "code")["state"] == want
	})
}

// answer is what a command wrote and how it ended.
type answer struct {
	code        int
	out, errOut string
}

// cli runs a client command against the host.
func (w *world) cli(args ...string) answer {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.t.Context()), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, penstock, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "PENSTOCK_HOST="+w.host)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("penstock %s: %v", strings.Join(args, " "), err)
	}
	return answer{code: cmd.ProcessState.ExitCode(), out: out.String(), errOut: errOut.String()}
}

// want runs a client command that must end with the code.
func (w *world) want(code int, args ...string) answer {
	w.t.Helper()
	a := w.cli(args...)
	if a.code != code {
		w.t.Fatalf("penstock %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), a.code, code, a.out, a.errOut)
	}
	return a
}

// jsonOf is the object that a command prints with --json; nil when it prints none.
func (w *world) jsonOf(args ...string) map[string]any {
	w.t.Helper()
	a := w.cli(append(args, "--json")...)
	var object map[string]any
	if err := json.Unmarshal([]byte(a.out), &object); err != nil {
		return nil
	}
	return object
}

// launch launches a job and returns its run's id.
func (w *world) launch(args ...string) string {
	w.t.Helper()
	object := w.jsonOf(append([]string{"run", "launch"}, args...)...)
	id, ok := object["id"].(string)
	if !ok {
		w.t.Fatalf("launch %v answered %v", args, object)
	}
	return id
}

func (w *world) status(id string) string {
	w.t.Helper()
	s, _ := w.jsonOf("run", "show", id)["status"].(string)
	return s
}

func (w *world) awaitStatus(id, want string) map[string]any {
	w.t.Helper()
	eventually(w.t, "run "+id+" is "+want, func() bool { return w.status(id) == want })
	return w.jsonOf("run", "show", id)
}

// event is an event as `run events --json` prints it.
type event struct {
	Attempt int    `json:"attempt"`
	Seq     int    `json:"seq"`
	Kind    string `json:"kind"`
	Op      string `json:"op"`
	Message string `json:"message"`
	Outcome string `json:"outcome"`

	OpAttempt  int      `json:"op_attempt"`
	RetryAfter *float64 `json:"retry_after_seconds"`
}

// events returns the run's events, and fails when a worker's events are not there each once, in order.
func (w *world) events(id string) []event {
	w.t.Helper()
	var list []event
	next := 1
	for line := range strings.Lines(w.want(0, "run", "events", id, "--json").out) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatalf("event %q: %v", line, err)
		}
		next = e.follows(w.t, next)
		list = append(list, e)
	}
	return list
}

// follows fails when the event is a worker's and not the next one, and returns which is next.
func (e event) follows(t testing.TB, next int) int {
	t.Helper()
	if e.Seq != 0 && !strings.HasPrefix(e.Kind, "run_") || e.Kind == "run_started" || e.Kind == "run_finished" {
		if e.Seq != next {
			t.Errorf("event %d is %+v, want each once and in order", next, e)
		}
		next = e.Seq + 1
	}
	return next
}

func count(list []event, kind, message string) (n int) {
	for _, e := range list {
		if e.Kind == kind && strings.HasPrefix(e.Message, message) {
			n++
		}
	}
	return n
}
