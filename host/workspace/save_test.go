package workspace

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/versioncheck"
)

// awaitProbes waits until a peer was asked n times more.
func awaitProbes(t testing.TB, p *hosttest.Peer, n int) {
	t.Helper()
	before := p.Recorded().InfoCalls
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.InfoCalls >= before+n }); err != nil {
		t.Fatal(err)
	}
}

func TestSaveFollowsDeploys(t *testing.T) {
	one := hosttest.Current()
	one.CodeVersion = "v1"
	p := hosttest.Start(t, one)
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	w := begin(t, s, Options{Locations: []host.LocationConfig{at("etl", p)}})
	s.awaitPuts(t, 1)
	plain := find(t, w, "plain").Name

	// The same code in another process is no news; the next version of the code is, and changes no job.
	become(t, p, one)
	awaitProbes(t, p, 3)
	two := one
	two.CodeVersion = "v2"
	become(t, p, two)
	s.awaitPuts(t, 2)
	three := two
	three.CodeVersion, three.Repositories = "v3", hosttest.Sample()
	three.Repositories[0].Jobs = nil
	for _, j := range hosttest.Sample()[0].Jobs {
		if j.Definition.GetName() == plain.Job {
			j.Definition.Description = "changed"
		}
		three.Repositories[0].Jobs = append(three.Repositories[0].Jobs, j)
	}
	become(t, p, three)
	s.awaitPuts(t, 3)
	w.Stop()
	if n := s.saved(); n != 3 {
		t.Errorf("%d puts, want 3", n)
	}
	h, err := s.JobHistory(t.Context(), plain, 0, 10)
	if err != nil || len(h.Periods) != 2 {
		t.Fatalf("the history of %s is %+v, %v; want two periods", plain, h, err)
	}
	before, now := h.Periods[1], h.Periods[0]
	if before.Current || before.First.CodeVersion != "v1" || before.Last.CodeVersion != "v2" {
		t.Errorf("the period before is %+v", before)
	}
	if !now.Current || now.First.CodeVersion != "v3" || now.First.Definition != find(t, w, "plain").DefinitionDigest {
		t.Errorf("the period now is %+v", now)
	}
	h, err = s.JobHistory(t.Context(), host.JobName{Location: plain.Location, Repository: plain.Repository, Job: "nested"}, 0, 10)
	if err != nil || len(h.Periods) != 1 || h.Periods[0].First.CodeVersion != "v1" || h.Periods[0].Last.CodeVersion != "v3" {
		t.Errorf("the history of a job that stayed is %+v, %v", h, err)
	}
}

// Refused metadata never gets to the store, even if the server sends it.
func TestSaveKeepsNothingRefused(t *testing.T) {
	b := hosttest.Older("0.14.17")
	b.Definitions = hosttest.SendUnwanted
	p := hosttest.Start(t, b)
	s := known(t, p, Options{})
	for _, d := range p.MetadataDigests() {
		if _, err := s.Body(t.Context(), host.DigestFrom(d)); host.CodeOf(err) != host.NotFound {
			t.Errorf("metadata %x is stored: %v", d, err)
		}
	}
	if all, err := s.KnownLocations(t.Context()); err != nil || len(all) != 1 || held(all) != 0 {
		t.Errorf("stored is %+v, %v", all, err)
	}
}

