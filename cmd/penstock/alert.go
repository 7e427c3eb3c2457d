package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newAlertCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alert",
		Short: "List alerts, with what was sent, and try one out",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newAlertListCommand(c), newAlertTestCommand(c))
	return cmd
}

func newAlertListCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List alerts, with how the last message of each went",
		Long: `List alerts, with how the last message of each went. They are the section notify of the host's configuration.
--json has the last ten messages of each.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.alerts.ListAlerts, &hostv1.ListAlertsRequest{})
			if err != nil {
				return err
			}
			p.configWarning(cmd.Context(), host)
			list := alertList{Alerts: convert(res.GetRules(), alertOf)}
			if p.json {
				return p.object(list)
			}
			p.alerts(list)
			return nil
		},
	}
}

func newAlertTestCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "test NAME",
		Short: "Send a message of an alert that says that it is a test",
		Long: `Send a message of an alert that says that it is a test, once, and say what became of it. When the receiver does not
take it, the exit code is 1.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeAlerts),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.alerts.TestAlert, &hostv1.TestAlertRequest{Name: args[0]})
			if err != nil {
				return err
			}
			if p.json {
				if err := p.object(alertTest{Name: args[0], Delivered: res.GetError() == "", Error: res.GetError(), Body: res.GetBody()}); err != nil {
					return err
				}
			}
			if text := res.GetError(); text != "" {
				return fmt.Errorf("the test was not taken: %s", inert(text))
			}
			if !p.json {
				fmt.Fprintf(p.out, "The receiver took:\n%s\n", inert(res.GetBody()))
			}
			return nil
		},
	}
}

func completeAlerts(ctx context.Context, host *client) ([]cobra.Completion, error) {
	res, err := host.alerts.ListAlerts(ctx, &hostv1.ListAlertsRequest{})
	return convert(res.GetRules(), func(r *hostv1.AlertRule) cobra.Completion {
		return word(r.GetName(), r.GetTarget())
	}), err
}

// alerts prints a line for each.
func (p printer) alerts(list alertList) {
	if len(list.Alerts) == 0 {
		fmt.Fprintln(p.err, "There are no alerts. The section notify of the host's configuration says who is told of runs.")
		return
	}
	p.table([]string{"ALERT", "WHEN", "ABOUT", "TARGET", "WAITING", "LAST"}, convert(list.Alerts, func(a alertObject) []string {
		last := ""
		if len(a.Deliveries) > 0 {
			last = deliveryText(a.Deliveries[0])
		}
		return []string{a.Name, a.When, a.About, a.Target, fmt.Sprint(a.Waiting), last}
	}))
}

// deliveryText says how a message went.
func deliveryText(d alertDelivery) string {
	switch {
	case d.DeliveredAt != nil:
		return "delivered " + clockText(d.DeliveredAt)
	case d.GivenUp:
		return fmt.Sprintf("given up, tried %s: %s", triesText(d.Tries), d.Error)
	case d.Error != "":
		return fmt.Sprintf("tried %s: %s", triesText(d.Tries), d.Error)
	default:
		return "waits since " + clockText(d.DueAt)
	}
}

// triesText says how often.
func triesText(n uint32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func alertOf(r *hostv1.AlertRule) alertObject {
	return alertObject{
		Name: r.GetName(), When: r.GetWhen(), About: r.GetAbout(), Target: r.GetTarget(), Waiting: r.GetWaiting(),
		Deliveries: convert(r.GetDeliveries(), func(d *hostv1.AlertDelivery) alertDelivery {
			return alertDelivery{
				Run: d.GetRunId(), DueAt: timeOf(d.GetDueAt()), DeliveredAt: timeOf(d.GetDeliveredAt()), Tries: d.GetTries(),
				Error: d.GetError(), GivenUp: d.GetGivenUp(),
			}
		}),
	}
}
