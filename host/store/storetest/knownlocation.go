package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) knownLocations(t *testing.T) {
	t.Run("AllFieldsComeBack", x.knownFieldsComeBack)
	t.Run("PutReplaces", x.knownReplaced)
	t.Run("PutRefusesWhatIsIncomplete", x.knownRefused)
	t.Run("TouchNeverLowers", x.knownTouched)
	t.Run("LargeOnesArePutWhole", x.knownLarge)
	t.Run("ManyAtOnce", x.knownAtOnce)
}

// knownLocation makes a location whose jobs, by "repository/job", have a definition and, unless it is empty, metadata of
// these texts; metadata that begins with "-" is not held. It is sorted by the names.
func knownLocation(name string, at time.Time, jobs map[string][2]string) (l host.KnownLocation, bodies map[host.Digest][]byte) {
	l = host.KnownLocation{
		Name: name, ServerInfo: []byte("report at " + at.String()), CodeVersion: at.Format("15:04"),
		Root: digestOf([]byte(fmt.Sprint(jobs))), LoadedAt: at, AnsweredAt: at,
	}
	bodies = map[host.Digest][]byte{}
	put := func(text string) host.Digest {
		bodies[digestOf([]byte(text))] = []byte(text)
		return digestOf([]byte(text))
	}
	for _, full := range sortedKeys(jobs) {
		repository, job, _ := strings.Cut(full, "/")
		if n := len(l.Repositories); n == 0 || l.Repositories[n-1].Name != repository {
			l.Repositories = append(l.Repositories, host.KnownRepository{
				Name: repository, Digest: digestOf([]byte("repository " + repository)), Body: put("body of " + repository),
			})
		}
		k := host.KnownJob{Name: job, Definition: put(jobs[full][0])}
		if metadata := jobs[full][1]; strings.HasPrefix(metadata, "-") {
			k.Metadata, k.MetadataEntries = digestOf([]byte(metadata)), uint32(len(metadata))
		} else if metadata != "" {
			k.Metadata, k.MetadataEntries, k.MetadataHeld = put(metadata), uint32(len(metadata)), true
		}
		r := &l.Repositories[len(l.Repositories)-1]
		r.Jobs = append(r.Jobs, k)
	}
	return l, bodies
}

// know puts a location made by knownLocation.
func (s *store) know(name string, at time.Time, jobs map[string][2]string) host.KnownLocation {
	s.t.Helper()
	l, bodies := knownLocation(name, at, jobs)
	if err := s.PutKnownLocation(s.ctx, l, bodies); err != nil {
		s.t.Fatalf("PutKnownLocation(%s): %v", name, err)
	}
	return l
}

func (s *store) known() []host.KnownLocation {
	s.t.Helper()
	all, err := s.KnownLocations(s.ctx)
	if err != nil {
		s.t.Fatalf("KnownLocations: %v", err)
	}
	return all
}

func (x *exercise) knownFieldsComeBack(t *testing.T) {
	s := x.new(t)
	wantSame(t, "KnownLocations of an empty store", s.known(), nil)
	l, bodies := knownLocation("ré\x00mote/1", epoch, map[string][2]string{
		"a/one": {"one", "metadata"}, "a/two": {"two", ""}, "b\x00/one": {"one", "-refused"}, "c/é": {strings.Repeat("long ", 1000), "m"},
	})
	l.AllowDevVersions = true
	l.Repositories = append(l.Repositories, host.KnownRepository{Name: "empty", Digest: host.Digest{9}})
	l.AnsweredAt = epoch.Add(time.Hour + 1)
	if err := s.PutKnownLocation(s.ctx, l, bodies); err != nil {
		t.Fatal(err)
	}
	bare := host.KnownLocation{Name: "bare", LoadedAt: epoch, AnsweredAt: epoch}
	if err := s.PutKnownLocation(s.ctx, bare, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantSame(t, "KnownLocations", s.known(), []host.KnownLocation{bare, l})
		for d, want := range bodies {
			if got, err := s.Body(s.ctx, d); err != nil || !bytes.Equal(got, want) {
				t.Errorf("Body(%s) = %q, %v; want %q", d, got, err, want)
			}
		}
		s.reopen()
	}
	got := s.known()
	got[1].ServerInfo[0]++
	got[1].Repositories[0].Jobs[0].Name = "spoilt"
	wantSame(t, "KnownLocations after the caller changed what it got", s.known(), []host.KnownLocation{bare, l})
}

