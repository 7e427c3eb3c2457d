package main

import (
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// Verdicts of a check.
const (
	verdictOK      = "OK"
	verdictRefused = "REFUSED"
	verdictWrong   = "WRONG"
)

// checkedHost is the host that a build was checked against.
func (b *build) checkedHost() checkHostObject {
	return checkHostObject{From: b.table.from, Version: beginning(b.table.HostVersion), ProtocolVersion: b.table.Host.Protocol, Notice: b.table.notice}
}

// wrong is the result when nothing could be loaded.
func (b *build) wrong(err error) *checkObject {
	return &checkObject{
		Verdict: verdictWrong, Error: err.Error(), Host: b.checkedHost(), Jobs: []checkJobObject{}, Automation: []checkAutomationObject{}, Capabilities: []checkCapabilityObject{},
	}
}

// result is what the build says of itself, and what the host will say.
func (b *build) result(w *workspace.Workspace, l *workspace.Location) *checkObject {
	o := &checkObject{Host: b.checkedHost(), Server: serverOf(l.Server), Jobs: []checkJobObject{}, Automation: []checkAutomationObject{}, Capabilities: []checkCapabilityObject{}}
	if o.Server != nil {
		o.Server.ID, o.Server.StartedAt = "", nil // of a process that is gone by now
	}
	var uses map[string]int
	if l.Fault == nil {
		uses = o.addJobs(w.Jobs())
		o.addAutomation(w, uses)
	}
	refusal := func(capability string, r versioncheck.Reason) *refusalObject {
		return refusalOfReason(capability, b.name, r)
	}
	if c := versioncheck.CheckHost(l.Server.GetMinHostProtocolVersion(), b.table.Host); !c.Compatible {
		o.Host.Refusal = refusal("", c.Reason)
	}
	for _, d := range b.table.Decide(workspace.ReportOf(l.Server), b.policy) {
		row := checkCapabilityObject{Capability: d.Capability, State: string(d.State), Notices: []checkNoticeObject{}}
		if used, known := uses[d.Capability]; known {
			row.UsedBy = &used
		}
		if d.State == versioncheck.StateRefused {
			row.Refusal = refusal(d.Capability, d.Reason)
		}
		for _, n := range d.Notices {
			row.Notices = append(row.Notices, checkNoticeObject{Code: string(n.Code), Message: n.Message})
		}
		o.Capabilities = append(o.Capabilities, row)
	}
	return o
}

func refusalOfReason(capability, location string, r versioncheck.Reason) *refusalObject {
	whole := workspace.RefusalOf(versioncheck.Decision{State: versioncheck.StateRefused, Capability: capability, Reason: r}, location, 0)
	return &refusalObject{
		State: string(whole.State), Code: whole.Code, Capability: whole.Capability, Location: whole.Location,
		Reported: whole.Reported, Required: whole.Required, HostVersion: whole.HostVersion,
		Message: whole.Message, Remedy: whole.Remedy, DocsURL: whole.DocsURL,
	}
}

// addJobs adds the jobs and returns how many use each capability that is known here.
func (o *checkObject) addJobs(jobs []*workspace.Job) map[string]int {
	uses := map[string]int{
		versioncheck.ListJobs: len(jobs), versioncheck.LaunchRun: len(jobs),
	}
	for _, r := range versioncheck.Requirements() {
		uses[r.Name] += 0 // those that no job uses are known, too
	}
	for _, j := range jobs {
		row := checkJobObject{
			Repository: j.Name.Repository, Job: j.Name.Job, Ops: j.Ops(), Tags: len(j.Tags()), Errors: []string{}, Warnings: textsOf(j.Warnings()),
		}
		if err := j.Err(); err != nil {
			row.Errors = append(row.Errors, err.Error())
		}
		metadata := j.Metadata()
		row.Metadata = len(metadata.Entries)
		if metadata.Refusal != nil {
			row.Metadata = int(metadata.Refusal.Withheld)
		}
		for _, err := range j.MetadataProblems() {
			row.Errors = append(row.Errors, "metadata: "+err.Error())
			row.Metadata = max(row.Metadata, 1)
		}
		uses[versioncheck.JobMetadata] += min(row.Metadata, 1)
		uses[versioncheck.RunTags] += min(row.Tags, 1)
		row.Errors = append(row.Errors, addPartitions(j, uses)...)
		o.Jobs = append(o.Jobs, row)
	}
	return uses
}

// judge sets the verdict.
func (o *checkObject) judge(strict bool) {
	o.Verdict = verdictOK
	if len(o.missing(strict)) > 0 {
		o.Verdict = verdictRefused
	}
	if o.wrongJobs()+len(o.wrongAutomation()) > 0 {
		o.Verdict = verdictWrong
	}
}

func (o *checkObject) wrongJobs() (n int) {
	for i := range o.Jobs {
		n += min(len(o.Jobs[i].Errors), 1)
	}
	return n
}

// missing names what the build has, or strictly what it could have, and the host would refuse.
func (o *checkObject) missing(strict bool) (names []string) {
	if o.Host.Refusal != nil {
		names = append(names, "this build, which needs a newer host")
	}
	for _, c := range o.Capabilities {
		switch {
		case c.Refusal == nil:
		case c.UsedBy != nil && *c.UsedBy > 0:
			names = append(names, c.missing())
		case strict, c.isOfLocation():
			names = append(names, c.Capability)
		}
	}
	return names
}

// isOfLocation is whether the refusal is of the whole location: then nothing was loaded, and all of it is missing.
func (c *checkCapabilityObject) isOfLocation() bool {
	code := versioncheck.Code(c.Refusal.Code)
	return code == versioncheck.CodeNewerMajor || code == versioncheck.CodeProtocolTooOld
}

// failure is the verdict as the command's end.
func (o *checkObject) failure(strict bool) error {
	switch o.Verdict {
	case verdictWrong:
		return &exitError{code: exitRejected, err: fmt.Errorf("definitions are wrong: those of %s", o.wrong())}
	case verdictRefused:
		return &exitError{code: exitRefused, err: fmt.Errorf("the host would refuse: %s", strings.Join(o.missing(strict), "; "))}
	}
	return nil
}

// check prints the result.
func (p printer) check(o *checkObject) {
	s := serverObject{}
	if o.Server != nil {
		s = *o.Server
	}
	from := "a host like this penstock"
	if o.Host.From != "" {
		from = o.Host.From
	}
	p.fields(
		[2]string{"Jobs", fmt.Sprint(len(o.Jobs))},
		[2]string{"Code version", s.Build.text()},
		[2]string{"Protocol", s.ProtocolVersion},
		[2]string{"Needs host", s.MinHostProtocolVersion},
		[2]string{"SDK", joined(" ", s.SDK.Language, s.SDK.Version, s.SDK.Runtime)},
		[2]string{"Checked for", fmt.Sprintf("%s (version %s, protocol %s)", from, o.Host.Version, o.Host.ProtocolVersion)},
		[2]string{"Notice", o.Host.Notice},
	)
	fmt.Fprintln(p.out)
	rows := convert(o.Capabilities, func(c checkCapabilityObject) []string {
		will, used := "allowed", "unknown here"
		if c.Refusal != nil {
			will = "refused"
		}
		if c.UsedBy != nil {
			used = c.usedBy()
		}
		return []string{c.Capability, will, used}
	})
	p.table([]string{"CAPABILITY", "WILL BE", "USED BY"}, rows)
	for i := range o.Jobs {
		p.checkedJob(&o.Jobs[i])
	}
	for _, a := range o.wrongAutomation() {
		p.section(a.Kind+" "+inert(a.Repository+"/"+a.Name), pieces("error: "+strings.Join(a.Errors, "; "), "  "))
	}
	if o.Host.Refusal != nil {
		p.section("the host: "+inert(o.Host.Refusal.Code), o.Host.Refusal.lines(""))
	}
	for _, c := range o.Capabilities {
		if c.Refusal != nil {
			p.section(inert(c.Capability+": "+c.Refusal.Code), c.Refusal.lines(""))
		}
		for _, n := range c.Notices {
			p.section(inert(c.Capability+": "+n.Code), pieces(n.Message, ""))
		}
	}
	if o.Verdict == verdictOK {
		fmt.Fprintln(p.out, "\nAll that this build has will be there.")
	}
}

// checkedJob prints what there is to say of a job, if anything.
func (p printer) checkedJob(j *checkJobObject) {
	var lines []string
	for _, text := range j.Errors {
		lines = append(lines, pieces("error: "+text, "  ")...)
	}
	for _, text := range j.Warnings {
		lines = append(lines, pieces("warning: "+text, "  ")...)
	}
	if len(lines) > 0 {
		p.section("job "+inert(j.Repository+"/"+j.Job), lines)
	}
}
