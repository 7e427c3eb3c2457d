// Package child keeps a command running while it is being worked on: it starts it in a process group of its own, shows
// what it prints, starts it again when its binary was built anew or when it ended by itself, and leaves nothing behind.
package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a child.
const (
	// pollEvery is how often the binary is looked at.
	pollEvery = 500 * time.Millisecond
	// stopGrace is how long a process has to end by itself before its group is killed.
	stopGrace = 7 * time.Second
	// settled is how long a process has to run for its next end to count as the first one.
	settled = 30 * time.Second
	// firstPause and lastPause bound the time between an end and the next start.
	firstPause = time.Second
	lastPause  = 30 * time.Second
	// drain is how long output may still come after the process itself has ended, from processes that it left.
	drain = time.Second
)

// Clock is the time that a child waits by.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

// Options of New. All are required but Dir and Env.
type Options struct {
	// Name is what messages and lines of output begin with.
	Name string
	// Command is the program and its arguments. A program without a slash is looked for in PATH.
	Command []string
	// Dir is where it runs; empty means here.
	Dir string
	// Env is its environment; nil means that of this process.
	Env []string
	// Output gets, line by line, what the command prints and what becomes of it. Nothing in a line can act on a terminal.
	Output io.Writer
	Clock  Clock
}

// Child is a command that is kept running. Its methods may be called concurrently.
type Child struct {
	o      Options
	path   string
	out    *lines
	ctx    context.Context //nolint:containedctx // ends the loop that Start began
	cancel context.CancelFunc
	done   chan struct{}
	failed chan error
	kill   chan struct{} // closed by Kill
	once   sync.Once
	useful atomic.Bool
}

// New finds the program. The error says why it cannot be started.
func New(o Options) (*Child, error) {
	if len(o.Command) == 0 {
		return nil, errors.New("there is no command")
	}
	c := &Child{o: o, done: make(chan struct{}), failed: make(chan error, 1), kill: make(chan struct{})}
	c.out = &lines{to: o.Output, prefix: o.Name + " | "}
	path, err := exec.LookPath(o.Command[0])
	if err != nil {
		return nil, fmt.Errorf("find the command %q: %w", o.Command[0], reason(err))
	}
	c.path = path
	return c, nil
}

