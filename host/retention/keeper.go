package retention

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// first is how long after the start of the host runs are deleted for the first time, every how long after that.
	first = time.Minute
	every = 10 * time.Minute
	// slice is how many runs are deleted in one write. Between two, the Keeper rests as long as the first took, so that others
	// have at least half of the store's time.
	slice = 200
	// jump is by how much more than it waited the clock may have gone ahead, and how long the Keeper waits after more: what a
	// wrong clock deletes is gone when it is put right.
	jump = time.Hour
)

// Options of a Keeper. All are required, but for Policy.
type Options struct {
	Store  host.Store
	Clock  host.Clock
	Logger *slog.Logger
	// Policy in use at first; it has to pass Check.
	Policy Policy
}

// Keeper deletes runs whose time is over. All methods may be called concurrently.
type Keeper struct {
	o      Options
	cancel context.CancelFunc
	done   sync.WaitGroup
	// changed gets a value when the policy was replaced.
	changed chan struct{}

	mu     sync.Mutex
	policy Policy
	// replaced counts how often the policy was.
	replaced int
	last     Pass
}

// Pass is one look at the store.
type Pass struct {
	// StartedAt is zero before the first; EndedAt while it goes on.
	StartedAt, EndedAt time.Time
	// Deleted is how many runs it deleted.
	Deleted uint64
	// Err is why it ended early.
	Err error
}

// New returns a Keeper that has not started.
func New(o Options) *Keeper { return &Keeper{o: o, policy: o.Policy, changed: make(chan struct{}, 1)} }

// Start begins to look at the store now and then. It does not fail.
func (k *Keeper) Start(ctx context.Context) error {
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	k.done.Go(func() { k.loop(ctx) })
	return nil
}

// Stop ends a pass under way between two writes and waits for it. It may be called twice and before Start.
func (k *Keeper) Stop() {
	if k.cancel != nil {
		k.cancel()
	}
	k.done.Wait()
}

// Policy is the one in use.
func (k *Keeper) Policy() Policy {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.policy
}

// SetPolicy replaces the policy; it has to pass Check. A pass under way ends, and deletes no more than it is just deleting:
// who takes rules back means what they would delete next. The same policy again changes nothing.
func (k *Keeper) SetPolicy(p Policy) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if reflect.DeepEqual(p, k.policy) {
		return
	}
	k.policy = p
	k.replaced++
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// current is the policy in use, and what replaced is for it.
func (k *Keeper) current() (p Policy, replaced int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.policy, k.replaced
}

// LastPass is the pass under way, or the last one.
func (k *Keeper) LastPass() Pass {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

func (k *Keeper) loop(ctx context.Context) {
	var rest time.Duration
	var since time.Time
	var next <-chan time.Time
	wait := func(d time.Duration) { rest, since, next = d, k.o.Clock.Now(), k.o.Clock.After(d) }
	wait(first)
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.changed:
			// Who changed rules sees what they do soon, and has a moment to take them back.
			wait(first)
			continue
		case <-next:
		}
		now := k.o.Clock.Now()
		if ahead := now.Round(0).Sub(since.Round(0)) - rest; ahead > jump { // by the calendar, which people set
			k.o.Logger.Warn("the clock jumped ahead, or the machine slept; no run is deleted for a while", "by", ahead, "for", jump)
			wait(jump)
			continue
		}
		if err := k.runOnce(ctx, now); err != nil && ctx.Err() == nil {
			k.o.Logger.Error("delete runs whose time is over", "error", err)
		}
		wait(every)
	}
}

// runOnce deletes the runs whose time is over at now, and gives back room of events: people delete runs too.
func (k *Keeper) runOnce(ctx context.Context, now time.Time) error {
	if policy, replaced := k.current(); len(policy.Rules) > 0 {
		if err := k.apply(ctx, policy, replaced, now); err != nil {
			return err
		}
	}
	tidied, err := k.o.Store.TidyEpochs(ctx)
	if err != nil {
		return fmt.Errorf("give back room of events: %w", err)
	}
	if tidied.Removed > 0 {
		k.o.Logger.Info("files of events were removed, since most of their runs are deleted", "files", tidied.Removed)
	}
	return nil
}

// apply deletes what a policy says, and notes how that went.
func (k *Keeper) apply(ctx context.Context, policy Policy, replaced int, now time.Time) error {
	k.note(func(p *Pass) { *p = Pass{StartedAt: now} })
	err := k.pass(ctx, policy, replaced, now)
	k.note(func(p *Pass) { p.EndedAt, p.Err = k.o.Clock.Now(), err })
	if pass := k.LastPass(); pass.Deleted > 0 {
		k.o.Logger.Info("runs were deleted, since their time is over", "runs", pass.Deleted)
	}
	return err
}

func (k *Keeper) note(change func(*Pass)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.last)
}

// pass deletes until the policy was replaced again.
func (k *Keeper) pass(ctx context.Context, policy Policy, replaced int, now time.Time) error {
	stay, err := sparedOf(ctx, k.o.Store, policy.KeepLast)
	if err != nil {
		return err
	}
	deleted := uint64(0)
	for i := range policy.Rules {
		where, deletes := policy.due(i, now)
		if !deletes {
			continue
		}
		for before := uint64(0); ; {
			page, err := k.o.Store.SelectRuns(ctx, where, before, slice)
			if _, err = host.DamageIn(err); err != nil {
				return fmt.Errorf("find runs of rule %d: %w", i+1, err)
			}
			if _, again := k.current(); again != replaced {
				return nil
			}
			due, _ := stay.part(page.Runs)
			n, err := k.delete(ctx, due)
			if err != nil {
				return fmt.Errorf("delete runs of rule %d: %w", i+1, err)
			}
			deleted += n
			k.note(func(p *Pass) { p.Deleted = deleted })
			if before = page.Next; before == 0 {
				break
			}
		}
	}
	return nil
}

// delete deletes runs, and rests. One that cannot be deleted, for example because its record is damaged, stays.
func (k *Keeper) delete(ctx context.Context, ids []host.RunID) (deleted uint64, err error) {
	if len(ids) == 0 {
		return 0, ctx.Err()
	}
	began := k.o.Clock.Now()
	results, err := k.o.Store.DeleteRuns(ctx, host.Request{}, ids)
	if err != nil {
		return 0, err
	}
	for i, r := range results {
		switch code := host.CodeOf(r.Err); {
		case r.Err == nil:
			deleted++
		case code == host.NotFound || code == host.Conflict: // somebody was faster, or it is not final any more
		default:
			k.o.Logger.Warn("a run whose time is over cannot be deleted", "run", ids[i], "error", r.Err)
		}
	}
	select {
	case <-ctx.Done():
		return deleted, ctx.Err()
	case <-k.o.Clock.After(k.o.Clock.Now().Sub(began)):
		return deleted, nil
	}
}
