package usercode

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/penstock-run/penstock/usercode/internal/server"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/versioncheck"
)

// Verdicts of a check.
const (
	verdictOK      = "OK"      // all that the build has will be there
	verdictRefused = "REFUSED" // the host would refuse something that it has
	verdictWrong   = "WRONG"   // the definitions are wrong
)

// checkVerdict is what check prints with --json.
type checkVerdict struct {
	Verdict                string            `json:"verdict"`
	ProtocolVersion        string            `json:"protocol_version"`
	MinHostProtocolVersion string            `json:"min_host_protocol_version"`
	CodeVersion            string            `json:"code_version"`
	Jobs                   int               `json:"job_count"`
	Problems               []checkProblem    `json:"problems"`
	Host                   *checkedHost      `json:"host"` // null without --host and --capabilities
	Capabilities           []checkCapability `json:"capabilities"`

	uses map[string]int // jobs, schedules or sensors by the capability that they use
}

// checkProblem is a Problem.
type checkProblem struct {
	Repository string `json:"repository"`
	Job        string `json:"job"`
	Origin     string `json:"origin"`
	Message    string `json:"message"`
}

// checkedHost is the host that a build was checked against.
type checkedHost struct {
	From            string        `json:"from"` // its address, or the file
	Version         string        `json:"version"`
	ProtocolVersion string        `json:"protocol_version"`
	Notice          string        `json:"notice"`  // what to know of the host's word
	Refusal         *checkRefusal `json:"refusal"` // when it is older than the build asks for
}

// checkCapability is what the host will say of one capability.
type checkCapability struct {
	Capability string        `json:"capability"`
	State      string        `json:"state"`   // SHOWN or REFUSED
	UsedBy     *int          `json:"used_by"` // jobs, schedules or sensors; null when this SDK does not know the capability
	Refusal    *checkRefusal `json:"refusal"`
	Notices    []checkNotice `json:"notices"`
}

// checkRefusal says why something is refused.
type checkRefusal struct {
	Code        string `json:"code"`
	Reported    string `json:"reported"`
	Required    string `json:"required"`
	HostVersion string `json:"host_version"`
	Message     string `json:"message"`
	Remedy      string `json:"remedy"`
	Docs        string `json:"docs"` // a path in Penstock's repository
}

type checkNotice struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// judge is the verdict on definitions that are sound, before any host has a say.
func (c commandLine) judge(f checkFlags, plain []*spec.Repository) checkVerdict {
	v := checkVerdict{
		Verdict: verdictOK, ProtocolVersion: versioncheck.Protocol, MinHostProtocolVersion: f.minHost, CodeVersion: c.version(),
		Problems: []checkProblem{}, Capabilities: []checkCapability{},
		uses: map[string]int{},
	}
	for _, r := range versioncheck.Requirements() {
		v.uses[r.Name] = 0
	}
	for _, r := range plain {
		v.Jobs += len(r.Jobs)
		for _, j := range r.Jobs {
			v.uses[versioncheck.JobMetadata] += min(len(j.Metadata), 1)
			v.uses[versioncheck.RunTags] += min(len(j.Tags), 1)
			if j.Partitions != nil {
				v.uses[versioncheck.Partitions]++
			}
		}
		v.uses[versioncheck.Schedules] += len(r.Schedules)
		v.uses[versioncheck.Sensors] += len(r.Sensors)
	}
	v.uses[versioncheck.ListJobs], v.uses[versioncheck.LaunchRun] = v.Jobs, v.Jobs
	return v
}

// decide adds what the host will say of a server of this build.
func (v *checkVerdict) decide(f checkFlags, t hostTable) {
	v.Host = &checkedHost{From: t.from, Version: metadata.Inert(beginning(t.HostVersion)), ProtocolVersion: t.Host.Protocol, Notice: t.notice}
	if c := versioncheck.CheckHost(f.minHost, t.Host); !c.Compatible {
		v.Host.Refusal, v.Verdict = refusalOf(c.Reason), verdictRefused
	}
	report := versioncheck.Report{
		Answered: true, ProtocolVersion: versioncheck.Protocol, MinHostProtocolVersion: f.minHost,
		CapabilitiesDeclared: true, Capabilities: server.Capabilities(true),
	}
	for _, d := range t.Decide(report, versioncheck.Policy{}) {
		row := checkCapability{Capability: d.Capability, State: string(d.State), Notices: []checkNotice{}}
		used, known := v.uses[d.Capability]
		if known {
			row.UsedBy = &used
		}
		if d.State == versioncheck.StateRefused {
			row.Refusal = refusalOf(d.Reason)
			if used > 0 || f.strict {
				v.Verdict = verdictRefused
			}
		}
		for _, n := range d.Notices {
			row.Notices = append(row.Notices, checkNotice{string(n.Code), n.Message})
		}
		v.Capabilities = append(v.Capabilities, row)
	}
}

