package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// builds has the tests' user code, built once per name of its first job.
var builds struct {
	sync.Mutex
	byJob map[string][]byte
}

// installCode puts user code with a first job of that name at path, as a build does.
func installCode(t *testing.T, path, job string) {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	if builds.byJob[job] == nil {
		binary := filepath.Join(t.TempDir(), "devcode")
		out, err := exec.Command("go", "build", "-ldflags", "-X main.job="+job, "-o", binary, "./testdata/devcode").CombinedOutput()
		if err != nil {
			t.Fatalf("build the user code: %v\n%s", err, out)
		}
		content, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		if builds.byJob == nil {
			builds.byJob = map[string][]byte{}
		}
		builds.byJob[job] = content
	}
	if err := os.WriteFile(path+".new", builds.byJob[job], 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// devSession is a penstock dev under test.
type devSession struct {
	out, err syncBuffer
	url      string
	data     string
	signals  chan os.Signal
	stop     context.CancelFunc
	code     chan int
}

func startDev(t *testing.T, command ...string) *devSession {
	t.Helper()
	d := &devSession{signals: make(chan os.Signal, 8), code: make(chan int, 1), data: filepath.Join(t.TempDir(), "data")}
	ctx, stop := context.WithCancel(t.Context())
	d.stop = stop
	f := &serveFlags{
		listen: "127.0.0.1:0", data: d.data, maxInProgress: -1, limitGiven: true, logFormat: "text", logLevel: "error",
	}
	cmd := &cobra.Command{}
	cmd.SetOut(&d.out)
	cmd.SetErr(&d.err)
	cmd.SetContext(ctx)
	go func() { d.code <- exitCode(&d.err, runDev(cmd, f, locationName(command), command, d.signals)) }()
	t.Cleanup(func() {
		stop()
		d.wait(t)
		if t.Failed() {
			t.Logf("penstock dev printed:\n%s", d.err.String())
		}
	})
	return d
}

// open waits for the address.
func (d *devSession) open(t *testing.T) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	d.out.await(ctx, t, "\n")
	line, ok := strings.CutPrefix(d.out.String(), "Penstock UI: ")
	if !ok {
		t.Fatalf("got %q", d.out.String())
	}
	d.url = strings.TrimSpace(line)
}

func (d *devSession) await(t *testing.T, text string) {
	t.Helper()
	d.awaitTimes(t, text, 1)
}

func (d *devSession) awaitTimes(t *testing.T, text string, times int) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	d.err.awaitTimes(ctx, t, text, times)
}

// wait returns the exit code when all has ended.
func (d *devSession) wait(t *testing.T) int {
	t.Helper()
	select {
	case code := <-d.code:
		d.code <- code
		return code
	case <-time.After(time.Minute):
		t.Fatal("penstock dev does not end")
		return 0
	}
}

// launch starts a run whose op never ends by itself, and returns its id and its worker's process when user code runs.
func (d *devSession) launch(t *testing.T, job string) (id string, pid int) {
	t.Helper()
	var run runObject
	if err := json.Unmarshal([]byte(penstock(t, d.url, "launch", job, "--json").out), &run); err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	var logs syncBuffer
	following, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		root := newRoot()
		root.SetOut(&logs)
		root.SetErr(&logs)
		root.SetArgs([]string{"run", "logs", "-f", run.ID, "--host", d.url})
		_ = root.ExecuteContext(following)
	}()
	logs.await(ctx, t, "ing\n") // waiting, staying
	stop()
	<-ended
	if err := json.Unmarshal([]byte(penstock(t, d.url, "run", "show", run.ID, "--json").out), &run); err != nil {
		t.Fatal(err)
	}
	return run.ID, processOf(t, run.Worker)
}

// processOf finds the first number of a worker's handle.
func processOf(t *testing.T, handle string) int {
	t.Helper()
	for word := range strings.FieldsSeq(handle) {
		if pid, err := strconv.Atoi(word); err == nil {
			return pid
		}
	}
	t.Fatalf("the worker's handle %q names no process", handle)
	return 0
}

// serverProcess finds the process of the server: devcode prints it.
func (d *devSession) serverProcess(t *testing.T) int {
	t.Helper()
	text := d.err.String()
	_, rest, found := strings.Cut(text[strings.LastIndex(text, `\x1b[2Jdevcode `):], "devcode ")
	number, _, _ := strings.Cut(rest, "\n")
	pid, err := strconv.Atoi(number)
	if !found || err != nil {
		t.Fatalf("no process in %q", rest)
	}
	return pid
}

// awaitGone waits until a process has ended. One that nobody has waited for yet is as good as gone.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(20 * time.Second); alive(pid); {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("process %d lives", pid)
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	state := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])[0][0]
	return state != 'Z' && state != 'X'
}

