package backfill_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/usercode/tag"
)

func wantProgress(t *testing.T, p backfill.Progress, notLaunched, refused int, counts host.RunCounts) {
	t.Helper()
	if got, want := fmt.Sprint(p.NotLaunched, p.Refused, p.Counts), fmt.Sprint(notLaunched, refused, counts); got != want {
		t.Errorf("not launched, refused, counts: %s; want %s", got, want)
	}
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 25).start()
	b := f.begin(all(10))
	f.awaitOpen(b.ID, 10)
	runs := f.runs(b.ID)
	for i := range runs {
		key, _ := runs[i].Tag(tag.KeyPartition)
		why, _ := runs[i].Tag("why")
		if key != f.code.keys[i] || why != "test" || runs[i].ConfigYAML != "day: "+key {
			t.Errorf("run %d is of %s with config %q and why=%q; want that of %s, in order", i, key, runs[i].ConfigYAML, why, f.code.keys[i])
		}
	}
	_, p, err := f.runner.Get(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantProgress(t, p, 15, 0, host.RunCounts{host.Queued: 10})
	f.become(runs[3].ID, host.Failure)
	f.become(runs[4].ID, host.Canceled)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool {
		return p.Counts[host.Queued] == 10 && p.Counts[host.Failure] == 1 && p.NotLaunched == 13
	})
	b, p = f.drain(b.ID, well)
	if b.State != host.BackfillFailure || b.EndedAt.IsZero() || b.Next != 25 {
		t.Errorf("it is %s, ended %s, next %d", b.State, b.EndedAt, b.Next)
	}
	wantProgress(t, p, 0, 0, host.RunCounts{host.Success: 23, host.Failure: 1, host.Canceled: 1})
	wantOnce(t, f.runs(b.ID), once(f.code.keys))
	if f.code.most > 10 {
		t.Errorf("the code was asked for %d partitions at a time, want at most those that are launched", f.code.most)
	}
	page, more, err := f.runner.Partitions(t.Context(), b.ID, 2, 4)
	if err != nil || !more || len(page) != 4 || page[0].Key != "p00002" || page[1].Run.Status != host.Failure || page[2].Run.Status != host.Canceled {
		t.Errorf("Partitions = %+v, more %t, %v", page, more, err)
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 5).start()
	q := all(10)
	q.NewestFirst = true
	b := f.begin(q)
	f.awaitOpen(b.ID, 5)
	var got []string
	for _, run := range f.runs(b.ID) {
		key, _ := run.Tag(tag.KeyPartition)
		got = append(got, key)
	}
	slices.Reverse(got)
	if !slices.Equal(got, f.code.keys) {
		t.Errorf("launched %v, want the reverse of %v", got, f.code.keys)
	}
	if b, _ := f.drain(b.ID, well); b.State != host.BackfillSuccess {
		t.Errorf("it is %s", b.State)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 8)
	f.code.failed["p00001"] = "no data\nthat day"
	f.code.refused["p00002"] = &host.Error{Code: host.Invalid, Reason: "LAUNCH_INVALID", Message: "its config does not fit", Remedy: "Correct it."}
	f.code.refused["p00003"] = &host.Error{Code: host.Invalid, Reason: "PARTITION_UNKNOWN", Message: "there is no partition p00003"}
	f.start()
	b, p := f.drain(f.begin(all(3)).ID, well)
	if b.State != host.BackfillFailure {
		t.Errorf("it is %s, want a failure, for partitions were refused", b.State)
	}
	wantProgress(t, p, 0, 3, host.RunCounts{host.Success: 5})
	for i, want := range []string{"no data\nthat day", "does not fit\nCorrect it.", "no partition p00003"} {
		if r := b.Refusals[i]; r.Partition != f.code.keys[i+1] || !strings.Contains(r.Message, want) {
			t.Errorf("refusal %d is %+v, want %s with %q", i, r, f.code.keys[i+1], want)
		}
	}
	page, _, err := f.runner.Partitions(t.Context(), b.ID, 0, 3)
	if err != nil || page[1].Run != nil || !strings.Contains(page[1].Refused, "no data") {
		t.Errorf("Partitions = %+v, %v", page, err)
	}
	clear(f.code.failed)
	clear(f.code.refused)
	b, n, err := f.runner.Retry(t.Context(), "request-"+uuid.NewString(), b.ID, "ada")
	if err != nil || n != 3 || b.State != host.BackfillRunning || b.Round != 1 {
		t.Fatalf("Retry = %s in round %d with %d, %v", b.State, b.Round, n, err)
	}
	if b, p = f.drain(b.ID, well); b.State != host.BackfillSuccess {
		t.Errorf("it is %s after the retry", b.State)
	}
	wantProgress(t, p, 0, 0, host.RunCounts{host.Success: 8})
	wantOnce(t, f.runs(b.ID), once(f.code.keys))
}

