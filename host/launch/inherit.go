package launch

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/usercode/tag"
)

// inheritedTags are the tags of the parent that its child gets: those of users and of partitions, and those that steer. The
// definition gives its own anew, and the system, too. A key to leave out that is none of them is a problem.
func inheritedTags(parent *host.Run, without []string) (tags tag.List, problems []host.Problem) {
	var from []string
	for _, t := range parent.Tags {
		switch t.Origin {
		case tag.OriginSystem, tag.OriginDefinition:
			if slices.Contains(without, t.Key) {
				from = append(from, t.Key)
			}
		default:
			if !slices.Contains(without, t.Key) {
				tags = append(tags, t)
			}
		}
	}
	for _, key := range without {
		_, has := tag.List(parent.Tags).Get(key)
		message := ""
		switch {
		case slices.Contains(from, key):
			message = "this tag is not inherited: every run of the job gets its own; it needs not be left out"
		case !has:
			message = fmt.Sprintf("run %s has no such tag to leave out", parent.ID)
		}
		if message != "" {
			problems = append(problems, host.Problem{Field: "tags", Path: clip(key), Message: message})
		}
	}
	return tags.WithOrigin(tag.OriginInherited), problems
}

// descentTags say whose child a run is, and how.
func descentTags(r Request, parent *host.Run) tag.List {
	if parent == nil {
		if r.InputsFrom == "" {
			return nil
		}
		return tag.List{tag.System(tag.KeyInputsFrom, string(r.InputsFrom))}
	}
	tags := tag.List{
		tag.System(tag.KeyParentRun, string(parent.ID)),
		tag.System(tag.KeyRootRun, string(rootOf(parent))),
	}
	if r.Reexecution.Strategy == reexecution.FromFailure {
		tags = append(tags, tag.System(tag.KeyResume, tag.ResumeFromFailure))
	}
	if n := r.Reexecution.RetryNumber; n > 0 {
		tags = append(tags, tag.System(tag.KeyRetryNumber, strconv.Itoa(n)))
	}
	return tags
}

// rootOf is the first run of the chain that a run is of.
func rootOf(run *host.Run) host.RunID {
	if run.Root != "" {
		return run.Root
	}
	return run.ID
}
