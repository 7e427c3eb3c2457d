package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newBackfillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Launch runs for many partitions of a job, follow, cancel and retry them",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newBackfillStartCommand(c), newBackfillListCommand(c), newBackfillShowCommand(c), newBackfillWaitCommand(c),
		newBackfillCancelCommand(c), newBackfillRetryCommand(c))
	return cmd
}

func newBackfillListCommand(c *connection) *cobra.Command {
	limit, cursor, job := 0, "", ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List backfills, newest first",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxPage {
				return usageErrorf("--limit %d: it is 1 to %d", limit, maxPage)
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.backfills.ListBackfills, &hostv1.ListBackfillsRequest{
				Job: job, PageSize: uint32(limit), PageCursor: cursor,
			})
			if err != nil {
				return err
			}
			page := backfillList{Backfills: convert(res.GetBackfills(), backfillOf), NextCursor: res.GetNextCursor()}
			if p.json {
				return p.object(page)
			}
			p.backfills(page, cmd.CommandPath(), job)
			return nil
		},
	}
	cmd.Flags().StringVar(&job, "job", "", "only those of this job")
	cmd.Flags().IntVar(&limit, "limit", 25, "at most so many, up to 1000")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page that printed this cursor ended")
	must(cmd.RegisterFlagCompletionFunc("job", c.complete(completeJobs)))
	return cmd
}

func (p printer) backfills(page backfillList, command, job string) {
	if len(page.Backfills) == 0 {
		fmt.Fprintln(p.err, "There are no backfills. Begin one with penstock backfill start JOB.")
		return
	}
	p.table([]string{"STATE", "BACKFILL", "JOB", "BEGUN", "PARTITIONS", "BY", "TITLE"}, convert(page.Backfills, func(b backfillObject) []string {
		return []string{b.State, b.ID, b.Job, clockText(b.CreatedAt), fmt.Sprintf("%d: %s", b.Partitions, b.summary()), b.By, clip(b.Title, 60)}
	}))
	if page.NextCursor != "" {
		if job != "" {
			command += " --job " + shellQuote(job)
		}
		fmt.Fprintf(p.err, "There are more: %s --cursor %s\n", command, shellQuote(page.NextCursor))
	}
}

func newBackfillShowCommand(c *connection) *cobra.Command {
	partitions := false
	cmd := &cobra.Command{
		Use:               "show BACKFILL",
		Short:             "Show a backfill, with the partitions that did not end well",
		Long:              "Show a backfill, named by its id or a beginning of the id that no other one has, with the partitions that did not end well, at most 1,000.",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBackfills),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.backfills.GetBackfill, &hostv1.GetBackfillRequest{Id: args[0]})
			if err != nil {
				return err
			}
			shown := backfillOf(res.GetBackfill())
			if shown.Items, err = host.backfillItems(cmd.Context(), shown.ID, partitions); err != nil {
				return err
			}
			return p.backfill(shown)
		},
	}
	cmd.Flags().BoolVar(&partitions, "partitions", false, "with all its partitions")
	return cmd
}

// maxFailedItems is how many partitions that did not end well are shown.
const maxFailedItems = 1000

