package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// runFilter is what run list, and others that select runs, are asked for.
type runFilter struct {
	where       string
	tags        []string
	job         string
	statuses    []string
	location    string
	codeVersion string
	snapshot    string
	limit       int
	cursor      string
}

func newRunListCommand(c *connection) *cobra.Command {
	var f runFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Long: `List runs, newest first. Of several filters all must hold. A selector given with --where can say all that the others
can, and more; docs/selectors.md describes the language.`,
		Example: `  penstock run list --where "team=etl and not env=dev and status=failure and started>-2h"
  penstock run list --tag team=etl --status FAILURE
  penstock run list --job my_job --json
  penstock run list --location etl --code-version 4f2a91c`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			req, err := f.request()
			if err != nil {
				return err
			}
			if err := host.selects(cmd.Context(), f.where); err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.runs.ListRuns, req)
			if err != nil {
				return pointed(err, f.where)
			}
			page := runList{Runs: convert(res.GetRuns(), runOf), NextCursor: res.GetNextCursor()}
			if !f.holds(page.Runs) {
				return &exitError{code: exitFailure, err: &failure{
					message: fmt.Sprintf("the host at %s is too old to find runs by --location, --code-version or --snapshot", host.address),
					remedy:  "Leave them out, or upgrade the host.",
				}}
			}
			if p.json {
				return p.object(page)
			}
			p.runs(page, cmd.CommandPath(), &f)
			return nil
		},
	}
	f.addFlags(cmd, c)
	cmd.Flags().IntVar(&f.limit, "limit", 25, "at most so many, up to 1000")
	cmd.Flags().StringVar(&f.cursor, "cursor", "", "go on where the page that printed this cursor ended")
	return cmd
}

// addFlags gives a command the flags that select runs.
func (f *runFilter) addFlags(cmd *cobra.Command, c *connection) {
	c.addWhere(cmd, &f.where, hostv1.SelectorSubject_SELECTOR_SUBJECT_RUNS, `only runs that this selector selects, for example "team=etl and status=failure"`)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.tags, "tag", nil, "only runs with this tag, as key=value; may be repeated, all must match")
	flags.StringVar(&f.job, "job", "", "only runs of this job")
	flags.StringSliceVar(&f.statuses, "status", nil, "only runs in this status; may be repeated, one must match")
	flags.StringVar(&f.location, "location", "", "only runs of this code location")
	flags.StringVar(&f.codeVersion, "code-version", "", "only runs that were launched or started from code of this version")
	flags.StringVar(&f.snapshot, "snapshot", "", "only runs that were launched or started from this snapshot: its id, or the first 4 digits or more")
	must(cmd.RegisterFlagCompletionFunc("job", c.complete(completeJobs)))
	must(cmd.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(statusNames(), cobra.ShellCompDirectiveNoFileComp)))
	for _, name := range []string{"tag", "code-version", "snapshot"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	must(cmd.RegisterFlagCompletionFunc("location", c.complete(completeLocations)))
}

// must is for what only a mistake in this file can make fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f *runFilter) request() (*hostv1.ListRunsRequest, error) {
	if f.limit < 1 || f.limit > maxPage {
		return nil, usageErrorf("--limit %d: it is 1 to %d", f.limit, maxPage)
	}
	filter, err := f.filter()
	return &hostv1.ListRunsRequest{Filter: filter, PageSize: uint32(f.limit), PageCursor: f.cursor}, err
}

// filter is what the flags say.
func (f *runFilter) filter() (*hostv1.RunFilter, error) {
	filter := &hostv1.RunFilter{
		Where: f.where, Job: f.job, Location: f.location, CodeVersion: f.codeVersion, Snapshot: f.snapshot,
	}
	var err error
	if filter.Tags, err = parseTags(f.tags); err != nil {
		return nil, err
	}
	for _, s := range f.statuses {
		n, known := hostv1.RunStatus_value["RUN_STATUS_"+strings.ToUpper(strings.TrimSpace(s))]
		if !known || n == 0 {
			return nil, usageErrorf("--status %q is none of %s", s, strings.Join(statusNames(), ", "))
		}
		filter.Statuses = append(filter.Statuses, hostv1.RunStatus(n))
	}
	return filter, nil
}

