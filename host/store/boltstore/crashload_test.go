package boltstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// crashTag is the tag that a writer process changes; a note that begins with crashTagNote tells of each change.
const (
	crashTag     = "edited"
	crashTagNote = "tagged "
)

// crashTags changes the tag of some runs in one write, of new ones and of old ones, whose chunks of the index are sealed.
func crashTags(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	counts, err := s.CountRuns(ctx, nil)
	if err != nil {
		return err
	}
	refs, err := s.SelectRuns(ctx, nil, rand.Uint64N(2*counts.Total()+2), 12)
	if err != nil {
		return err
	}
	ids := make([]host.RunID, 0, len(refs.Runs))
	for _, ref := range refs.Runs {
		ids = append(ids, ref.ID)
	}
	n := uint64(time.Now().UnixNano())
	request := host.Request{ID: uuid.NewString(), What: fmt.Sprint("tag ", n)}
	edit := func(run *host.Run) ([][]byte, error) {
		run.Tags = tag.Merge(run.Tags, tag.List{{Key: crashTag, Value: fmt.Sprint(n)}, {Key: "third", Value: fmt.Sprint(n % 3)}})
		return [][]byte{fmt.Append(nil, crashTagNote, n)}, nil
	}
	results, err := s.UpdateRuns(ctx, request, ids, edit)
	if err != nil {
		return err
	}
	for i, r := range results {
		switch {
		case r.Err == nil:
			say("tagged", r.Run, n)
		case host.CodeOf(r.Err) != host.NotFound: // deleted meanwhile
			return fmt.Errorf("tag run %s: %w", ids[i], r.Err)
		}
	}
	again, err := s.UpdateRuns(ctx, request, ids, edit)
	if err != nil {
		return err
	}
	for i, r := range again {
		if r.Err == nil && !r.Repeated && results[i].Err == nil {
			return fmt.Errorf("the same request tagged run %s twice", ids[i])
		}
	}
	return nil
}

// crashBulkID is the id of an action on many runs that a writer process advances; it is told of by it, too.
const crashBulkID host.RunID = "01920000-0000-7000-8000-000000000001"

// crashBulk advances one action on many runs, from where a process before stopped.
func crashBulk(ctx context.Context, s *Store, say func(what string, run host.Run, n uint64)) error {
	b, _, err := s.CreateBulk(ctx, "request of the action", host.Bulk{
		ID: string(crashBulkID), State: host.BulkRunning, By: "crash", CreatedAt: time.Unix(1_790_000_000, 0),
		Action: host.BulkAction{Kind: host.BulkCancel},
	})
	if err != nil {
		return err
	}
	for range 10 {
		b.Changed++
		b.Batch = []host.RunRef{{ID: crashBulkID, Seq: b.Changed}}
		if err := s.PutBulk(ctx, b); err != nil {
			return err
		}
		say("bulk", host.Run{ID: crashBulkID}, b.Changed)
	}
	return nil
}

// checkCrashBulk checks that an action is as far as was answered, or one step further.
func checkCrashBulk(t *testing.T, s *Store, a *answered) {
	t.Helper()
	b, err := s.Bulk(t.Context(), string(crashBulkID))
	if a == nil && host.CodeOf(err) == host.NotFound {
		return
	}
	if err != nil {
		t.Errorf("the action on many runs: %v", err)
		return
	}
	if a != nil && (b.Changed < a.bulk || b.Changed > a.bulk+1) {
		t.Errorf("the action has changed %d runs, and %d was answered", b.Changed, a.bulk)
	}
	if b.Changed > 0 && (len(b.Batch) != 1 || b.Batch[0].Seq != b.Changed) {
		t.Errorf("the action has changed %d runs, and its batch is %v", b.Changed, b.Batch)
	}
	if a != nil {
		a.bulk = b.Changed // what the next writer goes on from
	}
}

// crashTidy gives back the room of deleted events.
func crashTidy(ctx context.Context, s *Store, _ func(string, host.Run, uint64)) error {
	if _, err := s.TidyEpochs(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Millisecond):
	}
	return nil
}

// checkSelects compares what the index finds and counts with what reading every run finds.
func checkSelects(t *testing.T, s *Store) {
	t.Helper()
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	is := func(on selector.Subject, name, value string) *selector.Expr {
		return &selector.Expr{Op: selector.Is, On: on, Name: name, Value: value}
	}
	third := is(selector.Tag, "third", strconv.Itoa(rand.IntN(3)))
	for _, where := range []*selector.Expr{
		third,
		host.StatusIn(host.Success), host.StatusIn(host.Starting, host.Queued),
		{Op: selector.Exists, On: selector.Tag, Name: crashTag},
		{Op: selector.And, Args: []*selector.Expr{host.StatusIn(host.Success), third}},
		{Op: selector.Not, Args: []*selector.Expr{{Op: selector.Exists, On: selector.Tag, Name: crashTag}}},
	} {
		var want []uint64
		counts := host.RunCounts{}
		for _, run := range page.Runs {
			if where.Matches(host.RunSource{Run: &run}) {
				want = append(want, run.Seq)
				counts[run.Status]++
			}
		}
		refs, err := s.SelectRuns(t.Context(), where, 0, math.MaxInt)
		var got []uint64
		for _, ref := range refs.Runs {
			got = append(got, ref.Seq)
		}
		if !slices.Equal(got, want) || err != nil {
			t.Errorf("%s selects %v, %v; want %v", where, got, err, want)
		}
		counted, err := s.CountRuns(t.Context(), where)
		for _, status := range host.RunStatuses {
			if err != nil || counted[status] != counts[status] {
				t.Error(errors.Join(err, fmt.Errorf("%s counts %v, want %v", where, counted, counts)))
				break
			}
		}
	}
}
