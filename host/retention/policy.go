package retention

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// Limits of a Policy.
const (
	// MaxRules is how many rules it may have.
	MaxRules = 100
	// MinKeep is the shortest time that a rule may keep runs: less is more likely a mistake than meant.
	MinKeep = time.Minute
	// MaxKeepLast is how many runs of each job it may keep whatever its rules say.
	MaxKeepLast = 10_000
)

// Policy says which runs are kept, and for how long. The zero Policy keeps all.
type Policy struct {
	// Rules in the order in which they apply.
	Rules []Rule
	// KeepLast is how many of the newest runs of each job stay, whatever the rules say.
	KeepLast int
}

// Rule is about the runs that it selects and no rule before it does.
type Rule struct {
	// Text is the selector as typed, for people.
	Text string
	// Where selects; nil means all runs. Relative times are from the moment at which the rule is applied.
	Where *selector.Expr
	// Keep is how long runs stay after their end; 0 means for ever.
	Keep time.Duration
}

// Check returns everything that is wrong with a policy: each problem has the field "rules[0].keep", for example.
func (p Policy) Check() (problems []host.Problem) {
	addf := func(field, format string, args ...any) {
		problems = append(problems, host.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if p.KeepLast < 0 || p.KeepLast > MaxKeepLast {
		addf("keep_last_per_job", "%d runs cannot be kept of each job; 0 to %d are possible", p.KeepLast, MaxKeepLast)
	}
	if len(p.Rules) > MaxRules {
		addf("rules", "there are %d rules; at most %d are allowed", len(p.Rules), MaxRules)
	}
	for i, r := range p.Rules {
		if r.Keep != 0 && r.Keep < MinKeep {
			addf(fmt.Sprintf("rules[%d].keep", i), "runs cannot be kept for %s; the least is %s", r.Keep, selector.SpanText(MinKeep))
		}
		if r.Where == nil && i < len(p.Rules)-1 {
			addf(fmt.Sprintf("rules[%d].where", i+1), "no run is left for this rule: rule %d before it is about all runs", i+1)
			break
		}
	}
	return problems
}

// final selects what may be deleted.
var final = host.StatusIn(host.Success, host.Failure, host.Canceled)

// decides selects the runs about which the i-th rule decides. Check found nothing wrong.
func (p Policy) decides(i int, now time.Time) *selector.Expr {
	parts := []*selector.Expr{p.Rules[i].Where.Bind(now)}
	for _, before := range p.Rules[:i] {
		parts = append(parts, selector.None(before.Where.Bind(now)))
	}
	return selector.All(parts...)
}

// due selects the runs of these whose time is over. ok is false for a rule that keeps them for ever.
func (p Policy) due(i int, now time.Time) (where *selector.Expr, ok bool) {
	if p.Rules[i].Keep == 0 {
		return nil, false
	}
	ended := &selector.Expr{
		Op: selector.Before, On: selector.Field, Name: host.FieldEnded, Time: selector.Time{At: now.Add(-p.Rules[i].Keep)},
	}
	return selector.All(final, ended, p.decides(i, now)), true
}

// undecided selects the runs that no rule is about; ok is false when there can be none.
func (p Policy) undecided(now time.Time) (where *selector.Expr, ok bool) {
	var parts []*selector.Expr
	for _, r := range p.Rules {
		if r.Where == nil {
			return nil, false
		}
		parts = append(parts, selector.None(r.Where.Bind(now)))
	}
	return selector.All(parts...), true
}