// TestRequestsThatAreUsed lets somebody take the request of a partition, and a run be deleted before the host is killed.
func TestRequestsThatAreUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	b := f.begin(all(1)) // which goes on with the start
	theirs, _, err := f.store.CreateRun(t.Context(), newRun(fmt.Sprintf("backfill-%s-0-1", b.ID), f.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f.become(theirs.ID, host.Success)
	n := newRun(fmt.Sprintf("backfill-%s-0-2", b.ID), f.clock.Now())
	deleted, _, err := f.store.CreateRun(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	f.become(deleted.ID, host.Success)
	if err := f.store.DeleteRun(t.Context(), deleted.ID); err != nil {
		t.Fatal(err)
	}
	f.start()
	b, p := f.drain(b.ID, well)
	wantProgress(t, p, 1, 1, host.RunCounts{host.Success: 1})
	if len(b.Refusals) != 1 || b.Refusals[0].Partition != "p00001" || !strings.Contains(b.Refusals[0].Message, string(theirs.ID)) {
		t.Errorf("the refusals are %+v", b.Refusals)
	}
}

// TestJobGone lets a job go, and its location.
func TestJobGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2000).start()
	b := f.begin(all(4))
	f.awaitOpen(b.ID, 4)
	silent := &host.Error{Code: host.Unavailable, Reason: "LOCATION_UNREACHABLE", Message: "location here does not answer", Remedy: "start it"}
	f.code.set(func() { f.code.gone = silent })
	f.become(f.runs(b.ID)[0].ID, host.Success)
	_, p := f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Problem != "" })
	if !strings.Contains(p.Problem, "does not answer\nStart it.") || p.NotLaunched != 1996 {
		t.Errorf("it waits with %+v", p)
	}
	// While it waits it tells of its runs.
	f.become(f.runs(b.ID)[1].ID, host.Success)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Success] == 2 })
	f.code.set(func() { f.code.gone = nil })
	f.clock.Advance(time.Second)
	_, p = f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool {
		return p.Counts[host.Queued] == 4 && p.Problem == ""
	})
	wantProgress(t, p, 1994, 0, host.RunCounts{host.Queued: 4, host.Success: 2})
	f.code.set(func() {
		f.code.gone = &host.Error{Code: host.NotFound, Reason: "JOB_NOT_FOUND", Message: "there is no job daily"}
	})
	b, p = f.drain(b.ID, well)
	if b.State != host.BackfillFailure || !strings.Contains(b.Problem, "no job daily") || len(b.Refusals) != host.MaxBackfillRefusals {
		t.Errorf("it is %s: %s, with %d refusals", b.State, b.Problem, len(b.Refusals))
	}
	if p.Refused+int(p.Counts[host.Success]) != 2000 {
		t.Errorf("the counts are %+v", p)
	}
	// It is still known which were refused.
	f.code.set(func() { f.code.gone = nil })
	refused := p.Refused
	_, n, err := f.runner.Retry(t.Context(), "request-"+uuid.NewString(), b.ID, "")
	if err != nil || n != refused {
		t.Errorf("Retry = %d, %v; want the %d that were refused", n, err, refused)
	}
}

// TestFullDisk lets the store refuse writes for a while.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 6).start()
	b := f.begin(all(3))
	f.awaitOpen(b.ID, 3)
	f.seam.set(func() {
		f.seam.refuse = &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is nearly full"}
	})
	f.become(f.runs(b.ID)[0].ID, host.Success)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return strings.Contains(p.Problem, "nearly full") })
	f.seam.set(func() { f.seam.refuse = nil })
	f.clock.Advance(time.Second)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool {
		return p.Problem == "" && p.Counts[host.Queued] == 3
	})
	if b, p := f.drain(b.ID, well); b.State != host.BackfillSuccess || p.Refused > 0 {
		t.Errorf("it is %s, %+v", b.State, p)
	}
}