// backfillItems are the partitions of a backfill: all, or those that did not end well.
func (c *client) backfillItems(ctx context.Context, id string, all bool) ([]backfillItem, error) {
	items := []backfillItem{}
	for cursor, more := "", true; more; more = cursor != "" {
		res, err := ask(ctx, c, c.backfills.ListBackfillPartitions, &hostv1.ListBackfillPartitionsRequest{Id: id, PageSize: 5000, PageCursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, p := range res.GetPartitions() {
			fell := p.GetError() != "" || p.GetStatus() == hostv1.RunStatus_RUN_STATUS_FAILURE || p.GetStatus() == hostv1.RunStatus_RUN_STATUS_CANCELED
			if all || fell && len(items) < maxFailedItems {
				items = append(items, backfillItemOf(p))
			}
		}
		cursor = res.GetNextCursor()
	}
	return items, nil
}

// backfill prints one backfill.
func (p printer) backfill(b backfillObject) error {
	if p.json {
		return p.object(b)
	}
	p.fields(
		[2]string{"Backfill", b.ID},
		[2]string{"Title", b.Title},
		[2]string{"Job", b.Job},
		[2]string{"State", joined(": ", b.State, b.Problem)},
		[2]string{"Partitions", fmt.Sprintf("%d: %s", b.Partitions, b.summary())},
		[2]string{"At a time", counted(int(b.MaxOpenRuns), "run")},
		[2]string{"Op selection", b.OpSelection},
		[2]string{"Tags", tagsText(b.Tags, 200)},
		[2]string{"By", b.By},
		[2]string{"Begun", clockText(b.CreatedAt)},
		[2]string{"Ended", clockText(b.EndedAt)},
	)
	if len(b.Items) == 0 {
		return nil
	}
	fmt.Fprintln(p.out)
	p.table([]string{"PARTITION", "STATUS", "RUN", "REFUSED BECAUSE"}, convert(b.Items, func(i backfillItem) []string {
		return []string{i.Partition, cmp.Or(i.Status, "-"), cmp.Or(i.RunID, "-"), cmp.Or(strings.Join(convert(strings.Split(i.Error, "\n"), strings.TrimSpace), "; "), "-")}
	}))
	return nil
}

func newBackfillWaitCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "wait BACKFILL",
		Short:             "Follow a backfill until all its runs have ended; the exit code tells how",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBackfills),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.backfills.GetBackfill, &hostv1.GetBackfillRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return p.followBackfill(cmd.Context(), host, res.GetBackfill())
		},
	}
}

func newBackfillCancelCommand(c *connection) *cobra.Command {
	force, wait := false, false
	cmd := &cobra.Command{
		Use:               "cancel BACKFILL",
		Short:             "Launch nothing more of a backfill, and cancel its runs, queued and running",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBackfills),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := askAgain(cmd.Context(), host, host.backfills.CancelBackfill, &hostv1.CancelBackfillRequest{Id: args[0], Force: force, By: osUser()})
			if err != nil {
				return err
			}
			if wait && !backfillEnded(res.GetBackfill().GetState()) {
				return p.followBackfill(cmd.Context(), host, res.GetBackfill())
			}
			return p.backfillNow(res.GetBackfill())
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "kill its runs at once, without the time that they have to end")
	cmd.Flags().BoolVar(&wait, "wait", false, "follow it until all its runs have ended; the exit code is 1 then, for it is canceled")
	return cmd
}

func newBackfillRetryCommand(c *connection) *cobra.Command {
	wait := false
	cmd := &cobra.Command{
		Use:   "retry BACKFILL",
		Short: "Launch again what failed of a backfill that has ended",
		Long: `Launch again what failed of a backfill that has ended: partitions whose newest run failed or was canceled, that could not be
launched, or that were not launched before it was canceled. The same backfill goes on then.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBackfills),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := askAgain(cmd.Context(), host, host.backfills.RetryBackfill, &hostv1.RetryBackfillRequest{
				RequestId: newRequestID(), Id: args[0], By: osUser(),
			})
			if err != nil {
				return err
			}
			if wait {
				return p.followBackfill(cmd.Context(), host, res.GetBackfill())
			}
			if !p.json {
				fmt.Fprintf(p.out, "%s launched again.\n", counted(int(res.GetRetried()), "partition"))
			}
			return p.backfillNow(res.GetBackfill())
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "follow it until all its runs have ended; the exit code tells how")
	return cmd
}

// backfillNow prints in which state a backfill is.
func (p printer) backfillNow(b *hostv1.Backfill) error {
	o := backfillOf(b)
	if p.json {
		return p.object(o)
	}
	fmt.Fprintf(p.out, "Backfill %s is %s: %s.\n", inert(o.ID), inert(o.State), o.summary())
	return nil
}

func completeBackfills(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.backfills.ListBackfills(ctx, &hostv1.ListBackfillsRequest{PageSize: 100})
	return convert(res.GetBackfills(), func(b *hostv1.Backfill) cobra.Completion {
		o := backfillOf(b)
		return word(o.ID, o.State+" "+o.Job+" "+o.Title)
	}), err
}
