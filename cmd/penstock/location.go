package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newLocationCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "location",
		Short: "List, show and reload code locations",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newLocationListCommand(c), newLocationShowCommand(c), newLocationReloadCommand(c))
	return cmd
}

// needsCommand is for a command that only holds others.
func needsCommand(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usageErrorf("%s needs one of: %s; see %s --help", cmd.CommandPath(), strings.Join(names, ", "), cmd.CommandPath())
}

func newLocationListCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List code locations and how they are",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.locations.ListLocations, &hostv1.ListLocationsRequest{})
			if err != nil {
				return err
			}
			p.configWarning(cmd.Context(), host)
			locations := convert(res.GetLocations(), locationOf)
			p.countWaiting(cmd.Context(), host, locations)
			if p.json {
				return p.object(locationList{Locations: locations})
			}
			if len(locations) == 0 {
				fmt.Fprintln(p.err, "There are no code locations. Start the host with --location NAME=ADDRESS, or name them in its --config file.")
				return nil
			}
			p.locations(locations)
			return nil
		},
	}
}

func newLocationShowCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Show one code location",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeLocations),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.locations.GetLocation, &hostv1.GetLocationRequest{Name: args[0]})
			if err != nil {
				return err
			}
			l := []locationObject{locationOf(res.GetLocation())}
			p.countWaiting(cmd.Context(), host, l)
			return p.location(l[0])
		},
	}
}

func newLocationReloadCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "reload NAME",
		Short: "Ask a code location again what it has",
		Long: `Ask a code location again what it has, now, and show it.

The host does this by itself within a second or two of a change; use it to see an error at once.
The exit code tells how the location is afterwards: 5 when it does not answer, 4 when its version is not compatible,
1 when the exchange failed.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeLocations),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.locations.ReloadLocation, &hostv1.ReloadLocationRequest{Name: args[0]})
			if err != nil {
				return err
			}
			l := []locationObject{locationOf(res.GetLocation())}
			p.countWaiting(cmd.Context(), host, l)
			if err := p.location(l[0]); err != nil {
				return err
			}
			return l[0].reloaded()
		},
	}
}

// configWarning says on stderr when the host does not use its configuration file as it is. A host that cannot tell has
// answered what was asked for all the same.
func (p printer) configWarning(ctx context.Context, c *client) {
	res, err := ask(ctx, c, c.host.GetHost, &hostv1.GetHostRequest{})
	config := res.GetHost().GetConfig()
	if err != nil || config.GetError() == "" {
		return
	}
	fmt.Fprintf(p.err, "penstock: warning: the host cannot use its configuration file as it is, since %s; the one from before stays in use\n",
		clockText(timeOf(config.GetErrorSince())))
	for line := range strings.Lines(config.GetError()) {
		fmt.Fprintf(p.err, "  %s\n", inert(strings.TrimSuffix(line, "\n")))
	}
}

// reloaded is the error of a location that is not usable after a reload.
func (l locationObject) reloaded() error {
	code, known := map[string]int{
		"STALE": exitUnreachable, "UNAVAILABLE": exitUnreachable, "INCOMPATIBLE": exitRefused, "ERROR": exitFailure,
	}[l.State]
	if !known {
		return nil
	}
	f := &failure{message: fmt.Sprintf("location %s is %s", l.Name, l.State), remedy: l.Remedy}
	if l.Error != "" {
		f.message += ": " + l.Error
	}
	return &exitError{code: code, err: f}
}

// text is the code version, with what else is known when that is something else.
func (b buildObject) text() string {
	text := b.CodeVersion
	if b.VCSRevision != "" && b.VCSRevision != b.CodeVersion {
		text = joined(" ", text, "(revision "+b.VCSRevision+")")
	}
	if b.Dirty {
		text = joined(" ", text, "(built from a changed work tree)")
	}
	return text
}

// lines are the message and the remedy, inert and indented.
func (r *refusalObject) lines(indent string) []string {
	var lines []string
	for _, text := range []string{r.Message, r.Remedy} {
		if text == "" {
			continue
		}
		for _, line := range pieces(text, "") {
			lines = append(lines, indent+line)
		}
	}
	return lines
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	var full []string
	for _, part := range parts {
		if part != "" {
			full = append(full, part)
		}
	}
	return strings.Join(full, sep)
}
