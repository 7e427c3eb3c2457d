package usercode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/worker"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// Exit codes of Main.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
	// Of check alone.
	exitRefused     = 4 // the host would refuse something that the build has
	exitUnreachable = 5 // the host does not answer
)

// codeVersion is set by builds that know the version of the code, for binaries that Go stamps with none:
//
//	go build -ldflags "-X github.com/penstock-run/penstock/usercode.codeVersion=$(git rev-parse HEAD)"
var codeVersion string

// Main is all that the main function of a team's binary has to call. The binary then has the commands
//
//	serve      offer the jobs to a Penstock host, until SIGTERM or SIGINT
//	check      say everything that is wrong with the definitions, and what they will have on a given host
//	describe   print the definitions as JSON
//
// and executes runs in processes of its own, for which a server starts the same binary again. Main reads flags and
// environment, and exits: with 0, with 1 after an error, with 2 when it was called wrongly; check also with 4 when the
// host would refuse something that the build has, and with 5 when the host does not answer.
func Main(repos ...*Repository) {
	RunWorkerIfAsked(repos...)
	ctx, halt := interrupts(len(os.Args) > 1 && os.Args[1] == "serve")
	c := commandLine{name: filepath.Base(os.Args[0]), stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, halt: halt, repos: repos}
	os.Exit(c.run(ctx, os.Args[1:]))
}

// interrupts ends the context at the first signal. Of a server, which may drain then, the second one closes halt; after
// that, and of other commands after the first, one more ends the process where it stands.
func interrupts(serving bool) (ctx context.Context, halt <-chan struct{}) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	second := make(chan struct{})
	go func() { // for the life of the process
		<-signals
		if serving {
			cancel()
			<-signals
			close(second)
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, second
}

// RunWorkerIfAsked is for binaries with a main function of their own that call [Serve]: it has to be the first thing
// there, before flags are read. In a process that was started as a worker it executes the run and exits; in any
// other it returns at once.
func RunWorkerIfAsked(repos ...*Repository) {
	if len(os.Args) == 2 && os.Args[1] == worker.Argument {
		os.Exit(runWorker(repos))
	}
	workersAnswer.Store(true)
}

func runWorker(repos []*Repository) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	jobs := func(repository, job string) (*spec.Job, error) { return compileJob(repos, repository, job) }
	return worker.Run(ctx, jobs, worker.Options{
		Instructions: os.NewFile(worker.InstructionsFD, "instructions"),
		Output:       os.Stderr,
		Capture:      true,
		LookupEnv:    os.LookupEnv,
	})
}

// commandLine is Main without the process around it.
type commandLine struct {
	name           string
	stdout, stderr io.Writer
	getenv         func(name string) string
	halt           <-chan struct{} // closed when a server is to stop draining; nil: never
	repos          []*Repository
}

func (c commandLine) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		c.usage(c.stderr)
		return exitUsage
	}
	switch command, rest := args[0], args[1:]; command {
	case "serve":
		return c.serve(ctx, rest)
	case "check":
		return c.check(ctx, rest)
	case "describe":
		if len(rest) > 0 {
			return c.wrongUsage("%s takes no arguments; got %q", command, rest[0])
		}
		return c.describe()
	case "help", "-h", "-help", "--help":
		c.usage(c.stdout)
		return exitOK
	default:
		return c.wrongUsage("unknown command %q; the commands are serve, check and describe", command)
	}
}

func (c commandLine) usage(w io.Writer) {
	fmt.Fprintf(w, `%[1]s holds jobs for a Penstock host and executes their runs.

Usage:
  %[1]s serve [flags]   serve the jobs until SIGTERM or SIGINT; "%[1]s serve -h" lists the flags
  %[1]s check [flags]   say everything that is wrong with the definitions; exits with 1 if anything is. With --host or
                    --capabilities also what they will have on that host; "%[1]s check -h" lists the flags
  %[1]s describe        print the definitions as JSON
`, c.name)
}

func (c commandLine) wrongUsage(format string, args ...any) int {
	fmt.Fprintf(c.stderr, "%s: %s\nRun \"%[1]s help\" for usage.\n", c.name, fmt.Sprintf(format, args...))
	return exitUsage
}

func (c commandLine) failed(err error) int {
	fmt.Fprintf(c.stderr, "%s: %s\n", c.name, printable(err))
	return exitError
}

// printable are the lines of an error, without what a terminal could obey: an author's panic may say anything.
func printable(err error) string { return inertLines(err.Error()) }

func inertLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = metadata.Inert(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (c commandLine) describe() int {
	switch err := Describe(c.stdout, c.repos...).(type) { //nolint:errorlint // Problems themselves
	case nil:
		return exitOK
	case Problems:
		return c.wrongDefinitions(err)
	default:
		return c.failed(err)
	}
}

// wrongDefinitions has a line for each problem.
func (c commandLine) wrongDefinitions(err error) int {
	n := 1
	if problems, ok := errors.AsType[Problems](err); ok {
		n = len(problems)
	}
	fmt.Fprintf(c.stderr, "%s\n%s: definitions are wrong: %s\n", printable(err), c.name, plural(n, "problem"))
	return exitError
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// version is what is known of the code's version: the environment, what the build has set, Go's own stamp.
func (c commandLine) version() string {
	if v := c.getenv("PENSTOCK_CODE_VERSION"); v != "" {
		return v
	}
	if codeVersion != "" {
		return codeVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
