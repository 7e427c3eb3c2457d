package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// automationCommands is what commands of schedules and of sensors have in common.
type automationCommands struct {
	c    *connection
	kind hostv1.AutomationKind
}

func newScheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "List, switch, preview and test schedules, and see their ticks",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	a := &automationCommands{c: &connection{}, kind: hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE}
	a.c.addFlags(cmd)
	a.addCommands(cmd)
	cmd.AddCommand(a.newPreviewCommand(), a.newScheduleTestCommand())
	return cmd
}

func newSensorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sensor",
		Short: "List, switch and test sensors, and see their ticks and cursors",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	a := &automationCommands{c: &connection{}, kind: hostv1.AutomationKind_AUTOMATION_KIND_SENSOR}
	a.c.addFlags(cmd)
	a.addCommands(cmd)
	cmd.AddCommand(a.newSensorTestCommand(), a.newCursorCommand())
	return cmd
}

func (a *automationCommands) addCommands(cmd *cobra.Command) {
	cmd.AddCommand(
		a.newListCommand(), a.newShowCommand(), a.newTicksCommand(),
		a.newSwitchCommand("on", hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, "Switch a %s on", `Switch a %s on, whatever its definition says. That
stays so when it is deployed again. It starts from now: what was due before is not made up for.`),
		a.newSwitchCommand("off", hostv1.AutomationSwitch_AUTOMATION_SWITCH_OFF, "Switch a %s off", `Switch a %s off, whatever its definition says. That
stays so when it is deployed again. Runs that it made go on.`),
		a.newSwitchCommand("default", hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT, "Let the definition of a %s decide whether it is on", `Let the definition of a %s decide
again whether it is on.`),
	)
}

// noun is schedule or sensor.
func (a *automationCommands) noun() string { return kindText(a.kind) }

// named is the request for a name as typed.
func (a *automationCommands) named(name string) *hostv1.AutomationName {
	return &hostv1.AutomationName{Kind: a.kind, Name: name}
}

const nameHelp = "The name is location/repository/name, or as much of its end as means no other."

// completeNames offers the shortest name of each that means no other.
func (a *automationCommands) completeNames(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.automation.ListAutomation(ctx, &hostv1.ListAutomationRequest{})
	ends := map[string]int{}
	var all []automationObject
	for _, m := range res.GetAutomations() {
		if o := automationOf(m); o.Kind == a.noun() {
			all = append(all, o)
			for _, end := range o.ends() {
				ends[end]++
			}
		}
	}
	var words []cobra.Completion
	for i := range all {
		for _, end := range all[i].ends() {
			if ends[end] == 1 {
				words = append(words, word(end, all[i].state()))
			}
		}
	}
	return words, err
}

// ends are the names that it can be asked for by, from the shortest.
func (o *automationObject) ends() []string {
	parts := strings.SplitN(o.Name, "/", 3)
	return []string{parts[2], parts[1] + "/" + parts[2], o.Name}
}

func (a *automationCommands) newListCommand() *cobra.Command {
	var job string
	cmd := &cobra.Command{
		Use:   "list",
		Short: fmt.Sprintf("List %ss, and how they stand", a.noun()),
		Long: fmt.Sprintf(`List %[1]ss of all code locations, and how they stand. Those that a deploy removed are listed as well, for
their ticks are kept. Of a location whose server is too old to have %[1]ss, it is said that it is.`, a.noun()),
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.automation.ListAutomation, &hostv1.ListAutomationRequest{Job: job})
			if err != nil {
				return err
			}
			list := automationList{Automations: []automationObject{}, Refusals: []refusalObject{}}
			for _, m := range res.GetAutomations() {
				if m.GetName().GetKind() == a.kind {
					list.Automations = append(list.Automations, automationOf(m))
				}
			}
			for _, r := range res.GetRefusals() {
				if r.GetCapability() == a.noun()+"s" {
					list.Refusals = append(list.Refusals, *refusalOf(r))
				}
			}
			if p.json {
				return p.object(list)
			}
			p.automations(list, a.noun())
			return nil
		},
	}
	cmd.Flags().StringVar(&job, "job", "", "only those that run this job")
	must(cmd.RegisterFlagCompletionFunc("job", a.c.complete(completeJobs)))
	return cmd
}

func (a *automationCommands) newShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             fmt.Sprintf("Show one %s, its last ticks and why it does not run", a.noun()),
		Long:              fmt.Sprintf("Show one %s: its definition, how it is switched, why it makes no ticks, and its last ticks.\n\n%s", a.noun(), nameHelp),
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.automation.GetAutomation, &hostv1.GetAutomationRequest{Name: a.named(args[0])})
			if err != nil {
				return err
			}
			return p.automation(automationOf(res.GetAutomation()))
		},
	}
}

func (a *automationCommands) newSwitchCommand(use string, to hostv1.AutomationSwitch, short, long string) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use:               use + " NAME",
		Short:             fmt.Sprintf(short, a.noun()),
		Long:              fmt.Sprintf(long, a.noun()) + "\n\n" + nameHelp,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.c.completeFirst(a.completeNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := a.c.start(cmd)
			if err != nil {
				return err
			}
			if by == "" {
				by = osUser()
			}
			// Switching twice is switching once, so it may be asked again.
			res, err := askAgain(cmd.Context(), host, host.automation.SwitchAutomation, &hostv1.SwitchAutomationRequest{Name: a.named(args[0]), To: to, By: by})
			if err != nil {
				return err
			}
			o := automationOf(res.GetAutomation())
			if p.json {
				return p.object(o)
			}
			next := ""
			if o.NextTickAt != nil {
				next = "; it is due next at " + clockText(o.NextTickAt)
			}
			fmt.Fprintf(p.out, "%s %s is %s%s.\n", strings.ToUpper(o.Kind[:1])+inert(o.Kind[1:]), inert(o.Name), inert(o.state()), next)
			p.troubled(&o)
			return nil
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who switches it, for the history (default the user of the operating system)")
	must(cmd.RegisterFlagCompletionFunc("by", cobra.NoFileCompletions))
	return cmd
}
