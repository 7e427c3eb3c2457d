//go:build linux

package child

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is also the command that the tests run: it does what its first argument says.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD_TEST") == "" {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "serve":
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		sayf("serving pid=%d pgid=%d\n", os.Getpid(), syscall.Getpgrp())
		<-term
		sayf("ending in order")
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		grandchild := exec.Command("/proc/self/exe", "stubborn-grandchild")
		grandchild.Stdout = os.Stdout
		if err := grandchild.Start(); err != nil {
			sayf("%v\n", err)
		}
		sayf("stubborn pid=%d\n", os.Getpid())
		select {}
	case "stubborn-grandchild":
		signal.Ignore(syscall.SIGTERM)
		sayf("grandchild pid=%d\n", os.Getpid())
		select {}
	case "fail":
		sayf("one problem:\n")
		fmt.Fprint(os.Stderr, "  job \x1b[31mx\x1b[0m has no ops")
		os.Exit(3)
	case "crash-when-told":
		sayf("serving pid=%d\n", os.Getpid())
		_, err := os.Stdin.Read(make([]byte, 1)) // is /dev/null: ends at once
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGUSR1, syscall.SIGTERM)
		sayf("waiting err=%v\n", err)
		if <-term == syscall.SIGUSR1 {
			os.Exit(7)
		}
	}
	os.Exit(0)
}

func sayf(format string, a ...any) { fmt.Fprintf(os.Stdout, format, a...) }

// quick lets ten seconds pass in one.
type quick struct{}

var begin = time.Now()

func (quick) Now() time.Time                         { return begin.Add(10 * time.Since(begin)) }
func (quick) After(d time.Duration) <-chan time.Time { return time.After(d / 10) }

// screen collects output and waits for it.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more *sync.Cond
}

func newScreen() *screen {
	s := &screen{}
	s.more = sync.NewCond(&s.mu)
	return s
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.more.Broadcast()
	return s.text.Write(p)
}

// await returns the first line after the first n bytes that holds text, and where it ends.
func (s *screen) await(t *testing.T, from int, text string) (line string, end int) {
	t.Helper()
	timeout := time.AfterFunc(30*time.Second, func() { s.more.Broadcast() })
	defer timeout.Stop()
	deadline := time.Now().Add(30 * time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		rest := s.text.String()[from:]
		if at := strings.Index(rest, text); at >= 0 {
			if length := strings.IndexByte(rest[at:], '\n'); length >= 0 {
				return rest[at : at+length], from + at + length + 1
			}
		}
		if !time.Now().Before(deadline) {
			t.Fatalf("%q did not come; there is:\n%s", text, s.text.String())
		}
		s.more.Wait()
	}
}

func (s *screen) pid(t *testing.T, from int, before string) (pid, end int) {
	t.Helper()
	line, end := s.await(t, from, before+" pid=")
	number, _, _ := strings.Cut(strings.TrimPrefix(line, before+" pid="), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	return pid, end
}

// gone reports whether no live process has the number; one that nobody has waited for yet is as good as gone.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return fields[0] == "Z" || fields[0] == "X"
}

// awaitGone waits for the end of a process that is not ours to wait for. It is being killed, so this takes no time.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(10 * time.Second); !gone(pid); {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("process %d lives", pid)
		}
	}
}

