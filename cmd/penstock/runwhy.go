package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newRunWhyCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "why RUN",
		Short: "Say why a run is not running or not finished, or why it ended as it did",
		Long: `Say why a run is where it is, rule by rule: what holds it, since when, until when, and what to do about it. Of a run that
is queued: its place, the slots and who has them, its code location. Of one that waits for its code: which code, and what
would bring it. Of one that is started: which ops run, and what the others wait for. Of one that has ended: what came first.

It is true of the moment at which it is asked, and changes nothing.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeRuns),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.runs.ExplainRun, &hostv1.ExplainRunRequest{Id: args[0]})
			if err != nil {
				return err
			}
			return p.explanation(explanationOf(res))
		},
	}
}

func explanationOf(res *hostv1.ExplainRunResponse) explanation {
	return explanation{
		Run: runOf(res.GetRun()), Summary: res.GetSummary(), Position: res.GetPosition(), Among: res.GetAmong(),
		Reasons: convert(res.GetReasons(), func(r *hostv1.ExplainRunResponse_Reason) reasonObject {
			return reasonObject{
				Code: r.GetCode(), Blocks: r.GetBlocks(), Message: r.GetMessage(), Remedy: r.GetRemedy(),
				Since: timeOf(r.GetSince()), Until: timeOf(r.GetUntil()), Runs: textsOf(r.GetRunIds()), Op: r.GetOpPath(),
			}
		}),
	}
}

// explanation prints what holds the run first, then what was looked at besides.
func (p printer) explanation(e explanation) error {
	if p.json {
		return p.object(e)
	}
	p.fields(
		[2]string{"Run", e.Run.ID},
		[2]string{"Job", e.Run.Job},
		[2]string{"Status", e.Run.Status},
		[2]string{"Position", e.position()},
		[2]string{"Why", strings.Join(strings.Fields(e.Summary), " ")},
	)
	var holds, besides []string
	for _, r := range e.Reasons {
		if r.Blocks {
			holds = append(holds, r.lines()...)
		} else {
			besides = append(besides, r.lines()...)
		}
	}
	if len(holds) > 0 {
		p.section("What holds it", holds)
	}
	if len(besides) > 0 {
		title := "Looked at besides"
		if len(holds) == 0 {
			title = "Looked at"
		}
		p.section(title, besides)
	}
	return nil
}

// position is the place of a run in the queue, empty when it has none.
func (e explanation) position() string {
	const most = 10_000
	switch {
	case e.Position == 0:
		return ""
	case e.Position > most:
		return fmt.Sprintf("behind more than %d of %d", most, e.Among)
	default:
		return fmt.Sprintf("%d of %d", e.Position, e.Among)
	}
}

// lines are the rule as it is printed.
func (r reasonObject) lines() []string {
	lines := pieces(r.Code+times(r.Since, r.Until), "  ")
	lines = append(lines, indented(pieces(r.Message, "  "))...)
	if r.Remedy != "" {
		lines = append(lines, indented(pieces("To do: "+r.Remedy, "  "))...)
	}
	if len(r.Runs) > 0 {
		lines = append(lines, indented(pieces("Runs: "+strings.Join(r.Runs, ", "), "  "))...)
	}
	return lines
}

func indented(lines []string) []string {
	for i := range lines {
		lines[i] = "  " + lines[i]
	}
	return lines
}

// times says since and until when something is so.
func times(since, until *time.Time) string {
	var parts []string
	if since != nil {
		parts = append(parts, "since "+clockText(since))
	}
	if until != nil {
		parts = append(parts, "until "+clockText(until))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s)", strings.Join(parts, ", "))
}
