package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/diagnose"
	"github.com/penstock-run/penstock/host/store/boltstore"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newDoctorCommand() *cobra.Command {
	var data string
	c := &connection{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with a host, or soon will be, and say what to do",
		Long: `Look for what is wrong with a host, or soon will be, and say what to do: disk, clock, store, the address that workers are
told, the configuration file, code locations and their versions, queue.

The host is asked. With --data, a data directory is looked at whose host does not run: its disk and its store, without
changing anything.

The exit code is 0 when nothing is an error, though there may be warnings, and 1 when something is; with --data it is 65
for a store that is damaged, 78 for one that a newer host wrote, 75 when a host has it, and 3 when there is none.`,
		Example: `  penstock doctor
  penstock doctor --data /srv/penstock`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case data != "" && cmd.Flags().Changed("host"):
				return usageErrorf("--data looks at a directory without a host, and --host asks one: give one of them")
			case data != "":
				d, code, err := offline(data)
				if err != nil {
					return err
				}
				return c.printer(cmd).diagnosis(d, code)
			}
			server, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), server, server.host.Diagnose, &hostv1.DiagnoseRequest{})
			if err != nil {
				return err
			}
			return p.diagnosis(diagnosisOf(res), exitFailure)
		},
	}
	c.addFlags(cmd)
	cmd.Flags().StringVar(&data, "data", "", "directory of a store whose host does not run")
	must(cmd.MarkFlagDirname("data"))
	return cmd
}

// offline looks at a data directory without a host, and says what to exit with if something is an error. One that a host
// has is refused.
func offline(directory string) (d diagnosis, code int, err error) {
	code = exitFailure
	facts, broken := boltstore.Inspect(directory)
	if known, ok := hostExits[host.ReasonOf(broken)]; ok {
		code = known
	}
	if code == exitLocked {
		return d, code, &exitError{code: exitLocked, err: fmt.Errorf(
			"a host has %s: leave out --data to ask that host, or stop it first", directory)}
	}
	checks := diagnose.Offline(directory, systemClock{}.Now(), spaceOf, func(string) (diagnose.StoreFacts, error) {
		return diagnose.StoreFacts(facts), broken
	})
	return diagnosis{Checks: convert(checks, func(c diagnose.Check) checkedObject {
		return checkedObject{Area: c.Area, Level: levelTexts[c.Level], Message: c.Message, Remedy: c.Remedy, Location: c.Location}
	})}, code, nil
}

var levelTexts = map[diagnose.Level]string{diagnose.OK: "OK", diagnose.Warning: "WARNING", diagnose.Error: "ERROR"}

func diagnosisOf(res *hostv1.DiagnoseResponse) diagnosis {
	return diagnosis{Checks: convert(res.GetChecks(), func(c *hostv1.DiagnoseResponse_Check) checkedObject {
		return checkedObject{
			Area: c.GetArea(), Level: strings.TrimPrefix(c.GetLevel().String(), "LEVEL_"),
			Message: c.GetMessage(), Remedy: c.GetRemedy(), Location: c.GetLocation(),
		}
	})}
}

// diagnosis prints what was found, and exits with code if anything does not work.
func (p printer) diagnosis(d diagnosis, code int) error {
	is := func(level string) func(checkedObject) bool {
		return func(c checkedObject) bool { return c.Level == level }
	}
	var err error
	if slices.ContainsFunc(d.Checks, is("ERROR")) {
		err = &exitError{code: code}
	}
	if p.json {
		if printErr := p.object(d); printErr != nil {
			return printErr
		}
		return err
	}
	for _, c := range d.Checks {
		about := c.Area
		if c.Location != "" {
			about += " " + c.Location
		}
		text := pieces(c.Message, "         ")
		fmt.Fprintf(p.out, "%-7s  %s: %s\n", inert(c.Level), inert(about), strings.Join(text, "\n"))
		if c.Remedy != "" {
			fmt.Fprintf(p.out, "         To do: %s\n", strings.Join(pieces(c.Remedy, "         "), "\n"))
		}
	}
	warnings, errs := 0, 0
	for _, c := range d.Checks {
		switch {
		case is("WARNING")(c):
			warnings++
		case is("ERROR")(c):
			errs++
		}
	}
	if warnings+errs == 0 {
		fmt.Fprintln(p.out, "All is well.")
	} else {
		fmt.Fprintf(p.out, "%s, %s.\n", counted(errs, "error"), counted(warnings, "warning"))
	}
	return err
}
