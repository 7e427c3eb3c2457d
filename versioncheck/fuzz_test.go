package versioncheck_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/versioncheck"
)

// grammar says the grammar a second time, in another notation. It does not
// know the limit of 128 bytes.
var grammar = regexp.MustCompile(`\A` +
	`v?(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,2}` +
	`(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*|(?:rc|a|b|\.dev|\.post)(?:0|[1-9][0-9]{0,8}))?` +
	`(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?` +
	`\z`)

// versions are seeds: one of each kind that the grammar or the rows tell apart.
var versions = []string{
	"", "0.14.17", "0.14.18", "v0.15.0", "0.14.0", "0.13.9", "1.0.0", "0.16", "0", "0.0.0-x", "dev", "(devel)", "0+dev", "1!0+dev",
	"0.14.18-rc1", "0.14.18rc1", "0.14.18.dev1", "0.14.18.post1", "0.15.0a1", "0.15b2+x", "0.14.18.0-rc1", "0.14.018", "0.15.0+a.b-c",
	"1234567890.0.0", "999999999", "latest", " 0.15.0", "0.15.0\n", "\x1b[2J", "\xff\xfe", "\u202e0.15.0", "0.15.0\x00", "--", "v", "1.2.3-a..b",
	"0.15.0-99999999999999999999", strings.Repeat("1.", 64), "0.15.0-" + strings.Repeat("a", 121), "0.15.0-" + strings.Repeat("a", 122),
}

func FuzzParse(f *testing.F) {
	for _, s := range versions {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := versioncheck.Parse(s)
		if want := len(s) <= 128 && grammar.MatchString(s); (err == nil) != want {
			t.Fatalf("Parse(%q): error %v, but the grammar matches: %t", s, err, want)
		}
		if err != nil {
			checkTexts(t, err.Error())
			return
		}
		if v.OlderThan(v) {
			t.Errorf("%q is older than itself", s)
		}
		if canonical := v.String(); len(canonical) <= 128 {
			again := parse(t, canonical)
			if again.String() != canonical || again.OlderThan(v) || v.OlderThan(again) {
				t.Errorf("%q became %q and then %q", s, canonical, again)
			}
		}
	})
}

func FuzzDecide(f *testing.F) {
	for i, s := range versions {
		other := versions[(i*7+3)%len(versions)]
		f.Add(versioncheck.JobMetadata, s, other, versioncheck.Protocol, versioncheck.JobMetadata, i%5 != 4, i%2 == 0, i%3 != 0, i%4 == 1, uint32(i%3))
		f.Add(versioncheck.ListJobs, s, "", other, s, true, true, true, true, uint32(0))
		f.Add(s, "0.15.0", "", versioncheck.Protocol, s, true, false, false, false, uint32(1))
	}
	f.Fuzz(func(t *testing.T, capability, version, minHost, host, listed string, answered, declared, enabled, allow bool, entries uint32) {
		report := versioncheck.Report{
			Answered: answered, ProtocolVersion: version, MinHostProtocolVersion: minHost, ServerID: listed,
			CapabilitiesDeclared: declared, Capabilities: []versioncheck.Capability{{Name: listed, Revision: entries, Enabled: enabled}},
		}
		checkAnswers(t, capability, report, versioncheck.Host{Protocol: host}, versioncheck.Policy{AllowDevVersions: allow}, entries)
	})
}

// checkAnswers takes every decision for an input and checks what holds for
// all inputs.
func checkAnswers(t tester, capability string, report versioncheck.Report, host versioncheck.Host, policy versioncheck.Policy, entries uint32) {
	t.Helper()
	d := versioncheck.Decide(capability, report, host, policy)
	checkDecision(t, d)
	if again := versioncheck.Decide(capability, report, host, policy); !reflect.DeepEqual(d, again) {
		t.Errorf("the same input got %+v and %+v", d, again)
	}
	location := versioncheck.DecideLocation(report, host)
	checkReason(t, location.Reason, !location.Compatible)
	check := versioncheck.CheckHost(report.MinHostProtocolVersion, host)
	checkReason(t, check.Reason, !check.Compatible)

	switch d.State {
	case versioncheck.StateShown:
		if !location.Compatible {
			t.Errorf("%s is shown, though the location is incompatible: %+v", capability, location)
		}
		if capability == versioncheck.JobMetadata {
			checkShownMetadata(t, report, host, policy)
		}
	case versioncheck.StateRefused:
	default:
		t.Errorf("Decide answers %q", d.State)
	}

	for _, h := range []versioncheck.Holding{
		{Entries: entries}, {Entries: entries, BodyPresent: true, Age: time.Duration(entries) * time.Second},
		{Entries: entries, Answering: true}, {Entries: entries, BodyPresent: true, Answering: true},
	} {
		r := versioncheck.Resolve(d, h)
		checkDecision(t, r)
		if (r.State == versioncheck.StateRefused) != (d.State == versioncheck.StateRefused) {
			t.Errorf("%s became %s with %+v", d.State, r.State, h)
		}
		if r.State == versioncheck.StateEmpty && (entries > 0 || !h.Answering) {
			t.Errorf("EMPTY with %+v", h)
		}
	}
}

// checkShownMetadata says once more, without rows, when metadata may be shown.
func checkShownMetadata(t tester, report versioncheck.Report, host versioncheck.Host, policy versioncheck.Policy) {
	t.Helper()
	minimum := parse(t, "0.14.18")
	if parse(t, host.Protocol).OlderThan(minimum) {
		t.Errorf("shown on host %q", host.Protocol)
	}
	if v, err := versioncheck.Parse(report.ProtocolVersion); (err != nil || v.OlderThan(minimum)) && !policy.AllowDevVersions {
		t.Errorf("shown for version %q", report.ProtocolVersion)
	}
	if !versioncheck.CheckHost(report.MinHostProtocolVersion, host).Compatible {
		t.Errorf("shown on host %q, though the server needs %q", host.Protocol, report.MinHostProtocolVersion)
	}
	advertised := !report.CapabilitiesDeclared
	for _, c := range report.Capabilities {
		if c.Name == versioncheck.JobMetadata {
			advertised = advertised || c.Enabled
			if !c.Enabled {
				t.Errorf("shown, though switched off: %+v", report)
			}
		}
	}
	if !report.Answered || !advertised {
		t.Errorf("shown for report %+v", report)
	}
}