func (x *exercise) knownReplaced(t *testing.T) {
	s := x.new(t)
	other := s.know("other", epoch, map[string][2]string{"r/j": {"other", ""}})
	s.know("here", epoch, map[string][2]string{"r/j": {"one", ""}, "r/k": {"two", ""}})
	// The bodies of before are there, and need not come again.
	l, _ := knownLocation("here", epoch.Add(-time.Hour), map[string][2]string{"r/k": {"two", ""}})
	if err := s.PutKnownLocation(s.ctx, l, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantSame(t, "KnownLocations", s.known(), []host.KnownLocation{l, other})
		s.reopen()
	}
}

func (x *exercise) knownRefused(t *testing.T) {
	s := x.new(t)
	before := s.know("here", epoch, map[string][2]string{"r/j": {"one", "metadata"}})
	jobs := map[string][2]string{"a/j": {"new", "new metadata"}, "a/k": {"k", ""}, "b/j": {"b", "-refused"}}
	for name, spoil := range map[string]func(l *host.KnownLocation, bodies map[host.Digest][]byte){
		"ErrNoName":                func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Name = "" },
		"ErrNameNotText":           func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Name = "\xff" },
		"ErrNameLong":              func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Name = strings.Repeat("x", 1<<16) },
		"ErrNotLoaded":             func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.LoadedAt = time.Time{} },
		"ErrNotAnswered":           func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.AnsweredAt = time.Time{} },
		"ErrNoRepositoryName":      func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[0].Name = "" },
		"ErrRepositoriesUnordered": func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[0].Name = "z" },
		"ErrNoJobName":             func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[0].Jobs[0].Name = "" },
		"ErrJobTwice":              func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[0].Jobs[0].Name = "k" },
		"ErrNoDefinition": func(l *host.KnownLocation, _ map[host.Digest][]byte) {
			l.Repositories[0].Jobs[0].Definition = host.Digest{}
		},
		"ErrDefinitionMissing": func(_ *host.KnownLocation, b map[host.Digest][]byte) { delete(b, digestOf([]byte("new"))) },
		"ErrMetadataMissing":   func(_ *host.KnownLocation, b map[host.Digest][]byte) { delete(b, digestOf([]byte("new metadata"))) },
		"ErrRepositoryMissing": func(_ *host.KnownLocation, b map[host.Digest][]byte) { delete(b, digestOf([]byte("body of b"))) },
		"ErrRefusedHeld":       func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[1].Jobs[0].MetadataHeld = true },
		"ErrNoneHeld":          func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.Repositories[0].Jobs[1].MetadataHeld = true },
		"ErrBodyNotNamed": func(_ *host.KnownLocation, b map[host.Digest][]byte) {
			b[digestOf([]byte("-refused"))] = []byte("-refused")
		},
		"ErrOtherDigest": func(_ *host.KnownLocation, b map[host.Digest][]byte) { b[digestOf([]byte("k"))] = []byte("other") },
		"ErrTextNotUTF8": func(l *host.KnownLocation, _ map[host.Digest][]byte) { l.CodeVersion = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			l, bodies := knownLocation("here", epoch.Add(time.Hour), jobs)
			spoil(&l, bodies)
			wantCode(t, "PutKnownLocation", s.PutKnownLocation(s.ctx, l, bodies), host.Invalid)
			wantSame(t, "KnownLocations", s.known(), []host.KnownLocation{before})
			_, err := s.JobHistory(s.ctx, host.JobName{Location: "here", Repository: "a", Job: "j"}, 0, 1)
			wantCode(t, "JobHistory", err, host.NotFound)
		})
	}
	if _, err := s.Body(s.ctx, digestOf([]byte("-refused"))); host.CodeOf(err) != host.NotFound {
		t.Errorf("Body of metadata that is not held = %v, want NotFound", err)
	}
}