// TestAutomaticRetries follows runs that are retried by themselves.
func TestAutomaticRetries(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3).start()
	q := all(2)
	q.Tags = append(q.Tags, tag.Tag{Key: tag.KeyMaxRetries, Value: "2"})
	b := f.begin(q)
	f.awaitOpen(b.ID, 2)
	first := f.runs(b.ID)[0].ID
	f.become(first, host.Failure)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Failure] == 1 })
	// The retry that is due is open: nothing is launched in its place.
	child := f.retryOf(first)
	_, p := f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Queued] == 2 })
	wantProgress(t, p, 1, 0, host.RunCounts{host.Queued: 2})
	f.restart()
	f.become(child.ID, host.Failure)
	f.awaitThat(b.ID, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Failure] == 1 })
	f.restart()
	grandchild := f.retryOf(child.ID)
	f.become(grandchild.ID, host.Success)
	b, p = f.drain(b.ID, well)
	wantProgress(t, p, 0, 0, host.RunCounts{host.Success: 3})
	if b.State != host.BackfillSuccess {
		t.Errorf("it is %s", b.State)
	}
	page, _, err := f.runner.Partitions(t.Context(), b.ID, 0, 1)
	if err != nil || page[0].Run == nil || page[0].Run.ID != grandchild.ID {
		t.Errorf("Partitions = %+v, %v; want the last retry %s", page, err, grandchild.ID)
	}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 6).start()
	q := all(0)
	q.Selection = partition.Selection{Keys: []string{"p00004"}, Ranges: []partition.Range{{From: "p00001", To: "p00002"}}}
	b := f.begin(q)
	if !slices.Equal(b.Partitions, []string{"p00001", "p00002", "p00004"}) || b.MaxOpenRuns != host.DefaultBackfillOpenRuns || b.PartitionSet != "days" || b.By != "ada" {
		t.Errorf("it is %+v", b)
	}
	f.awaitOpen(b.ID, 3)
	f.endOpen(func(key string) host.RunStatus {
		return map[string]host.RunStatus{"p00001": host.Success, "p00002": host.Failure, "p00004": host.Canceled}[key]
	})
	f.awaitEnd(b.ID)

	f.code.set(func() { f.code.gone = errors.New("nobody asks again") })
	if again := f.begin(q); again.ID != b.ID || again.State != host.BackfillFailure {
		t.Errorf("the request again began %s (%s), want %s as it is", again.ID, again.State, b.ID)
	}
	f.code.set(func() { f.code.gone = nil })
	other := q
	other.AskedDigest = host.Digest{1}
	if _, err := f.runner.Begin(t.Context(), other); host.CodeOf(err) != host.Conflict {
		t.Errorf("Begin of something else with the request = %v", err)
	}

	for name, c := range map[string]struct {
		change func(*backfill.Request)
		want   string
	}{
		"Failed":  {func(q *backfill.Request) { q.FailedOnly = true }, "[p00002 p00004]"},
		"Missing": {func(q *backfill.Request) { q.MissingOnly = true }, "[p00000 p00002 p00003 p00004 p00005]"},
		"Both":    {func(q *backfill.Request) { q.FailedOnly, q.MissingOnly = true, true }, "[p00002 p00004]"},
		"ErrNothingFailed": {func(q *backfill.Request) {
			q.FailedOnly, q.Selection = true, partition.Selection{Keys: []string{"p00001"}}
		}, "newest run failed"},
		"ErrNothingMissing": {func(q *backfill.Request) {
			q.MissingOnly, q.Selection = true, partition.Selection{Keys: []string{"p00001"}}
		}, "ended well"},
		"ErrNothing":       {func(q *backfill.Request) { q.Selection = partition.Selection{} }, "none is selected"},
		"ErrUnknown":       {func(q *backfill.Request) { q.Selection = partition.Selection{Keys: []string{"p9"}} }, `"p9"`},
		"ErrTooManyOpen":   {func(q *backfill.Request) { q.MaxOpenRuns = 1001 }, "1 to 1000"},
		"ErrTitle":         {func(q *backfill.Request) { q.Title = strings.Repeat("x", 201) }, "201 bytes"},
		"SampleAndReverse": {func(q *backfill.Request) { q.NewestFirst = true }, "[p00005 p00004"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := all(0)
			c.change(&q)
			p, err := f.runner.Preview(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(p.Sample, p.Problems); !strings.Contains(got, c.want) || strings.HasPrefix(name, "Err") != (len(p.Problems) > 0) {
				t.Errorf("Preview = %s, want %q", got, c.want)
			}
			if len(p.Problems) == 0 {
				return
			}
			if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Begin = %v, want it refused with %q", err, c.want)
			}
		})
	}
	q = all(0)
	q.ID = "short"
	if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Invalid {
		t.Errorf("Begin without a request id = %v", err)
	}
}

// TestRestart stops the host while a backfill goes on, and lets runs end meanwhile.
func TestRestart(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 40).start()
	b := f.begin(all(7))
	for range 3 {
		f.awaitOpen(b.ID, 7)
		f.runner.Stop()
		f.endOpen(well)
		f.restart()
	}
	f.awaitOpen(b.ID, 7)
	_, p, err := f.runner.Get(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantProgress(t, p, 12, 0, host.RunCounts{host.Queued: 7, host.Success: 21})
	f.drain(b.ID, well)
	wantOnce(t, f.runs(b.ID), once(f.code.keys))
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1).start()
	for range backfill.MaxUnfinished {
		f.begin(all(1))
	}
	if _, err := f.runner.Begin(t.Context(), all(1)); host.ReasonOf(err) != "TOO_MANY_BACKFILLS" {
		t.Errorf("Begin of one more = %v", err)
	}
}

// TestLostChanges lets more runs change than wait to be taken in.
func TestLostChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 30)
	f.runner.KeepChanges(2)
	f.start()
	b, p := f.drain(f.begin(all(20)).ID, well)
	if b.State != host.BackfillSuccess {
		t.Errorf("it is %s, %+v", b.State, p)
	}
	wantOnce(t, f.runs(b.ID), once(f.code.keys))
}
