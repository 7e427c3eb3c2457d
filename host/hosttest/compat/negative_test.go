package compat

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// emptyHost shows what is refused as if there were none: the original's answer to old user code.
type emptyHost struct{ Host }

func (h emptyHost) Jobs(ctx context.Context, location, search string) ([]*hostv1.JobSummary, error) {
	jobs, err := h.Host.Jobs(ctx, location, search)
	for _, j := range jobs {
		j.MetadataState = hostv1.FeatureState_FEATURE_STATE_EMPTY
	}
	return jobs, err
}

func (h emptyHost) Job(ctx context.Context, name string) (*hostv1.Job, error) {
	j, err := h.Host.Job(ctx, name)
	if j.GetMetadata().GetRefusal() != nil {
		j.Metadata = &hostv1.JobMetadataView{
			State:   hostv1.FeatureState_FEATURE_STATE_EMPTY,
			Content: &hostv1.JobMetadataView_Shown{Shown: &hostv1.MetadataEntries{}},
		}
	}
	if j != nil {
		j.PartitionsRefusal = nil
	}
	return j, err
}

func (h emptyHost) Automation(ctx context.Context) (*hostv1.ListAutomationResponse, error) {
	all, err := h.Host.Automation(ctx)
	all.Refusals = nil
	return all, err
}

// peer finds a row of the kit.
func peer(t *testing.T, name string) Peer {
	t.Helper()
	i := slices.IndexFunc(Peers(), func(p Peer) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("the kit has no peer %q", name)
	}
	return Peers()[i]
}

// TestNegativeControl proves that the kit sees hosts that are wrong: each must have findings of the named kinds, beside
// the same host unbroken, which has none.
func TestNegativeControl(t *testing.T) {
	t.Parallel() // as its subtests
	everything := func(info *usercodev1.ServerInfo) {
		info.ProtocolVersion, info.CapabilitiesDeclared, info.Capabilities = versioncheck.Protocol, true, hosttest.AllCapabilities()
	}
	nothing := func(info *usercodev1.ServerInfo) { info.CapabilitiesDeclared, info.Capabilities = true, nil }
	for _, c := range []struct {
		name, peer string
		filter     filter
		wrap       func(Host) Host
		want       []Check
	}{
		{"StrictDecoder", "0.16 with everything new", strict, nil, []Check{CheckLocation, CheckJobs, CheckLaunch}},
		{"StrictDecoderOfBodies", "0.16 with everything new", strictBodies, nil, []Check{CheckLocation, CheckJobs, CheckLaunch}},
		{"AlwaysShows", "0.14.17 with metadata", rejudge(everything), nil, []Check{CheckAutomation, CheckMetadata, CheckFetched, CheckLeak, CheckStore, CheckCapability}},
		{"AlwaysShowsDev", "dev", rejudge(everything), nil, []Check{CheckAutomation, CheckMetadata, CheckFetched, CheckLeak, CheckStore}},
		{"NeverShows", "current", rejudge(nothing), nil, []Check{CheckAutomation, CheckMetadata, CheckFetched, CheckLeak, CheckStore, CheckCapability}},
		{"RefusedIsEmpty", "0.14.17 with metadata", nil, func(h Host) Host { return emptyHost{h} }, []Check{CheckAutomation, CheckMetadata, CheckJobs}},
		{"RefusedIsEmptyWithoutAny", "0.14.17 before metadata", nil, func(h Host) Host { return emptyHost{h} }, []Check{CheckAutomation, CheckMetadata, CheckJobs}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each has a host of its own
			p := peer(t, c.peer)
			s := p.Run(t, "subject", newCanary())
			config, directory := p.Config(s), t.TempDir()
			if c.filter != nil {
				config.Address = proxy(t, s.Peer, c.filter)
			}
			h := Start(t, Options{Directory: directory, Clock: clock{}, Locations: []host.LocationConfig{config}})
			if _, err := h.AwaitLocation(patience(t), "subject", func(l workspace.Location) bool { return l.State != host.LocationLoading }); err != nil {
				t.Fatal(err)
			}
			var broken Host = h
			if c.wrap != nil {
				broken = c.wrap(h)
			}
			found, err := Inspect(patience(t), broken, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Stop(); err != nil {
				t.Fatal(err)
			}
			stored, err := Stored(patience(t), directory, clock{}, s)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, stored...)
			for _, want := range c.want {
				if !slices.ContainsFunc(found, func(f Finding) bool { return f.Check == want }) {
					t.Errorf("the kit finds nothing of %s in a host that is wrong; it found %v", want, found)
				}
			}
		})
	}
}

// strictBodies rejects unknown fields in bodies alone.
func strictBodies(reply proto.Message) error {
	r, ok := reply.(*usercodev1.GetDefinitionsResponse)
	if !ok {
		return nil
	}
	for _, body := range r.GetBodies().GetBodies() {
		var def usercodev1.JobDefinition
		if err := proto.Unmarshal(body, &def); err != nil {
			continue
		}
		if err := strict(&def); err != nil {
			return err
		}
	}
	return nil
}

// A proxy that changes nothing makes no findings: those above come from what it changes.
func TestProxyChangesNothing(t *testing.T) {
	t.Parallel() // it has a host of its own
	p := peer(t, "0.16 with everything new")
	s := p.Run(t, "subject", newCanary())
	config := p.Config(s)
	config.Address = proxy(t, s.Peer, func(proto.Message) error { return nil })
	h := Start(t, Options{Directory: t.TempDir(), Clock: clock{}, Locations: []host.LocationConfig{config}})
	settled(t, h, s)
	inspected(t, h, s)
}
