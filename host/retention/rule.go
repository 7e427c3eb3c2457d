package retention

import (
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// ForEver is what people write for a rule that keeps its runs.
const ForEver = "forever"

// ParseRule reads a rule as people write it: a selector, which may be empty, and a time such as 30d, or forever. Each
// problem has the field "where" or "keep"; where, a column in that text.
func ParseRule(where, keep string) (r Rule, problems []host.Problem) {
	r, problems = NewRule(where, 0)
	if keep == ForEver {
		return r, problems
	}
	span, ok := selector.ParseSpan(keep)
	switch {
	case keep == "":
		problems = append(problems, host.Problem{Field: "keep", Message: fmt.Sprintf("it is not said how long runs are kept; write for example 30d, or %s", ForEver)})
	case !ok:
		problems = append(problems, host.Problem{
			Field: "keep", Message: fmt.Sprintf("%.40q is not a time to keep runs; write for example 12h, 30d, 2w or %s", keep, ForEver),
		})
	case span == 0:
		problems = append(problems, host.Problem{Field: "keep", Message: fmt.Sprintf("runs cannot be kept for %q; the least is %s", keep, selector.SpanText(MinKeep))})
	}
	r.Keep = span
	return r, problems
}

// NewRule makes a rule of a selector's text and a time; 0 means for ever.
func NewRule(where string, keep time.Duration) (r Rule, problems []host.Problem) {
	r = Rule{Text: where, Keep: keep}
	var err error
	if r.Where, err = selector.Parse(where, host.RunSchema(), nil); err != nil {
		e, ok := errors.AsType[*selector.Error](err)
		if !ok {
			return r, []host.Problem{{Field: "where", Message: err.Error()}}
		}
		for _, p := range e.Problems {
			problems = append(problems, host.Problem{Field: "where", Column: p.Column, Message: p.String()})
		}
	}
	return r, problems
}
