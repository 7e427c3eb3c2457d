package compat

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Inspect checks all that a host shows of a peer, field by field, and that it can be worked with. An error means that
// the host could not be asked.
func Inspect(ctx context.Context, h Host, s Subject) ([]Finding, error) {
	f := &findings{}
	for _, check := range []func(context.Context, Host, Subject) error{f.location, f.jobs, f.definitions, f.automation, f.search, f.launch, f.cancel, f.traces} {
		if err := check(ctx, h, s); err != nil {
			return f.list, err
		}
	}
	f.fetched(s)
	return f.list, nil
}

// location checks what is shown of the location itself.
func (f *findings) location(ctx context.Context, h Host, s Subject) error {
	l, err := h.Location(ctx, s.Location)
	if err != nil {
		return err
	}
	f.heard(l)
	if l.GetState() != s.Want.State || l.GetErrorCode() != s.Want.Code {
		f.addf(CheckLocation, "state %s code %q, want %s %q (%s)", l.GetState(), l.GetErrorCode(), s.Want.State, s.Want.Code, l.GetError())
	}
	for _, text := range []string{l.GetError(), l.GetRemedy(), l.GetErrorCode()} {
		if (text != "") != (s.Want.Code != "") {
			f.addf(CheckLocation, "error %q, remedy %q, code %q: want all or none", l.GetError(), l.GetRemedy(), l.GetErrorCode())
			break
		}
	}
	if !s.Want.Usable() {
		if n := len(l.GetRepositories()); n > 0 {
			f.addf(CheckLocation, "%d repositories of a location that never sent any", n)
		}
		return nil
	}
	if got, want := l.GetServer().GetProtocolVersion(), reported(s.Behavior); got != want {
		f.addf(CheckLocation, "the server is said to report %q, want %q", got, want)
	}
	want := map[string]uint32{}
	for _, r := range s.Behavior.Repositories {
		want[r.Name] = uint32(len(r.Jobs))
	}
	for _, r := range l.GetRepositories() {
		if want[r.GetName()] != r.GetJobs() {
			f.addf(CheckLocation, "repository %s has %d jobs, want %d", r.GetName(), r.GetJobs(), want[r.GetName()])
		}
		delete(want, r.GetName())
	}
	if len(want) > 0 {
		f.addf(CheckLocation, "repositories %v are not shown", want)
	}
	f.capabilities(l, s)
	return nil
}

// silent says that a peer has no report that could be judged.
func silent(b hosttest.Behavior) bool {
	return b.Info == hosttest.Unimplemented || b.Info == hosttest.Empty || b.Definitions == hosttest.EmptyOpening
}

// reported is the version that a peer reports, as far as a host keeps it.
func reported(b hosttest.Behavior) string {
	const mostText = 256
	switch {
	case silent(b):
		return ""
	case b.Definitions == hosttest.OlderOpening:
		return "0.14.17"
	case len(b.Protocol) > mostText:
		return b.Protocol[:mostText]
	}
	return b.Protocol
}

// capabilities checks the gate's decisions on the location's page.
func (f *findings) capabilities(l *hostv1.Location, s Subject) {
	for _, r := range versioncheck.Requirements() {
		i := slices.IndexFunc(l.GetCapabilities(), func(d *hostv1.CapabilityDecision) bool { return d.GetCapability() == r.Name })
		if i < 0 {
			f.addf(CheckCapability, "there is no decision on %s", r.Name)
			continue
		}
		d := l.GetCapabilities()[i]
		want := hostv1.FeatureState_FEATURE_STATE_SHOWN
		if !r.Baseline && s.Want.refusedAs(r.Name) != "" {
			want = hostv1.FeatureState_FEATURE_STATE_REFUSED
			f.refusal(CheckCapability, s, r.Name, d.GetRefusal(), nil)
		}
		if d.GetState() != want {
			f.addf(CheckCapability, "%s is %s, want %s", r.Name, d.GetState(), want)
		}
	}
}

// requiredOf is written here again, so that a change of the table shows.
var requiredOf = map[string]string{
	versioncheck.JobMetadata: "0.14.18", versioncheck.OutputStore: "0.15.0",
	versioncheck.Partitions: "0.15.0", versioncheck.Schedules: "0.15.0", versioncheck.Sensors: "0.15.0",
}

