package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Preview is what a policy would do at a moment.
type Preview struct {
	// Results are those of the rules, in order.
	Results []RuleResult
	// WithoutRule is how many runs no rule is about, Runs how many there are.
	WithoutRule, Runs uint64
}

// RuleResult is what a rule would do.
type RuleResult struct {
	Rule Rule
	// Selected is about how many runs it decides, Deleted how many of them it would delete.
	Selected, Deleted uint64
	// KeptAsLast is how many it would delete if they were not among the newest of their job.
	KeptAsLast uint64
	// Bytes is about what the runs to delete take; it is counted for some of them.
	Bytes uint64
	// Oldest and Newest are when the first and the last run to delete were created; zero when there is none.
	Oldest, Newest time.Time
}

// sampled is of how many runs a page the bytes are counted.
const sampled = 20

// Preview says what policy would delete now. The error is Invalid when the policy cannot be used.
func (k *Keeper) Preview(ctx context.Context, policy Policy) (Preview, error) {
	if err := policyError(policy); err != nil {
		return Preview{}, err
	}
	now := k.o.Clock.Now()
	stay, err := sparedOf(ctx, k.o.Store, policy.KeepLast)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{}
	all, err := k.o.Store.CountRuns(ctx, nil)
	if _, err = host.DamageIn(err); err != nil {
		return Preview{}, fmt.Errorf("count runs: %w", err)
	}
	p.Runs = all.Total()
	if where, some := policy.undecided(now); some {
		counts, err := k.o.Store.CountRuns(ctx, where)
		if _, err = host.DamageIn(err); err != nil {
			return Preview{}, fmt.Errorf("count runs without a rule: %w", err)
		}
		p.WithoutRule = counts.Total()
	}
	for i := range policy.Rules {
		result, err := k.previewRule(ctx, policy, i, now, stay)
		if err != nil {
			return Preview{}, err
		}
		p.Results = append(p.Results, result)
	}
	return p, nil
}

func (k *Keeper) previewRule(ctx context.Context, policy Policy, i int, now time.Time, stay spared) (RuleResult, error) {
	result := RuleResult{Rule: policy.Rules[i]}
	counts, err := k.o.Store.CountRuns(ctx, policy.decides(i, now))
	if _, err = host.DamageIn(err); err != nil {
		return result, fmt.Errorf("count runs of rule %d: %w", i+1, err)
	}
	result.Selected = counts.Total()
	where, deletes := policy.due(i, now)
	if !deletes {
		return result, nil
	}
	var counted, bytes uint64
	var oldest, newest host.RunID
	for before := uint64(0); ; {
		page, err := k.o.Store.SelectRuns(ctx, where, before, slice)
		if _, err = host.DamageIn(err); err != nil {
			return result, fmt.Errorf("find runs of rule %d: %w", i+1, err)
		}
		ids, last := stay.part(page.Runs)
		result.Deleted += uint64(len(ids))
		result.KeptAsLast += last
		if len(ids) > 0 {
			if newest == "" {
				newest = ids[0]
			}
			oldest = ids[len(ids)-1]
			some := ids[:min(len(ids), sampled)]
			n, err := k.o.Store.RunBytes(ctx, some)
			if err != nil {
				return result, fmt.Errorf("measure runs of rule %d: %w", i+1, err)
			}
			counted, bytes = counted+uint64(len(some)), bytes+n
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if counted > 0 {
		result.Bytes = uint64(float64(bytes) / float64(counted) * float64(result.Deleted))
		result.Oldest, result.Newest, err = k.created(ctx, oldest, newest)
	}
	return result, err
}

// created is when two runs were, zero for one that is gone meanwhile.
func (k *Keeper) created(ctx context.Context, first, last host.RunID) (oldest, newest time.Time, err error) {
	for _, of := range []struct {
		id host.RunID
		at *time.Time
	}{{first, &oldest}, {last, &newest}} {
		run, err := k.o.Store.Run(ctx, of.id)
		if err != nil && host.CodeOf(err) != host.NotFound {
			return oldest, newest, err
		}
		*of.at = run.CreatedAt
	}
	return oldest, newest, nil
}

// policyError is nil for a policy that can be used.
func policyError(p Policy) error {
	problems := p.Check()
	if len(problems) == 0 {
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "RETENTION", Message: "these rules cannot be used",
		Remedy: "Correct them; docs/retention.md describes rules.", Problems: problems,
	}
}
