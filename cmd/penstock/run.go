package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

func newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Launch, list, count, show, explain, follow, cancel, re-point and delete runs",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(
		newRunLaunchCommand(c), newRunReexecuteCommands(c), newRunListCommand(c), newRunCountCommand(c), newRunShowCommand(c), newRunWhyCommand(c), newRunLogsCommand(c), newRunEventsCommand(c),
		newRunCancelCommands(c), newRunRepointCommand(c), newRunDeleteCommands(c),
		newRunTagCommands(c), newRunTagsCommand(c),
	)
	return cmd
}

// newLaunchCommand is "run launch" under a shorter name.
func newLaunchCommand() *cobra.Command {
	c := &connection{}
	cmd := newRunLaunchCommand(c)
	c.addFlags(cmd)
	cmd.Short += " (the same as run launch)"
	return cmd
}

func newRunShowCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "show RUN",
		Short:             "Show one run",
		Long:              "Show one run, named by its id or a beginning of the id that no other run has.",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			run, err := host.run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := p.run(runOf(run)); err != nil || p.json {
				return err
			}
			return p.children(cmd.Context(), host, run.GetId())
		},
	}
}

// run finds a run by its id or a unique beginning of it.
func (c *client) run(ctx context.Context, id string) (*hostv1.Run, error) {
	res, err := ask(ctx, c, c.runs.GetRun, &hostv1.GetRunRequest{Id: id})
	return res.GetRun(), err
}

func newRunCancelCommand(c *connection) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "cancel RUN",
		Short: "Ask a run to end",
		Long: `Ask a run to end. One that waits is canceled at once; one that runs is told to end, and killed after a grace period.
A run that has ended is left as it is, and the exit code is 6.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			run, err := host.run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			res, err := askAgain(cmd.Context(), host, host.runs.CancelRun, &hostv1.CancelRunRequest{
				Id: run.GetId(), Force: force, Reason: "canceled with penstock run cancel", RequestId: newRequestID(),
			})
			if err != nil {
				return err
			}
			if p.json {
				return p.object(runOf(res.GetRun()))
			}
			fmt.Fprintf(p.out, "Run %s is %s.\n", inert(res.GetRun().GetId()), statusText(res.GetRun().GetStatus()))
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "kill it at once, without a grace period")
	return cmd
}

func newRunDeleteCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "delete RUN",
		Short:             "Delete a run that has ended, with its events",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			run, err := host.run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if _, err := askAgain(cmd.Context(), host, host.runs.DeleteRun, &hostv1.DeleteRunRequest{Id: run.GetId(), RequestId: newRequestID()}); err != nil {
				return err
			}
			if p.json {
				return p.object(deletedObject{ID: run.GetId(), Deleted: true})
			}
			fmt.Fprintf(p.out, "Run %s is deleted.\n", inert(run.GetId()))
			return nil
		},
	}
}

// run prints one run.
func (p printer) run(r runObject) error {
	if p.json {
		return p.object(r)
	}
	attempt := ""
	if r.Attempt > 1 {
		attempt = fmt.Sprint(r.Attempt)
	}
	p.fields(
		[2]string{"Run", r.ID},
		[2]string{"Status", joined(": ", r.Status, r.StatusReason)},
		[2]string{"Waiting", r.waiting()},
		[2]string{"Job", r.Job},
		[2]string{"Launched as", r.LaunchedJob},
		[2]string{"Created", clockText(r.CreatedAt)},
		[2]string{"Started", clockText(r.StartedAt)},
		[2]string{"Ended", clockText(r.EndedAt)},
		[2]string{"Took", r.took()},
		[2]string{"Attempt", attempt},
		[2]string{"Again", r.again()},
		[2]string{"Code", r.code()},
		[2]string{"Op selection", r.OpSelection},
		[2]string{"Ops", fmt.Sprint(len(r.Ops))},
		[2]string{"Worker", r.Worker},
	)
	if len(r.Tags) > 0 {
		rows := [][]string{{"KEY", "VALUE", "ORIGIN"}}
		for _, t := range r.Tags {
			rows = append(rows, []string{t.Key, t.Value, t.origin()})
		}
		p.section("Tags", aligned(rows))
	}
	if r.Config != "" {
		p.section("Config", metadata.Text(r.Config).Lines())
	}
	return nil
}

// again says which run it executes again, and whether that is to happen to it.
func (r runObject) again() string {
	text := ""
	if r.ParentRun != "" {
		text = "executes run " + r.ParentRun + " again"
		if r.RootRun != r.ParentRun {
			text += ", which goes back to run " + r.RootRun
		}
	}
	if r.RetryDue {
		text = joined("; ", text, "an automatic retry is due")
	}
	return text
}

// maxChildren is how many children of a run are listed.
const maxChildren = 10

// children lists the runs that execute a run again, newest first.
func (p printer) children(ctx context.Context, host *client, id string) error {
	res, err := ask(ctx, host, host.runs.ListRuns, &hostv1.ListRunsRequest{
		Filter: &hostv1.RunFilter{Tags: []*tagv1.Tag{{Key: tag.KeyParentRun, Value: id}}}, PageSize: maxChildren,
	})
	if err != nil || len(res.GetRuns()) == 0 {
		return err
	}
	var rows [][]string
	for _, r := range convert(res.GetRuns(), runOf) {
		rows = append(rows, []string{r.ID, r.Status, clockText(r.CreatedAt), r.OpSelection})
	}
	if res.GetNextCursor() != "" {
		rows = append(rows, []string{"…"})
	}
	p.section("Executed again by", aligned(rows))
	return nil
}

// code says which code the run was launched from, and which one it was started from.
func (r runObject) code() string {
	launched := codeText(r.CodeVersion, r.Snapshot)
	switch started := codeText(r.StartedCodeVersion, r.StartedSnapshot); {
	case r.StartedSnapshot == "":
		return "launched from " + launched
	case started == launched:
		return "launched and started from " + launched
	default:
		return "launched from " + launched + ", started from " + started
	}
}

// codeText names the code of a snapshot.
func codeText(version, snapshot string) string {
	switch {
	case version == "" && snapshot == "":
		return "code that is not known"
	case version == "":
		return "code without a version (snapshot " + snapshot + ")"
	default:
		return "code " + version + " (snapshot " + snapshot + ")"
	}
}

// waiting says since when the run waits for its code, and until when it may.
func (r runObject) waiting() string {
	switch {
	case r.WaitingSince == nil:
		return ""
	case r.WaitsUntil == nil:
		return "for its code since " + clockText(r.WaitingSince) + ", for as long as it takes"
	default:
		return "for its code since " + clockText(r.WaitingSince) + "; it fails if that has not come by " + clockText(r.WaitsUntil)
	}
}

// took is how long user code ran, or has run so far.
func (r runObject) took() string {
	switch {
	case r.StartedAt == nil:
		return ""
	case r.EndedAt == nil:
		return spanText(time.Since(*r.StartedAt)) + " so far"
	default:
		return spanText(r.EndedAt.Sub(*r.StartedAt))
	}
}