// reason is the innermost error: what is around it names the file, as the caller does.
func reason(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// Start starts the command and keeps it running until ctx ends or Stop is called. The first start is done when it
// returns; its error is that of the system.
func (c *Child) Start(ctx context.Context) error {
	c.ctx, c.cancel = context.WithCancel(ctx)
	p, err := c.run()
	if err != nil {
		c.cancel()
		close(c.done)
		return err
	}
	go c.keep(p)
	return nil
}

// Useful says that the command does what it is for. If it ends by itself after that, it is started again; before, the
// child has failed.
func (c *Child) Useful() { c.useful.Store(true) }

// Failed gets an error, with what was printed last, when the command ended before it was useful.
func (c *Child) Failed() <-chan error { return c.failed }

// Stop ends the command: SIGTERM, and after a grace period SIGKILL, for its whole process group. It returns when no
// process of the group is left, and may be called twice and before Start.
func (c *Child) Stop() {
	if c.cancel == nil {
		return
	}
	c.cancel()
	<-c.done
}

// Kill ends the command's process group at once. It does not wait: call Stop as well.
func (c *Child) Kill() { c.once.Do(func() { close(c.kill) }) }

// keep is the loop around processes, one at a time.
func (c *Child) keep(p *process) {
	defer close(c.done)
	pause := firstPause
	for {
		switch c.watch(p) {
		case stopped:
			c.end(p)
			return
		case rebuilt:
			c.out.say("the binary was built anew: starting it again")
			c.end(p)
			pause = firstPause
		case ended:
			// What it left in its group goes with it.
			signalGroup(p.cmd.Process, os.Kill)
			lived := c.o.Clock.Now().Sub(p.started)
			if !c.useful.Load() {
				c.failed <- fmt.Errorf("%s ended after %s with %s, before it served anything%s",
					c.o.Name, lived.Round(time.Millisecond), p.status(), c.out.tail())
				return
			}
			if lived >= settled {
				pause = firstPause
			}
			c.out.say("it ended with " + p.status() + ": starting it again in " + pause.String() + ", or when it is built anew")
			if !c.waitFor(pause, p.build) {
				return
			}
			pause = min(2*pause, lastPause)
		}
		if p = c.again(); p == nil {
			return
		}
	}
}

// again starts the command until that works; nil means that the child was stopped.
func (c *Child) again() *process {
	for {
		p, err := c.run()
		if err == nil {
			return p
		}
		c.out.say(err.Error() + ": trying again")
		if !c.waitFor(firstPause, fingerprint{}) {
			return nil
		}
	}
}

// What ended the watch over a process.
type cause int

const (
	stopped cause = iota
	rebuilt
	ended
)

// watch returns when the process has ended, its binary is another and no longer being written, or the child is to stop.
func (c *Child) watch(p *process) cause {
	last := p.build
	for {
		select {
		case <-c.ctx.Done():
			return stopped
		case <-c.kill:
			return stopped
		case <-p.ended:
			return ended
		case <-c.o.Clock.After(pollEvery):
			now := fingerprintOf(c.path)
			if now.runs && now != p.build && now == last {
				return rebuilt
			}
			last = now
		}
	}
}

// waitFor waits for d, or less if the binary becomes another than old; false means that the child is to stop.
func (c *Child) waitFor(d time.Duration, old fingerprint) bool {
	last, until := old, c.o.Clock.Now().Add(d)
	for c.o.Clock.Now().Before(until) {
		select {
		case <-c.ctx.Done():
			return false
		case <-c.kill:
			return false
		case <-c.o.Clock.After(min(pollEvery, until.Sub(c.o.Clock.Now()))):
			now := fingerprintOf(c.path)
			if old.runs && now.runs && now != old && now == last {
				return true
			}
			last = now
		}
	}
	return true
}

// process is one start of the command.
type process struct {
	cmd     *exec.Cmd
	build   fingerprint // of the binary when it was started
	started time.Time
	ended   chan struct{} // closed when it and its output have ended
	err     error         // of Wait; set before ended is closed
}

func (c *Child) run() (*process, error) {
	c.out.forget()
	p := &process{build: fingerprintOf(c.path), started: c.o.Clock.Now(), ended: make(chan struct{})}
	p.cmd = exec.Command(c.path, c.o.Command[1:]...) //nolint:noctx // it is ended with its group, in steps
	p.cmd.Args[0] = c.o.Command[0]
	p.cmd.Dir, p.cmd.Env = c.o.Dir, c.o.Env
	p.cmd.Stdout, p.cmd.Stderr = c.out, c.out
	p.cmd.WaitDelay = drain
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.path, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		c.out.flush()
		close(p.ended)
	}()
	return p, nil
}

// status is how the process ended, for people.
func (p *process) status() string {
	if p.cmd.ProcessState == nil {
		return fmt.Sprint(p.err)
	}
	return strings.TrimSuffix(p.cmd.ProcessState.String(), " (core dumped)")
}

// end ends the process group and waits for it.
func (c *Child) end(p *process) {
	signalGroup(p.cmd.Process, os.Interrupt)
	select {
	case <-p.ended:
	case <-c.kill:
	case <-c.o.Clock.After(stopGrace):
		c.out.say("it does not end: killing it")
	}
	// The process may have left others in its group.
	signalGroup(p.cmd.Process, os.Kill)
	<-p.ended
}

// fingerprint tells one build of a binary from another.
type fingerprint struct {
	modified time.Time
	size     int64
	runs     bool // it may be executed
}

func fingerprintOf(path string) fingerprint {
	info, err := os.Stat(path)
	if err != nil {
		return fingerprint{}
	}
	return fingerprint{modified: info.ModTime(), size: info.Size(), runs: mayRun(info)}
}
