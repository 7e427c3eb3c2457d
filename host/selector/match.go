package selector

import (
	"slices"
	"strings"
	"time"
)

// Source is what an Expr looks at: a run, or a job.
type Source interface {
	// Tag returns the value of a tag.
	Tag(key string) (value string, ok bool)
	// Metadata returns the text of an entry of metadata.
	Metadata(key string) (text string, ok bool)
	// Field returns the values of a field, none when it has none.
	Field(name string) []string
	// Time returns a field that is a time, zero when there is none yet.
	Time(name string) time.Time
}

// Matches says whether e selects s. Relative times must have been bound, see [Expr.Bind]; one that is not matches nothing.
func (e *Expr) Matches(s Source) bool {
	if e == nil {
		return true
	}
	switch e.Op {
	case And:
		return !slices.ContainsFunc(e.Args, func(arg *Expr) bool { return !arg.Matches(s) })
	case Or:
		return slices.ContainsFunc(e.Args, func(arg *Expr) bool { return arg.Matches(s) })
	case Not:
		return !e.Args[0].Matches(s)
	case Before, NotAfter, After, NotBefore:
		return e.matchesTime(s.Time(e.Name))
	case Exists, Is, HasPrefix:
		return slices.ContainsFunc(e.values(s), e.matchesValue)
	default:
		return false
	}
}

func (e *Expr) values(s Source) []string {
	value, ok := "", false
	switch e.On {
	case Tag:
		value, ok = s.Tag(e.Name)
	case Metadata:
		value, ok = s.Metadata(e.Name)
	case Field:
		if t := s.Time(e.Name); e.Op == Exists && !t.IsZero() {
			return []string{""}
		}
		return s.Field(e.Name)
	}
	if !ok {
		return nil
	}
	return []string{value}
}

func (e *Expr) matchesValue(value string) bool {
	switch e.Op {
	case Is:
		return value == e.Value
	case HasPrefix:
		return strings.HasPrefix(value, e.Value)
	default: // Exists
		return true
	}
}

func (e *Expr) matchesTime(t time.Time) bool {
	if t.IsZero() || e.Time.Relative {
		return false
	}
	order := t.Compare(e.Time.At)
	switch e.Op {
	case Before:
		return order < 0
	case NotAfter:
		return order <= 0
	case After:
		return order > 0
	default: // NotBefore
		return order >= 0
	}
}