func refusalOf(r versioncheck.Reason) *checkRefusal {
	return &checkRefusal{
		Code: string(r.Code), Reported: r.Reported, Required: r.Required, HostVersion: r.HostVersion,
		Message: r.Message, Remedy: r.Remedy, Docs: r.DocsPath,
	}
}

// tell prints the verdict and returns the exit code.
func (c commandLine) tell(f checkFlags, v checkVerdict, plain []*spec.Repository) int {
	err := c.print(f, v, plain)
	switch {
	case err != nil:
		return c.failed(err)
	case v.Verdict == verdictRefused:
		fmt.Fprintf(c.stderr, "%s: the host would refuse: %s\n", c.name, strings.Join(v.refused(f.strict), "; "))
		return exitRefused
	}
	return exitOK
}

func (c commandLine) print(f checkFlags, v checkVerdict, plain []*spec.Repository) error {
	if f.json {
		return c.printJSON(v)
	}
	if err := c.listDefinitions(plain); err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, "All definitions are sound.")
	if v.Host == nil {
		return nil
	}
	return c.printHost(v)
}

// printHost prints what the host will say.
func (c commandLine) printHost(v checkVerdict) error {
	fmt.Fprintf(c.stdout, "\nOn %s (version %s, protocol %s):\n\n",
		metadata.Inert(v.Host.From), v.Host.Version, v.Host.ProtocolVersion)
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "CAPABILITY\tWILL BE\tUSED BY\n")
	var remarks []string
	remark := func(about string, r *checkRefusal) {
		remarks = append(remarks, fmt.Sprintf("%s: %s: %s\n  %s", about, r.Code, r.Message, r.Remedy))
	}
	if v.Host.Notice != "" {
		remarks = append(remarks, v.Host.Notice)
	}
	if v.Host.Refusal != nil {
		remark("the host", v.Host.Refusal)
	}
	for _, row := range v.Capabilities {
		will, used := "allowed", "unknown to this build"
		if row.Refusal != nil {
			will = "refused"
			remark(row.Capability, row.Refusal)
		}
		if row.UsedBy != nil {
			used = row.users()
		}
		for _, n := range row.Notices {
			remarks = append(remarks, fmt.Sprintf("%s: %s: %s", row.Capability, n.Code, n.Message))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", row.Capability, will, used)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range remarks {
		fmt.Fprintf(c.stdout, "\n%s\n", inertLines(r))
	}
	if v.Verdict == verdictOK {
		fmt.Fprintln(c.stdout, "\nAll that this build has will be there.")
	}
	return nil
}

// refused names what the verdict is about.
func (v *checkVerdict) refused(strict bool) (names []string) {
	if v.Host.Refusal != nil {
		names = append(names, "this build, which needs a newer host")
	}
	for _, row := range v.Capabilities {
		if row.Refusal == nil {
			continue
		}
		if row.UsedBy != nil && *row.UsedBy > 0 {
			names = append(names, row.refused())
		} else if strict {
			names = append(names, row.Capability)
		}
	}
	return names
}

// users is how many use the capability.
func (c checkCapability) users() string {
	switch c.Capability {
	case versioncheck.Schedules:
		return plural(*c.UsedBy, "schedule")
	case versioncheck.Sensors:
		return plural(*c.UsedBy, "sensor")
	}
	return plural(*c.UsedBy, "job")
}

// refused is what the build has that the host would refuse.
func (c checkCapability) refused() string {
	if c.Capability == versioncheck.Schedules || c.Capability == versioncheck.Sensors {
		return c.users()
	}
	return c.Capability + " of " + c.users()
}