// refusal checks every field of a refusal.
func (f *findings) refusal(c Check, s Subject, capability string, got *hostv1.Refusal, withheld *uint32) {
	if got == nil {
		f.addf(c, "there is no refusal")
		return
	}
	want := &hostv1.Refusal{
		State: hostv1.FeatureState_FEATURE_STATE_REFUSED, Code: s.Want.refusedAs(capability), Capability: capability,
		Location: s.Location, HostVersion: versioncheck.Protocol, Withheld: withheld,
		Required: requiredOf[capability], Message: got.GetMessage(), Remedy: got.GetRemedy(), DocsUrl: got.GetDocsUrl(),
		ServerId: got.GetServerId(), Reported: quoted(reported(s.Behavior)),
	}
	if want.GetCode() == string(versioncheck.CodeHostTooOld) {
		want.Required = s.Behavior.MinHostProtocol
	}
	f.equal(c, "the refusal", got, want)
	for name, text := range map[string]string{"message": got.GetMessage(), "remedy": got.GetRemedy()} {
		if len(text) < 10 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			f.addf(c, "the %s is %q", name, text)
		}
	}
	if !strings.HasSuffix(got.GetDocsUrl(), "#"+strings.ToLower(want.GetCode())) {
		f.addf(c, "the documentation is at %s", got.GetDocsUrl())
	}
	judged := s.Peer.ServerID()
	if silent(s.Behavior) {
		judged = ""
	}
	if id := got.GetServerId(); id != judged && !s.Behavior.RandomServerID {
		f.addf(c, "the server judged is %q, want %q", id, judged)
	}
}

// quoted is a version as people see it: in quotes, escaped, cut.
func quoted(version string) string {
	const most = 64
	if version == "" {
		return ""
	}
	q := strconv.QuoteToASCII(version)
	if len(q) <= most {
		return q
	}
	return q[:most-len(`"...`)] + `"...`
}

// fetched checks what was asked of the peer.
func (f *findings) fetched(s Subject) {
	asked := 0
	metadata := s.Peer.MetadataDigests()
	for _, wanted := range s.Peer.Recorded().Wanted {
		for _, d := range wanted {
			if slices.ContainsFunc(metadata, func(m []byte) bool { return bytes.Equal(m, d) }) {
				asked++
			}
		}
	}
	switch {
	case s.Want.Shown() && asked != len(metadata):
		f.addf(CheckFetched, "%d metadata bodies were asked for, want each of %d once", asked, len(metadata))
	case s.Want.Usable() && !s.Want.Shown() && asked > 0:
		f.addf(CheckFetched, "%d metadata bodies were asked for though they are refused", asked)
	}
}

// search checks that nothing that is withheld can be found.
func (f *findings) search(ctx context.Context, h Host, s Subject) error {
	found, err := h.Jobs(ctx, s.Location, s.Canary)
	if err == nil && len(found) > 0 {
		f.addf(CheckLeak, "a search for text of metadata finds %d jobs", len(found))
	}
	return err
}

// traces checks that nothing that is withheld got out anywhere, and that what is shown did.
func (f *findings) traces(ctx context.Context, h Host, s Subject) error {
	traces, err := h.Traces(ctx)
	if err != nil {
		return err
	}
	if strings.Contains(traces, s.Canary) {
		f.addf(CheckLeak, "metadata is in the log or in the metrics")
	}
	if got := strings.Contains(f.told.String(), s.Canary); got != s.Want.Shown() {
		f.addf(CheckLeak, "metadata is in the answers of the API: %t, want %t", got, s.Want.Shown())
	}
	f.automatedTraces(s, traces)
	if strings.Contains(traces+f.told.String(), Unshown) {
		f.addf(CheckLeak, "metadata of a repository is shown")
	}
	for _, d := range s.Peer.MetadataDigests() {
		// A digest alone lets somebody confirm a guess at what is withheld.
		if !s.Want.Shown() && strings.Contains(traces, hex.EncodeToString(d)) {
			f.addf(CheckLeak, "the digest of withheld metadata is in the log or in the metrics")
		}
	}
	return nil
}

// definition is what a job's page must show.
func (s Subject) definition(r hosttest.Repository, j hosttest.Job) *hostv1.Job {
	return &hostv1.Job{
		Name:       &hostv1.JobName{Location: s.Location, Repository: r.Name, Job: j.Definition.GetName()},
		Definition: proto.CloneOf(j.Definition), RepositoryDescription: r.Description, Build: s.build(),
	}
}

func (s Subject) build() *usercodev1.Build {
	if silent(s.Behavior) {
		return nil
	}
	return &usercodev1.Build{CodeVersion: s.Behavior.CodeVersion, Image: s.Behavior.Image}
}
