package usercode_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

func commandJob(op usercode.Op[usercode.CommandResult]) *usercode.Job {
	return usercode.NewJob("commands", func(g *usercode.Graph) { op(g.As("run")) })
}

func shell(script string, opts ...usercode.CommandOption) *usercode.Job {
	return commandJob(usercode.NewCommand("shell", []string{"sh", "-c", script}, opts...))
}

func TestCommandSucceeds(t *testing.T) {
	r := run(t, shell(`echo one; printf 'two\r\nthree'`), nil)
	got := output[usercode.CommandResult](t, r, "run")
	if diff := cmp.Diff(usercode.CommandResult{Stdout: "one\ntwo\r\nthree"}, got); diff != "" {
		t.Error(diff)
	}
	if written := r.Stdout("run"); written != got.Stdout || r.Stderr("run") != "" || len(r.Logs) > 0 {
		t.Errorf("captured %q and %q, logs %v", written, r.Stderr("run"), r.Logs)
	}
}

func TestCommandWithoutShell(t *testing.T) {
	r := run(t, commandJob(usercode.Command("echo", "echo", "$HOME; *")), nil)
	if got := output[usercode.CommandResult](t, r, "run").Stdout; got != "$HOME; *\n" {
		t.Errorf("got %q", got)
	}
}

func TestCommandFails(t *testing.T) {
	r := run(t, shell(`echo fine; echo sorry >&2; exit 3`), nil)
	op, _ := r.Op("run")
	want := "run \"sh\": exit status 3; stderr ends with:\nsorry"
	if op.Outcome != usertest.Failure || op.Message != want {
		t.Errorf("got %s %q, want %q", op.Outcome, op.Message, want)
	}
	t.Run("ExitErrorIsKept", func(t *testing.T) {
		_, err := compiled(t, shell(`exit 3`)).Graph.Nodes[0].Op.Run(t.Context(), nil)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 3 {
			t.Errorf("got %v, want exit code 3", err)
		}
	})
	t.Run("NotInstalled", func(t *testing.T) {
		r := run(t, commandJob(usercode.Command("gone", "no-such-program-here")), nil)
		op, _ := r.Op("run")
		if !strings.Contains(op.Message, `start "no-such-program-here"`) || !strings.Contains(op.Message, "installed where user code runs") {
			t.Errorf("got %q", op.Message)
		}
	})
}

func TestCommandOptions(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PENSTOCK_TEST_INHERITED", "yes")
	r := run(t, shell(`pwd; echo $A $PENSTOCK_TEST_INHERITED`, usercode.Dir(dir), usercode.Env{"A": "b c"}, usercode.Description("Where?"), nil), nil)
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := output[usercode.CommandResult](t, r, "run").Stdout, resolved+"\nb c yes\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCommandKeepsTheTail writes more than is kept, in one line, with bytes that are no text.
func TestCommandKeepsTheTail(t *testing.T) {
	r := run(t, shell(`head -c 36000000 /dev/zero | tr '\0' x; printf 'end\377'`), nil)
	got := output[usercode.CommandResult](t, r, "run")
	if len(got.Stdout) != 32<<20 || got.Dropped != 36000004-32<<20 || !strings.HasSuffix(got.Stdout, "xend\xff") {
		t.Errorf("got %d bytes ending in %q, %d dropped", len(got.Stdout), got.Stdout[max(0, len(got.Stdout)-8):], got.Dropped)
	}
	if written := r.Stdout("run"); len(written) < 16<<20 || len(written) > 20<<20 || !strings.HasSuffix(written, "xend\xff") {
		t.Errorf("captured %d bytes ending in %q", len(written), written[max(0, len(written)-8):])
	}
}

// canceledCommand runs a job whose command tells by a file that it runs, and cancels it then.
func canceledCommand(t *testing.T, script string) (*usertest.Result, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	told := make(chan string, 1)
	go func() {
		text, err := os.ReadFile(file) // until the script has opened, written and closed it
		if err != nil {
			t.Error(err)
		}
		told <- strings.TrimSpace(string(text))
		cancel(errors.New("enough"))
	}()
	r, err := usertest.Run(ctx, shell(script, usercode.Env{"FIFO": file}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, <-told
}

func TestCommandIsCanceled(t *testing.T) {
	r, pid := canceledCommand(t, `sleep 1000 & echo $! > $FIFO; wait`)
	op, _ := r.Op("run")
	if op.Outcome != usertest.Canceled || r.Outcome != usertest.Canceled {
		t.Errorf("got %+v", op)
	}
	waitGone(t, pid)
}

// TestCommandTimesOut ends what the program has started, and tries again.
func TestCommandTimesOut(t *testing.T) {
	r := run(t, shell(`echo pid $$; sleep 1000`, usercode.Timeout(200*time.Millisecond), usercode.Retry{Max: 1}), nil)
	op, _ := r.Op("run")
	if op.Outcome != usertest.Failure || op.Reason != "timeout" || len(op.Attempts) != 2 {
		t.Fatalf("got %+v", op)
	}
	for line := range strings.Lines(r.Stdout("run")) {
		waitGone(t, strings.TrimPrefix(strings.TrimSpace(line), "pid "))
	}
}

// TestCommandThatIgnoresTERM is killed after the grace.
func TestCommandThatIgnoresTERM(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the grace of five seconds")
	}
	t.Parallel() // beside other tests, for the same reason
	start := time.Now()
	r, pid := canceledCommand(t, `trap '' TERM; (trap '' TERM; while :; do sleep 1000; done) & echo $! > $FIFO; while :; do sleep 1000; done`)
	if r.Outcome != usertest.Canceled {
		t.Errorf("got %s %s", r.Outcome, r.Message)
	}
	if took := time.Since(start); took < 4*time.Second || took > 20*time.Second {
		t.Errorf("it took %v, want about five seconds", took)
	}
	waitGone(t, pid)
}

// TestCommandLeavesNothing kills what a program that ended well has started and left.
func TestCommandLeavesNothing(t *testing.T) {
	r := run(t, shell(`sleep 1000 >/dev/null 2>&1 & echo $!`), nil)
	waitGone(t, strings.TrimSpace(output[usercode.CommandResult](t, r, "run").Stdout))
}

// waitGone waits until a process that was killed is gone; whose child it is now decides when.
func waitGone(t *testing.T, pid string) {
	t.Helper()
	id, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatalf("%q is not a process id", pid)
	}
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("process %d is still there: %s", id, stat)
		case <-tick.C:
		}
	}
}
