package api_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// past puts snapshots of jobs into the store, one deploy after the other.
type past struct {
	f       *fixture
	history hostv1connect.HistoryServiceClient
	now     time.Time
}

func newPast(t *testing.T) *past {
	t.Helper()
	f := newFixture(t, settings{})
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	return &past{
		f: f, now: time.Date(2026, 11, 3, 14, 0, 0, 0, time.UTC),
		history: hostv1connect.NewHistoryServiceClient(connect.NewClient(connecthttp.NewTransport(c, f.url))),
	}
}

// version is a job as it was deployed.
type version struct {
	code, protocol string
	definition     *usercodev1.JobDefinition
	metadata       []*metadatav1.Entry
	rawMetadata    []byte
	withheld       bool
}

// deploy makes of the location "etl" one whose repository "tutorial" has the one job, or none.
func (p *past) deploy(v version) {
	t := p.f.t
	t.Helper()
	p.now = p.now.Add(time.Hour)
	info := &usercodev1.ServerInfo{
		ProtocolVersion: v.protocol, Build: &usercodev1.Build{CodeVersion: v.code}, CapabilitiesDeclared: v.protocol == "0.15.0",
	}
	if info.GetCapabilitiesDeclared() {
		info.Capabilities = hosttest.AllCapabilities()
	}
	bodies := map[host.Digest][]byte{}
	body := func(m proto.Message, raw []byte) host.Digest {
		if raw == nil {
			raw = must(proto.MarshalOptions{Deterministic: true}.Marshal(m))(t)
		}
		d := host.Digest(sha256.Sum256(raw))
		bodies[d] = raw
		return d
	}
	l := host.KnownLocation{
		Name: "etl", ServerInfo: must(proto.Marshal(info))(t), CodeVersion: v.code, Root: host.Digest(sha256.Sum256([]byte(p.now.String()))),
		LoadedAt: p.now, AnsweredAt: p.now, Repositories: []host.KnownRepository{{Name: "tutorial", Digest: host.Digest{1}}},
	}
	if v.definition != nil {
		job := host.KnownJob{Name: "report", Definition: body(v.definition, nil), MetadataEntries: uint32(len(v.metadata))}
		if v.metadata != nil && !v.withheld {
			job.Metadata, job.MetadataHeld = body(&usercodev1.JobMetadata{Entries: v.metadata}, v.rawMetadata), true
		}
		l.Repositories[0].Jobs = []host.KnownJob{job}
	}
	if err := p.f.store.PutKnownLocation(t.Context(), l, bodies); err != nil {
		t.Fatal(err)
	}
}

func (p *past) list(req *hostv1.ListJobSnapshotsRequest) *hostv1.ListJobSnapshotsResponse {
	p.f.t.Helper()
	req.Job = "etl/tutorial/report"
	return must(p.history.ListJobSnapshots(p.f.t.Context(), req))(p.f.t)
}

func (p *past) diff(from, to string) *hostv1.DiffJobResponse {
	p.f.t.Helper()
	return must(p.history.DiffJob(p.f.t.Context(), &hostv1.DiffJobRequest{Job: "etl/tutorial/report", From: from, To: to}))(p.f.t)
}

// changeLines are the changes, each on a line.
func changeLines(res *hostv1.DiffJobResponse) (lines []string) {
	for _, c := range res.GetChanges() {
		lines = append(lines, fmt.Sprintf("%s %s %s: %q -> %q", strings.TrimPrefix(c.GetSection().String(), "JOB_CHANGE_SECTION_"), c.GetPath(),
			strings.TrimPrefix(c.GetKind().String(), "JOB_CHANGE_KIND_"), c.GetBefore(), c.GetAfter()))
	}
	return lines
}

func report(commit string, ops ...string) *usercodev1.JobDefinition {
	def := hosttest.WithTags("report", "commit", commit)
	for _, op := range ops {
		def.Ops = append(def.Ops, &usercodev1.OpDefinition{Name: op})
		def.Graph.Nodes = append(def.Graph.Nodes, hosttest.Place(op, op))
	}
	return def
}

