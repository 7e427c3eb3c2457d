package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newPartitionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "partition",
		Short: "List the partitions of a job, and change the keys of dynamic ones",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newPartitionListCommand(c), newPartitionChangeCommand(c, true), newPartitionChangeCommand(c, false))
	return cmd
}

// partitionFlags are what the flags of partition list say.
type partitionFlags struct {
	prefix, dimension, cursor string
	statuses                  []string
	newestFirst               bool
	limit                     int
}

// noRun is the word of --status for partitions without a run.
const noRun = "none"

func newPartitionListCommand(c *connection) *cobra.Command {
	var f partitionFlags
	cmd := &cobra.Command{
		Use:   "list JOB",
		Short: "List the partitions of a job with their newest runs",
		Long: `List the partitions of a job with their newest runs.

Of a job with two dimensions, keys are FIRST|SECOND; with --dimension, only the keys of that one are listed, without runs.`,
		Example: `  penstock partition list daily_report --newest-first --limit 30
  penstock partition list daily_report --prefix 2026-11 --status failure,none`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := f.wanted()
			if err != nil {
				return err
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			page, err := f.list(cmd, host, args[0], wanted)
			if err != nil {
				return err
			}
			if p.json {
				return p.object(page)
			}
			p.partitions(page, &f, cmd.CommandPath()+" "+shellQuote(args[0]))
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.prefix, "prefix", "", "only keys that begin with this")
	flags.StringVar(&f.dimension, "dimension", "", "only the keys of this dimension")
	flags.StringSliceVar(&f.statuses, "status", nil, "only partitions whose newest run has one of these statuses; "+noRun+" for those without a run")
	flags.BoolVar(&f.newestFirst, "newest-first", false, "the newest or last first")
	flags.IntVar(&f.limit, "limit", 100, "at most so many, up to 10000")
	flags.StringVar(&f.cursor, "cursor", "", "go on where the page that printed this cursor ended")
	must(cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(append([]string{noRun}, statusNames()...), cobra.ShellCompDirectiveNoFileComp)))
	for _, name := range []string{"prefix", "dimension", "cursor"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// maxPartitionPage is how many keys a host answers at a time.
const maxPartitionPage = 10_000

// wanted are the statuses asked for; nil means all.
func (f *partitionFlags) wanted() ([]string, error) {
	if f.limit < 1 || f.limit > maxPartitionPage {
		return nil, usageErrorf("--limit %d: it is 1 to %d", f.limit, maxPartitionPage)
	}
	if f.dimension != "" && len(f.statuses) > 0 {
		return nil, usageErrorf("--status does not go with --dimension: keys of one dimension have no runs, whole partitions have")
	}
	var wanted []string
	for _, s := range f.statuses {
		name := strings.ToUpper(strings.TrimSpace(s))
		switch {
		case strings.EqualFold(name, noRun):
			wanted = append(wanted, "")
		case slices.Contains(statusNames(), name):
			wanted = append(wanted, name)
		default:
			return nil, usageErrorf("--status %q is none of %s, %s", s, noRun, strings.Join(statusNames(), ", "))
		}
	}
	return wanted, nil
}

// list reads a page, and as many more as it takes to have so many of the wanted ones.
func (f *partitionFlags) list(cmd *cobra.Command, host *client, job string, wanted []string) (partitionList, error) {
	ctx, out := cmd.Context(), partitionList{Partitions: []partitionObject{}, NextCursor: f.cursor}
	for {
		res, err := ask(ctx, host, host.partitions.ListPartitions, &hostv1.ListPartitionsRequest{
			Job: job, Dimension: f.dimension, Prefix: f.prefix, NewestFirst: f.newestFirst,
			PageSize: uint32(f.limit - len(out.Partitions)), PageCursor: out.NextCursor,
		})
		if err != nil {
			return out, err
		}
		if r := res.GetRefusal(); r != nil {
			return out, &exitError{code: exitRefused, err: &failure{message: r.GetMessage(), remedy: r.GetRemedy()}}
		}
		if res.GetDefinition() == nil {
			return out, &exitError{code: exitRejected, err: &failure{message: fmt.Sprintf("job %s has no partitions", clip(job, 200))}}
		}
		out.Name, out.Total, out.NextCursor = res.GetDefinition().GetName(), res.GetTotal(), res.GetNextCursor()
		found := convert(res.GetKeys(), partitionOf)
		if f.dimension == "" {
			if err := host.partitionRuns(cmd, job, found); err != nil {
				return out, err
			}
		}
		for _, p := range found {
			if len(wanted) == 0 || slices.Contains(wanted, p.Status) {
				out.Partitions = append(out.Partitions, p)
			}
		}
		if len(wanted) == 0 || len(out.Partitions) == f.limit || out.NextCursor == "" {
			return out, nil
		}
	}
}

// partitionRuns fills in the newest runs.
func (c *client) partitionRuns(cmd *cobra.Command, job string, found []partitionObject) error {
	const gridKeys = 500
	for part := range slices.Chunk(found, gridKeys) {
		res, err := ask(cmd.Context(), c, c.partitions.GetPartitionGrid, &hostv1.GetPartitionGridRequest{
			Job: job, Keys: convert(part, func(p partitionObject) string { return p.Partition }), WithoutOps: true,
		})
		if err != nil {
			return err
		}
		for i, status := range res.GetPartitions()[:min(len(part), len(res.GetPartitions()))] {
			part[i].Runs = status.GetRuns()
			if run := status.GetRun(); run != nil {
				part[i].RunID, part[i].Status, part[i].RunCreatedAt = run.GetId(), statusText(run.GetStatus()), timeOf(run.GetCreatedAt())
			}
		}
	}
	return nil
}

func (p printer) partitions(page partitionList, f *partitionFlags, command string) {
	switch {
	case len(page.Partitions) > 0 && f.dimension != "":
		p.table([]string{"KEY", "BEGINS", "ENDS"}, convert(page.Partitions, func(o partitionObject) []string {
			return []string{o.Partition, clockText(o.Start), clockText(o.End)}
		}))
	case len(page.Partitions) > 0:
		p.table([]string{"PARTITION", "STATUS", "RUNS", "NEWEST RUN", "CREATED"}, convert(page.Partitions, func(o partitionObject) []string {
			return []string{o.Partition, cmp.Or(o.Status, "-"), fmt.Sprint(o.Runs), cmp.Or(o.RunID, "-"), clockText(o.RunCreatedAt)}
		}))
	case f.prefix != "" || len(f.statuses) > 0:
		fmt.Fprintln(p.err, "No partition matches.")
	default:
		fmt.Fprintln(p.err, "There are no partitions yet.")
	}
	if page.NextCursor != "" {
		fmt.Fprintf(p.err, "There are more, of %d: %s%s\n", page.Total, command, f.next(page.NextCursor))
	}
}

// next are the arguments that list the next page.
func (f *partitionFlags) next(cursor string) string {
	var b strings.Builder
	for _, flag := range [][2]string{{"prefix", f.prefix}, {"dimension", f.dimension}, {"status", strings.Join(f.statuses, ",")}} {
		if flag[1] != "" {
			fmt.Fprintf(&b, " --%s %s", flag[0], shellQuote(flag[1]))
		}
	}
	if f.newestFirst {
		b.WriteString(" --newest-first")
	}
	if f.limit != 100 {
		fmt.Fprintf(&b, " --limit %d", f.limit)
	}
	fmt.Fprintf(&b, " --cursor %s", shellQuote(cursor))
	return b.String()
}

func newPartitionChangeCommand(c *connection, add bool) *cobra.Command {
	dimension := ""
	cmd := &cobra.Command{
		Use:   "remove JOB KEY...",
		Short: "Remove keys of the dynamic partitions of a job; runs of them stay",
	}
	if add {
		cmd.Use, cmd.Short = "add JOB KEY...", "Add keys to the dynamic partitions of a job; ones that are there stay"
	}
	cmd.Args = usageArgs(cobra.MinimumNArgs(2))
	cmd.ValidArgsFunction = c.completeFirst(completeJobs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		host, p, err := c.start(cmd)
		if err != nil {
			return err
		}
		req := &hostv1.ChangePartitionKeysRequest{Job: args[0], Dimension: dimension, Remove: args[1:]}
		if add {
			req.Add, req.Remove = args[1:], nil
		}
		res, err := askAgain(cmd.Context(), host, host.partitions.ChangePartitionKeys, req)
		if err != nil {
			return err
		}
		if p.json {
			return p.object(partitionChange{Added: res.GetAdded(), Removed: res.GetRemoved(), Total: res.GetTotal()})
		}
		what := fmt.Sprintf("%s removed", counted(int(res.GetRemoved()), "key"))
		if add {
			what = fmt.Sprintf("%s added", counted(int(res.GetAdded()), "key"))
		}
		fmt.Fprintf(p.out, "%s; there are %d now.\n", what, res.GetTotal())
		return nil
	}
	cmd.Flags().StringVar(&dimension, "dimension", "", "dimension, of a job with two dynamic ones")
	must(cmd.RegisterFlagCompletionFunc("dimension", cobra.NoFileCompletions))
	return cmd
}
