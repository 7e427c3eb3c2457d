package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// maxPage is the largest page that the host gives.
const maxPage = 1000

func newJobCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "job",
		Short: "List and show jobs, and what they were",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newJobListCommand(c), newJobShowCommand(c), newJobHistoryCommand(c), newJobDiffCommand(c))
	return cmd
}

func newJobListCommand(c *connection) *cobra.Command {
	var where string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs of all code locations",
		Example: `  penstock job list
  penstock job list --where "meta:owner=~data* and status=failure"`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			if err := host.selects(cmd.Context(), where); err != nil {
				return err
			}
			jobs := []jobRow{}
			var hidden uint32
			for req := (&hostv1.ListJobsRequest{PageSize: maxPage, Where: where}); ; {
				res, err := ask(cmd.Context(), host, host.jobs.ListJobs, req)
				if err != nil {
					return pointed(err, where)
				}
				jobs, hidden = append(jobs, convert(res.GetJobs(), jobRowOf)...), res.GetMetadataHidden()
				if res.GetNextCursor() == "" {
					break
				}
				req.PageCursor = res.GetNextCursor()
			}
			if p.json {
				return p.object(jobList{Jobs: jobs, MetadataHidden: hidden})
			}
			if hidden > 0 {
				fmt.Fprintf(p.err, "The metadata of %s is not shown, and the selector was answered as if there were none; penstock job show says why.\n", counted(int(hidden), "job"))
			}
			if len(jobs) == 0 {
				if where != "" {
					fmt.Fprintln(p.err, "No job matches.")
				} else {
					fmt.Fprintln(p.err, "There are no jobs. Look at the code locations with penstock location list.")
				}
				return nil
			}
			rows := convert(jobs, func(j jobRow) []string {
				about := j.Summary
				if j.Error != "" {
					about = "cannot be used: " + j.Error
				}
				return []string{j.Name, fmt.Sprint(j.Ops), tagsText(j.Tags, 40), j.MetadataState, clip(about, 60)}
			})
			p.table([]string{"JOB", "OPS", "TAGS", "METADATA", "SUMMARY"}, rows)
			return nil
		},
	}
	c.addWhere(cmd, &where, hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS, `only jobs that this selector selects, for example "meta:owner=etl and status=failure"`)
	return cmd
}

func newJobShowCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "show JOB",
		Short: "Show one job with its metadata and tags",
		Long: `Show one job with its metadata, the tags that every run gets, its ops with their policies and its config schema.

A job is named location/repository/job, or the shortest end of that which means one job only.
When the version gate refuses to show the metadata, the job is printed all the same, the refusal goes to stderr and the
exit code is 4. It is 5 when the metadata could be shown but is not held, because the location does not answer.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.jobs.GetJob, &hostv1.GetJobRequest{Name: args[0]})
			if err != nil {
				return err
			}
			j := jobOf(res.GetJob())
			if p.json {
				err = p.object(j)
			} else {
				p.job(j, res.GetJob())
			}
			if err != nil {
				return err
			}
			for _, w := range j.Warnings {
				fmt.Fprintf(p.err, "Warning: %s\n", inert(w))
			}
			return j.Metadata.refused()
		},
	}
}

// refused is the error of metadata that is not shown.
func (v metadataView) refused() error {
	if v.Refusal == nil {
		return nil
	}
	code := exitRefused
	if v.State != "REFUSED" {
		code = exitUnreachable
	}
	f := &failure{message: "metadata not shown: " + v.Refusal.Message, remedy: v.Refusal.Remedy}
	return &exitError{code: code, err: f}
}

// job prints a job. The message has the metadata's values with their kinds.
func (p printer) job(j jobObject, m *hostv1.Job) {
	limit := ""
	if j.MaxConcurrent > 0 {
		limit = fmt.Sprintf("at most %d at a time", j.MaxConcurrent)
	}
	p.fields(
		[2]string{"Job", j.Name},
		[2]string{"Ops", joined(": ", fmt.Sprint(len(j.Ops)), strings.Join(j.Ops, ", "))},
		[2]string{"Concurrency", limit},
		[2]string{"Code version", j.Build.text()},
		[2]string{"Loaded", clockText(j.LoadedAt)},
	)
	if j.Description != "" {
		p.section("Description", metadata.Markdown(j.Description).Lines())
	}
	p.metadata(j.Metadata, m.GetMetadata())
	if len(j.Tags) == 0 {
		p.section("Tags that every run gets", []string{"none"})
	} else {
		p.section("Tags that every run gets", aligned(convert(j.Tags, func(t tagObject) []string {
			return []string{t.Key, t.Value}
		})))
	}
	if len(j.OpPolicies) > 0 {
		p.section("Policies of ops", aligned(convert(j.OpPolicies, func(o policyObject) []string { return []string{o.Op, o.Text} })))
	}
	if len(j.Resources) > 0 {
		p.section("Resources", aligned(convert(j.Resources, func(r resourceObject) []string {
			if len(r.Ops) == 0 { // another resource uses it
				return []string{r.Text}
			}
			return []string{r.Text, "used by " + strings.Join(r.Ops, ", ")}
		})))
	}
	if len(j.ConfigSchema) > 0 {
		p.section("Config schema", schemaLines(j.ConfigSchema))
	}
}

// metadata prints the metadata section in each of its states; it is never silently empty.
func (p printer) metadata(v metadataView, m *hostv1.JobMetadataView) {
	if v.Refusal != nil {
		p.section("Metadata not shown", v.Refusal.summary())
		return
	}
	title := "Metadata"
	if v.State == "STALE" {
		title = "Metadata (stale)"
	}
	lines := metadataLines(m)
	if len(v.Entries) == 0 {
		lines = []string{"this job has no metadata"}
	}
	p.section(title, lines)
	if v.Notice != "" {
		fmt.Fprintf(p.out, "  (%s)\n", inert(v.Notice))
	}
}

// summary is a refusal without its message and remedy. It is inert.
func (r *refusalObject) summary() []string {
	lines := []string{inert(joined(" ", r.Code, "(the message is on stderr)"))}
	if r.Reported != "" || r.Required != "" {
		lines = append(lines, inert("reported "+orNone(r.Reported)+", required "+orNone(r.Required)))
	}
	if r.Withheld != nil {
		withheld := "1 entry is"
		if *r.Withheld != 1 {
			withheld = fmt.Sprintf("%d entries are", *r.Withheld)
		}
		lines = append(lines, withheld+" withheld")
	}
	return lines
}

// metadataLines are the entries, values of one line beside their keys and longer ones below.
func metadataLines(m *hostv1.JobMetadataView) []string {
	var lines []string
	width := 0
	for _, e := range m.GetShown().GetEntries() {
		width = max(width, min(24, len([]rune(inert(e.GetKey())))))
	}
	for _, e := range m.GetShown().GetEntries() {
		key, value := inert(e.GetKey()), workspace.EntryOf(e).Value.Lines()
		if len(value) == 1 {
			lines = append(lines, fmt.Sprintf("%-*s  %s", width, key, value[0]))
			continue
		}
		lines = append(lines, key)
		for _, line := range value {
			lines = append(lines, "    "+line)
		}
	}
	return lines
}

func schemaLines(schema json.RawMessage) []string {
	var b bytes.Buffer
	if err := json.Indent(&b, schema, "", "  "); err != nil {
		return []string{"not JSON"}
	}
	return metadata.Text(b.String()).Lines()
}

// tagsText is tags on one line of about most characters.
func tagsText(tags []tagObject, most int) string {
	return clip(strings.Join(convert(tags, func(t tagObject) string { return t.Key + "=" + t.Value }), ", "), most)
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
