// Penstock is the host of a Penstock installation and its command line.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Set by the linker: -X main.version=… -X main.commit=….
var (
	version = "dev"
	commit  = "unknown"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run executes the command line and returns the exit code. The first SIGINT or SIGTERM cancels the command's context; the
// command then ends in order. A second one ends the process at once, as no handler is left.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	return exitCode(os.Stderr, root.ExecuteContext(ctx))
}

// newRoot builds the whole command tree. It has no state outside of what it returns, so tests build one each.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "penstock",
		Version:       version,
		Short:         "Run jobs of many teams, each with its own code, at its own version",
		SilenceErrors: true, // exitCode prints them, once
		SilenceUsage:  true, // an error's own sentence says what to do
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newServeCommand(), newLocationCommand(), newJobCommand(), newRunCommand(), newBulkCommand(), newPartitionCommand(), newBackfillCommand(), newLaunchCommand(), newScheduleCommand(), newSensorCommand(), newVersionCommand(),
		newDevCommand(), newNewCommand(), newHostCommand(), newCheckCommand(), newDoctorCommand(),
		newBackupCommand(), newRestoreCommand(), newCompactCommand(), newFsckCommand(), newAlertCommand(), newRetentionCommand())
	return root
}
