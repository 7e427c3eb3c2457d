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
	"text/tabwriter"

	"github.com/penstock-run/penstock/usercode/internal/worker"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// Exit codes of Main.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// codeVersion is set by builds that know the version of the code, for binaries that Go stamps with none:
//
//	go build -ldflags "-X github.com/penstock-run/penstock/usercode.codeVersion=$(git rev-parse HEAD)"
var codeVersion string

// Main is all that the main function of a team's binary has to call. The binary then has the commands
//
//	serve      offer the jobs to a Penstock host, until SIGTERM or SIGINT
//	check      say everything that is wrong with the definitions
//	describe   print the definitions as JSON
//
// and executes runs in processes of its own, for which a server starts the same binary again. Main reads flags and
// environment, and exits: with 0, with 1 after an error, with 2 when it was called wrongly.
func Main(repos ...*Repository) {
	RunWorkerIfAsked(repos...)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	c := commandLine{name: filepath.Base(os.Args[0]), stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, repos: repos}
	os.Exit(c.run(ctx, os.Args[1:]))
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
	plain, err := compile(repos)
	if err != nil {
		fmt.Fprintf(os.Stderr, "the worker starts nothing: %v\n", err)
		return worker.ExitNotStarted
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return worker.Run(ctx, plain, worker.Options{
		Instructions: os.NewFile(worker.InstructionsFD, "instructions"),
		Output:       os.Stderr,
	})
}

// commandLine is Main without the process around it.
type commandLine struct {
	name           string
	stdout, stderr io.Writer
	getenv         func(name string) string
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
	case "check", "describe":
		if len(rest) > 0 {
			return c.wrongUsage("%s takes no arguments; got %q", command, rest[0])
		}
		if command == "check" {
			return c.check()
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
  %[1]s check           say everything that is wrong with the definitions; exits with 1 if anything is
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
func printable(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = metadata.Inert(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (c commandLine) check() int {
	if err := Validate(c.repos...); err != nil {
		return c.wrongDefinitions(err)
	}
	plain, err := compile(c.repos)
	if err != nil {
		return c.wrongDefinitions(err)
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "REPOSITORY\tJOB\tTAGS\tMETADATA\tCONFIGS\n")
	for _, r := range plain {
		for _, j := range r.Jobs {
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\n", r.Name, j.Name, len(j.Tags), len(j.Metadata), len(j.Configs))
		}
		if len(r.Jobs) == 0 {
			fmt.Fprintf(table, "%s\t(no jobs)\n", r.Name)
		}
	}
	if err := table.Flush(); err != nil {
		return c.failed(err)
	}
	fmt.Fprintln(c.stdout, "All definitions are sound.")
	return exitOK
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
