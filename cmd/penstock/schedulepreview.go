package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func (a *automationCommands) newPreviewCommand() *cobra.Command {
	var crons []string
	var zone, at string
	var count int
	cmd := &cobra.Command{
		Use:   "preview [NAME]",
		Short: "List the last and the next ticks of a schedule, or of crons",
		Long: `List the last instants of a schedule with what became of them, and its next ones; also under other crons or in another
zone, or for crons alone, without a schedule. What is odd about an instant is said: where a zone's clock is put forward or
back, a time does not exist, or is there twice. Nothing is evaluated, and nothing changes.

` + nameHelp,
		Example: `  penstock schedule preview nightly
  penstock schedule preview nightly --cron "30 2 * * MON-FRI" --count 5
  penstock schedule preview --cron @daily --zone America/Havana --at 2026-03-07T12:00:00Z --count 3`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			req := &hostv1.PreviewScheduleRequest{Crons: crons, Zone: zone, Count: uint32(max(count, 0))}
			if count < 1 || count > maxPage {
				return usageErrorf("--count %d: it is 1 to %d", count, maxPage)
			}
			name := ""
			switch {
			case len(args) > 0:
				name = args[0]
				req.Name = a.named(name)
			case len(crons) == 0:
				return usageErrorf("it is not said of what: name a schedule, or give crons with --cron; see %s --help", cmd.CommandPath())
			}
			var err error
			if req.At, err = instantFlag("at", at); err != nil {
				return err
			}
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.automation.PreviewSchedule, req)
			if err != nil {
				return err
			}
			return p.schedulePreview(name, res)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&crons, "cron", nil, `cron to use instead of the schedule's, such as "30 2 * * *"; may be repeated`)
	flags.StringVar(&zone, "zone", "", "zone to use instead of the schedule's, such as Europe/Berlin (default UTC, where there is no schedule)")
	flags.StringVar(&at, "at", "", "before and after this time, such as 2026-03-07T12:00:00Z (default now)")
	flags.IntVar(&count, "count", 30, "how many on either side, up to 1000")
	for _, name := range []string{"cron", "zone", "at"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// instantFlag reads a time; nil when it is not given.
func instantFlag(name, text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, usageErrorf("--%s %q is not a time: write it with its offset, as 2026-03-07T12:00:00Z or 2026-03-07T12:00:00-05:00", name, text)
	}
	return timestamppb.New(t), nil
}

func (p printer) schedulePreview(name string, res *hostv1.PreviewScheduleResponse) error {
	o := schedulePreviewOf(name, res)
	if p.json {
		if err := p.object(o); err != nil {
			return err
		}
	} else if len(o.Problems) == 0 {
		p.instants("Past", o.Past)
		p.instants("Next", o.Next)
		if len(o.Next) == 0 {
			fmt.Fprintln(p.err, "There is no next one within ten years.")
		}
	}
	if len(o.Problems) == 0 {
		return nil
	}
	return &exitError{code: exitRejected, err: &failure{message: "such a schedule has no ticks", problems: res.GetProblems()}}
}

// instants prints a table of what the clock of the zone shows.
func (p printer) instants(title string, all []previewedObject) {
	if len(all) == 0 {
		return
	}
	rows := [][]string{{"ON THE WALL", "UTC", "TICK", "NOTE"}}
	for i := range all {
		utc, became := "", ""
		if all[i].At != nil {
			utc = all[i].At.Format("2006-01-02 15:04:05Z")
		}
		if t := all[i].Tick; t != nil {
			became = joined(" ", t.Status, t.runsText())
		}
		rows = append(rows, []string{all[i].Wall, utc, became, all[i].Note})
	}
	p.section(title, aligned(rows))
}
