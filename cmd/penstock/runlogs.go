package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

func newRunLogsCommand(c *connection) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs RUN",
		Short: "Print what a run logged",
		Long: `Print what the ops of a run logged, what they, or programs that they started, wrote to stdout and stderr, their notes, and the
errors that ops and the run ended with. Where several ops ran when something was written, all of them are named.

With -f, go on until the run has ended; a host that restarts meanwhile is waited for, and no line is lost or printed twice.
How far ops are is then shown too: below the lines on a terminal, otherwise as lines, for ops that take ten seconds or more.
With --json, print the same as one event per line.`,
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
			if !follow {
				return host.watch(cmd.Context(), &hostv1.WatchRunEventsRequest{RunId: run.GetId(), NoFollow: true}, func(m *hostv1.WatchRunEventsResponse) error {
					for _, e := range m.GetEvents() {
						if err := p.log(e); err != nil {
							return err
						}
					}
					return nil
				})
			}
			run, err = p.followLog(cmd.Context(), host, run)
			if err != nil && cmd.Context().Err() != nil {
				return interrupted(fmt.Sprintf("run %s goes on", run.GetId()))
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run has ended")
	return cmd
}

func newRunEventsCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "events RUN",
		Short: "Print everything that happened to a run",
		Long: `Print every event of a run that is stored now: those of the host (queued, starting, canceling) and those of its worker
(ops that start and end, log lines). With --json, one event per line.`,
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
			return host.watch(cmd.Context(), &hostv1.WatchRunEventsRequest{RunId: run.GetId(), NoFollow: true}, func(m *hostv1.WatchRunEventsResponse) error {
				for _, e := range m.GetEvents() {
					if err := p.event(e); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// followLog prints the log of a run until it has ended, and how far its ops are.
func (p printer) followLog(ctx context.Context, host *client, run *hostv1.Run) (*hostv1.Run, error) {
	p, live := p.live()
	defer live.show("")
	var progress runProgress
	var steps progressSteps
	return host.follow(ctx, run, p, func(m *hostv1.WatchRunEventsResponse) error {
		for _, e := range m.GetEvents() {
			progress.add(e)
			err := p.log(e)
			if err == nil && live == nil && !p.json && steps.due(e) {
				err = p.eventLines(eventOf(e), fmt.Sprintf("%-5s", "PROG"), nil)
			}
			if err != nil {
				return err
			}
		}
		live.show(progress.line())
		return nil
	})
}

// live is a line of the terminal that tells how far something is, below what is printed; without a terminal, or as JSON, it
// is nil.
func (p printer) live() (printer, *liveLine) {
	if p.json {
		return p, nil
	}
	live := newLiveLine(p.err)
	p.out, p.err = live.over(p.out), live.over(p.err)
	return p, live
}

// log prints an event if it belongs to the log: a line that user code logged, something that it wrote or noted, or an error.
func (p printer) log(e *hostv1.StoredEvent) error {
	o := eventOf(e)
	if o.Kind != "log" && o.Kind != "note" && o.captured() == nil && o.Failure == nil && o.Unreadable == "" {
		return nil
	}
	if p.json {
		return p.line(o)
	}
	level := o.Level
	switch {
	case level != "":
	case o.captured() != nil:
		level = map[string]string{"stdout": "OUT", "stderr": "ERR"}[o.captured().Stream]
	case o.Kind == "note":
		level = "NOTE"
	case o.Outcome == "CANCELED", o.RetryAfter != nil:
		level = "WARN"
	default:
		level = "ERROR"
	}
	return p.eventLines(o, fmt.Sprintf("%-5s", level), attributesOf(e.GetEvent()))
}

// event prints an event.
func (p printer) event(e *hostv1.StoredEvent) error {
	o := eventOf(e)
	if p.json {
		return p.line(o)
	}
	return p.eventLines(o, fmt.Sprintf("%d.%d  %-13s", o.Attempt, o.Seq, inert(joined(" ", o.Kind, o.Level))), attributesOf(e.GetEvent()))
}

// eventLines prints an event: time, label, op and message, then its details, indented.
func (p printer) eventLines(o eventObject, label string, attributes []*metadatav1.Entry) error {
	clock := strings.Repeat("-", len("15:04:05.000"))
	if o.Time != nil {
		clock = o.Time.Local().Format("15:04:05.000")
	}
	var head strings.Builder
	head.WriteString(clock + "  " + label)
	if o.Op != "" {
		head.WriteString("  " + inert(o.Op))
	}
	if o.Outcome != "" {
		head.WriteString("  " + o.Outcome)
	}
	if o.Seconds != nil {
		fmt.Fprintf(&head, " in %.3fs", *o.Seconds)
	}
	message := metadata.Text(cmp.Or(o.Message, o.Reported.text())).Lines()
	head.WriteString("  " + message[0])
	for _, a := range attributes {
		entry := workspace.EntryOf(a)
		head.WriteString(" " + inert(entry.Key) + "=" + quoteSpaces(entry.Value.String()))
	}
	lines := append([]string{strings.TrimRight(head.String(), " ")}, message[1:]...)
	if o.Unreadable != "" {
		lines = append(lines, "this event cannot be read: "+inert(o.Unreadable))
	}
	if f := o.Failure; f != nil {
		lines = append(lines, f.lines(o.Message)...)
	}
	for i := range lines {
		if i > 0 {
			lines[i] = "    " + lines[i]
		}
	}
	_, err := fmt.Fprintln(p.out, strings.Join(lines, "\n"))
	return err
}

// lines are the failure's reason, message and stack; the message is left out where it was said already.
func (f *failureObject) lines(said string) []string {
	var lines []string
	reason, text := f.Reason, f.Message
	if strings.Contains(said, text) {
		text = ""
	}
	if reason == "error" || strings.HasPrefix(strings.ToLower(said), reason) {
		reason = ""
	}
	if reason != "" || text != "" {
		lines = metadata.Text(joined(": ", reason, text)).Lines()
	}
	for _, c := range f.Causes {
		lines = append(lines, "caused by "+inert(c))
	}
	if f.Stack != "" {
		lines = append(lines, metadata.Text(f.Stack).Lines()...)
	}
	return lines
}

// quoteSpaces makes one word of an attribute's value, which is inert already.
func quoteSpaces(s string) string {
	if s == "" || strings.ContainsAny(s, " \"=") {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}
