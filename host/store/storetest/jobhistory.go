package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) jobHistories(t *testing.T) {
	t.Run("FollowsDeploys", x.historyFollowsDeploys)
	t.Run("NewReportsAreNoNewPeriods", x.historyOfReports)
	t.Run("TimesNeverGoBack", x.historyTimes)
	t.Run("NamesDoNotMix", x.historyNames)
	t.Run("Pages", x.historyPages)
}

func (s *store) history(job host.JobName) []host.JobPeriod {
	s.t.Helper()
	h, err := s.JobHistory(s.ctx, job, 0, 1000)
	if err != nil || h.Next != 0 {
		s.t.Fatalf("JobHistory(%s) = next %d, %v", job, h.Next, err)
	}
	return h.Periods
}

// snapshotIn is the only job of a location as a snapshot.
func snapshotIn(l host.KnownLocation) host.Snapshot {
	j := l.Repositories[0].Jobs[0]
	s := host.Snapshot{
		Definition: j.Definition, MetadataEntries: j.MetadataEntries,
		ServerInfo: l.ServerInfo, AllowDevVersions: l.AllowDevVersions, CodeVersion: l.CodeVersion,
	}
	if j.MetadataHeld {
		s.Metadata = j.Metadata
	}
	return s
}

// jobNamed is a job of a location by "repository/job".
func jobNamed(location, full string) host.JobName {
	repository, job, _ := strings.Cut(full, "/")
	return host.JobName{Location: location, Repository: repository, Job: job}
}

var historyJob = host.JobName{Location: "here", Repository: "r", Job: "j"}

func (x *exercise) historyFollowsDeploys(t *testing.T) {
	s := x.new(t)
	_, err := s.JobHistory(s.ctx, historyJob, 0, 10)
	wantCode(t, "JobHistory of a job that is not known", err, host.NotFound)
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Minute) }
	var want []host.JobPeriod // oldest first
	for i, c := range []struct {
		jobs map[string][2]string
		same bool // as the one before
	}{
		{jobs: map[string][2]string{"r/j": {"one", "m"}}},
		{jobs: map[string][2]string{"r/j": {"one", "m"}, "r/k": {"x", ""}}, same: true},
		{jobs: map[string][2]string{"r/j": {"two", "m"}}},              // another definition
		{jobs: map[string][2]string{"r/j": {"two", "n"}}},              // other metadata
		{jobs: map[string][2]string{"r/j": {"two", "-n"}}},             // not held any more, and another count
		{jobs: map[string][2]string{"r/j": {"two", "-o"}}, same: true}, // what is not held may change unseen
		{jobs: map[string][2]string{"r/j": {"two", "-more"}}},          // but for its count
		{jobs: map[string][2]string{"r/j": {"two", "nothing"}}},        // held again
		{jobs: map[string][2]string{"r/k": {"x", ""}}},                 // gone
		{jobs: nil, same: true},                                        // still gone
		{jobs: map[string][2]string{"r/j": {"two", "nothing"}}},        // back as it was
	} {
		before := s.known()
		l := s.know("here", at(i), c.jobs)
		if n := len(want); n > 0 && want[n-1].Current && !c.same {
			p := &want[n-1]
			p.Current, p.LastSeen = false, before[0].AnsweredAt
		}
		_, has := c.jobs["r/j"]
		if n := len(want); has && (n == 0 || !want[n-1].Current) {
			want = append(want, host.JobPeriod{
				Job: historyJob, Seq: uint64(n) + 1, First: snapshotIn(l), FirstSeen: at(i), Current: true,
			})
		}
		if n := len(want); has {
			want[n-1].Last, want[n-1].LastSeen = snapshotIn(l), at(i)
		}
		if i%3 == 0 {
			s.reopen()
		}
		got := s.history(historyJob)
		if len(got) != len(want) {
			t.Fatalf("after step %d there are %d periods, want %d: %+v", i, len(got), len(want), got)
		}
		for k := range got {
			wantSame(t, "period", got[k], want[len(want)-1-k])
		}
	}
	if got := s.history(host.JobName{Location: "here", Repository: "r", Job: "k"}); len(got) != 2 || got[0].Current {
		t.Errorf("the other job has periods %+v, want two, both ended", got)
	}
}

