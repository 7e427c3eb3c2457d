package main

import (
	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

const aboutMany = `With --where, all runs that a selector selects are meant, with --all-runs all that there are: it says how many these are,
shows the newest, and asks before it begins. Runs that come later are none of them. The action goes on at the host, also
when this command is interrupted or the host is restarted; penstock bulk shows it.
`

func newRunCancelCommands(c *connection) *cobra.Command {
	cmd := newRunCancelCommand(c)
	cmd.Example = joined("\n", cmd.Example, `  penstock run cancel --where "team=etl and status=queued"`)
	return c.forMany(cmd, &manyRuns{
		fitting: []string{"force"},
		about:   "Runs that have ended are passed over.",
		actionOf: func(cmd *cobra.Command, _ []string) (*hostv1.BulkAction, error) {
			force, err := cmd.Flags().GetBool("force")
			return &hostv1.BulkAction{Action: &hostv1.BulkAction_Cancel{Cancel: &hostv1.BulkCancel{
				Force: force, Reason: "canceled with penstock run cancel",
			}}}, err
		},
	})
}

func newRunDeleteCommands(c *connection) *cobra.Command {
	cmd := newRunDeleteCommand(c)
	cmd.Example = joined("\n", cmd.Example, `  penstock run delete --where "env=dev and ended<-30d"`)
	return c.forMany(cmd, &manyRuns{
		about: "Runs that have not ended are passed over.",
		actionOf: func(*cobra.Command, []string) (*hostv1.BulkAction, error) {
			return &hostv1.BulkAction{Action: &hostv1.BulkAction_Delete{Delete: &hostv1.BulkDelete{}}}, nil
		},
	})
}

func newRunTagCommands(c *connection) *cobra.Command {
	cmd := newRunTagCommand(c)
	cmd.Example = joined("\n", cmd.Example, `  penstock run tag --where "team=etl and not reviewed" reviewed=yes --remove draft`)
	return c.forMany(cmd, &manyRuns{
		fitting: []string{"remove", "by"}, takesArgs: true,
		about: "Runs that have all of it already are passed over.",
		actionOf: func(cmd *cobra.Command, args []string) (*hostv1.BulkAction, error) {
			remove, err := cmd.Flags().GetStringArray("remove")
			if err != nil {
				return nil, err
			}
			edit, err := tagEditOf(args, remove)
			return &hostv1.BulkAction{Action: &hostv1.BulkAction_Tag{Tag: edit}}, err
		},
	})
}

func newRunReexecuteCommands(c *connection) *cobra.Command {
	cmd := newRunReexecuteCommand(c)
	cmd.Example = joined("\n", cmd.Example, `  penstock run reexecute --where "status=failure and created>-1d"`)
	return c.forMany(cmd, &manyRuns{
		fitting: []string{"from-failure", "all"},
		about: `Runs that have not ended, and without --all those of which nothing failed, are passed over. Each child has the config and
the tags of its parent.`,
		actionOf: func(cmd *cobra.Command, _ []string) (*hostv1.BulkAction, error) {
			all, err := cmd.Flags().GetBool("all")
			fromFailure, _ := cmd.Flags().GetBool("from-failure") // it is there when all is
			if all && fromFailure {
				err = usageErrorf("--from-failure and --all each say which ops: give one of them")
			}
			strategy := hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE
			if all {
				strategy = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL
			}
			return &hostv1.BulkAction{Action: &hostv1.BulkAction_Reexecute{Reexecute: &hostv1.BulkReexecute{Strategy: strategy}}}, err
		},
	})
}
