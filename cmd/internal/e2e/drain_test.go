package e2e

import (
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
)

// sends gives the process a signal.
func (p *process) sends(signal os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// ended is whether the process has.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// drains waits until the process says that it drains.
func (p *process) drains() {
	p.t.Helper()
	eventually(p.t, "the server says that it drains", func() bool { return strings.Contains(p.out.String(), "draining: ") })
}

func wantOutput(t *testing.T, p *process, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(p.out.String(), text) {
			t.Errorf("the server did not say %q:\n%s", text, p.out)
		}
	}
}

// TestDrain: the run that works ends well on the old server, and the one that came meanwhile on the new one.
func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.serve(testcode, "--drain", "10m")
	id, open, starts := w.gated(5, false)
	old.sends(syscall.SIGTERM)
	old.drains()
	eventually(t, "the host shows that the server drains", func() bool {
		server, _ := w.jsonOf("location", "show", "code")["server"].(map[string]any)
		return server["draining"] == true
	})
	late := w.launch("failing")
	eventually(t, "the late run is refused by the server, or kept from it by the host", func() bool {
		run := w.jsonOf("run", "show", late)
		return strings.Contains(old.out.String(), "run="+late) || run["status"] == "WAITING_FOR_CODE" || run["status"] == "QUEUED" && run["status_reason"] != ""
	})
	if old.ended() {
		t.Fatalf("the server did not wait for its worker:\n%s", old.out)
	}
	open()
	w.awaitStatus(id, "SUCCESS")
	if code := old.exited(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantOutput(t, old, "workers=1", `msg="worker ended" run=`+id)
	if n := count(w.events(late), "run_started", ""); n != 0 || starts() != 1 {
		t.Errorf("the late run started %d times on the server that drained, user code %d times", n, starts())
	}
	w.serve(testcode)
	w.awaitStatus(late, "FAILURE") // as that job does
	if n := count(w.events(late), "run_started", ""); n != 1 {
		t.Errorf("the late run started %d times", n)
	}
}

// TestDrainEnds: at the deadline, at a second signal, or because nobody asked for it, the server ends and its worker goes on.
func TestDrainEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		end  func(*process)
		want string
	}{
		"AtItsDeadline": {[]string{"--drain", "1s"}, (*process).drains, "the time to wait for them is over"},
		"AtASecondSignal": {[]string{"--drain", "10m"}, func(p *process) {
			p.drains()
			p.sends(os.Interrupt)
		}, "it was told to stop at once"},
		"WithoutDrain": {nil, func(*process) {}, "it does not wait for them"},
		"WithNone":     {[]string{"--drain", "0"}, func(*process) {}, "they go on with their runs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := w.serve(testcode, c.args...)
			id, open, starts := w.gated(5, false)
			server.sends(syscall.SIGTERM)
			c.end(server)
			if code := server.exited(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			wantOutput(t, server, c.want, "they go on with their runs", "runs=["+id+"]")
			open()
			w.awaitStatus(id, "SUCCESS")
			if starts() != 1 {
				t.Errorf("user code started %d times", starts())
			}
		})
	}
}

func TestNothingToDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(testcode, "--drain", "10m")
	w.want(1, "run", "launch", "failing", "--wait")
	eventually(t, "the worker has ended", func() bool { return strings.Contains(server.out.String(), "worker ended") })
	began := time.Now()
	if code := server.stop(); code != 0 || time.Since(began) > 10*time.Second {
		t.Errorf("exit code %d after %s", code, time.Since(began))
	}
}

// TestContainerDrains starts the server as process 1, with which all others end, as in a container.
func TestContainerDrains(t *testing.T) {
	t.Parallel()
	if out, err := exec.Command("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "true").CombinedOutput(); err != nil {
		t.Skipf("no process namespaces here: %v %s", err, out)
	}
	for name, c := range map[string]struct {
		second bool
		want   []string
		status string
	}{
		"Waits":        {false, []string{"wait=25s", "worker ended"}, "SUCCESS"},
		"SecondSignal": {true, []string{"its workers with it: their runs are lost", "level=WARN"}, "STARTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			// What starts it passes no signals on: they go to the server by the id that it has outside.
			server := run(t, w.dir, "unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", testcode, "serve", "--listen", w.code)
			w.awaitState("READY")
			id, open, _ := w.gated(5, false)
			inside := childOf(t, server.cmd.Process.Pid)
			if err := inside.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			server.drains()
			worker := childOf(t, inside.Pid)
			if c.second {
				if err := inside.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			} else {
				open()
			}
			if code := server.exited(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			wantOutput(t, server, append(c.want, "workers=1")...)
			eventually(t, "the worker is gone", func() bool { return worker.Signal(syscall.Signal(0)) != nil })
			w.awaitStatus(id, c.status) // STARTED: its silence has to last before it counts as lost
		})
	}
}

// childOf finds the only child of a process, whichever of its threads has started it.
func childOf(t *testing.T, pid int) *os.Process {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		} else if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, strings.Fields(string(text))...)
	}
	if len(ids) != 1 {
		t.Fatalf("process %d has the children %q, want one", pid, ids)
	}
	id, err := strconv.Atoi(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	child, err := os.FindProcess(id)
	if err != nil {
		t.Fatal(err)
	}
	return child
}
