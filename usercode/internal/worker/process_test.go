package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
)

// TestMain lets the test binary be a team's binary: it executes itself as a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		limitFiles()
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		status := Run(ctx, named, Options{
			Instructions: os.NewFile(InstructionsFD, "instructions"),
			Capture:      true,
			capacity:     capacity{bytes: 64 << 10, events: 300, spoolBytes: 8 << 20, spoolEvents: 50_000, segmentBytes: 128 << 10},
			timing: timing{
				backoffMin: 10 * time.Millisecond, backoffMax: 100 * time.Millisecond, answer: 2 * time.Second, stall: 1500 * time.Millisecond,
				deniedGrace: 500 * time.Millisecond, killReport: 3 * time.Second, goodbye: time.Second,
				undelivered: 2 * time.Second, output: time.Second,
			},
		})
		stop()
		os.Exit(status)
	}
	goleak.VerifyTestMain(m)
}

// named finds a job of the test binary.
func named(repository, name string) (*spec.Job, error) {
	for _, r := range repositories() {
		for _, j := range r.Jobs {
			if r.Name == repository && j.Name == name {
				return j, nil
			}
		}
	}
	return nil, fmt.Errorf("this binary has no job %s/%s", repository, name)
}

// inPool gives the op of a node a pool.
func inPool(n *spec.Node, pool string) *spec.Node {
	n.Op.Pool = pool
	return n
}

// repositories is what the test binary has. A marker is a file to which user code writes what a test waits for.
func repositories() []*spec.Repository {
	job, op := testJob, testOp
	quick := func(context.Context, *spec.Execution) error { return nil }
	return []*spec.Repository{{Name: "tests", Jobs: append(append(writers(), adding()),
		job("quick", op("one", quick), op("two", quick, "one")),
		job("pooled", inPool(op("one", quick), "db"), inPool(op("two", quick, "one"), "db")),
		job("chatty", op("talk", func(_ context.Context, e *spec.Execution) error {
			n, err := strconv.Atoi(tagOf(e, "lines"))
			for i := range n {
				e.Logger.Info(fmt.Sprint("line ", i))
			}
			mark(e, "talked")
			return err
		})),
		job("polite", op("wait", func(ctx context.Context, e *spec.Execution) error {
			<-ctx.Done()
			mark(e, "canceled: "+context.Cause(ctx).Error())
			return ctx.Err()
		})),
		job("gated", op("wait", func(ctx context.Context, e *spec.Execution) error {
			e.Logger.Info("waiting")
			for !strings.Contains(readMarker(tagOf(e, "gate")), "open") {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(5 * time.Millisecond):
				}
			}
			return nil
		})),
		job("deaf", op("spawn", func(_ context.Context, e *spec.Execution) error {
			// One child in another group, one in another session whose parent has ended.
			grouped := exec.Command("sleep", "1000")
			grouped.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := grouped.Start(); err != nil {
				return err
			}
			daemon, err := exec.Command("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!").Output()
			if err != nil {
				return err
			}
			mark(e, fmt.Sprintf("children %d %s", grouped.Process.Pid, bytes.TrimSpace(daemon)))
			select {} // whatever the context says
		})),
	)}}
}

func testJob(name string, nodes ...*spec.Node) *spec.Job {
	return &spec.Job{Name: name, Graph: &spec.Graph{Name: name, Nodes: nodes}}
}

func testOp(name string, run func(ctx context.Context, e *spec.Execution) error, after ...string) *spec.Node {
	return &spec.Node{Name: name, After: after, Op: &spec.Op{Name: name, Run: func(ctx context.Context, _ []any) (any, error) {
		e := spec.ExecutionFrom(ctx)
		mark(e, "started "+name)
		return nil, run(ctx, e)
	}}}
}

func tagOf(e *spec.Execution, key string) string {
	value, _ := e.Run.Tags.Get(key)
	return value
}

func mark(e *spec.Execution, line string) {
	f, err := os.OpenFile(tagOf(e, "marker"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	fmt.Fprintln(f, line)
}

func readMarker(file string) string {
	text, _ := os.ReadFile(file)
	return string(text)
}

// workerProcess is a worker process under test.
type workerProcess struct {
	cmd    *exec.Cmd
	stderr lockedBuffer
	pipe   *StderrPipe // when the assignment says that there is one; then file is its output
	file   *os.File
	exited chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func digestOf(t *testing.T, job string) []byte {
	t.Helper()
	plain, err := named("tests", job)
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.JobDefinition(plain)
	if err != nil {
		t.Fatal(err)
	}
	return wire.DigestOf(body).Bytes()
}

// start starts a worker and ends it with the test.
func start(t *testing.T, a Assignment) *workerProcess {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &workerProcess{cmd: exec.Command("/proc/self/exe", Argument), exited: make(chan struct{})}
	p.cmd.ExtraFiles = []*os.File{read}
	p.cmd.Stderr = &p.stderr
	if a.StderrPipe {
		p.asServersDo(t)
	}
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the race detector's default is a second for each
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.cmd.WaitDelay = 5 * time.Second // a child that survives keeps stderr open, and has to fail the test, not hang it
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(read.Close(), a.Write(write), write.Close()); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("stderr of the worker:\n%s", p.stderr.String())
		}
	})
	return p
}

// asServersDo gives the process a file for its output, and keeps the pipe of its stderr.
func (p *workerProcess) asServersDo(t *testing.T) {
	t.Helper()
	pipe, inherited, err := NewStderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(pipe.Close(), file.Close(), inherited[1].Close()) })
	p.pipe, p.file, p.cmd.Stderr = pipe, file, file
	p.cmd.ExtraFiles = append(p.cmd.ExtraFiles, inherited[:]...)
}

// words is all that the process has written, after its end, to what a server gives it.
func (p *workerProcess) words(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(append(text, p.pipe.Rest()...))
}

func (p *workerProcess) wantExit(t *testing.T, status int) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		t.Fatalf("the worker has not ended")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("the worker exited with %d, want %d", got, status)
	}
}

// eventually waits until something outside of this process holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// alive reports whether a process is there and not a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