func (x *exercise) historyOfReports(t *testing.T) {
	s := x.new(t)
	jobs := map[string][2]string{"r/j": {"one", "m"}}
	first := s.know("here", epoch, jobs)
	want := host.JobPeriod{Job: historyJob, Seq: 1, First: snapshotIn(first), FirstSeen: epoch, Current: true}
	for i := 1; i <= 3; i++ {
		at := epoch.Add(time.Duration(i) * time.Hour)
		l, bodies := knownLocation("here", at, jobs)
		l.AllowDevVersions = i%2 == 1
		if i == 3 {
			l.ServerInfo = nil
		}
		if err := s.PutKnownLocation(s.ctx, l, bodies); err != nil {
			t.Fatal(err)
		}
		want.Last, want.LastSeen = snapshotIn(l), at
		wantSame(t, "JobHistory", s.history(historyJob), []host.JobPeriod{want})
	}
	seen := epoch.Add(5 * time.Hour)
	if err := s.TouchKnownLocations(s.ctx, map[string]time.Time{"here": seen}); err != nil {
		t.Fatal(err)
	}
	want.LastSeen = seen
	wantSame(t, "JobHistory after a touch", s.history(historyJob), []host.JobPeriod{want})
	s.know("here", epoch.Add(6*time.Hour), nil)
	want.Current = false
	for range 2 {
		wantSame(t, "JobHistory after the end", s.history(historyJob), []host.JobPeriod{want})
		s.reopen()
	}
}

// historyTimes lets the clock go back between deploys.
func (x *exercise) historyTimes(t *testing.T) {
	s := x.new(t)
	for i, text := range []string{"one", "two", "three", "", "four"} {
		jobs := map[string][2]string{}
		if text != "" {
			jobs["r/j"] = [2]string{text, ""}
		}
		s.know("here", epoch.Add(-time.Duration(i)*time.Hour), jobs)
	}
	got := s.history(historyJob)
	for i, p := range got {
		if p.LastSeen.Before(p.FirstSeen) || i > 0 && got[i-1].FirstSeen.Before(p.LastSeen) {
			t.Errorf("period %d is from %s to %s, and the next one from %s", p.Seq, p.FirstSeen, p.LastSeen, got[max(0, i-1)].FirstSeen)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d periods are there, want 4", len(got))
	}
}

// historyNames has names that are beginnings and joints of one another.
func (x *exercise) historyNames(t *testing.T) {
	s := x.new(t)
	locations := map[string]map[string][2]string{}
	for _, l := range []string{"a", "ab", "a\x00", "a\x00b", "a/b"} {
		locations[l] = map[string][2]string{}
		for _, rj := range []string{"b/c", "b/cd", "bc/d", "bc/\x00", "b\x00/c", "b/c\x00"} {
			locations[l][rj] = [2]string{l + "+" + rj, ""}
		}
	}
	for name, jobs := range locations {
		s.know(name, epoch, jobs)
	}
	for name := range locations {
		s.know(name, epoch.Add(time.Hour), locations[name]) // the same, whatever is beside it
	}
	for name, jobs := range locations {
		for _, full := range sortedKeys(jobs) {
			job := jobNamed(name, full)
			got := s.history(job)
			if len(got) != 1 || !got[0].Current || got[0].First.Definition != digestOf([]byte(jobs[full][0])) {
				t.Errorf("job %q has %d periods, %+v; want its own", job, len(got), got)
			}
		}
	}
	s.know("a", epoch.Add(2*time.Hour), nil)
	for name := range locations {
		if got := s.history(jobNamed(name, "b/c")); got[0].Current != (name != "a") {
			t.Errorf("after location a lost its jobs, that of %q is current: %t", name, got[0].Current)
		}
	}
	for _, name := range []host.JobName{{}, {Location: "a"}, {Location: "a", Repository: "b"}, {Location: "a", Repository: "b", Job: "\xff"}} {
		_, err := s.JobHistory(s.ctx, name, 0, 10)
		wantCode(t, "JobHistory of a name that is none", err, host.NotFound)
	}
}

func (x *exercise) historyPages(t *testing.T) {
	s := x.new(t)
	const periods = 7
	for i := range periods {
		s.know("here", epoch.Add(time.Duration(i)*time.Minute), map[string][2]string{"r/j": {string(rune('a' + i)), ""}})
	}
	all := s.history(historyJob)
	for limit := 1; limit <= periods+1; limit++ {
		var got []host.JobPeriod
		for before := uint64(0); ; {
			page, err := s.JobHistory(s.ctx, historyJob, before, limit)
			if err != nil || len(page.Periods) > limit {
				t.Fatalf("JobHistory(%d, %d) = %d periods, %v", before, limit, len(page.Periods), err)
			}
			got = append(got, page.Periods...)
			if before = page.Next; before == 0 {
				break
			}
		}
		wantSame(t, "all pages", got, all)
	}
	for _, before := range []uint64{1, 2, periods + 1, 1 << 63} {
		page, err := s.JobHistory(s.ctx, historyJob, before, 100)
		if want := int(min(before-1, periods)); err != nil || len(page.Periods) != want || page.Next != 0 {
			t.Errorf("JobHistory before %d = %d periods, next %d, %v; want %d", before, len(page.Periods), page.Next, err, want)
		}
	}
	if page, err := s.JobHistory(s.ctx, historyJob, 0, 0); err != nil || len(page.Periods) > 0 {
		t.Errorf("JobHistory with limit 0 = %+v, %v", page, err)
	}
}
