package workspace

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/versioncheck"
)

func TestDefinitionsSurviveARestart(t *testing.T) {
	behavior := hosttest.Current()
	p := hosttest.Start(t, behavior)
	dir := filepath.Join(t.TempDir(), "store")
	first := openStore(t, dir)
	w := begin(t, first, Options{Locations: []host.LocationConfig{at("etl", p)}})
	before := awaitState(t, w, "etl", host.LocationReady)
	job := find(t, w, "my_job_with_metadata")
	w.Stop()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	p.Stop()

	second := openStore(t, dir)
	clock := newLateClock(3 * time.Hour)
	w = begin(t, second, Options{Locations: []host.LocationConfig{at("etl", p)}, Clock: clock})
	if n := len(w.Jobs()); n != 4 {
		t.Fatalf("%d jobs are there at once, want 4", n)
	}
	l := awaitState(t, w, "etl", host.LocationStale)
	if l.Fault == nil || l.Fault.Code != FaultUnreachable || l.AnsweredAt.Before(before.AnsweredAt.Add(-time.Millisecond)) || !l.LoadedAt.Equal(before.LoadedAt) {
		t.Errorf("got fault %+v, answered at %s, loaded at %s; it was %+v", l.Fault, l.AnsweredAt, l.LoadedAt, before)
	}
	if l.Digest != before.Digest || !cmp.Equal(l.Repositories, before.Repositories) || !proto.Equal(l.Server, before.Server) {
		t.Errorf("got %s %v %v, want %s %v %v", l.Digest, l.Repositories, l.Server, before.Digest, before.Repositories, before.Server)
	}
	restored := find(t, w, "my_job_with_metadata")
	v := restored.Metadata()
	if v.State != versioncheck.StateStale || len(v.Entries) != 2 || !strings.Contains(v.Notice, "3 hours ago") || !strings.Contains(v.Notice, l.Fault.Message) {
		t.Errorf("metadata is %s, %d entries, notice %q", v.State, len(v.Entries), v.Notice)
	}
	if diff := cmp.Diff(job.Snapshot(), restored.Snapshot()); diff != "" {
		t.Errorf("the snapshot is another: -before +after\n%s", diff)
	}
	if restored.RepositoryDescription != job.RepositoryDescription || restored.Err() != nil {
		t.Errorf("got %q, %v", restored.RepositoryDescription, restored.Err())
	}
	for _, c := range l.Capabilities {
		if c.Capability == versioncheck.JobMetadata && c.State != versioncheck.StateStale {
			t.Errorf("capability %s is %s", c.Capability, c.State)
		}
	}

	become(t, p, behavior)
	l = awaitState(t, w, "etl", host.LocationReady)
	if v := find(t, w, "my_job_with_metadata").Metadata(); v.State != versioncheck.StateShown || v.Notice != "" {
		t.Errorf("metadata is %s, notice %q", v.State, v.Notice)
	}
	if opens := p.Recorded().Opens; len(opens) != 1 {
		t.Errorf("%d exchanges, want only that of the first host: nothing changed", len(opens))
	}
	if second.saved() != 0 {
		t.Errorf("%d puts, want none: nothing changed", second.saved())
	}
	w.Stop()
	all, err := second.KnownLocations(t.Context())
	if err != nil || len(all) != 1 || all[0].AnsweredAt.Before(l.AnsweredAt.Add(-time.Millisecond)) {
		t.Errorf("stored is %+v, %v; want it answered at %s", all, err, l.AnsweredAt)
	}
}

func TestRestoredWhileLoading(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	s := known(t, p, Options{})
	hangs := hosttest.Current()
	hangs.Info = hosttest.Hang
	become(t, p, hangs)
	w := begin(t, s, Options{Locations: []host.LocationConfig{at("etl", p)}, Clock: newLateClock(50 * time.Hour)})
	l, err := w.Location("etl")
	if err != nil || l.State != host.LocationLoading || l.Jobs() != 4 || l.Fault != nil {
		t.Fatalf("got %+v, %v", l, err)
	}
	v := find(t, w, "my_job_with_metadata").Metadata()
	if v.State != versioncheck.StateStale || len(v.Entries) != 2 || !strings.Contains(v.Notice, "2 days ago") || !strings.Contains(v.Notice, "has just started") {
		t.Errorf("metadata is %s, %d entries, notice %q", v.State, len(v.Entries), v.Notice)
	}
	if len(l.Capabilities) == 0 || l.Capabilities[0].State != versioncheck.StateStale {
		t.Errorf("capabilities are %+v", l.Capabilities)
	}
	become(t, p, hosttest.Current())
	awaitState(t, w, "etl", host.LocationReady)
}