func TestDev(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "my code")
	installCode(t, binary, "hello")
	d := startDev(t, binary)
	d.open(t)

	d.await(t, "my_code is ready: 3 jobs")
	penstock(t, d.url, "job", "show", "hello").want(t, exitOK, "owner  data team", "")
	penstock(t, d.url, "launch", "hello", "--wait", "--tag", "extra=1").want(t, exitOK, "SUCCESS in", "")
	penstock(t, d.url, "run", "list", "--tag", "team=data", "--tag", "extra=1").want(t, exitOK, "my_code/dev/hello", "")
	if stored, err := filepath.Glob(filepath.Join(d.data, "outputs", "runs", "*", "*")); err != nil || len(stored) != 1 {
		t.Errorf("outputs in the data directory: got %v, %v; want that of the run", stored, err)
	}
	if strings.Contains(d.err.String(), "\x1b") || !strings.Contains(d.err.String(), `my_code | \x1b[2Jdevcode`) {
		t.Errorf("the code's output is not inert:\n%s", d.err.String())
	}

	t.Run("RebuildStartsAgain", func(t *testing.T) {
		id, worker := d.launch(t, "wait")
		first := d.serverProcess(t)
		installCode(t, binary, "hello_again")
		d.await(t, "my_code | penstock: the binary was built anew: starting it again")
		awaitGone(t, first)
		d.awaitTimes(t, "my_code is ready: 3 jobs\n", 2)
		penstock(t, d.url, "job", "show", "hello_again").want(t, exitOK, "owner  data team", "")
		if !alive(worker) {
			t.Errorf("run %s ended with the old server", id)
		}
	})
	t.Run("CrashStartsAgain", func(t *testing.T) {
		first := d.serverProcess(t)
		if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		d.await(t, "it ended with signal: killed: starting it again in 1s")
		d.awaitTimes(t, `\x1b[2Jdevcode `, 3)
	})
	t.Run("StopLeavesNothing", func(t *testing.T) {
		_, worker := d.launch(t, "wait")
		server := d.serverProcess(t)
		d.stop()
		if code := d.wait(t); code != exitOK {
			t.Errorf("exit code %d", code)
		}
		awaitGone(t, worker)
		awaitGone(t, server)
		if !strings.Contains(d.err.String(), "Stopping: runs are canceled and have 5s to end.") {
			t.Errorf("printed:\n%s", d.err.String())
		}
	})
}

func TestDevSecondSignalKills(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "devcode")
	installCode(t, binary, "hello")
	d := startDev(t, binary)
	d.open(t)
	id, worker := d.launch(t, "stay")
	server := d.serverProcess(t)
	begin := time.Now()
	d.signals <- os.Interrupt
	d.stop()
	d.await(t, "Stopping:")
	d.signals <- os.Interrupt
	if code := d.wait(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(begin); took >= devGrace {
		t.Errorf("took %s: the grace was waited for", took)
	}
	if !strings.Contains(d.err.String(), "Killing run "+id) {
		t.Errorf("printed:\n%s", d.err.String())
	}
	awaitGone(t, worker)
	awaitGone(t, server)
}

func TestDevFailures(t *testing.T) {
	t.Run("ErrBrokenDefinitions", func(t *testing.T) {
		binary := filepath.Join(t.TempDir(), "devcode")
		installCode(t, binary, "broken")
		d := startDev(t, binary)
		if code := d.wait(t); code != exitFailure {
			t.Errorf("exit code %d", code)
		}
		for _, want := range []string{"before it served anything:", "not a name", "Is it a Penstock user-code server"} {
			if !strings.Contains(d.err.String(), want) {
				t.Errorf("lacks %q:\n%s", want, d.err.String())
			}
		}
		if d.out.String() != "" {
			t.Errorf("printed %q", d.out.String())
		}
	})
	t.Run("ErrNotUserCode", func(t *testing.T) {
		d := startDev(t, "/bin/echo", "hi")
		if code := d.wait(t); code != exitFailure {
			t.Errorf("exit code %d", code)
		}
		d.await(t, "with exit status 0, before it served anything:\n  hi serve --listen 127.0.0.1:")
	})
	for want, args := range map[string][]string{
		`find the command "./no/such": no such file or directory`: {"dev", "--", "./no/such"},
		"Build it first": {"dev", "--", "./no/such", "arg"},
		"write the command of your user code behind --": {"dev", "bin/etl"},
		"for example: penstock dev -- bin/etl":          {"dev"},
		`--name: the name "a b" holds ' '`:              {"dev", "--name", "a b", "--", "true"},
	} {
		penstockIn(t.Context(), "", nil, args...).want(t, exitUsage, "", want)
	}
}

func TestLocationName(t *testing.T) {
	for want, command := range map[string][]string{
		"etl":                   {"bin/etl"},
		"my_code":               {"./my code"},
		"_3d":                   {"3d"},
		"a.b-c":                 {"a.b-c"},
		"tool":                  {"tool.exe", "-x"},
		"testdata":              {"go", "run", "./testdata"},
		"penstock":              {"go", "run", "."},
		"_":                     {"é"},
		strings.Repeat("x", 63): {strings.Repeat("x", 80)},
	} {
		if got := locationName(command); got != want {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
}

func TestDevEnvironment(t *testing.T) {
	t.Setenv("PENSTOCK_OUTPUTS", "")
	dir := t.TempDir()
	t.Chdir(dir)
	for data, want := range map[string]string{"data": filepath.Join(dir, "data", "outputs"), "/var/x": "/var/x/outputs"} {
		if env, err := devEnvironment(data); err != nil || env[len(env)-1] != "PENSTOCK_OUTPUTS="+want {
			t.Errorf("got %s, %v; want %s", env[len(env)-1], err, want)
		}
	}
	t.Setenv("PENSTOCK_OUTPUTS", "s3://bucket")
	env, err := devEnvironment("data")
	if n := len(slices.DeleteFunc(env, func(s string) bool { return !strings.HasPrefix(s, "PENSTOCK_OUTPUTS=") })); err != nil || n != 1 {
		t.Errorf("%d variables say where outputs are, %v", n, err)
	}
}

func TestBrowserURL(t *testing.T) {
	for bound, want := range map[string]string{
		"127.0.0.1:3000": "http://127.0.0.1:3000", "0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80", "[::1]:80": "http://[::1]:80",
	} {
		if got := browserURL(textAddr(bound)); got != want {
			t.Errorf("%s: got %s, want %s", bound, got, want)
		}
	}
}

type textAddr string

func (textAddr) Network() string  { return "tcp" }
func (a textAddr) String() string { return string(a) }
