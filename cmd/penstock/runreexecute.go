package main

import (
	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// reexecuteRequest is what the flags of run reexecute say beside those of run launch.
type reexecuteRequest struct {
	launchRequest

	fromFailure, all bool
	without          []string
}

func newRunReexecuteCommand(c *connection) *cobra.Command {
	var r reexecuteRequest
	cmd := &cobra.Command{
		Use:   "reexecute RUN",
		Short: "Execute a run again, or the part of it that failed",
		Long: `Execute a run again that has ended, as a new run that is its child, with the code that there is now.

By default, and with --from-failure, the ops are executed that failed, were interrupted or never started, what is
downstream of them, and those whose stored output is needed and is not there any more. What else these need is taken from
the run, or from those that it executed again. Of a mapped op only the instances are executed that did not end well.
With --all, all ops are executed that the run was to execute; with --ops those that an op selection says.

The run's config is used unless --config gives another one. Its tags are inherited, except those that are about that run
alone; --tag adds or replaces some, --without-tag leaves some out.
With --dry-run, nothing is queued: it says which ops would be executed, which outputs would be taken from which run, and
how the job differs from what the run executed.`,
		Example: `  penstock run reexecute 0192a3b4 --wait
  penstock run reexecute 0192a3b4 --config fixed.yaml --dry-run
  penstock run reexecute 0192a3b4 --ops 'parse[2024-01-01]*' --tag reason=late_data`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd.Flags().Changed("ops")); err != nil {
				return err
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			req, err := r.request("", cmd.InOrStdin())
			if err != nil {
				return err
			}
			req.Reexecution = &hostv1.Reexecution{
				RunId: args[0], Strategy: r.strategy(), KeepConfig: r.config == "", KeepTags: true, WithoutTags: r.without,
			}
			return r.submit(cmd.Context(), host, p, req)
		},
	}
	r.addFlags(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&r.fromFailure, "from-failure", false, "execute what did not end well, and what is downstream of it (default)")
	flags.BoolVar(&r.all, "all", false, "execute all that the run was to execute")
	flags.StringVar(&r.opSelection, "ops", "", "ops to execute, as --op-selection of run launch; also instances: 'parse[key]'")
	flags.StringArrayVar(&r.without, "without-tag", nil, "key of a tag that is not inherited; may be repeated")
	flags.Lookup("config").Usage = "file with the run config, YAML or JSON, in place of the run's; - reads standard input"
	flags.Lookup("tag").Usage = "tag to add or replace, as key=value; may be repeated"
	must(cmd.RegisterFlagCompletionFunc("ops", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("without-tag", cobra.NoFileCompletions))
	return cmd
}

// check says which flags contradict each other.
func (r *reexecuteRequest) check(ops bool) error {
	switch {
	case r.all && r.fromFailure, ops && (r.all || r.fromFailure):
		return usageErrorf("--from-failure, --all and --ops each say which ops: give one of them")
	case ops && r.opSelection == "":
		return usageErrorf("--ops is empty: name the ops, or give --all")
	default:
		return nil
	}
}

func (r *reexecuteRequest) strategy() hostv1.ReexecutionStrategy {
	switch {
	case r.all:
		return hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL
	case r.opSelection != "":
		return hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_SELECTED
	default:
		return hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE
	}
}
