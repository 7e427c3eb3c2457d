package worker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// writers are jobs whose ops write to the descriptors of their process in all the ways there are, flooders included.
func writers() []*spec.Job {
	shell := func(script string) error {
		cmd := exec.Command("sh", "-c", script)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	}
	var both sync.WaitGroup // ops that run at the same time
	both.Add(2)
	together := func(stream *os.File) func(context.Context, *spec.Execution) error {
		return func(_ context.Context, e *spec.Execution) error {
			both.Done()
			both.Wait()
			_, err := fmt.Fprintln(stream, "written by", e.OpPath)
			fmt.Fprintln(e.Reports.Output(1), "certainly by", e.OpPath)
			return err
		}
	}
	return append(flooders(),
		testJob("prints",
			testOp("first", func(context.Context, *spec.Execution) error {
				fmt.Fprintln(os.Stdout, "by Go")
				fmt.Fprintln(os.Stderr, "to stderr")
				if _, err := syscall.Write(1, []byte("by native code\n")); err != nil {
					return err
				}
				return shell("echo by a child; echo no line end >&2; printf unfinished")
			}),
			testOp("second", func(context.Context, *spec.Execution) error {
				fmt.Fprintln(os.Stdout, "by the second")
				return nil
			}, "first"),
		),
		testJob("together", testOp("one", together(os.Stdout)), testOp("two", together(os.Stderr))),
		testJob("torrent", testOp("flood", func(context.Context, *spec.Execution) error {
			return shell("head -c 40000000 /dev/zero | tr '\\0' x; echo the end")
		})),
		testJob("leaves", testOp("spawn", func(_ context.Context, e *spec.Execution) error {
			child := exec.Command("sh", "-c", "while :; do echo again; done") // until nobody reads it
			child.Stdout = os.Stdout
			if err := child.Start(); err != nil {
				return err
			}
			mark(e, fmt.Sprintf("child %d", child.Process.Pid))
			return nil
		})),
		testJob("exits", testOp("exit", func(context.Context, *spec.Execution) error {
			fmt.Fprint(os.Stderr, "last words\nexit now\n")
			os.Exit(2)
			return nil
		})),
		testJob("crashes", testOp("panic", func(context.Context, *spec.Execution) error {
			fmt.Fprintln(os.Stderr, "last words")
			crashed := make(chan struct{})
			go func() {
				defer close(crashed)
				panic("out of a goroutine of its own")
			}()
			<-crashed
			return nil
		})),
	)
}

// captured is what was written to a descriptor by an op, and the place of its last piece among the events.
func captured(events []*workerv1.Event, op string, descriptor uint32) (text string, last int) {
	var all bytes.Buffer
	for i, ev := range events {
		if c := ev.GetCaptured(); c != nil && ev.GetOpPath() == op && c.GetDescriptor_() == descriptor {
			all.Write(c.GetData())
			last = i
		}
	}
	return all.String(), last
}

// endOf is the place of an op's end among the events.
func endOf(t *testing.T, events []*workerv1.Event, op string) int {
	t.Helper()
	for i, ev := range events {
		if ev.GetOpFinished() != nil && ev.GetOpPath() == op {
			return i
		}
	}
	t.Fatalf("op %s has not ended", op)
	return 0
}

