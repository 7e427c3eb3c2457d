package launch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/workspace"
)

// changedError says that a job is not as the user saw it, and what is different.
// saw is the body of the definition that they saw; nil when this host does not remember it.
func changedError(job *workspace.Job, saw []byte) error {
	e := &host.Error{
		Code:    host.Conflict,
		Reason:  "DEFINITION_CHANGED",
		Message: fmt.Sprintf("job %s changed since you looked at it", job.Name),
		Remedy:  "Look at the job as it is now and launch again; nothing was queued.",
	}
	if saw == nil {
		return e
	}
	before, err := workspace.DecodeDefinition(saw)
	if err != nil {
		return e // it was decoded before it was remembered
	}
	after, err := job.Proto()
	if err != nil {
		return err
	}
	for _, line := range changeLines(jobdiff.Compare(jobdiff.Job{Definition: before}, jobdiff.Job{Definition: after})) {
		e.Problems = append(e.Problems, host.Problem{Field: "job", Message: line})
	}
	return e
}

// changeLines sums up what is different between two definitions of a job: first what a launch has to do with.
func changeLines(d jobdiff.Diff) (lines []string) {
	lines = append(lines, schemaLines(d)...)
	for _, part := range []struct {
		kind jobdiff.Kind
		what string
	}{{jobdiff.Added, "ops added: "}, {jobdiff.Removed, "ops removed: "}, {jobdiff.Changed, "ops or graphs that changed: "}} {
		if paths := changedPaths(d, jobdiff.Graph, part.kind); len(paths) > 0 {
			lines = append(lines, part.what+listed(paths))
		}
	}
	if tags := changeLists(d, jobdiff.Tags); tags != "" {
		lines = append(lines, "its tags changed"+tags)
	}
	if slices.ContainsFunc(d.Changes, func(c jobdiff.Change) bool { return c.Section == jobdiff.Description }) {
		lines = append(lines, "its description changed")
	}
	switch {
	case d.More > 0:
		lines = append(lines, fmt.Sprintf("and more: %d changes", d.More))
	case len(lines) == 0:
		lines = append(lines, "a part of its definition changed that does not concern the launch")
	}
	return lines
}

func schemaLines(d jobdiff.Diff) []string {
	for _, c := range d.Changes {
		if c.Section != jobdiff.ConfigSchema || c.Path != "" {
			continue
		}
		switch c.Kind {
		case jobdiff.Added:
			return []string{"it takes a config now"}
		case jobdiff.Removed:
			return []string{"it takes no config any more"}
		case jobdiff.Changed: // listed with the fields
		}
	}
	if lists := changeLists(d, jobdiff.ConfigSchema); lists != "" {
		return []string{"its config schema changed" + lists}
	}
	return nil
}

// changeLists says what was added and removed in a section, and what became of the rest.
func changeLists(d jobdiff.Diff, section jobdiff.Section) string {
	var b strings.Builder
	for _, part := range []struct {
		kind jobdiff.Kind
		what string
	}{{jobdiff.Added, "; added: "}, {jobdiff.Removed, "; removed: "}, {jobdiff.Changed, "; different: "}} {
		if paths := changedPaths(d, section, part.kind); len(paths) > 0 {
			b.WriteString(part.what + listedWith(paths, detailsOf(d, section, part.kind)))
		}
	}
	return b.String()
}

// changedPaths are the paths of a section to which something happened, each once.
func changedPaths(d jobdiff.Diff, section jobdiff.Section, kind jobdiff.Kind) (paths []string) {
	for _, c := range d.Changes {
		if c.Section == section && c.Kind == kind {
			paths = append(paths, orWhole(c.Path))
		}
	}
	return slices.Compact(paths)
}

// orWhole is a path, or words for the job itself.
func orWhole(path string) string {
	if path == "" {
		return "the whole"
	}
	return path
}

// detailsOf says of paths what there is to know for a launch: what a field is, and was.
func detailsOf(d jobdiff.Diff, section jobdiff.Section, kind jobdiff.Kind) map[string]string {
	details := map[string]string{}
	for _, c := range d.Changes {
		switch {
		case c.Section != section || c.Kind != kind || kind == jobdiff.Removed:
		case kind == jobdiff.Changed:
			details[orWhole(c.Path)] = clipDetail(c.Before) + " → " + clipDetail(c.After)
		default:
			details[orWhole(c.Path)] = clipDetail(c.After)
		}
	}
	return details
}

// clipDetail is a text for people, short and on one line.
func clipDetail(text string) string {
	if text == "" {
		return `""`
	}
	return clip(clipTo(text, maxDetail))
}

// maxDetail is how many bytes of a changed text a message holds.
const maxDetail = 48

// listedWith is listed with something in brackets after each name.
func listedWith(names []string, details map[string]string) string {
	texts := make([]string, 0, maxListed)
	for _, n := range names[:min(len(names), maxListed)] {
		text := clip(n)
		if details[n] != "" {
			text += " (" + details[n] + ")"
		}
		texts = append(texts, text)
	}
	more := ""
	if len(names) > maxListed {
		more = fmt.Sprintf(" and %d more", len(names)-maxListed)
	}
	return strings.Join(texts, ", ") + more
}
