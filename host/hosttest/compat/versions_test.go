package compat

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// version is what a side is before or after an upgrade.
type version struct {
	name     string
	behavior func(canary string) hosttest.Behavior
	report   Report
	// matters says that other jobs, too, are deployed with it.
	matters bool
}

func plainVersion(text string, kind Kind, n ...int) Version {
	v := Version{Text: text, Kind: kind}
	copy(v.Numbers[:], n)
	return v
}

// versions are those between which peers change.
func versions() []version {
	listed := func(v Version) Report { return Report{Version: v, Declared: true, Listed: true} }
	needs := listed(plainVersion("0.15.0", Release, 0, 15, 0))
	needs.MinHost = plainVersion("0.15.0", Release, 0, 15, 0)
	return []version{
		{"unreported", at(""), Report{}, false},
		{"dev", declaring("dev"), listed(plainVersion("dev", Development)), false},
		{"0.13.9", at("0.13.9"), Report{Version: plainVersion("0.13.9", Release, 0, 13, 9)}, false},
		{"0.14.17", at("0.14.17"), Report{Version: plainVersion("0.14.17", Release, 0, 14, 17)}, true},
		{"0.14.18", at("0.14.18"), Report{Version: plainVersion("0.14.18", Release, 0, 14, 18)}, true},
		{"0.15.0", with(declaring("0.15.0"), minHost("0.15.0")), needs, true},
		{"0.16.0", with(declaring("0.16.0"), future), listed(plainVersion("0.16.0", Release, 0, 16, 0)), true},
		{"1.0.0", declaring("1.0.0"), listed(plainVersion("1.0.0", Release, 1, 0, 0)), false},
	}
}

// shownAs fails the test unless a location that answers is shown as a verdict says.
func shownAs(t *testing.T, p *Process, location string, b hosttest.Behavior, want Verdict) {
	t.Helper()
	l, err := p.Workspace.Location(location)
	if err != nil {
		t.Fatal(err)
	}
	if want.Incompatible != "" {
		if l.State != host.LocationIncompatible || l.Fault == nil || l.Fault.Code != want.Incompatible {
			t.Errorf("%s is %s, %+v; want INCOMPATIBLE, %s", location, l.State, l.Fault, want.Incompatible)
		}
		return
	}
	if l.State != host.LocationReady || l.Fault != nil {
		t.Errorf("%s is %s, %+v; want READY", location, l.State, l.Fault)
	}
	for _, r := range b.Repositories {
		for _, wantJob := range r.Jobs {
			name := location + "/" + r.Name + "/" + wantJob.Definition.GetName()
			j, err := p.Workspace.FindJob(name)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			def, err := j.Proto()
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			wantDef := proto.CloneOf(wantJob.Definition)
			if j.PartitionsRefusal() != nil {
				wantDef.Partitions = nil
			} else if want.Refused != "" { // they need no older server than metadata does
				t.Errorf("%s shows partitions though metadata is refused: %s", name, want.Refused)
			}
			if diff := difference(def, wantDef); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			viewedAs(t, name, j.Metadata(), want, len(wantJob.Metadata))
			if want.Refused != "" && (j.MetadataBody != nil || !j.Snapshot().Metadata.IsZero()) {
				t.Errorf("the metadata body of %s is kept though it is refused: a launch would store it", name)
			}
		}
	}
}

// viewedAs checks a view of metadata that is current.
func viewedAs(t *testing.T, name string, v workspace.MetadataView, want Verdict, entries int) {
	t.Helper()
	switch {
	case want.Refused != "":
		if v.State != versioncheck.StateRefused || v.Refusal == nil || v.Refusal.Code != want.Refused || v.Entries != nil || int(v.Refusal.Withheld) != entries {
			t.Errorf("the metadata of %s is %s with %d entries, %+v; want REFUSED %s, %d withheld", name, v.State, len(v.Entries), v.Refusal, want.Refused, entries)
		}
	case entries == 0:
		if v.State != versioncheck.StateEmpty || v.Entries == nil || len(v.Entries) != 0 {
			t.Errorf("the metadata of %s is %s with entries %v, want EMPTY", name, v.State, v.Entries)
		}
	default:
		if v.State != versioncheck.StateShown || len(v.Entries) != entries {
			t.Errorf("the metadata of %s is %s with %d entries, want SHOWN with %d", name, v.State, len(v.Entries), entries)
		}
		if newer := strings.Contains(v.Notice, "newer"); newer != want.Newer {
			t.Errorf("the metadata of %s has the notice %q; newer: %t", name, v.Notice, want.Newer)
		}
	}
}

// answersAs waits until the host has heard of a peer's process, and judges it.
func answersAs(t *testing.T, p *Process, location string, peer *hosttest.Peer, want Verdict) {
	t.Helper()
	_, err := p.AwaitLocation(patience(t), location, func(l workspace.Location) bool {
		if want.Incompatible != "" {
			return l.Fault != nil && l.Fault.Code == want.Incompatible && l.Server.GetServerId() == peer.ServerID()
		}
		return l.State == host.LocationReady && l.Server.GetServerId() == peer.ServerID()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// granted fails the test unless the user code of a run began as often as is said, once for each attempt, in a process
// of the version; it returns the attempts.
func granted(t *testing.T, what string, peer *hosttest.Peer, run host.RunID, times int, protocol string) {
	t.Helper()
	attempts := map[uint32]bool{}
	for _, g := range peer.Recorded().Grants {
		if g.RunID != string(run) {
			continue
		}
		if attempts[g.Attempt] {
			t.Errorf("%s: the user code of attempt %d began twice", what, g.Attempt)
		}
		attempts[g.Attempt] = true
		if g.Protocol != protocol {
			t.Errorf("%s: it began in a process of %q, want %q", what, g.Protocol, protocol)
		}
	}
	if len(attempts) != times {
		t.Errorf("%s: its user code began %d times, want %d", what, len(attempts), times)
	}
}

// submit launches a job, or fails the test.
func submit(t *testing.T, p *Process, job string) host.RunID {
	t.Helper()
	run, err := p.Launch(patience(t), request(job))
	if err != nil {
		t.Fatalf("launch %s: %v", job, err)
	}
	return host.RunID(run.GetId())
}

// becomes waits until a run has a status.
func becomes(t *testing.T, p *Process, what string, run host.RunID, status host.RunStatus) host.Run {
	t.Helper()
	r, err := p.AwaitRun(patience(t), string(run), func(r host.Run) bool { return r.Status == status || r.Status.Final() })
	if err != nil || r.Status != status {
		t.Errorf("%s is %s attempt %d (%s), want %s: %v", what, r.Status, r.Attempt, r.StatusReason, status, err)
	}
	return r
}

func name(parts ...any) string {
	return strings.NewReplacer(".", "_", " ", "_").Replace(fmt.Sprint(parts...))
}
