package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newRunRepointCommand(c *connection) *cobra.Command {
	var from, to string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "repoint --to JOB [--job JOB] [RUN...]",
		Short: "Make runs that wait for their code runs of another job",
		Long: `Make runs that wait for their code runs of another job, for example because a deploy renamed theirs.

Without runs, all runs of --job that are WAITING_FOR_CODE are meant, at most 1000 at a time. The job may be gone; it is
then named in full, as location/repository/job. Runs that are named may be QUEUED too.

A run has to fit the new job: its config, its tags and its op selection. One that does not fit stays as it was, the
reason is printed, and the exit code is 6. The others go back to the queue. What was recorded at launch stays with them.`,
		Example: `  penstock run repoint --job etl/tutorial/old_name --to etl/tutorial/new_name --dry-run
  penstock run repoint --to new_name 0192a3b4`,
		Args:              usageArgs(cobra.ArbitraryArgs),
		ValidArgsFunction: c.complete(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case to == "":
				return usageErrorf("--to is missing: name the job that the runs become runs of")
			case from == "" && len(args) == 0:
				return usageErrorf("name the runs, or with --job the job whose waiting runs are meant")
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := askAgain(cmd.Context(), host, host.runs.RepointRuns, &hostv1.RepointRunsRequest{
				Job: from, Ids: args, To: to, DryRun: dryRun, RequestId: newRequestID(),
			})
			if err != nil {
				return err
			}
			return p.repointed(repointListOf(res, dryRun))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "job", "", "job whose waiting runs are meant; it may be gone")
	flags.StringVar(&to, "to", "", "job that they become runs of")
	flags.BoolVar(&dryRun, "dry-run", false, "only say what would happen")
	must(cmd.RegisterFlagCompletionFunc("job", c.complete(completeJobs)))
	must(cmd.RegisterFlagCompletionFunc("to", c.complete(completeJobs)))
	return cmd
}

func repointListOf(res *hostv1.RepointRunsResponse, dryRun bool) repointList {
	return repointList{
		To: jobNameText(res.GetTo()), DryRun: dryRun, Left: res.GetLeft(),
		Runs: convert(res.GetRuns(), func(r *hostv1.RepointedRun) repointedRun {
			return repointedRun{ID: r.GetId(), Repointed: r.GetError() == "", Error: r.GetError()}
		}),
	}
}

// repointed prints what became of each run; the exit code tells whether any stays.
func (p printer) repointed(l repointList) error {
	stay := 0
	rows := convert(l.Runs, func(r repointedRun) []string {
		switch {
		case !r.Repointed:
			stay++
			return []string{r.ID, "stays: " + strings.Join(convert(strings.Split(r.Error, "\n"), strings.TrimSpace), "; ")}
		case l.DryRun:
			return []string{r.ID, "would be re-pointed"}
		default:
			return []string{r.ID, "re-pointed"}
		}
	})
	switch {
	case p.json:
		if err := p.object(l); err != nil {
			return err
		}
	case len(rows) == 0:
		fmt.Fprintln(p.err, "No run of that job waits for its code.")
	default:
		p.table([]string{"RUN", "RESULT"}, rows)
	}
	if l.Left > 0 {
		more, again := "wait", "Run the same command again for them."
		if l.Left == 1 {
			more, again = "waits", "Run the same command again for it."
		}
		if l.DryRun {
			again = "Name runs to see what would become of them."
		}
		fmt.Fprintf(p.err, "%d more %s. %s\n", l.Left, more, again)
	}
	if stay > 0 {
		return &exitError{code: exitRejected, err: &failure{
			message: fmt.Sprintf("%d of %s not re-pointed to %s", stay, counted(len(l.Runs), "run"), l.To),
		}}
	}
	return nil
}
