package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// testTimeout is longer than user code may take for an evaluation.
const testTimeout = 11 * time.Minute

const testHelp = `The code is asked what it would do, and the host plans the runs that it asks for, with all that is wrong with them. No run
is launched, no key of a partition is added or removed, and no tick is kept. The exit code is 6 when the tick would fail.`

func (a *automationCommands) newScheduleTestCommand() *cobra.Command {
	var at string
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Say what a tick of a schedule would make, without launching anything",
		Long:  "Say what a tick of a schedule would make.\n\n" + testHelp + "\n\n" + nameHelp,
		Example: `  penstock schedule test nightly
  penstock schedule test nightly --at 2026-03-08T07:00:00Z --json`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			instant, err := instantFlag("at", at)
			if err != nil {
				return err
			}
			return a.test(cmd, args[0], &hostv1.TestAutomationRequest{At: instant})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "the time of the tick, such as 2026-03-08T07:00:00Z (default the next one; of a schedule of partitions the last one)")
	must(cmd.RegisterFlagCompletionFunc("at", cobra.NoFileCompletions))
	return cmd
}

func (a *automationCommands) newSensorTestCommand() *cobra.Command {
	var cursor, run string
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "Say what an evaluation of a sensor would make, without launching anything",
		Long:  "Say what an evaluation of a sensor would make.\n\n" + testHelp + "\n\n" + nameHelp,
		Example: `  penstock sensor test new_commits --cursor 4f2a91c
  penstock sensor test after_failure --run 0192a3b4`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := &hostv1.TestAutomationRequest{RunId: run}
			if cmd.Flags().Changed("cursor") {
				req.Cursor = &cursor
			}
			return a.test(cmd, args[0], req)
		},
	}
	cmd.Flags().StringVar(&cursor, "cursor", "", "the cursor to evaluate it with; empty: as at first (default the one that it has)")
	cmd.Flags().StringVar(&run, "run", "", "the run that ended, for a sensor of ended runs: its id, or as much of its beginning as means no other")
	must(cmd.RegisterFlagCompletionFunc("cursor", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("run", a.c.complete(completeRuns)))
	return cmd
}

func (a *automationCommands) test(cmd *cobra.Command, name string, req *hostv1.TestAutomationRequest) error {
	host, p, err := a.c.start(cmd)
	if err != nil {
		return err
	}
	req.Name = a.named(name)
	ctx, done := context.WithTimeout(cmd.Context(), testTimeout)
	defer done()
	res, err := host.automation.TestAutomation(ctx, req)
	if err != nil {
		return host.failed(ctx, err)
	}
	return p.tickTest(a.noun(), tickTestOf(name, res))
}

// tickTest prints what a tick would be. The exit code tells whether it would fail.
func (p printer) tickTest(noun string, o tickTest) error {
	if p.json {
		if err := p.object(o); err != nil {
			return err
		}
	} else {
		p.tickTestText(&o)
	}
	if o.Status != tickStatusText(hostv1.TickStatus_TICK_STATUS_FAILURE) {
		return nil
	}
	return &exitError{code: exitRejected, err: &failure{message: fmt.Sprintf("a tick of %s %s would fail: %s", noun, o.Name, o.Error)}}
}

func (p printer) tickTestText(o *tickTest) {
	took := ""
	if o.DurationSeconds != nil {
		took = spanText(time.Duration(*o.DurationSeconds * float64(time.Second)))
	}
	p.fields(
		[2]string{"Status", o.Status},
		[2]string{"Why", o.SkipReason},
		[2]string{"Took", took},
		[2]string{"Cursor", clip(o.Cursor, 200)},
	)
	if len(o.Runs) > 0 {
		rows := [][]string{{"JOB", "RUN KEY", "PARTITION", "OPS", "TAGS", "PROBLEMS"}}
		for i := range o.Runs {
			rows = append(rows, o.Runs[i].row())
		}
		p.section("Runs that it would make", aligned(rows))
	}
	if len(o.PartitionKeys) > 0 {
		rows := [][]string{{"DIMENSION", "ADDS", "REMOVES"}}
		for _, c := range o.PartitionKeys {
			rows = append(rows, []string{c.Dimension, strconv.Itoa(len(c.Add)), strconv.Itoa(len(c.Remove))})
		}
		p.section("Keys of partitions that it would change", aligned(rows))
	}
	if len(o.LogLines) > 0 {
		p.section("Log", convert(o.LogLines, inert))
	}
}

// row is a run that would be made as a line of a table.
func (r *testedRunObject) row() []string {
	key := r.RunKey
	if r.KnownRunKey {
		key += " (had a run before)"
	}
	if r.Preview == nil {
		return []string{r.Job, key, r.Partition, "", "", ""}
	}
	problems := ""
	if n := len(r.Preview.Problems); n > 0 {
		problems = clip(oneLine(r.Preview.Problems[0].Message), 100)
		if n > 1 {
			problems += fmt.Sprintf(" and %d more", n-1)
		}
	}
	job := r.Preview.Job
	if job == "//" { // it could not be found
		job = r.Job
	}
	return []string{job, key, r.Partition, strconv.Itoa(len(r.Preview.Ops)), tagsText(r.Tags, 60), problems}
}
