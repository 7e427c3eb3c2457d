package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newJobDiffCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "diff JOB [FROM [TO]]",
		Short: "Show what changed between two snapshots of a job",
		Long: `Show what changed in a job between two of its snapshots: metadata, tags, graph, config schema, description.

FROM and TO are ids of snapshots, which penstock job history lists, or at least the first 4 digits of them. TO is the
newest snapshot when it is left out, and FROM the one before TO.

The exit code is 0 whether there are changes or not. When the version gate does not show the metadata of one of the two,
metadata is not compared: the refusal goes to stderr, all other changes are printed, and the exit code is 4.`,
		Example: `  penstock job diff my_job
  penstock job diff my_job 3f2a 91bc --json`,
		Args:              usageArgs(cobra.RangeArgs(1, 3)),
		ValidArgsFunction: c.completeDiff,
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			req := &hostv1.DiffJobRequest{Job: args[0]}
			for i, id := range args[1:] {
				if id == "" {
					return usageErrorf("the id of a snapshot is empty; see %s --help", cmd.CommandPath())
				}
				if i == 0 {
					req.From = id
				} else {
					req.To = id
				}
			}
			res, err := ask(cmd.Context(), host, host.history.DiffJob, req)
			if err != nil {
				return err
			}
			d := jobDiffOf(res)
			if p.json {
				err = p.object(d)
			} else {
				p.jobDiff(d)
			}
			if err != nil {
				return err
			}
			if r := d.MetadataRefusal; r != nil {
				return &exitError{code: exitRefused, err: &failure{message: "metadata not compared: " + r.Message, remedy: r.Remedy}}
			}
			return nil
		},
	}
}

// jobDiff prints what changed, by section.
func (p printer) jobDiff(d jobDiff) {
	p.fields(
		[2]string{"Job", d.Job},
		[2]string{"From", d.From.text()},
		[2]string{"To", d.To.text()},
	)
	if d.MetadataRefusal != nil {
		p.section("Metadata not compared", d.MetadataRefusal.summary())
	}
	for i := 0; i < len(d.Changes); {
		section, lines := d.Changes[i].Section, []string{}
		for ; i < len(d.Changes) && d.Changes[i].Section == section; i++ {
			lines = append(lines, d.Changes[i].lines()...)
		}
		p.section(sectionTitle(section), lines)
	}
	switch {
	case d.More > 0:
		fmt.Fprintf(p.out, "\nand %s\n", counted(int(d.More), "more change"))
	case len(d.Changes) > 0:
	case d.From.ID == d.To.ID:
		fmt.Fprintln(p.out, "\nNothing changed: both are one snapshot.")
	case d.MetadataRefusal != nil:
		fmt.Fprintln(p.out, "\nNothing else changed.")
	default:
		fmt.Fprintln(p.out, "\nNothing changed that this host can show: an order, or something that a newer SDK sends.")
	}
}

// text says which snapshot it is.
func (s snapshotObject) text() string {
	text := fmt.Sprintf("%s (code %s, seen %s to %s)", s.ID, s.codeVersion(), clockText(s.FirstSeenAt), clockText(s.LastSeenAt))
	if s.Current {
		text += ", current"
	}
	return text
}

// sectionTitle is the name of a section with a capital: "Config schema".
func sectionTitle(section string) string {
	words := strings.ToLower(strings.ReplaceAll(section, "_", " "))
	if words == "" {
		return "Other"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// lines are the change for people: on one line if it fits, else with the texts below. They are inert.
func (c changeObject) lines() []string {
	what := inert(c.Path)
	if what == "" {
		what = "the job"
	}
	if c.Before == nil && c.After == nil {
		return []string{"~ " + what}
	}
	if c.Before == nil || c.After == nil {
		sign, text := "+", c.After
		if c.After == nil {
			sign, text = "-", c.Before
		}
		head, value := sign+" "+what, textLines(*text)
		switch {
		case *text == "":
			return []string{head}
		case len(value) == 1:
			return []string{head + ": " + value[0]}
		}
		return append([]string{head + ":"}, marked(sign, value)...)
	}
	before, after := textLines(*c.Before), textLines(*c.After)
	const wide = 100
	if len(before) == 1 && len(after) == 1 && len(before[0])+len(after[0]) <= wide {
		return []string{fmt.Sprintf("~ %s: %s → %s", what, orEmpty(before[0]), orEmpty(after[0]))}
	}
	same := 0
	for same < min(len(before), len(after)) && before[same] == after[same] {
		same++
	}
	end := 0
	for end < min(len(before), len(after))-same && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	lines := []string{"~ " + what + ":"}
	if same > 0 {
		lines = append(lines, fmt.Sprintf("    (%s as before)", counted(same, "line")))
	}
	lines = append(lines, marked("-", before[same:len(before)-end])...)
	lines = append(lines, marked("+", after[same:len(after)-end])...)
	if end > 0 {
		lines = append(lines, fmt.Sprintf("    (%s as before)", counted(end, "line")))
	}
	return lines
}

// textLines are the lines of a text, inert. A line break at the end counts: it may be what changed.
func textLines(text string) []string { return convert(strings.Split(text, "\n"), inert) }

func marked(sign string, lines []string) []string {
	return convert(lines, func(line string) string { return "    " + sign + " " + line })
}

func orEmpty(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

func jobDiffOf(d *hostv1.DiffJobResponse) jobDiff {
	return jobDiff{
		Job: jobNameText(d.GetJob()), From: snapshotOf(d.GetFrom()), To: snapshotOf(d.GetTo()),
		Changes: convert(d.GetChanges(), changeOf), More: d.GetMore(), MetadataRefusal: refusalOf(d.GetMetadataRefusal()),
	}
}

func changeOf(c *hostv1.JobChange) changeObject {
	o := changeObject{
		Section: enumText(c.GetSection(), "JOB_CHANGE_SECTION_"), Path: c.GetPath(), Kind: enumText(c.GetKind(), "JOB_CHANGE_KIND_"),
	}
	before, after := c.GetBefore(), c.GetAfter()
	if c.GetKind() != hostv1.JobChangeKind_JOB_CHANGE_KIND_ADDED {
		o.Before = &before
	}
	if c.GetKind() != hostv1.JobChangeKind_JOB_CHANGE_KIND_REMOVED {
		o.After = &after
	}
	return o
}