func (x *exercise) knownTouched(t *testing.T) {
	s := x.new(t)
	a := s.know("a", epoch, nil)
	b := s.know("b", epoch, nil)
	touch := func(times map[string]time.Time) {
		t.Helper()
		if err := s.TouchKnownLocations(s.ctx, times); err != nil {
			t.Fatal(err)
		}
	}
	touch(nil)
	touch(map[string]time.Time{"a": epoch.Add(time.Hour + 7), "b": epoch.Add(-time.Hour), "unknown": epoch, "": epoch})
	a.AnsweredAt = epoch.Add(time.Hour + 7)
	for range 2 {
		wantSame(t, "KnownLocations", s.known(), []host.KnownLocation{a, b})
		s.reopen()
	}
	touch(map[string]time.Time{"a": epoch.Add(time.Hour)})
	wantSame(t, "KnownLocations after an older touch", s.known(), []host.KnownLocation{a, b})
	wantCode(t, "TouchKnownLocations without a time", s.TouchKnownLocations(s.ctx, map[string]time.Time{"a": {}}), host.Invalid)
}

// knownLarge puts more jobs and bodies than any store should write at once.
func (x *exercise) knownLarge(t *testing.T) {
	s := x.new(t)
	jobs := map[string][2]string{}
	for i := range 6000 {
		jobs[fmt.Sprintf("r%d/j%d", i%3, i)] = [2]string{fmt.Sprint("definition ", i), fmt.Sprint("metadata ", i%100)}
	}
	s.know("here", epoch, jobs)
	for name := range jobs {
		jobs[name] = [2]string{jobs[name][0] + " again", jobs[name][1]}
	}
	delete(jobs, "r0/j0")
	l := s.know("here", epoch.Add(time.Hour), jobs)
	s.reopen()
	wantSame(t, "KnownLocations", s.known(), []host.KnownLocation{l})
	for _, c := range []struct {
		job     string
		periods int
		current bool
	}{{"j0", 1, false}, {"j3", 2, true}, {"j5997", 2, true}} {
		h, err := s.JobHistory(s.ctx, host.JobName{Location: "here", Repository: "r0", Job: c.job}, 0, 10)
		if err != nil || len(h.Periods) != c.periods || h.Periods[0].Current != c.current || h.Periods[0].Seq != uint64(c.periods) {
			t.Errorf("JobHistory of %s = %+v, %v; want %d periods, the newest current: %t", c.job, h, err, c.periods, c.current)
		}
	}
}

// knownAtOnce puts, touches and reads side by side; the history must be as if one came after the other.
func (x *exercise) knownAtOnce(t *testing.T) {
	s := x.new(t)
	const locations, each = 4, 12
	var wg sync.WaitGroup
	for i := range locations {
		name := fmt.Sprint("l", i%2) // two of them share each
		wg.Go(func() {
			for n := range each {
				l, bodies := knownLocation(name, epoch.Add(time.Duration(n)*time.Minute), map[string][2]string{"r/j": {fmt.Sprint(i, " ", n), ""}})
				if err := s.PutKnownLocation(s.ctx, l, bodies); err != nil {
					t.Errorf("PutKnownLocation: %v", err)
				}
				if err := s.TouchKnownLocations(s.ctx, map[string]time.Time{"l0": epoch, "l1": epoch.Add(time.Hour)}); err != nil {
					t.Errorf("TouchKnownLocations: %v", err)
				}
				if _, err := s.KnownLocations(s.ctx); err != nil {
					t.Errorf("KnownLocations: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for _, l := range s.known() {
		h, err := s.JobHistory(s.ctx, host.JobName{Location: l.Name, Repository: "r", Job: "j"}, 0, 1000)
		if err != nil || len(h.Periods) != 2*each {
			t.Fatalf("location %s: %d periods, %v; want %d", l.Name, len(h.Periods), err, 2*each)
		}
		for i, p := range h.Periods {
			if p.Seq != uint64(2*each-i) || p.Current != (i == 0) {
				t.Errorf("location %s: place %d has period %d, current %t", l.Name, i, p.Seq, p.Current)
			}
		}
		if h.Periods[0].First.Definition != l.Repositories[0].Jobs[0].Definition {
			t.Errorf("location %s: the current period is not what is known", l.Name)
		}
	}
}

// sortedKeys are sorted by repository, then by job.
func sortedKeys(jobs map[string][2]string) []string {
	return slices.SortedFunc(maps.Keys(jobs), func(a, b string) int {
		repositoryA, jobA, _ := strings.Cut(a, "/")
		repositoryB, jobB, _ := strings.Cut(b, "/")
		return cmp.Or(strings.Compare(repositoryA, repositoryB), strings.Compare(jobA, jobB))
	})
}
