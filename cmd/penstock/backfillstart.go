package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// backfillFlags are what the flags of backfill start say.
type backfillFlags struct {
	keys, from, to       []string
	all, failed, missing bool
	maxOpen              uint32
	newestFirst          bool
	opSelection          string
	title                string
	launch               launchRequest
}

func newBackfillStartCommand(c *connection) *cobra.Command {
	var f backfillFlags
	cmd := &cobra.Command{
		Use:   "start JOB",
		Short: "Launch runs for many partitions of a job",
		Long: `Launch runs for many partitions of a job, in their order, a few at a time.

Say which partitions with --partition, --from and --to, or --all; together they add up. Of a job with two dimensions, keys
are written FIRST|SECOND, and --from and --to are of the first one, with every key of the second.
The backfill goes on by itself, also when the host was restarted. With --wait, follow it until all its runs have ended; the
exit code is then 0 when all ended well and 1 otherwise. Ctrl-C stops the waiting, not the backfill.`,
		Example: `  penstock backfill start daily_report --from 2026-11-01 --to 2026-11-30 --wait
  penstock backfill start daily_report --all --failed --max-open 20
  penstock backfill start daily_report --partition 2026-11-07 --partition 2026-11-09 --dry-run`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			return f.run(cmd, host, p, args[0])
		},
	}
	f.launch.addFlags(cmd)
	flags := cmd.Flags()
	flags.Lookup("tag").Usage = "tag for every run, as key=value; may be repeated"
	flags.Lookup("config").Usage = "file with the run config of every run, YAML or JSON; - reads standard input (default that of each partition)"
	flags.Lookup("dry-run").Usage = "only say which partitions it would launch"
	flags.Lookup("wait").Usage = "follow it until all its runs have ended; the exit code tells how"
	flags.StringArrayVar(&f.keys, "partition", nil, "key of a partition; may be repeated")
	flags.StringArrayVar(&f.from, "from", nil, "first partition of a range (default the first that there is); may be repeated, each with its --to")
	flags.StringArrayVar(&f.to, "to", nil, "last partition of a range (default the last that there is)")
	flags.BoolVar(&f.all, "all", false, "all partitions that there are")
	flags.BoolVar(&f.failed, "failed", false, "of these, only those whose newest run failed or was canceled")
	flags.BoolVar(&f.missing, "missing", false, "of these, only those without a run that ended well")
	flags.Uint32Var(&f.maxOpen, "max-open", 0, "how many of its runs may be queued or running at a time (default 10)")
	flags.BoolVar(&f.newestFirst, "newest-first", false, "from the newest partition to the oldest")
	flags.StringVar(&f.opSelection, "op-selection", "", "ops to run, as in run launch (default all)")
	flags.StringVar(&f.title, "title", "", "what it is for, for people")
	for _, name := range []string{"partition", "from", "to", "op-selection", "title", "max-open"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// request is what the flags ask for.
func (f *backfillFlags) request(cmd *cobra.Command, job string) (*hostv1.BackfillRequest, error) {
	selection := &hostv1.PartitionSelection{All: f.all, Keys: f.keys, FailedOnly: f.failed, MissingOnly: f.missing}
	if n := max(len(f.from), len(f.to)); n > 1 && len(f.from) != len(f.to) {
		return nil, usageErrorf("there are %d --from and %d --to: of several ranges each has both", len(f.from), len(f.to))
	}
	for i := range max(len(f.from), len(f.to)) {
		r := &hostv1.PartitionRange{}
		if i < len(f.from) {
			r.From = f.from[i]
		}
		if i < len(f.to) {
			r.To = f.to[i]
		}
		selection.Ranges = append(selection.Ranges, r)
	}
	if !f.all && len(f.keys)+len(selection.GetRanges()) == 0 {
		if !f.failed && !f.missing {
			return nil, usageErrorf("it is not said which partitions: give --partition, --from and --to, or --all; see %s --help", cmd.CommandPath())
		}
		selection.All = true
	}
	tags, err := parseTags(f.launch.tags)
	if err != nil {
		return nil, err
	}
	config, err := f.launch.readConfig(cmd.InOrStdin())
	if err != nil {
		return nil, err
	}
	return &hostv1.BackfillRequest{
		Job: job, Partitions: selection, Tags: tags, ConfigYaml: config, OpSelection: f.opSelection,
		MaxOpenRuns: f.maxOpen, NewestFirst: f.newestFirst, Title: f.title,
	}, nil
}

func (f *backfillFlags) run(cmd *cobra.Command, host *client, p printer, job string) error {
	request, err := f.request(cmd, job)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if f.launch.dryRun {
		preview, err := host.previewBackfill(ctx, request)
		if err != nil {
			return f.launch.named(err)
		}
		if p.json {
			return p.object(preview)
		}
		p.backfillPreview(preview)
		return nil
	}
	res, err := askAgain(ctx, host, host.backfills.StartBackfill, &hostv1.StartBackfillRequest{
		RequestId: newRequestID(), Backfill: request, By: osUser(),
	})
	if err != nil {
		return f.launch.named(err)
	}
	b := res.GetBackfill()
	if f.launch.wait {
		return p.followBackfill(ctx, host, b)
	}
	if p.json {
		return p.object(backfillOf(b))
	}
	fmt.Fprintf(p.out, "Backfill %s of %s in %s has begun.\n", inert(b.GetId()), counted(int(b.GetPartitions()), "partition"), inert(b.GetRequest().GetJob()))
	fmt.Fprintf(p.err, "Follow it with penstock backfill wait %s.\n", inert(b.GetId()))
	return nil
}

// previewBackfill asks what a backfill would do. That it cannot be done is an error.
func (c *client) previewBackfill(ctx context.Context, request *hostv1.BackfillRequest) (backfillPreview, error) {
	res, err := ask(ctx, c, c.backfills.PreviewBackfill, &hostv1.PreviewBackfillRequest{Backfill: request})
	if err == nil && len(res.GetProblems()) > 0 {
		err = &exitError{code: exitRejected, err: &failure{
			message: fmt.Sprintf("job %s cannot be backfilled like this", res.GetJob()), problems: res.GetProblems(),
			remedy: "Correct what is listed; nothing was launched.",
		}}
	}
	return backfillPreview{
		Job: res.GetJob(), Partitions: res.GetPartitions(), Sample: textsOf(res.GetSample()),
		Missing: withoutRun(res.GetCounts()), Counts: partitionCountsOf(res.GetCounts()), Tags: tagsOf(res.GetTags()),
	}, err
}

// backfillPreview prints what a backfill would do.
func (p printer) backfillPreview(b backfillPreview) {
	fmt.Fprintf(p.out, "This would launch %s in %s.\n", counted(int(b.Partitions), "run"), inert(b.Job))
	now := []string{}
	if b.Missing > 0 {
		now = append(now, fmt.Sprintf("%d without a run", b.Missing))
	}
	for _, c := range b.Counts {
		now = append(now, fmt.Sprintf("%d %s", c.Count, c.Status))
	}
	p.fields(
		[2]string{"Now", strings.Join(now, ", ")},
		[2]string{"Tags", tagsText(userTags(b.Tags), 200)},
	)
	const most = 20
	lines := convert(b.Sample[:min(len(b.Sample), most)], inert)
	if more := int(b.Partitions) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	p.section("Partitions", lines)
}