func newChild(t *testing.T, clock Clock, out io.Writer, program string, args ...string) *Child {
	t.Helper()
	c, err := New(Options{
		Name: "test", Command: append([]string{program}, args...), Env: append(os.Environ(), "CHILD_TEST=1"), Output: out, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t *testing.T, c *Child) {
	t.Helper()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
}

func TestStopInOrder(t *testing.T) {
	s := newScreen()
	c := newChild(t, quick{}, s, os.Args[0], "serve")
	start(t, c)
	line, _ := s.await(t, 0, "serving pid=")
	pid, _ := s.pid(t, 0, "serving")
	if want := fmt.Sprintf("pgid=%d", pid); !strings.HasSuffix(line, want) {
		t.Errorf("%q: not in a group of its own, want %s", line, want)
	}
	c.Stop()
	c.Stop()
	if !gone(pid) {
		t.Errorf("process %d lives", pid)
	}
	// A last line without an end is not lost.
	s.await(t, 0, "test | ending in order")
}

func TestStopBeforeStart(t *testing.T) {
	newChild(t, quick{}, newScreen(), os.Args[0], "serve").Stop()
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	for name, stop := range map[string]func(*Child){"AfterGrace": (*Child).Stop, "AtOnce": func(c *Child) { c.Kill(); c.Kill(); c.Stop() }} {
		t.Run(name, func(t *testing.T) {
			s := newScreen()
			c := newChild(t, quick{}, s, os.Args[0], "stubborn")
			start(t, c)
			pid, _ := s.pid(t, 0, "stubborn")
			grandchild, _ := s.pid(t, 0, "grandchild")
			stop(c)
			awaitGone(t, pid)
			awaitGone(t, grandchild)
		})
	}
}

func TestEndingAtOnceFails(t *testing.T) {
	s := newScreen()
	c := newChild(t, quick{}, s, os.Args[0], "fail")
	start(t, c)
	err := <-c.Failed()
	want := "with exit status 3, before it served anything:\n  one problem:\n    job \\x1b[31mx\\x1b[0m has no ops"
	if !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %q, want the end %q", err, want)
	}
	c.Stop()
}

func TestCrashStartsAgain(t *testing.T) {
	s := newScreen()
	c := newChild(t, quick{}, s, os.Args[0], "crash-when-told")
	start(t, c)
	c.Useful()
	first, end := s.pid(t, 0, "serving")
	_, end = s.await(t, end, "waiting")
	for range 2 {
		if err := syscall.Kill(first, syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		_, end = s.await(t, end, "test | penstock: it ended with exit status 7: starting it again in ")
		second, after := s.pid(t, end, "serving")
		if second == first {
			t.Errorf("still process %d", first)
		}
		_, end = s.await(t, after, "waiting")
		first = second
	}
}

func TestRebuildStartsAgain(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "bin")
	install := func() {
		t.Helper()
		content, err := os.ReadFile(os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(binary+".new", content, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(binary+".new", binary); err != nil {
			t.Fatal(err)
		}
	}
	install()
	s := newScreen()
	c := newChild(t, quick{}, s, binary, "serve")
	start(t, c)
	first, end := s.pid(t, 0, "serving")
	// A build that is still being written is not started: an empty file cannot be.
	if err := os.Remove(binary); err != nil {
		t.Fatal(err)
	}
	install()
	_, end = s.await(t, end, "test | penstock: the binary was built anew: starting it again")
	second, _ := s.pid(t, end, "serving")
	if !gone(first) || gone(second) {
		t.Errorf("first gone %v, second gone %v", gone(first), gone(second))
	}
}

func TestNewErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{
		"no-such-program":  `find the command "no-such-program": executable file not found in $PATH`,
		"./no/such/file":   "no such file or directory",
		file:               "permission denied",
		filepath.Dir(file): "is a directory",
	} {
		_, err := New(Options{Name: "x", Command: []string{program}, Output: io.Discard, Clock: quick{}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", program, err, want)
		}
	}
}

func TestLines(t *testing.T) {
	var b bytes.Buffer
	l := &lines{to: &b, prefix: "> "}
	for _, part := range []string{"one\ntw", "o\r\n\x1b[2Jthree\tx\n", strings.Repeat("y", longestLine+5), "z\n\n"} {
		if n, err := io.WriteString(l, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	l.flush()
	want := "> one\n> two\n> \\x1b[2Jthree    x\n> " + strings.Repeat("y", longestLine) + "\n> yyyyyz\n> \n"
	if b.String() != want {
		t.Errorf("got %q", b.String())
	}
	if want := ":\n  one\n  two\n  "; !strings.HasPrefix(l.tail(), want) {
		t.Errorf("tail %q, want the beginning %q", l.tail(), want)
	}
}
