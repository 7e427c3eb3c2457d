package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/penstock-run/penstock/usercode/metadata"
)

// Exit codes. Scripts depend on them: a number keeps its meaning for ever.
const (
	exitOK          = 0  // done; for a command that waits for a run: the run succeeded
	exitFailure     = 1  // the run failed or was canceled; any other error
	exitUsage       = 2  // the command line or the configuration file is wrong
	exitNotFound    = 3  // no such job, run or location
	exitRefused     = 4  // the version gate refused what was asked for
	exitUnreachable = 5  // no host, or no code location, answers
	exitRejected    = 6  // config, tags, op selection, selector or a conflict: nothing was changed
	exitDamaged     = 65 // the store is damaged
	exitUnknown     = 74 // a commit failed: whether the last write is stored is known after a restart
	exitLocked      = 75 // another host has the data directory
	exitTooNew      = 78 // the store was written by a newer version
)

// exitError ends the process with code. A nil err prints nothing: the command has said what there is to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is an error in the command line or the configuration: exit 2.
func usageErrorf(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// usageArgs makes exit 2 of what cobra has to say about positional arguments.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageErrorf("%w; see %s --help", err, cmd.CommandPath())
		}
		return nil
	}
}

// flagError says what is wrong with a flag, with what it takes.
func flagError(cmd *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usageErrorf("%w; see %s --help", err, cmd.CommandPath())
	}
	takes, ok := map[string]string{
		"bool": "true or false", "int": "a whole number", "uint32": "a whole number from 0 on", "uint64": "a whole number from 0 on",
		"duration": "a time such as 90s or 2m",
	}[bad.GetFlag().Value.Type()]
	switch {
	case !ok:
		return usageErrorf("--%s %.200q: %w; see %s --help", bad.GetFlag().Name, bad.GetValue(), bad.Unwrap(), cmd.CommandPath())
	case errors.Is(err, strconv.ErrRange):
		return usageErrorf("--%s %.200q is too large; see %s --help", bad.GetFlag().Name, bad.GetValue(), cmd.CommandPath())
	default:
		return usageErrorf("--%s %.200q is not %s; see %s --help", bad.GetFlag().Name, bad.GetValue(), takes, cmd.CommandPath())
	}
}

// exitCode prints err to stderr, if there is something to print, and returns the code to exit with.
func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// What is left without a code of ours is cobra's own: an unknown command or a missing flag.
		if isCobraUsage(err) {
			exit = &exitError{code: exitUsage, err: err}
		} else {
			exit = &exitError{code: exitFailure, err: err}
		}
	}
	if exit.err != nil {
		fmt.Fprintf(stderr, "penstock: %s\n", printable(err.Error()))
	}
	return exit.code
}

func isCobraUsage(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "unknown command ") || strings.HasPrefix(text, "required flag(s) ")
}

// printable makes text fit for a terminal, line by line: nothing in it can move a cursor or forge what is around it.
func printable(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = metadata.Inert(lines[i])
	}
	return strings.Join(lines, "\n")
}
