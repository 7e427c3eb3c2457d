package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func (a *automationCommands) newTicksCommand() *cobra.Command {
	var limit int
	var cursor string
	var statuses []string
	cmd := &cobra.Command{
		Use:   "ticks NAME",
		Short: fmt.Sprintf("List the ticks of a %s, newest first", a.noun()),
		Long: fmt.Sprintf(`List the ticks of a %[1]s, newest first, with the runs that each made, or why it made none. A row may stand for
several evaluations in a row that skipped for the same reason, or asked only for runs of the same run keys, for which there
were runs before.

%[2]s One that a deploy removed has its ticks, too.`, a.noun(), nameHelp),
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 || limit > maxPage {
				return usageErrorf("--limit %d: it is 1 to %d", limit, maxPage)
			}
			wanted, err := tickStatuses(statuses)
			if err != nil {
				return err
			}
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.automation.ListTicks, &hostv1.ListTicksRequest{
				Name: a.named(args[0]), Statuses: wanted, PageSize: uint32(limit), PageCursor: cursor,
			})
			if err != nil {
				return err
			}
			list := tickList{Name: args[0], Ticks: convert(res.GetTicks(), tickOf), NextCursor: res.GetNextCursor()}
			if p.json {
				return p.object(list)
			}
			next := ""
			if list.NextCursor != "" {
				next = fmt.Sprintf("%s %s --limit %d --page-cursor %s", cmd.CommandPath(), shellQuote(args[0]), limit, shellQuote(list.NextCursor))
				for _, s := range statuses {
					next += " --status " + shellQuote(s)
				}
			}
			p.ticks(list, next)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&statuses, "status", nil, "only ticks in this status: "+strings.Join(tickStatusNames(), ", ")+"; may be repeated, one must match")
	flags.IntVar(&limit, "limit", 25, "at most so many, up to 1000")
	flags.StringVar(&cursor, "page-cursor", "", "go on where the page that printed this cursor ended")
	must(cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(tickStatusNames(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func tickStatusNames() []string {
	return []string{
		tickStatusText(hostv1.TickStatus_TICK_STATUS_SUCCESS), tickStatusText(hostv1.TickStatus_TICK_STATUS_SKIPPED), tickStatusText(hostv1.TickStatus_TICK_STATUS_FAILURE),
	}
}

func tickStatuses(names []string) (statuses []hostv1.TickStatus, err error) {
	for _, s := range names {
		name := strings.ToUpper(strings.TrimSpace(s))
		if !slices.Contains(tickStatusNames(), name) {
			return nil, usageErrorf("--status %q is none of %s", s, strings.Join(tickStatusNames(), ", "))
		}
		statuses = append(statuses, hostv1.TickStatus(hostv1.TickStatus_value["TICK_STATUS_"+name]))
	}
	return statuses, nil
}

var tickHead = []string{"TICK", "STATUS", "RUNS", "TOOK", "WHY"}

func tickRow(t tickObject) []string {
	status := t.Status
	if t.Late {
		status += " (late)"
	}
	if t.Count > 1 {
		status += fmt.Sprintf(" ×%d", t.Count)
	}
	took := ""
	if t.DurationSeconds != nil {
		took = spanText(time.Duration(*t.DurationSeconds * float64(time.Second)))
	}
	return []string{clockText(t.At), status, t.runsText(), took, clip(oneLine(t.why()), 120)}
}

// runsText names the first runs, and says how many there are.
func (t *tickObject) runsText() string {
	const most = 2
	text := strings.Join(convert(t.Runs[:min(len(t.Runs), most)], func(r tickRunObject) string { return r.Run }), " ")
	if more := len(t.Runs) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// why is why it made no runs, or fewer.
func (t *tickObject) why() string {
	known := ""
	if t.KnownRunKeyCount > 0 {
		known = counted(int(t.KnownRunKeyCount), "run key") + " had a run before"
	}
	return joined("; ", t.Error, t.SkipReason, known)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// ticks prints a page, and how to get the next one.
func (p printer) ticks(list tickList, next string) {
	if len(list.Ticks) == 0 && next == "" {
		fmt.Fprintln(p.err, "There are no such ticks.")
		return
	}
	p.table(tickHead, convert(list.Ticks, tickRow))
	if next != "" {
		fmt.Fprintf(p.err, "There are more: %s\n", next)
	}
}