func TestJobHistory(t *testing.T) {
	p := newPast(t)
	first := version{code: "1", protocol: "0.15.0", definition: report("abc"), metadata: []*metadatav1.Entry{hosttest.Text("owner", "data team")}}
	second := version{code: "2", protocol: "0.15.0", definition: report("def", "count"), metadata: []*metadatav1.Entry{hosttest.Text("owner", "platform")}}
	for _, v := range []version{first, second, first} {
		p.deploy(v)
	}
	all := p.list(&hostv1.ListJobSnapshotsRequest{})
	s := all.GetSnapshots()
	if len(s) != 3 || all.GetNextCursor() != "" || s[0].GetId() != s[2].GetId() || s[0].GetId() == s[1].GetId() || len(s[0].GetId()) != 16 {
		t.Fatalf("got %v, want three periods, two with one id", all)
	}
	for i, want := range []struct {
		code    string
		current bool
	}{{"1", true}, {"2", false}, {"1", false}} {
		if s[i].GetFirstServer().GetBuild().GetCodeVersion() != want.code || s[i].GetCurrent() != want.current ||
			s[i].GetMetadataState() != hostv1.FeatureState_FEATURE_STATE_SHOWN || s[i].GetMetadataEntries() != 1 ||
			!s[i].GetFirstSeenAt().IsValid() || s[i].GetLastSeenAt().AsTime().Before(s[i].GetFirstSeenAt().AsTime()) {
			t.Errorf("snapshot %d is %v", i, s[i])
		}
	}
	t.Run("Pages", func(t *testing.T) {
		var ids []string
		req := &hostv1.ListJobSnapshotsRequest{PageSize: 1}
		for range 3 {
			page := p.list(req)
			ids = append(ids, page.GetSnapshots()[0].GetId())
			req.PageCursor = page.GetNextCursor()
		}
		if want := []string{s[0].GetId(), s[1].GetId(), s[2].GetId()}; !slices.Equal(ids, want) || req.GetPageCursor() != "" {
			t.Errorf("pages have %v and end with %q, want %v", ids, req.GetPageCursor(), want)
		}
	})
	want := []string{
		`METADATA owner CHANGED: "platform" -> "data team"`,
		`TAGS commit CHANGED: "def" -> "abc"`,
		`GRAPH count REMOVED: "op count" -> ""`,
	}
	t.Run("DiffOfTheLastTwo", func(t *testing.T) {
		res := p.diff("", "")
		if got := changeLines(res); !slices.Equal(got, want) || res.GetMetadataRefusal() != nil || res.GetMore() != 0 {
			t.Errorf("got %q, %v", got, res.GetMetadataRefusal())
		}
		if !proto.Equal(res.GetTo(), s[0]) || !proto.Equal(res.GetFrom(), s[1]) {
			t.Errorf("compared %v\nand %v", res.GetFrom(), res.GetTo())
		}
	})
	t.Run("DiffByBeginnings", func(t *testing.T) {
		res := p.diff(strings.ToUpper(s[0].GetId()[:4]), s[1].GetId()[:5])
		if got := changeLines(res); len(got) != 3 || got[0] != `METADATA owner CHANGED: "data team" -> "platform"` {
			t.Errorf("got %q", got)
		}
		if !proto.Equal(res.GetFrom(), s[2]) {
			t.Errorf("from is %v, want the period before", res.GetFrom())
		}
		if res := p.diff("", s[1].GetId()); !proto.Equal(res.GetFrom(), s[2]) {
			t.Errorf("from is %v, want the period before", res.GetFrom())
		}
	})
	t.Run("DiffWithItself", func(t *testing.T) {
		if res := p.diff(s[1].GetId(), s[1].GetId()); len(res.GetChanges()) != 0 || res.GetMetadataRefusal() != nil {
			t.Errorf("got %v", res)
		}
	})
	t.Run("JobIsGone", func(t *testing.T) {
		p.deploy(version{code: "3", protocol: "0.15.0"})
		if l := p.list(&hostv1.ListJobSnapshotsRequest{}).GetSnapshots(); len(l) != 3 || l[0].GetCurrent() {
			t.Errorf("got %v, want what was, none of it current", l)
		}
		if got := changeLines(p.diff("", "")); !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestDiffOfRefusedMetadata(t *testing.T) {
	p := newPast(t)
	owner := []*metadatav1.Entry{hosttest.Text("owner", "data team")}
	old := version{code: "1", protocol: "0.14.17", definition: report("abc"), metadata: owner, withheld: true}
	shown := version{code: "2", protocol: "0.14.18", definition: report("def"), metadata: owner}
	p.deploy(old)
	p.deploy(shown)
	check := func(res *hostv1.DiffJobResponse, remedy string) {
		t.Helper()
		if got := changeLines(res); len(got) != 1 || !strings.HasPrefix(got[0], "TAGS commit") {
			t.Errorf("changes %q, want none of metadata", got)
		}
		r := res.GetMetadataRefusal()
		if r.GetCode() != "SERVER_TOO_OLD" || r.GetWithheld() != 1 || !strings.Contains(r.GetRemedy(), remedy) ||
			!strings.Contains(r.GetMessage(), "0.14.17") || !strings.HasPrefix(r.GetMessage(), "Snapshot ") {
			t.Errorf("refusal %v", r)
		}
	}
	check(p.diff("", ""), "Compare snapshots whose metadata is shown")
	p.deploy(old) // a rollback: nothing is removed
	check(p.diff("", ""), "Deploy the user code")
	states := []hostv1.FeatureState{}
	for _, s := range p.list(&hostv1.ListJobSnapshotsRequest{}).GetSnapshots() {
		states = append(states, s.GetMetadataState())
	}
	refused, yes := hostv1.FeatureState_FEATURE_STATE_REFUSED, hostv1.FeatureState_FEATURE_STATE_SHOWN
	if !slices.Equal(states, []hostv1.FeatureState{refused, yes, refused}) {
		t.Errorf("states %v", states)
	}
	t.Run("NotTaken", func(t *testing.T) {
		p.deploy(version{code: "3", protocol: "0.15.0", definition: report("def"), metadata: owner, withheld: true})
		p.deploy(shown)
		r := p.diff("", "").GetMetadataRefusal()
		if r.GetState() != hostv1.FeatureState_FEATURE_STATE_UNAVAILABLE || !strings.Contains(r.GetMessage(), "host of that time") {
			t.Errorf("refusal %v", r)
		}
	})
	t.Run("UnreadableIsNotRemoved", func(t *testing.T) {
		p.deploy(version{code: "4", protocol: "0.15.0", definition: report("def"), metadata: owner, rawMetadata: []byte("\x0a\x02\x0a\xff")})
		res := p.diff("", "")
		if got := changeLines(res); len(got) != 1 || !strings.Contains(got[0], `owner CHANGED: "data team" -> "not known: 1 entry could not be read"`) {
			t.Errorf("changes %q", got)
		}
	})
}

func TestHistoryErrors(t *testing.T) {
	p := newPast(t)
	p.deploy(version{code: "1", protocol: "0.15.0", definition: report("abc")})
	only := p.list(&hostv1.ListJobSnapshotsRequest{}).GetSnapshots()[0].GetId()
	reasonOf := func(err error) (connect.Code, *hostv1.ErrorDetail) {
		if e, ok := errors.AsType[*connect.Error](err); ok {
			for _, d := range e.Details() {
				if m, err := connectproto.UnmarshalErrorDetail(d); err == nil {
					return e.Code(), m.(*hostv1.ErrorDetail)
				}
			}
		}
		return connect.CodeOf(err), nil
	}
	check := func(name string, err error, code connect.Code, reason string) *hostv1.ErrorDetail {
		t.Helper()
		got, detail := reasonOf(err)
		if got != code || detail.GetReason() != reason || detail.GetRemedy() == "" {
			t.Errorf("%s: got %v, %v, want %s %s with a remedy", name, err, detail, code, reason)
		}
		return detail
	}
	diff := func(job, from, to string) error {
		_, err := p.history.DiffJob(t.Context(), &hostv1.DiffJobRequest{Job: job, From: from, To: to})
		return err
	}
	const job = "etl/tutorial/report"
	check("only one", diff(job, "", ""), connect.CodeFailedPrecondition, "NO_SNAPSHOT_BEFORE")
	if err := diff(job, "", ""); err == nil || !strings.Contains(err.Error(), "only one snapshot of job etl/tutorial/report so far") {
		t.Errorf("only one: %v", err)
	}
	check("unknown", diff(job, "0123456789abcdef", ""), connect.CodeNotFound, "SNAPSHOT_NOT_FOUND")
	for _, bad := range []string{"abc", "xyzw", "0123456789abcdef0", "-", "\x1b[2J"} {
		check("no id "+bad, diff(job, bad, ""), connect.CodeInvalidArgument, "SNAPSHOT_ID")
	}
	check("unknown job", diff("etl/tutorial/other", "", ""), connect.CodeNotFound, "JOB_NOT_FOUND")
	check("gone job by half its name", diff("tutorial/report", "", ""), connect.CodeNotFound, "JOB_NOT_FOUND")
	check("no job", diff("", "", ""), connect.CodeInvalidArgument, "JOB_NAME")
	list := func(req *hostv1.ListJobSnapshotsRequest) error {
		_, err := p.history.ListJobSnapshots(t.Context(), req)
		return err
	}
	check("page size", list(&hostv1.ListJobSnapshotsRequest{Job: job, PageSize: 1001}), connect.CodeInvalidArgument, "PAGE_SIZE")
	check("cursor", list(&hostv1.ListJobSnapshotsRequest{Job: job, PageCursor: "x"}), connect.CodeInvalidArgument, "CURSOR")
	check("unknown job", list(&hostv1.ListJobSnapshotsRequest{Job: "x"}), connect.CodeNotFound, "JOB_NOT_FOUND")

	p.deploy(version{code: "2", protocol: "0.15.0", definition: report("def")})
	check("the first", diff(job, "", only), connect.CodeFailedPrecondition, "NO_SNAPSHOT_BEFORE")

	// Deploy until two ids begin with the same four digits.
	seen := map[string]bool{}
	for i := 0; ; i++ {
		v := version{code: fmt.Sprint(i), protocol: "0.15.0", definition: report(fmt.Sprint(i))}
		encoded := must(proto.MarshalOptions{Deterministic: true}.Marshal(v.definition))(t)
		begin := host.Snapshot{Definition: host.Digest(sha256.Sum256(encoded))}.ID()[:4]
		if !seen[begin] {
			seen[begin] = true
			continue
		}
		for k := range i + 1 { // deploy only the two that collide
			w := version{code: fmt.Sprintf("v%d", k), protocol: "0.15.0", definition: report(fmt.Sprint(k))}
			encoded := must(proto.MarshalOptions{Deterministic: true}.Marshal(w.definition))(t)
			if (host.Snapshot{Definition: host.Digest(sha256.Sum256(encoded))}).ID()[:4] == begin {
				p.deploy(w)
			}
		}
		detail := check("ambiguous", diff(job, begin, ""), connect.CodeInvalidArgument, "SNAPSHOT_AMBIGUOUS")
		if len(detail.GetProblems()) != 2 || !strings.Contains(detail.GetProblems()[0].GetMessage(), fmt.Sprintf("(code version v%d)", i)) {
			t.Errorf("candidates %v", detail.GetProblems())
		}
		break
	}

	p.deploy(version{code: "3", protocol: "0.15.0", definition: &usercodev1.JobDefinition{Name: "report"}})
	check("unusable", diff(job, "", ""), connect.CodeInvalidArgument, "SNAPSHOT_UNREADABLE")
}

// TestHistoryOfAKnownJob names a job as everywhere, and lists none where the store has nothing yet.
func TestHistoryOfAKnownJob(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	history := hostv1connect.NewHistoryServiceClient(connect.NewClient(connecthttp.NewTransport(c, f.url)))
	res, err := history.ListJobSnapshots(t.Context(), &hostv1.ListJobSnapshotsRequest{Job: "plain"})
	if err != nil || len(res.GetSnapshots()) != 0 || res.GetJob().GetLocation() != "code" {
		t.Errorf("got %v, %v, want an empty list of code/tutorial/plain", res, err)
	}
	_, err = history.DiffJob(t.Context(), &hostv1.DiffJobRequest{Job: "plain"})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), "no snapshot of job code/tutorial/plain is stored yet") {
		t.Errorf("got %v, want that there is none yet", err)
	}
}
