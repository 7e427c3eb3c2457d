package jobdiff

// Section is a part of a job.
type Section int

// The sections, in the order in which changes are listed.
const (
	Metadata Section = iota + 1
	Tags
	Graph
	ConfigSchema
	Description
)

// Kind is what happened to something.
type Kind int

// The kinds of change.
const (
	Added Kind = iota + 1
	Removed
	Changed
)

// Change is one difference.
type Change struct {
	Section Section
	// Path says what changed: a metadata key, a tag key, the path of an op or graph, a field of the config; empty for
	// the job as a whole. Several changes may have one path.
	Path string
	Kind Kind
	// Before and After are for people and may have several lines. Before is empty when Added, After when Removed.
	// They are text of others: not fit for a terminal as they are.
	Before, After string
}

// Diff is what is different between two snapshots.
type Diff struct {
	// Changes by section and path, at most MaxChanges of them.
	Changes []Change
	// More is the number of changes that are left out.
	More int

	size int // bytes of the texts so far
}

// Limits of a Diff.
const (
	// MaxChanges is the number of changes that are listed.
	MaxChanges = 1_000
	// MaxTextBytes is the length of a text, apart from the note that says how much is left out.
	MaxTextBytes = 2 << 10
	// maxPathBytes is the length of a path.
	maxPathBytes = 512
	// maxBytes bounds all texts and paths, so that an answer stays below what clients receive.
	maxBytes = 2 << 20
)

// add appends a change, or counts it when there are too many.
func (d *Diff) add(c Change) {
	c.Path = cutPath(c.Path)
	c.Before, c.After = cutPair(c.Before, c.After)
	d.size += len(c.Path) + len(c.Before) + len(c.After)
	if d.More > 0 || len(d.Changes) == MaxChanges || d.size > maxBytes {
		d.More++
		return
	}
	d.Changes = append(d.Changes, c)
}

// compare adds a change of a text that is empty when the thing is not there.
func (d *Diff) compare(section Section, path, before, after string) {
	switch {
	case before == after:
	case before == "":
		d.add(Change{Section: section, Path: path, Kind: Added, After: after})
	case after == "":
		d.add(Change{Section: section, Path: path, Kind: Removed, Before: before})
	default:
		d.add(Change{Section: section, Path: path, Kind: Changed, Before: before, After: after})
	}
}