// statusNames are the statuses in the order of a run's life.
func statusNames() []string {
	var names []string
	for _, n := range slices.Sorted(maps.Keys(hostv1.RunStatus_name)) {
		if n != 0 {
			names = append(names, statusText(hostv1.RunStatus(n)))
		}
	}
	return names
}

// parseTags reads key=value; a value may hold further equals signs. What a key may be is for the host to say.
func parseTags(pairs []string) ([]*tagv1.Tag, error) {
	var tags []*tagv1.Tag
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageErrorf("--tag %q: write key=value; for a tag without a value, %s=", pair, pair)
		}
		tags = append(tags, &tagv1.Tag{Key: strings.TrimSpace(key), Value: value})
	}
	return tags, nil
}

// runs prints a page of runs, and how to get the next one.
func (p printer) runs(page runList, command string, f *runFilter) {
	if len(page.Runs) == 0 {
		if f.selects() {
			fmt.Fprintln(p.err, "No run matches.")
		} else {
			fmt.Fprintln(p.err, "There are no runs. Launch one with penstock launch JOB; penstock job list names the jobs.")
		}
		return
	}
	rows := convert(page.Runs, func(r runObject) []string {
		return []string{r.Status, r.ID, r.Job, clockText(r.CreatedAt), r.took(), tagsText(userTags(r.Tags), 60)}
	})
	p.table([]string{"STATUS", "RUN", "JOB", "CREATED", "TOOK", "TAGS"}, rows)
	if page.NextCursor != "" {
		fmt.Fprintf(p.err, "There are more: %s%s\n", command, f.next(page.NextCursor))
	}
}

// selects tells that not all runs are asked for.
func (f *runFilter) selects() bool {
	return f.where != "" || len(f.tags) > 0 || len(f.statuses) > 0 || f.job != "" || f.location != "" || f.codeVersion != "" || f.snapshot != ""
}

// holds tells that the host selected by where the code is from: one that does not know these filters passes over them.
func (f *runFilter) holds(runs []runObject) bool {
	return !slices.ContainsFunc(runs, func(r runObject) bool {
		return f.location != "" && r.Location != f.location ||
			f.codeVersion != "" && r.CodeVersion != f.codeVersion && r.StartedCodeVersion != f.codeVersion ||
			f.snapshot != "" && !strings.HasPrefix(r.Snapshot, strings.ToLower(f.snapshot)) &&
				!strings.HasPrefix(r.StartedSnapshot, strings.ToLower(f.snapshot))
	})
}

// userTags leaves out what the host attaches to every run.
func userTags(tags []tagObject) []tagObject {
	return slices.DeleteFunc(slices.Clone(tags), func(t tagObject) bool { return t.Origin == string(tag.OriginSystem) })
}

// next are the arguments that list the next page.
func (f *runFilter) next(cursor string) string {
	var b strings.Builder
	if f.where != "" {
		fmt.Fprintf(&b, " --where %s", shellQuote(f.where))
	}
	for _, t := range f.tags {
		fmt.Fprintf(&b, " --tag %s", shellQuote(t))
	}
	for _, flag := range [][2]string{
		{"job", f.job}, {"location", f.location}, {"code-version", f.codeVersion}, {"snapshot", f.snapshot},
	} {
		if flag[1] != "" {
			fmt.Fprintf(&b, " --%s %s", flag[0], shellQuote(flag[1]))
		}
	}
	for _, s := range f.statuses {
		fmt.Fprintf(&b, " --status %s", shellQuote(s))
	}
	if f.limit != 25 {
		fmt.Fprintf(&b, " --limit %d", f.limit)
	}
	fmt.Fprintf(&b, " --cursor %s", shellQuote(cursor))
	return b.String()
}

// shellQuote makes one word of text for a shell, and safe to print.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+=./:,@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(inert(s), "'", `'\''`) + "'"
}
