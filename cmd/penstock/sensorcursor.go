package main

import (
	"fmt"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func (a *automationCommands) newCursorCommand() *cobra.Command {
	var set, by string
	var reset bool
	cmd := &cobra.Command{
		Use:   "cursor NAME",
		Short: "Print the cursor of a sensor, or replace it",
		Long: `Print the cursor of a sensor: what its code said the last time about how far it is. --set replaces it, and --reset has the
sensor begin as at first. An evaluation that is under way meanwhile does not come into effect. Run keys that were used stay
used: what has a run already gets no second one.

` + nameHelp,
		Example: `  penstock sensor cursor new_commits
  penstock sensor cursor new_commits --set 4f2a91c`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes := cmd.Flags().Changed("set")
			switch {
			case changes && reset:
				return usageErrorf("--set and --reset contradict each other: give one of them")
			case by != "" && !changes && !reset:
				return usageErrorf("--by says who changes the cursor, but it is not changed: give --set or --reset")
			}
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			if !changes && !reset {
				res, err := ask(cmd.Context(), host, host.automation.GetAutomation, &hostv1.GetAutomationRequest{Name: a.named(args[0])})
				if err != nil {
					return err
				}
				return p.cursor(res.GetAutomation(), "")
			}
			if by == "" {
				by = osUser()
			}
			res, err := askAgain(cmd.Context(), host, host.automation.SetSensorCursor, &hostv1.SetSensorCursorRequest{Name: a.named(args[0]), Cursor: set, By: by})
			if err != nil {
				return err
			}
			return p.cursor(res.GetAutomation(), "The cursor is replaced.")
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&set, "set", "", "the new cursor")
	flags.BoolVar(&reset, "reset", false, "begin as at first")
	flags.StringVar(&by, "by", "", "who replaces it, for the host's log (default the user of the operating system)")
	for _, name := range []string{"set", "by"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// cursor prints the cursor alone on stdout, so that a script can keep it.
func (p printer) cursor(a *hostv1.Automation, said string) error {
	o := cursorObject{Name: automationNameText(a.GetName()), Cursor: a.GetCursor()}
	if p.json {
		return p.object(o)
	}
	if said != "" {
		fmt.Fprintln(p.err, said)
	}
	if o.Cursor == "" {
		fmt.Fprintln(p.err, "The sensor has no cursor: it begins as at first.")
		return nil
	}
	fmt.Fprintln(p.out, inert(o.Cursor))
	return nil
}
