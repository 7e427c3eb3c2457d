package usercode

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// CommandResult is what a command that ended well has written. Of each stream the last 32 MiB are kept.
type CommandResult struct {
	Stdout  string
	Stderr  string
	Dropped int64 // bytes that were written before those that were kept, of both streams
}

// Command makes an op of a program: argv[0] is found in PATH, and no shell is involved unless argv names one. The
// program inherits environment and working directory of the worker. What it writes is captured as its op's output, like
// what is written to [Stdout] and [Stderr]; exit code 0 is success, any other fails the op.
//
// When the run is canceled, or the op's [Timeout] is over, the program and what it started get SIGTERM, and five
// seconds later SIGKILL. What is still in its process group when it ends is killed.
//
//	var build = usercode.Command("dbt_build", "dbt", "build", "--select", "orders")
func Command(name string, argv ...string) Op[CommandResult] { return NewCommand(name, argv) }

// NewCommand is [Command] with options.
func NewCommand(name string, argv []string, opts ...CommandOption) Op[CommandResult] {
	c := &command{argv: argv, env: map[string]string{}}
	for _, o := range opts {
		if o != nil {
			o.applyCommand(c)
		}
	}
	def := newOp(name, false, nil, outputOf[CommandResult](), c.opOptions, func(ctx context.Context, _ []any) (any, error) {
		return c.run(ctx)
	})
	for _, problem := range c.problems() {
		def.faultf("%s", problem)
	}
	return func(g *Graph) Value[CommandResult] { return placed[CommandResult](g, def) }
}

// Env sets variables for a command, beyond or instead of those of the worker.
type Env map[string]string

func (e Env) applyCommand(c *command) {
	maps.Copy(c.env, e)
}

// Dir is the working directory of a command. A relative one is below that of the worker.
type Dir string

func (d Dir) applyCommand(c *command) { c.dir = string(d) }

type command struct {
	argv      []string
	env       map[string]string
	dir       string
	opOptions []OpOption // those that are not about the program
}

func (c *command) problems() (problems []string) {
	if len(c.argv) == 0 || c.argv[0] == "" {
		problems = append(problems, "it names no program; give at least one argument")
	}
	for i, arg := range c.argv {
		if strings.ContainsRune(arg, 0) {
			problems = append(problems, fmt.Sprintf("argument %d holds a zero byte", i))
		}
	}
	for name, value := range c.env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			problems = append(problems, fmt.Sprintf("%q is not a variable that a program can be given", name))
		}
	}
	return problems
}

// commandGrace is how long a program may take to end after SIGTERM.
const commandGrace = 5 * time.Second

func (c *command) run(ctx context.Context) (CommandResult, error) {
	// A program is tied to the thread that starts it: it is killed when its worker dies, even by SIGKILL. The thread
	// must not end before, so it is kept for this goroutine.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	stdout, stderr := &keptOutput{to: Stdout(ctx)}, &keptOutput{to: Stderr(ctx)}
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, stdout, stderr
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if len(cmd.Env) > 0 {
		own := cmd.Env
		cmd.Env = nil
		cmd.Env = append(cmd.Environ(), own...)
	}
	group := newProcessGroup(cmd)
	cmd.Cancel = group.terminate
	cmd.WaitDelay = commandGrace + time.Second // for pipes that something outside of the group still holds
	if err := cmd.Start(); err != nil {
		return CommandResult{}, fmt.Errorf("start %q: %w; it has to be installed where user code runs", c.argv[0], err)
	}
	group.started(commandGrace)
	err := cmd.Wait()
	group.end()
	result := CommandResult{Stdout: stdout.kept.text(), Stderr: stderr.kept.text(), Dropped: stdout.kept.dropped + stderr.kept.dropped}
	if errors.Is(err, exec.ErrWaitDelay) {
		Log(ctx).Warn("the program has ended, but something that it started outside of its process group keeps its output open")
		err = nil
	}
	if err != nil {
		return CommandResult{}, c.failure(ctx, err, failureTail(ctx, &stderr.kept))
	}
	return result, nil
}

// maxFailureTail is how much of stderr the message of a failure quotes.
const maxFailureTail = 2 << 10

// failureTail is the end of stderr. Secrets are taken out before it is cut, which might leave a part of one.
func failureTail(ctx context.Context, stderr *tail) string {
	text := stderr.last(2 * maxFailureTail)
	if e := spec.ExecutionFrom(ctx); e != nil && e.Mask != nil {
		text = e.Mask(text)
	}
	return strings.ToValidUTF8(text[max(0, len(text)-maxFailureTail):], "")
}

func (c *command) failure(ctx context.Context, err error, tail string) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%q was ended: %w", c.argv[0], cause)
	}
	message := fmt.Sprintf("run %q: %v", c.argv[0], err)
	if tail = strings.TrimSpace(tail); tail != "" {
		message += "; stderr ends with:\n" + tail
	}
	return &commandError{message: message, err: err}
}

// commandError keeps the *exec.ExitError for errors.As, out of the text that already holds it.
type commandError struct {
	message string
	err     error
}

func (e *commandError) Error() string { return e.message }
func (e *commandError) Unwrap() error { return e.err }
