package workspace

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/versioncheck"
)

// The policy changes while the location does not answer: what is refused now is gone at once, and what is allowed again
// is missing until somebody sends it, never empty.
func TestPolicyChangesInAnOutage(t *testing.T) {
	p := hosttest.Start(t, hosttest.Older("dev"))
	allowing, refusing := at("etl", p), at("etl", p)
	allowing.AllowDevVersions = true
	w := open(t, Options{Locations: []host.LocationConfig{allowing}})
	awaitState(t, w, "etl", host.LocationReady)
	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	for _, c := range []struct {
		config host.LocationConfig
		want   versioncheck.State
		held   bool
	}{
		{allowing, versioncheck.StateStale, true},
		{refusing, versioncheck.StateRefused, false},
		{allowing, versioncheck.StateUnavailable, false},
	} {
		if err := w.Configure([]host.LocationConfig{c.config}); err != nil {
			t.Fatal(err)
		}
		j := find(t, w, "my_job_with_metadata")
		if v := j.Metadata(); v.State != c.want || (v.Entries != nil) != c.held || (j.MetadataBody != nil) != c.held {
			t.Errorf("allow dev %t: got %s with %d entries, body held: %t", c.config.AllowDevVersions, v.State, len(v.Entries), j.MetadataBody != nil)
		}
	}
	become(t, p, hosttest.Older("dev"))
	await(t, w, "etl", func(Location) bool {
		return find(t, w, "my_job_with_metadata").MetadataState() == versioncheck.StateShown
	})
}

// The definitions of an outage are stored late, after the policy came to refuse their metadata.
func TestWhatIsRefusedInAnOutageIsNotStoredLater(t *testing.T) {
	p := hosttest.Start(t, hosttest.Older("dev"))
	allowing, refusing := at("etl", p), at("etl", p)
	allowing.AllowDevVersions = true
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	s.mu.Lock()
	s.fail = errors.New("not now")
	s.mu.Unlock()
	w := begin(t, s, Options{Locations: []host.LocationConfig{allowing}})
	s.awaitPuts(t, 1)
	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	if err := w.Configure([]host.LocationConfig{refusing}); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.fail = nil
	s.mu.Unlock()
	w.Stop()

	all, err := s.KnownLocations(t.Context())
	if err != nil || len(all) != 1 || all[0].AllowDevVersions {
		t.Fatalf("stored is %+v, %v; want the location with the policy of the end", all, err)
	}
	for _, d := range p.MetadataDigests() {
		if _, err := s.Body(t.Context(), host.DigestFrom(d)); host.CodeOf(err) != host.NotFound {
			t.Errorf("metadata %s, which is refused, was stored: %v", d, err)
		}
	}
	for _, r := range all[0].Repositories {
		for _, j := range r.Jobs {
			if j.MetadataHeld {
				t.Errorf("job %s is stored with metadata", j.Name)
			}
		}
	}
}