func TestOutputIsCapturedWhoeverWritesIt(t *testing.T) {
	h := newHost(t, "prints").listen()
	p := start(t, h.assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	events := h.decoded()
	for _, want := range []struct {
		op         string
		descriptor uint32
		text       string
	}{
		{"first", 1, "by Go\nby native code\nby a child\nunfinished"},
		{"first", 2, "to stderr\nno line end\n"},
		{"second", 1, "by the second\n"},
	} {
		if text, last := captured(events, want.op, want.descriptor); text != want.text || last > endOf(t, events, want.op) {
			t.Errorf("%s wrote %q to %d, want %q; event %d, its end %d", want.op, text, want.descriptor, want.text, last, endOf(t, events, want.op))
		}
	}
	if own := p.stderr.String(); !strings.Contains(own, "to stderr\n") || strings.Contains(own, "by Go") {
		t.Errorf("the worker's own stderr has %q, want what went to stderr alone", own)
	}
}

func TestOutputOfSeveralOpsNamesThem(t *testing.T) {
	h := newHost(t, "together").listen()
	p := start(t, h.assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	events := h.decoded()
	for _, op := range []string{"one", "two"} {
		if text, last := captured(events, op, 1); !strings.Contains(text, "certainly by "+op) || last > endOf(t, events, op) {
			t.Errorf("%s: got %q", op, text)
		}
	}
	written := ""
	for _, ev := range events {
		c := ev.GetCaptured()
		if c == nil || !strings.Contains(string(c.GetData()), "written by") {
			continue
		}
		written += string(c.GetData())
		// One may have ended when the other writes.
		if ev.GetOpPath() == "" && strings.Join(c.GetCandidates(), " ") != "one two" && strings.Join(c.GetCandidates(), " ") != "two one" {
			t.Errorf("%q may be of %q", c.GetData(), c.GetCandidates())
		}
	}
	if !strings.Contains(written, "written by one\n") || !strings.Contains(written, "written by two\n") {
		t.Errorf("got %q", written)
	}
}

func TestOutputIsBoundedAndItsEndIsKept(t *testing.T) {
	h := newHost(t, "torrent").listen()
	p := start(t, h.assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	var total, skipped, whole uint64
	for _, ev := range h.decoded() {
		c := ev.GetCaptured()
		if skipped += c.GetSkipped(); skipped == 0 {
			whole += uint64(len(c.GetData()))
		}
		total += uint64(len(c.GetData()))
	}
	text, _ := captured(h.decoded(), "flood", 1)
	if want := uint64(40000000 + len("the end\n")); total+skipped != want || total > 20<<20 || whole < 16<<20 || !strings.HasSuffix(text, "x\nthe end\n") && !strings.HasSuffix(text, "xthe end\n") {
		t.Errorf("%d bytes sent, %d of them as they came, %d left out, of %d", total, whole, skipped, want)
	}
}

// TestChildThatKeepsThePipeHoldsNothingUp has a child write for ever to a pipe that nobody reads any more.
func TestChildThatKeepsThePipeHoldsNothingUp(t *testing.T) {
	h := newHost(t, "leaves").listen()
	p := start(t, h.assignment())
	p.wantExit(t, ExitDelivered)
	h.wantEnd(success)
	var child int
	if _, err := fmt.Sscanf(h.marker(), "started spawn\nchild %d", &child); err != nil {
		t.Fatal(err)
	}
	wantGone(t, []int{child})
}

// TestLastWordsAreNotLost has a server that keeps the pipe: what the worker has not read itself is still in it.
func TestLastWordsAreNotLost(t *testing.T) {
	for job, want := range map[string]string{"crashes": "panic: out of a goroutine of its own", "exits": "exit now"} {
		t.Run(job, func(t *testing.T) {
			h := newHost(t, job).listen()
			a := h.assignment()
			a.StderrPipe = true
			p := start(t, a)
			p.wantExit(t, 2)
			own := p.words(t)
			if strings.Count(own, "last words\n") != 1 || strings.Count(own, want) != 1 || strings.Index(own, want) < strings.Index(own, "last words\n") {
				t.Errorf("what is left is %q", own)
			}
		})
	}
	t.Run("prints", func(t *testing.T) {
		h := newHost(t, "prints").listen()
		a := h.assignment()
		a.StderrPipe = true
		p := start(t, a)
		p.wantExit(t, ExitDelivered)
		h.wantEnd(success)
		if text, _ := captured(h.decoded(), "first", 2); text != "to stderr\nno line end\n" || !strings.Contains(p.words(t), text) || len(p.pipe.Rest()) > 0 {
			t.Errorf("captured %q, the process has written %q", text, p.words(t))
		}
	})
}

func TestCrashIsSeenWhereTheWorkerWroteBefore(t *testing.T) {
	h := newHost(t, "crashes").listen()
	p := start(t, h.assignment())
	p.wantExit(t, 2)
	own := p.stderr.String()
	if n := strings.Count(own, "panic: out of a goroutine of its own"); n != 1 || !strings.Contains(own, "goroutine ") {
		t.Errorf("the report of the crash is there %d times: %q", n, own)
	}
}