// The gate decides anew: what was stored is shown by the host and policy of now.
func TestRestoredGateDecidesAnew(t *testing.T) {
	dev := hosttest.Older("dev")
	demanding := hosttest.Current()
	demanding.MinHostProtocol = "0.90.0"
	old, modern := HostInfo{Protocol: "0.15.0"}, HostInfo{Protocol: "0.90.0"}
	for _, c := range []struct {
		name          string
		behavior      hosttest.Behavior
		before, after HostInfo
		// allowed are the policies before and after.
		allowed [2]bool
		want    versioncheck.State
	}{
		{"PolicyClosed", dev, old, old, [2]bool{true, false}, versioncheck.StateRefused},
		{"PolicyOpened", dev, old, old, [2]bool{false, true}, versioncheck.StateUnavailable},
		{"HostOlder", demanding, modern, old, [2]bool{}, versioncheck.StateRefused},
		{"HostNewer", demanding, old, modern, [2]bool{}, versioncheck.StateUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := hosttest.Start(t, c.behavior)
			config := at("etl", p)
			config.AllowDevVersions = c.allowed[0]
			s := known(t, p, Options{Locations: []host.LocationConfig{config}, Host: c.before})
			p.Stop()
			config.AllowDevVersions = c.allowed[1]
			o := Options{Locations: []host.LocationConfig{config}, Host: c.after}
			w := begin(t, s, o)
			j := find(t, w, "my_job_with_metadata")
			v := j.Metadata()
			if v.State != c.want || v.Entries != nil || v.Refusal == nil || v.Refusal.Withheld != 2 {
				t.Errorf("restored as %s, entries %v, refusal %+v", v.State, v.Entries, v.Refusal)
			}
			if j.MetadataBody != nil || !j.Snapshot().Metadata.IsZero() {
				t.Error("metadata that is not shown is in memory")
			}
			opens := len(p.Recorded().Opens)
			become(t, p, c.behavior)
			awaitState(t, w, "etl", host.LocationReady)
			v = find(t, w, "my_job_with_metadata").Metadata()
			if c.want == versioncheck.StateRefused {
				if v.State != versioncheck.StateRefused {
					t.Errorf("metadata is %s, want it refused as before", v.State)
				}
				w.Stop()
				if all, err := s.KnownLocations(t.Context()); err != nil || held(all) != 0 {
					t.Errorf("metadata of %d jobs is still noted as held, %v", held(all), err)
				}
				return
			}
			if v.State != versioncheck.StateShown || len(v.Entries) != 2 {
				t.Errorf("metadata is %s with %d entries, want it fetched and shown", v.State, len(v.Entries))
			}
			now := p.Recorded().Opens
			if len(now) != opens+1 || len(now[opens].GetHaveDefinitionsDigest()) > 0 {
				t.Errorf("%d exchanges after the restart, opened with a digest: the server would have sent nothing", len(now)-opens)
			}
			w.Stop()
			// What was fetched is stored in its turn.
			p.Stop()
			w = begin(t, s, o)
			if v := find(t, w, "my_job_with_metadata").Metadata(); v.State != versioncheck.StateStale || len(v.Entries) != 2 {
				t.Errorf("after another restart metadata is %s with %d entries", v.State, len(v.Entries))
			}
		})
	}
}

// held counts jobs whose metadata is noted as stored.
func held(all []host.KnownLocation) (n int) {
	for _, l := range all {
		for _, r := range l.Repositories {
			for _, j := range r.Jobs {
				if j.MetadataHeld {
					n++
				}
			}
		}
	}
	return n
}

// A record that cannot be used costs its location alone, and only until that answers.
func TestDamagedRecordStartsEmpty(t *testing.T) {
	p, q := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	locations := []host.LocationConfig{at("etl", p), at("other", q)}
	s := known(t, p, Options{Locations: locations})
	all, err := s.KnownLocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	metadata := all[0].Repositories[0].Jobs[0].Metadata
	for _, j := range all[0].Repositories[0].Jobs {
		if j.MetadataHeld {
			metadata = j.Metadata
		}
	}
	p.Stop()
	q.Stop()
	edit := func(change func(*host.KnownLocation)) func([]host.KnownLocation) ([]host.KnownLocation, error) {
		return func(all []host.KnownLocation) ([]host.KnownLocation, error) {
			change(&all[0])
			return all, nil
		}
	}
	for name, c := range map[string]struct {
		edit func([]host.KnownLocation) ([]host.KnownLocation, error)
		body func(host.Digest) ([]byte, error)
		both bool // both locations share bodies
	}{
		"Unreadable": {edit: func(all []host.KnownLocation) ([]host.KnownLocation, error) {
			return all[1:], errors.New("record etl is damaged")
		}},
		"OtherRoot":       {edit: edit(func(l *host.KnownLocation) { l.Root[0]++ })},
		"OtherRepository": {edit: edit(func(l *host.KnownLocation) { l.Repositories[0].Digest[0]++ })},
		"JobMissing":      {edit: edit(func(l *host.KnownLocation) { l.Repositories[0].Jobs = l.Repositories[0].Jobs[1:] })},
		"OtherJob":        {edit: edit(func(l *host.KnownLocation) { l.Repositories[0].Jobs[0].Name = "aaa" })},
		"Report":          {edit: edit(func(l *host.KnownLocation) { l.ServerInfo = []byte("\xff\xff") })},
		"NewerMajor": {edit: edit(func(l *host.KnownLocation) {
			l.ServerInfo = []byte("\x0a\x059.0.0") // protocol_version
		})},
		"BodyMissing": {both: true, body: func(d host.Digest) ([]byte, error) {
			if d == metadata {
				return nil, &host.Error{Code: host.NotFound, Message: "there is no body"}
			}
			return nil, nil
		}},
		"BodyOfAnother": {both: true, body: func(d host.Digest) ([]byte, error) {
			if d == metadata {
				return []byte("another"), nil
			}
			return nil, nil
		}},
		"StoreFails": {both: true, edit: func([]host.KnownLocation) ([]host.KnownLocation, error) {
			return nil, errors.New("the disk is gone")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var log syncBuffer
			spoilt := &watchedStore{Store: s.Store, edit: c.edit, body: c.body, put: make(chan struct{})}
			w := begin(t, spoilt, Options{Locations: locations, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			awaitState(t, w, "etl", host.LocationUnavailable)
			want := host.LocationStale
			if c.both {
				want = host.LocationUnavailable
			}
			awaitState(t, w, "other", want)
			if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "what was known") {
				t.Errorf("the log says nothing of it:\n%s", log.String())
			}
		})
	}
	w := begin(t, s, Options{Locations: locations})
	become(t, p, hosttest.Current())
	awaitState(t, w, "etl", host.LocationReady)
}
