package host

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// MaxLimitChanges is how many changes of limits are remembered, the newest.
const MaxLimitChanges = 100

// LimitChange tells that limits of the queue became others.
type LimitChange struct {
	// At is when they came into use, Source says for people what they were read from.
	At     time.Time
	Source string
	// Before and After are the limits, a line each, see LimitLines. Before is empty for the first that a store knows of.
	Before, After []string
}

// LimitLines are limits as people read them: that of all runs, the others, and the pools, whose order means nothing.
func LimitLines(maxInProgress int, limits []Limit, pools []Pool) []string {
	lines := []string{fmt.Sprintf("max_in_progress: %d", maxInProgress)}
	for _, l := range limits {
		text := fmt.Sprintf("limit %q: at most %d", l.Name, l.AtMost)
		if l.Where != nil {
			text += " of " + l.Where.String()
		}
		if l.Each != "" {
			text += " for each " + l.Each
		}
		lines = append(lines, text)
	}
	for _, p := range pools {
		lines = append(lines, fmt.Sprintf("pool %q: %d slots", p.Name, p.Slots))
	}
	slices.Sort(lines[1:])
	return lines
}

// Differences are the lines that a change took away and brought.
func (c *LimitChange) Differences() (gone, come []string) {
	for _, line := range c.Before {
		if !slices.Contains(c.After, line) {
			gone = append(gone, line)
		}
	}
	for _, line := range c.After {
		if !slices.Contains(c.Before, line) {
			come = append(come, line)
		}
	}
	return gone, come
}

// LimitChangeStore remembers how limits changed; it is part of Store.
type LimitChangeStore interface {
	// PutLimits tells which limits are in use now. When they are others than the last time, that is remembered as a change
	// from these, whose Before the store sets; the newest MaxLimitChanges are kept. Otherwise nothing is stored, and changed
	// is false.
	PutLimits(ctx context.Context, c LimitChange) (stored LimitChange, changed bool, err error)

	// LimitChanges returns at most limit changes, newest first. Ones that cannot be read are left out, and the error, which
	// comes beside the others then, is a Damage.
	LimitChanges(ctx context.Context, limit int) ([]LimitChange, error)
}
