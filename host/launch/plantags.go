package launch

import (
	"errors"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/tag"
)

// planTags merges the tags of the definition, of the schedule or sensor, of the partition, of the parent, of the request
// and of the system. With problems there are no tags that could be used, but those of the
// definition and the system are there to look at.
func planTags(job *workspace.Job, definition *host.JobDefinition, r Request, part *parting, parent *host.Run, f fitting) (merged, overridden []tag.Tag, problems []host.Problem) {
	defined := tag.List(definition.Tags).WithOrigin(tag.OriginDefinition)
	source := r.Source.defined()
	parted := tag.List(part.run.Tags).WithOrigin(tag.OriginPartition)
	asked := tag.List(r.Tags).WithOrigin(tag.OriginLaunch)
	problems = slices.Concat(tagProblems(defined, "in the job's definition: "), tagProblems(source, r.Source.whose()),
		tagProblems(parted, "made for the partition by the job's code: "), tagProblems(asked, ""))
	var inherited tag.List
	if parent != nil && r.Reexecution.KeepTags {
		var wrong []host.Problem
		inherited, wrong = inheritedTags(parent, r.Reexecution.WithoutTags)
		problems = slices.Concat(problems, wrong, tagProblems(inherited, "inherited: "))
	}
	broken := len(problems) > 0
	// All at once: that a tag is wrong does not keep another from being more than the launchers can do.
	for _, p := range launcherProblems(tag.Merge(defined, source, parted, inherited, asked)) {
		if !slices.ContainsFunc(problems, func(known host.Problem) bool { return known.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	if broken {
		source, parted, inherited, asked = nil, nil, nil, nil
	}
	users := tag.Merge(defined, source, parted, inherited, asked)
	users = r.Source.requested(tag.Merge(users, r.Source.fallback(users)))
	if n := len(users); n > tag.MaxPerRun {
		problems = append(problems, host.Problem{
			Field:   "tags",
			Message: fmt.Sprintf("with those of the definition there are %d tags; the limit is %d", n, tag.MaxPerRun),
		})
	}
	for _, t := range defined {
		if slices.ContainsFunc(slices.Concat(source, parted, inherited, asked), func(a tag.Tag) bool { return a.Key == t.Key }) {
			overridden = append(overridden, t)
		}
	}
	return tag.Merge(users, systemTags(job, f.selection, f.subset), descentTags(r, parent), part.system, r.Source.system()), overridden, problems
}

// systemTags are those that the host itself attaches at launch.
func systemTags(job *workspace.Job, selection string, subset bool) tag.List {
	tags := tag.List{
		tag.System(tag.KeyLocation, job.Name.Location),
		tag.System(tag.KeyRepository, job.Name.Repository),
		tag.System(tag.KeyJob, job.Name.Job),
	}
	if v := job.Snapshot().CodeVersion; v != "" {
		tags = append(tags, tag.System(tag.KeyCodeVersion, v))
	}
	if image := job.Server().GetBuild().GetImage(); image != "" {
		tags = append(tags, tag.System(tag.KeyImage, image))
	}
	if subset {
		tags = append(tags, tag.System(tag.KeyOpSelection, selection))
	}
	return tags
}

// tagProblems is the one rule for tags, as problems; whose says where they are from when it was not the user.
func tagProblems(list tag.List, whose string) []host.Problem {
	err := tag.Validate(list)
	if err == nil {
		return nil
	}
	var all tag.Problems
	if !errors.As(err, &all) {
		return []host.Problem{{Field: "tags", Message: whose + err.Error()}}
	}
	out := make([]host.Problem, len(all))
	for i, p := range all {
		out[i] = host.Problem{Field: "tags", Path: clip(p.Key), Message: whose + p.Error()}
	}
	return out
}

// launcherProblems are tags that ask for what no launcher of this host can do.
func launcherProblems(list tag.List) (problems []host.Problem) {
	for _, t := range list {
		need := workspace.LauncherNeed(t)
		if need == "" || t.Origin == tag.OriginSystem {
			continue
		}
		message := fmt.Sprintf("this host has no launcher that can %s; known: %s", need, workspace.LocalLauncher)
		if t.Origin == tag.OriginDefinition {
			message = "in the job's definition: " + message
		}
		problems = append(problems, host.Problem{Field: "tags", Path: t.Key, Message: message})
	}
	return problems
}

// runTagProblems checks the tags of a run that users gave it.
func runTagProblems(tags []tag.Tag) []host.Problem {
	users := slices.DeleteFunc(slices.Clone(tags), func(t tag.Tag) bool { return t.Origin == tag.OriginSystem })
	return TagProblems(users)
}

// TagProblems is all that is wrong with tags that a user sets: by the one rule for tags, and because no launcher of this
// host can do what one asks for.
func TagProblems(list tag.List) []host.Problem {
	return append(tagProblems(list, ""), launcherProblems(list)...)
}