func TestFailingSaveKeepsNobody(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	s.fail = errors.New("the disk is full")
	var log syncBuffer
	clock := newLateClock(0)
	w := begin(t, s, Options{
		Locations: []host.LocationConfig{at("etl", p)}, Clock: clock, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	awaitState(t, w, "etl", host.LocationReady)
	for n := 1; n <= 3; n++ {
		s.awaitPuts(t, n)
		awaitProbes(t, p, 3)
		if got := s.saved(); got != n {
			t.Fatalf("%d tries to save, want %d until a minute has passed", got, n)
		}
		if n == 2 {
			s.mu.Lock()
			s.fail = nil
			s.mu.Unlock()
		}
		clock.ahead.Add(int64(saveRetry))
		if n == 3 {
			break
		}
	}
	w.Stop()
	if n := strings.Count(log.String(), "the disk is full"); n != 1 {
		t.Errorf("the failure was logged %d times, want once:\n%s", n, log.String())
	}
	if !strings.Contains(log.String(), "kept for a restart again") {
		t.Error("the recovery was not logged")
	}
	if all, err := s.KnownLocations(t.Context()); err != nil || len(all) != 1 || s.saved() != 3 {
		t.Errorf("stored are %d locations by %d tries, %v", len(all), s.saved(), err)
	}
}

// Stop stores what could not be stored so far.
func TestStopSavesWhatIsLeft(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	s.fail = errors.New("not now")
	w := begin(t, s, Options{Locations: []host.LocationConfig{at("etl", p)}})
	s.awaitPuts(t, 1)
	s.mu.Lock()
	s.fail = nil
	s.mu.Unlock()
	w.Stop()
	w.Stop()
	if all, err := s.KnownLocations(t.Context()); err != nil || len(all) != 1 || s.saved() != 2 {
		t.Errorf("stored are %d locations by %d tries, %v", len(all), s.saved(), err)
	}
}

func TestTouchEveryMinute(t *testing.T) {
	p, q := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	clock := newLateClock(0)
	w := begin(t, s, Options{Locations: []host.LocationConfig{at("etl", p), at("other", q)}, Clock: clock})
	s.awaitPuts(t, 2)
	stored := func() (times [2]time.Time) {
		t.Helper()
		all, err := s.KnownLocations(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("%d locations, %v", len(all), err)
		}
		return [2]time.Time{all[0].AnsweredAt, all[1].AnsweredAt}
	}
	q.Stop()
	gone := awaitState(t, w, "other", host.LocationStale)
	clock.ahead.Add(int64(time.Hour))
	now := clock.Now()
	await(t, w, "etl", func(l Location) bool {
		if l.AnsweredAt.Before(now) {
			awaitProbes(t, p, 1)
			w.feed.publish("etl") // so that it is looked at again
		}
		return !l.AnsweredAt.Before(now)
	})
	clock.minute <- now
	clock.minute <- now // the touch before is over when the next is waited for
	if got := stored(); got[0].Before(now) || !got[1].Equal(gone.AnsweredAt.UTC()) {
		t.Errorf("stored is %v; want the first after %s, the other at %s", got, now, gone.AnsweredAt)
	}
	// Answers that are of no use are none of what is known.
	newer := hosttest.Older("9.0.0")
	become(t, q, newer)
	awaitState(t, w, "other", host.LocationIncompatible)
	w.Stop()
	if got := stored(); !got[1].Equal(gone.AnsweredAt.UTC()) {
		t.Errorf("an incompatible server counts as the known one at %s", got[1])
	}
}

// A location that comes back by configuration has what it had.
func TestConfigureRestores(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	w := begin(t, s, Options{Locations: []host.LocationConfig{at("etl", p)}})
	s.awaitPuts(t, 1)
	if err := w.Configure(nil); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if err := w.Configure([]host.LocationConfig{at("etl", p), at("never", p)}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Jobs()); n != 4 {
		t.Errorf("%d jobs, want 4", n)
	}
	awaitState(t, w, "etl", host.LocationStale)
	awaitState(t, w, "never", host.LocationUnavailable)
	if v := find(t, w, "etl/tutorial/my_job_with_metadata").Metadata(); v.State != versioncheck.StateStale || len(v.Entries) != 2 {
		t.Errorf("metadata is %s, %d entries", v.State, len(v.Entries))
	}
}

func TestSavesAreLimited(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var k keeping
	count := func(from, to time.Duration) (n int) {
		for d := from; d < to; d += time.Second {
			if k.allow(start.Add(d)) {
				n++
			}
		}
		return n
	}
	if n := count(0, saveBurst*time.Second); n != saveBurst {
		t.Errorf("%d of %d at once", n, saveBurst)
	}
	if n := count(saveBurst*time.Second, saveBurst*time.Second+10*saveInterval); n < 9 || n > 11 {
		t.Errorf("%d in ten intervals, want about ten", n)
	}
	quiet := 100 * saveBurst * saveInterval
	if n := count(quiet, quiet+(saveBurst+5)*time.Second); n != saveBurst {
		t.Errorf("%d of %d after a long while", n, saveBurst)
	}
	large := map[host.Digest][]byte{{1}: make([]byte, 25*saveBytes), {2}: make([]byte, 5*saveBytes)}
	later := 2 * quiet
	k.charge(large) // nothing was stored before, so it is free
	if n := count(later, later+time.Second); n != 1 {
		t.Fatal("the first large definitions are not stored")
	}
	k.saved = &definitions{}
	k.charge(large)
	if n := count(later+time.Second, later+10*saveInterval); n != 0 {
		t.Errorf("stored %d times within ten intervals after 30 times %d bytes", n, saveBytes)
	}
	if n := count(later+10*saveInterval, later+14*saveInterval); n == 0 {
		t.Error("never stored again")
	}
}

// BenchmarkRestore is from the store to all jobs listed, with no server there. ms-start is how much of it delays the start
// of a host.
func BenchmarkRestore(b *testing.B) {
	for _, n := range []int{100, 1_000, 5_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			behavior := hosttest.Current()
			behavior.Repositories = hosttest.Many(n)
			p := hosttest.Start(b, behavior)
			s := known(b, p, Options{})
			p.Stop()
			o := Options{ProbeInterval: time.Hour, Locations: []host.LocationConfig{at("etl", p)}, Logger: slog.New(slog.DiscardHandler)}
			var starts time.Duration
			b.ResetTimer()
			for b.Loop() {
				began := time.Now()
				w := begin(b, s, o)
				starts += time.Since(began)
				listed := 0
				for _, j := range w.Jobs() {
					if j.Err() == nil && j.Ops() == 10 && j.MetadataState() == versioncheck.StateStale {
						listed++
					}
				}
				w.Stop()
				if listed != n {
					b.Fatalf("listed %d jobs", listed)
				}
			}
			b.ReportMetric(float64(starts)/float64(b.N)/1e6, "ms-start")
		})
	}
}
