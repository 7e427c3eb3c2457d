package runtag

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Edit is a change of the tags of a run.
type Edit struct {
	// Set are tags to add, or to give another value; only their keys and values count.
	Set tag.List
	// Remove are keys of tags to remove; a run that has none is fine.
	Remove []string
}

// Who says who edits.
type Who struct {
	// By is what their client said, at most MaxBy bytes; it may be empty. CleanBy makes it of what came.
	By string
	// Bulk is the id of the action on many runs that does it; empty for none.
	Bulk string
}

// MaxBy is how many bytes the name of who edits may have.
const MaxBy = 200

// CleanBy makes one line without control characters of the name of who edits. One that is too long is Invalid.
func CleanBy(by string) (string, error) {
	if len(by) > MaxBy {
		return "", &host.Error{
			Code: host.Invalid, Reason: "TAG_EDIT_BY",
			Message: fmt.Sprintf("the name of who edits has %d bytes; at most %d are allowed", len(by), MaxBy),
			Remedy:  "shorten it",
		}
	}
	by = strings.TrimSpace(tag.System("", by).Value)
	for len(by) > MaxBy { // what is not UTF-8 became longer
		_, size := utf8.DecodeLastRuneInString(by)
		by = by[:len(by)-size]
	}
	return by, nil
}

// Check says all that is wrong with the edit, whatever run it is of. The error is Invalid.
func (e Edit) Check() error {
	problems := e.problems()
	if len(e.Set)+len(e.Remove) == 0 {
		problems = []host.Problem{{Field: "tags", Message: "the edit names no tag; name tags to set, or keys to remove"}}
	}
	return invalid("the tags cannot be changed", problems)
}

func invalid(message string, problems []host.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &host.Error{Code: host.Invalid, Reason: "TAG_EDIT", Message: message, Problems: problems}
}

func (e Edit) problems() []host.Problem {
	problems := launch.TagProblems(e.Set.WithOrigin(tag.OriginEdited))
	if n := len(e.Remove); n > maxRemoved {
		return append(problems, host.Problem{Field: "tags", Message: fmt.Sprintf("%d keys are to be removed; at most %d are allowed", n, maxRemoved)})
	}
	for i, key := range e.Remove {
		if slices.Contains(e.Remove[:i], key) {
			continue
		}
		err := tag.CheckKey(key)
		switch {
		case err != nil:
			problems = append(problems, problem(key, err.Error()))
		case strings.HasPrefix(key, tag.Namespace) && !tag.Steers(key):
			problems = append(problems, problem(key, fmt.Sprintf("tag %q belongs to the system; it cannot be removed", key)))
		case slices.ContainsFunc(e.Set, func(t tag.Tag) bool { return t.Key == key }):
			problems = append(problems, problem(key, fmt.Sprintf("tag %q is to be set and to be removed; keep one of them", key)))
		}
	}
	return problems
}

// maxRemoved bounds the keys of an edit: no run has more tags, those of the system included.
const maxRemoved = 2 * tag.MaxPerRun

// problem is one of a tag. Keys of others are cut and quoted in messages already.
func problem(key, message string) host.Problem {
	if len(key) > 2*tag.MaxPartBytes+1 {
		key = ""
	}
	return host.Problem{Field: "tags", Path: strings.ToValidUTF8(key, "\ufffd"), Message: message}
}

// Change is what Store.UpdateRun and Store.UpdateRuns apply: it edits a run in whatever state and adds the event that
// says so; a run that has all of it already stays as it is, without an event. The error of a run that cannot be edited so
// is Invalid, with all that is wrong. The edit must have passed Check. The function keeps nothing, and may be called again.
func (e Edit) Change(who Who, clock host.Clock) func(*host.Run) (events [][]byte, err error) {
	return func(run *host.Run) ([][]byte, error) {
		now := clock.Now().Round(0).UTC()
		after, err := e.apply(run, who, now)
		if err != nil {
			return nil, err
		}
		note := launch.TagsChanged(run.Tags, after, launch.TagChanger{By: who.By, Bulk: who.Bulk}, now)
		if note == nil {
			return nil, nil
		}
		run.Tags = after
		return [][]byte{note}, nil
	}
}

// apply is what becomes of the run's tags.
func (e Edit) apply(run *host.Run, who Who, now time.Time) (tag.List, error) {
	var problems []host.Problem
	after := slices.Clone(tag.List(run.Tags))
	for _, key := range e.Remove {
		after = slices.DeleteFunc(after, func(t tag.Tag) bool {
			if t.Key == key && t.Origin == tag.OriginSystem {
				problems = append(problems, problem(key, fmt.Sprintf("tag %q of run %s was set by the system; it cannot be removed", key, run.ID)))
			}
			return t.Key == key
		})
	}
	for _, t := range e.Set {
		set := tag.Tag{Key: t.Key, Value: t.Value, Origin: tag.OriginEdited, EditedBy: who.By, EditedAt: now}
		i, has := slices.BinarySearchFunc(after, t.Key, func(t tag.Tag, key string) int { return strings.Compare(t.Key, key) })
		switch {
		case !has:
			after = slices.Insert(after, i, set)
		case after[i].Value != t.Value:
			after[i] = set
		}
	}
	if before, n := users(run.Tags), users(after); n > tag.MaxPerRun && n > before {
		problems = append(problems, host.Problem{Field: "tags", Message: fmt.Sprintf(
			"run %s would have %d tags, not counting those of the system; the limit is %d", run.ID, n, tag.MaxPerRun)})
	}
	return after, invalid(fmt.Sprintf("the tags of run %s cannot be changed", run.ID), problems)
}

// users counts the tags that are not of the system.
func users(tags []tag.Tag) (n int) {
	for _, t := range tags {
		if t.Origin != tag.OriginSystem {
			n++
		}
	}
	return n
}
