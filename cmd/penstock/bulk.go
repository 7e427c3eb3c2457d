package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newBulkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bulk",
		Short: "List, show, follow and stop actions on many runs",
		Long: `List, show, follow and stop actions on many runs.

Such an action begins with --where SELECTOR of run cancel, run delete, run reexecute and run tag, or in the web UI. It
goes on by itself, also when the host was restarted.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newBulkListCommand(c), newBulkShowCommand(c), newBulkStopCommand(c))
	return cmd
}

func newBulkListCommand(c *connection) *cobra.Command {
	limit, cursor := 0, ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List actions on many runs, newest first",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxPage {
				return usageErrorf("--limit %d: it is 1 to %d", limit, maxPage)
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.bulks.ListBulks, &hostv1.ListBulksRequest{PageSize: uint32(limit), PageCursor: cursor})
			if err != nil {
				return err
			}
			page := bulkList{Bulks: convert(res.GetBulks(), bulkOf), NextCursor: res.GetNextCursor()}
			if p.json {
				return p.object(page)
			}
			p.bulks(page, cmd.CommandPath())
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 25, "at most so many, up to 1000")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page that printed this cursor ended")
	return cmd
}

func (p printer) bulks(page bulkList, command string) {
	if len(page.Bulks) == 0 {
		fmt.Fprintln(p.err, "There are no actions on many runs. Begin one with --where of run cancel, delete, reexecute or tag.")
		return
	}
	p.table([]string{"STATE", "ACTION", "BEGUN", "CHANGED", "PASSED OVER", "REFUSED", "BY", "WHAT"}, convert(page.Bulks, func(b bulkObject) []string {
		return []string{
			b.State, b.ID, clockText(b.CreatedAt), fmt.Sprintf("%d of %d", b.Changed, b.Selected), fmt.Sprint(b.PassedOver), fmt.Sprint(b.Failed), b.By, clip(b.sentence(), 100),
		}
	}))
	if page.NextCursor != "" {
		fmt.Fprintf(p.err, "There are more: %s --cursor %s\n", command, shellQuote(page.NextCursor))
	}
}

// sentence says what it does with which runs.
func (b bulkObject) sentence() string {
	switch {
	case len(b.RunIDs) > 0:
		return b.What + " of " + counted(len(b.RunIDs), "run") + " that are named"
	case b.Where == "":
		return b.What + " (of all runs)"
	default:
		return b.What + " where " + b.Where
	}
}

func newBulkShowCommand(c *connection) *cobra.Command {
	follow := false
	cmd := &cobra.Command{
		Use:               "show ACTION",
		Short:             "Show an action on many runs, with the runs that refused",
		Long:              "Show an action on many runs, named by its id or a beginning of the id that no other action has, with the runs that refused.",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBulks),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			b, err := host.bulk(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if follow {
				return p.followBulk(cmd.Context(), host, b)
			}
			return p.bulk(bulkOf(b))
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "follow it to its end; the exit code tells whether runs refused")
	return cmd
}

func newBulkStopCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "stop ACTION",
		Short:             "End an action on many runs; what is done stays done",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeBulks),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			b, err := host.bulk(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.bulks.StopBulk, &hostv1.StopBulkRequest{Id: b.GetId()})
			if err != nil {
				return err
			}
			o := bulkOf(res.GetBulk())
			if p.json {
				return p.object(o)
			}
			fmt.Fprintf(p.out, "Bulk action %s is %s: %d of %s changed.\n", inert(o.ID), inert(o.State), o.Changed, counted(int(o.Selected), "run"))
			return nil
		},
	}
}

// bulk finds an action by its id or a unique beginning of it.
func (c *client) bulk(ctx context.Context, id string) (*hostv1.Bulk, error) {
	if len(id) == len("00000000-0000-0000-0000-000000000000") {
		res, err := ask(ctx, c, c.bulks.GetBulk, &hostv1.GetBulkRequest{Id: id})
		return res.GetBulk(), err
	}
	var found []*hostv1.Bulk
	for cursor, more := "", id != ""; more && len(found) < 2; more = cursor != "" {
		res, err := ask(ctx, c, c.bulks.ListBulks, &hostv1.ListBulksRequest{PageSize: maxPage, PageCursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, b := range res.GetBulks() {
			if strings.HasPrefix(b.GetId(), strings.ToLower(id)) {
				found = append(found, b)
			}
		}
		cursor = res.GetNextCursor()
	}
	switch len(found) {
	case 0:
		return nil, &exitError{code: exitNotFound, err: &failure{
			message: fmt.Sprintf("there is no bulk action %q", clip(id, 64)), remedy: "List them with penstock bulk list.",
		}}
	case 1:
		return found[0], nil
	default:
		return nil, &exitError{code: exitRejected, err: &failure{
			message: fmt.Sprintf("the ids of several bulk actions begin with %s", id), remedy: "Give more of it; penstock bulk list prints the ids.",
		}}
	}
}

func completeBulks(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.bulks.ListBulks(ctx, &hostv1.ListBulksRequest{PageSize: 100})
	return convert(res.GetBulks(), func(b *hostv1.Bulk) cobra.Completion { return word(b.GetId(), bulkOf(b).sentence()) }), err
}

// bulk prints one action.
func (p printer) bulk(b bulkObject) error {
	if p.json {
		return p.object(b)
	}
	p.fields(
		[2]string{"Action", b.ID},
		[2]string{"State", joined(": ", b.State, b.Error)},
		[2]string{"What", b.sentence()},
		[2]string{"By", b.By},
		[2]string{"Begun", clockText(b.CreatedAt)},
		[2]string{"Ended", clockText(b.EndedAt)},
		[2]string{"Selected", counted(int(b.Selected), "run")},
		[2]string{"Changed", fmt.Sprint(b.Changed)},
		[2]string{"Passed over", fmt.Sprint(b.PassedOver)},
		[2]string{"Refused", fmt.Sprint(b.Failed)},
	)
	p.bulkFailures(b)
	return nil
}
