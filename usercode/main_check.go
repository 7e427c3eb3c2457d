package usercode

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// checkFlags are those of check.
type checkFlags struct {
	host, capabilities, tokenFile, hostCA, minHost string
	json, strict                                   bool
}

// check validates the definitions, and with a host says what they will have there.
func (c commandLine) check(ctx context.Context, args []string) int {
	var f checkFlags
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&f.host, "host", "", "`address` of the host that the build is for, HOST:PORT or URL")
	flags.StringVar(&f.capabilities, "capabilities", "", "`file` with that host's capabilities instead, as penstock host capabilities --json prints them")
	flags.StringVar(&f.tokenFile, "token-file", "", "`file` with the token that the host asks for; or PENSTOCK_TOKEN")
	flags.StringVar(&f.hostCA, "host-ca", "", "`file` with the certificates that the host's own is checked against, PEM; default: the system's")
	flags.StringVar(&f.minHost, "min-host", "", "oldest protocol `version` of a host that the code works with, as serve gets it; default: any")
	flags.BoolVar(&f.strict, "strict", false, "fail also when what is refused is nothing that the build has")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		c.checkUsage(flags)
		return exitOK
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("it takes flags only; got %q", flags.Arg(0))
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return c.wrongUsage("check: %v", err)
	}

	plain, err := c.validated()
	if err != nil {
		return c.checkedWrong(f, err)
	}
	verdict := c.judge(f, plain)
	if f.host != "" || f.capabilities != "" {
		table, err := c.hostTable(ctx, f)
		if err != nil {
			return c.noTable(err)
		}
		verdict.decide(f, table)
	}
	return c.tell(f, verdict, plain)
}

// check is about the flags alone.
func (f checkFlags) check() error {
	if f.host != "" && f.capabilities != "" {
		return errors.New("give --host or --capabilities, not both")
	}
	if f.host == "" && (f.tokenFile != "" || f.hostCA != "") {
		return errors.New("--token-file and --host-ca are for --host")
	}
	if f.host == "" && f.capabilities == "" && f.strict {
		return errors.New("--strict is for --host and --capabilities")
	}
	return checkMinHost(f.minHost)
}

func (c commandLine) checkUsage(flags *flag.FlagSet) {
	fmt.Fprintf(c.stdout, `%[1]s check says everything that is wrong with the definitions. With --host or --capabilities it also says what they
will have on that host, capability by capability. It exits with
  0  all that the build has will be there
  1  the definitions are wrong, or the check itself failed
  2  it was called wrongly
  4  the host would refuse something that the build has
  5  the host does not answer

Flags:
`, c.name)
	flags.SetOutput(c.stdout)
	flags.PrintDefaults()
}

// validated are the definitions, when nothing is wrong with them.
func (c commandLine) validated() ([]*spec.Repository, error) {
	if err := Validate(c.repos...); err != nil {
		return nil, err
	}
	return compile(c.repos)
}

// checkedWrong has a line for each problem, or with --json an object.
func (c commandLine) checkedWrong(f checkFlags, err error) int {
	if f.json {
		verdict := checkVerdict{Verdict: verdictWrong, Capabilities: []checkCapability{}}
		problems, ok := errors.AsType[Problems](err)
		if !ok {
			problems = Problems{{Message: err.Error()}}
		}
		for _, p := range problems {
			verdict.Problems = append(verdict.Problems, checkProblem(p))
		}
		if err := c.printJSON(verdict); err != nil {
			return c.failed(err)
		}
	}
	return c.wrongDefinitions(err)
}

func (c commandLine) printJSON(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	return nil
}

// noTable is the end without a host's word.
func (c commandLine) noTable(err error) int {
	if usage, ok := errors.AsType[*hostAddressError](err); ok {
		return c.wrongUsage("check: %v", usage)
	}
	c.failed(err)
	if _, ok := errors.AsType[*unreachableError](err); ok {
		return exitUnreachable
	}
	return exitError
}

// listDefinitions has a row for each job, schedule and sensor, and a column for what some have.
func (c commandLine) listDefinitions(plain []*spec.Repository) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	parted, schedules, sensors := false, 0, 0
	for _, r := range plain {
		parted = parted || slices.ContainsFunc(r.Jobs, func(j *spec.Job) bool { return j.Partitions != nil })
		schedules, sensors = schedules+len(r.Schedules), sensors+len(r.Sensors)
	}
	partitions := func(text string) string {
		if !parted {
			return ""
		}
		return "\t" + text
	}
	fmt.Fprintf(table, "REPOSITORY\tJOB\tTAGS\tMETADATA\tCONFIGS%s\n", partitions("PARTITIONS"))
	for _, r := range plain {
		for _, j := range r.Jobs {
			name := "-"
			if j.Partitions != nil {
				name = j.Partitions.Name
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d%s\n", r.Name, j.Name, len(j.Tags), len(j.Metadata), len(j.Configs), partitions(name))
		}
		if len(r.Jobs) == 0 {
			fmt.Fprintf(table, "%s\t(no jobs)\n", r.Name)
		}
	}
	if schedules > 0 {
		fmt.Fprintf(table, "\nREPOSITORY\tSCHEDULE\tJOB\tCRON\tZONE\n")
	}
	for _, r := range plain {
		for _, s := range r.Schedules {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, s.Name, s.Job.Name, strings.Join(s.Crons, ", "), cmp.Or(s.Zone, "UTC"))
		}
	}
	if sensors > 0 {
		fmt.Fprintf(table, "\nREPOSITORY\tSENSOR\tJOBS\tLOOKS\n")
	}
	for _, r := range plain {
		for _, s := range r.Sensors {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", r.Name, s.Name, len(s.Jobs), looks(s))
		}
	}
	return table.Flush()
}

// looks is when a sensor is evaluated.
func looks(s *spec.Sensor) string {
	if s.RunStatus != nil {
		return metadata.Inert("after runs: " + cmp.Or(s.RunStatus.Where, "all"))
	}
	return fmt.Sprintf("every %s", cmp.Or(s.Interval, defaultSensorInterval))
}
